//! Backups as an operator makes them: beside a running service, interrupted, restored, drilled.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use csvp_testkit::Ran;
use csvp_testkit::stand::Service;
use serde_json::Value;

use crate::http::request;
use crate::sandbox::{Sandbox, csvp};

impl Sandbox {
    /// Compares with the snapshot of this name; how long things take differs.
    #[track_caller]
    fn snapshot_timed(&self, name: &str, line: &str) -> Ran {
        let mut ran = self.run(line);
        let text = masked(&ran.stdout());
        ran.stdout = text.into_bytes();
        self.assert(name, line, &ran);
        ran
    }

    /// The JSON that a command prints.
    #[track_caller]
    fn json(&self, line: &str) -> Value {
        let ran = self.run(line);
        serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.snapshot()))
    }
}

/// Puts `N` in the place of numbers that differ from run to run: times, rates, and sizes, as reports hold times.
fn masked(text: &str) -> String {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let words: Vec<&str> = line.split(' ').collect();
        let has_unit = |at: usize| {
            let next = words.get(at + 1).map(|word| word.trim_end_matches([')', ',', ':', '\n']));
            next.is_some_and(|unit| ["s", "kB", "MB", "bytes"].contains(&unit))
        };
        let word = |(at, word): (usize, &&str)| {
            let number = word.trim_start_matches('(');
            if number.parse::<f64>().is_ok() && has_unit(at) {
                word.replace(number, "N")
            } else {
                (*word).to_owned()
            }
        };
        out.push_str(&words.iter().enumerate().map(word).collect::<Vec<_>>().join(" "));
    }
    out.replace(" kB per", " B per").replace(" MB per", " B per").replace(" bytes per", " B per")
}

fn start(data: &Path) -> Service {
    Service::start(Path::new(env!("CARGO_BIN_EXE_csvp")), data, &[])
}

/// The ids of the uploads that can be seen: fewer than one page.
fn visible(address: &str) -> Vec<String> {
    let (status, body) = request(address, "GET /api/v1/uploads?limit=200", b"").expect("it answers");
    assert_eq!(status, 200);
    let page: Value = serde_json::from_slice(&body).expect("JSON");
    let items = page["items"].as_array().expect("a list");
    items.iter().map(|upload| upload["id"].as_str().expect("an id").to_owned()).collect()
}

fn original(address: &str, id: &str) -> Vec<u8> {
    let (status, body) =
        request(address, &format!("GET /api/v1/uploads/{id}/files/original"), b"").expect("it answers");
    assert_eq!(status, 200, "upload {id}: {}", String::from_utf8_lossy(&body));
    body
}

fn upload(address: &str, name: &str, bytes: &[u8]) -> String {
    let (status, body) =
        request(address, &format!("POST /api/v1/uploads?name={name}"), bytes).expect("it answers");
    assert!(matches!(status, 201 | 202), "{status}: {}", String::from_utf8_lossy(&body));
    let upload: Value = serde_json::from_slice(&body).expect("the answer is JSON");
    upload["id"].as_str().expect("with an id").to_owned()
}

fn csv(number: usize) -> Vec<u8> {
    let mut text = String::from("id,name,amount\n");
    (0..3 + number % 40).for_each(|row| text.push_str(&format!("{row},file {number},{}\n", row * 7)));
    text.into_bytes()
}

/// A data directory with some uploads, made by the service itself.
fn filled(data: &Path, uploads: std::ops::Range<usize>) -> HashMap<String, Vec<u8>> {
    let mut service = start(data);
    let ledger =
        uploads.map(|n| (upload(service.address(), &format!("f{n}.csv"), &csv(n)), csv(n))).collect();
    service.kill();
    ledger
}

#[test]
fn a_live_service_is_backed_up_restored_and_drilled() {
    let sandbox = Sandbox::new(&[]);
    let mut service = start(&sandbox.path("data"));
    let mut ledger = HashMap::new();
    for n in 0..4 {
        ledger.insert(upload(service.address(), &format!("f{n}.csv"), &csv(n)), csv(n));
    }
    let ran = sandbox.snapshot_timed("backup_first", "backup backups --data data --verify");
    assert_eq!(ran.code, Some(0));
    let late = upload(service.address(), "late.csv", b"a,b\n1,2\n3,4\n");
    assert_eq!(sandbox.snapshot_timed("backup_second", "backup backups --data data").code, Some(0));
    ledger.insert(late, b"a,b\n1,2\n3,4\n".to_vec());
    assert_eq!(sandbox.snapshot_timed("backup_list", "backup list backups").code, Some(0));
    assert_eq!(sandbox.snapshot_timed("backup_verify", "backup verify backups").code, Some(0));
    // What a drill has left that was killed, years ago.
    let killed = sandbox.path("csvp-drill-0190a0e52c4a7cc2a1c1d2e3f4a5b6c7");
    fs::create_dir_all(killed.join("objects")).expect("it is ours");
    let drilled =
        sandbox.snapshot_timed("dr_drill", "dr drill backups --data data --scratch . --metrics dr.prom");
    assert_eq!(drilled.code, Some(0));
    let metrics = fs::read_to_string(sandbox.path("dr.prom")).expect("the drill wrote it");
    assert!(metrics.contains("\ncsvp_dr_drill_passed 1\n"), "{metrics}");
    service.kill();

    assert_eq!(sandbox.snapshot_timed("restore", "restore backups --data restored").code, Some(0));
    let mut service = start(&sandbox.path("restored"));
    let mut seen = visible(service.address());
    let mut expected: Vec<_> = ledger.keys().cloned().collect();
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected);
    for (id, bytes) in &ledger {
        assert_eq!(original(service.address(), id), *bytes);
    }
    upload(service.address(), "new.csv", b"a\n1\n");
    service.kill();
    // The scratch store of the drill has gone, and that of the killed one.
    let left = fs::read_dir(sandbox.folder()).expect("it is ours").filter_map(Result::ok);
    assert!(left.into_iter().all(|entry| !entry.file_name().to_string_lossy().contains("drill")));
    assert_eq!(sandbox.snapshot_timed("backup_prune", "backup prune backups --keep 1").code, Some(0));
    assert_eq!(sandbox.run("backup verify backups").code, Some(0));
}

fn files_in(dir: &Path) -> usize {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    entries
        .filter_map(Result::ok)
        .map(|entry| if entry.path().is_dir() { files_in(&entry.path()) } else { 1 })
        .sum()
}

#[test]
fn kill_9_leaves_the_earlier_backup_whole_and_the_next_run_finishes() {
    let sandbox = Sandbox::new(&[]);
    let (data, target) = (sandbox.path("data"), sandbox.path("backups"));
    let mut ledger = filled(&data, 0..5);
    assert_eq!(sandbox.run("backup backups --data data").code, Some(0));
    let first = sandbox.json("backup list backups --json")["backup"].as_str().expect("an id").to_owned();
    ledger.extend(filled(&data, 5..120));
    let mut killed = 0;
    for more_files in [1, 3, 8, 20, 60, 150, 300] {
        let before = files_in(&target);
        let mut backup = csvp()
            .in_folder(sandbox.folder())
            .command(["backup", "backups", "--data", "data"])
            .stdout(Stdio::null())
            .spawn()
            .expect("the program starts");
        while files_in(&target) < before + more_files && backup.try_wait().expect("it was started").is_none()
        {
            std::thread::yield_now();
        }
        killed += usize::from(backup.try_wait().expect("it was started").is_none());
        let _ = backup.kill();
        backup.wait().expect("it has ended");
        let verified = sandbox.run(&format!("backup verify backups --backup {first}"));
        assert_eq!(verified.code, Some(0), "after {more_files} files: {}", verified.snapshot());
    }
    assert!(killed >= 3, "only {killed} runs were killed on their way");
    let made = sandbox.run("backup backups --data data --verify");
    assert_eq!(made.code, Some(0), "{}", made.snapshot());
    assert_eq!(sandbox.run("restore backups --data restored").code, Some(0));
    let mut service = start(&sandbox.path("restored"));
    for (id, bytes) in &ledger {
        assert_eq!(original(service.address(), id), *bytes);
    }
    service.kill();
}

#[test]
fn kill_9_of_a_restore_leaves_no_store_and_the_next_run_finishes() {
    let sandbox = Sandbox::new(&[]);
    let ledger = filled(&sandbox.path("data"), 0..120);
    assert_eq!(sandbox.run("backup backups --data data").code, Some(0));
    let objects = sandbox.path("restored/objects");
    let mut killed = 0;
    for more_files in [1, 10, 60, 200] {
        let before = files_in(&objects);
        let mut restore = csvp()
            .in_folder(sandbox.folder())
            .command(["restore", "backups", "--data", "restored"])
            .stdout(Stdio::null())
            .spawn()
            .expect("the program starts");
        while files_in(&objects) < before + more_files
            && restore.try_wait().expect("it was started").is_none()
        {
            std::thread::yield_now();
        }
        let was_killed = restore.try_wait().expect("it was started").is_none();
        let _ = restore.kill();
        restore.wait().expect("it has ended");
        killed += usize::from(was_killed);
        if !was_killed {
            break;
        }
    }
    assert!(killed >= 2, "only {killed} runs were killed on their way");
    let restored = sandbox.run("restore backups --data restored");
    // A run that was killed behind its commit has done it.
    let refused = restored.stderr().contains("store is not empty");
    assert!(restored.code == Some(0) || refused, "{}", restored.snapshot());
    let mut service = start(&sandbox.path("restored"));
    assert_eq!(visible(service.address()).len(), ledger.len());
    for (id, bytes) in &ledger {
        assert_eq!(original(service.address(), id), *bytes);
    }
    service.kill();
}

#[test]
fn what_cannot_be_done_is_said() {
    let sandbox = Sandbox::new(&[]);
    filled(&sandbox.path("data"), 0..2);
    assert_eq!(sandbox.run("backup backups --data data").code, Some(0));
    for (name, line) in [
        ("backup_no_target", "backup --data data"),
        ("backup_no_store", "backup backups --data missing"),
        ("backup_target_below_a_file", "backup clean.csv/backups --data data"),
        ("backup_target_foreign", "backup . --data data"),
        ("backup_target_inside", "backup data/backups --data data"),
        ("restore_source_missing", "restore missing --data new"),
        ("restore_no_backups", "restore data --data new"),
        ("restore_not_empty", "restore backups --data data"),
        ("restore_unknown_id", "restore backups --data new --backup 0193793e-0000-7000-8000-000000000000"),
        ("prune_nothing_kept", "backup prune backups --keep 0"),
        ("drill_no_backups", "dr drill data --data data"),
    ] {
        assert_eq!(sandbox.snapshot(name, line).code, Some(2), "csvp {line}");
    }
    assert!(!sandbox.path("missing").exists() && !sandbox.path("data/backups").exists());
}

#[test]
fn a_store_that_is_used_is_not_restored_into() {
    let sandbox = Sandbox::new(&[]);
    filled(&sandbox.path("data"), 0..1);
    assert_eq!(sandbox.run("backup backups --data data").code, Some(0));
    let mut service = start(&sandbox.path("empty"));
    let ran = sandbox.snapshot("restore_service_runs", "restore backups --data empty");
    assert_eq!(ran.code, Some(2));
    service.kill();
    // The service has left an empty store, which is fine.
    assert_eq!(sandbox.run("restore backups --data empty").code, Some(0));
}

#[test]
fn damage_is_named_and_nothing_is_restored() {
    let sandbox = Sandbox::new(&[]);
    filled(&sandbox.path("data"), 0..2);
    assert_eq!(sandbox.run("backup backups --data data").code, Some(0));
    let original = csv(1);
    let object = find(&sandbox.path("backups"), &original).expect("the backup has the original");
    let mut flipped = original;
    flipped[5] ^= 4;
    fs::write(&object, flipped).expect("it is ours");
    let ran = sandbox.run("backup verify backups");
    assert_eq!(ran.code, Some(1));
    let name = object.file_name().expect("a file").to_string_lossy().into_owned();
    assert!(ran.stdout().contains(&name), "{}", ran.snapshot());
    let ran = sandbox.run("restore backups --data new");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr().contains(&name) && ran.stderr().contains("hint: "), "{}", ran.snapshot());
    let drilled = sandbox.run("dr drill backups --data data --scratch . --metrics dr.prom");
    assert_eq!(drilled.code, Some(1));
    assert!(drilled.stdout().contains(&name), "{}", drilled.snapshot());
    let metrics = fs::read_to_string(sandbox.path("dr.prom")).expect("the drill wrote it");
    assert!(metrics.contains("\ncsvp_dr_drill_passed 0\n"), "{metrics}");
    // A manifest is damaged: the list says so, and the others are listed.
    let backups = sandbox.path("backups/backups");
    let first = fs::read_dir(&backups).expect("it is there").filter_map(Result::ok).next().expect("one");
    assert_eq!(sandbox.run("backup list backups").code, Some(0));
    fs::write(first.path().join("manifest.json"), "{}").expect("it is ours");
    let list = sandbox.run("backup list backups");
    assert_eq!(list.code, Some(1));
    assert!(list.stdout().contains("manifest.json"), "{}", list.snapshot());
    let verify = sandbox.run("backup verify backups");
    assert_eq!(verify.code, Some(1));
    assert!(verify.stdout().contains("hint: nothing can be restored"), "{}", verify.snapshot());
    // The store is still empty: it takes a whole backup.
    assert_eq!(sandbox.run("backup again --data data").code, Some(0));
    assert_eq!(sandbox.run("restore again --data new").code, Some(0));
}

fn find(dir: &Path, bytes: &[u8]) -> Option<std::path::PathBuf> {
    fs::read_dir(dir).ok()?.filter_map(Result::ok).find_map(|entry| {
        let path = entry.path();
        if path.is_dir() { find(&path, bytes) } else { (fs::read(&path).ok()? == bytes).then_some(path) }
    })
}

#[test]
fn goals_that_are_missed_fail_the_drill() {
    let sandbox = Sandbox::new(&[]);
    filled(&sandbox.path("data"), 0..1);
    assert_eq!(sandbox.run("backup backups --data data").code, Some(0));
    filled(&sandbox.path("data"), 1..2);
    let drill = sandbox.json("dr drill backups --data data --scratch . --max-rpo 0s --json");
    assert_eq!(drill["passed"], false);
    assert!(drill["rpo_secs"].as_f64().expect("a number") > 0.0);
    assert!(
        drill["failures"][0].as_str().expect("a text").starts_with("work since the backup is "),
        "{drill}"
    );
    // Without the living store the age of the backup counts.
    let drill = sandbox.json("dr drill backups --data missing --scratch . --json");
    assert_eq!((&drill["passed"], &drill["last_change_at"]), (&Value::Bool(true), &Value::Null));
    assert!(!sandbox.path("missing").exists());
}

/// A file system of its own, in a namespace of its own, that is too small.
#[test]
fn a_full_disk_is_said_and_leaves_the_earlier_backup_whole() {
    let sandbox = Sandbox::new(&[]);
    let data = sandbox.path("data");
    filled(&data, 0..2);
    fs::create_dir(sandbox.path("small")).expect("it is ours");
    let script = "mount -t tmpfs -o size=512k,mode=700 tmpfs small && \"$CSVP\" backup small --data data >/dev/null && \
                  \"$CSVP\" backup small --data more-data; code=$?; \
                  \"$CSVP\" backup verify small >/dev/null; echo \"verify: $?\" >&2; exit $code";
    // The second store has a file that does not fit.
    let more = sandbox.path("more-data");
    copy_dir(&data, &more);
    let mut service = start(&more);
    let mut large = String::from("id,text\n");
    (0..12_000_u64).for_each(|n| large.push_str(&format!("{n},{}\n", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))));
    upload(service.address(), "large.csv", large.as_bytes());
    service.kill();
    let ran = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .current_dir(sandbox.folder())
        .env("CSVP", env!("CARGO_BIN_EXE_csvp"))
        .output()
        .expect("expected unshare of util-linux on the PATH");
    let ran = Ran { code: ran.status.code(), stdout: ran.stdout, stderr: ran.stderr };
    sandbox.assert("backup_disk_full", "backup small --data more-data", &ran);
    assert_eq!(ran.code, Some(2), "{}", ran.snapshot());
    // The same of a restore, by the ceiling of the store.
    assert_eq!(sandbox.run("backup backups --data more-data").code, Some(0));
    let mut restore = csvp().in_folder(sandbox.folder()).command(["restore", "backups", "--data", "tight"]);
    let output = restore.env("CSVP_STORE__MAX_DISK", "100 KiB").output().expect("the program starts");
    let ran = Ran { code: output.status.code(), stdout: output.stdout, stderr: output.stderr };
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr().contains("store is full"), "{}", ran.snapshot());
    assert_eq!(files_in(&sandbox.path("tight")), 1, "the lock, no store");
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("it is ours");
    for entry in fs::read_dir(from).expect("it is there").filter_map(Result::ok) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("there is room");
        }
    }
}

#[test]
fn a_backup_that_was_made_is_named_whatever_else_fails() {
    let sandbox = Sandbox::new(&[]);
    filled(&sandbox.path("data"), 0..1);
    let ran =
        sandbox.snapshot_timed("backup_metrics_fail", "backup backups --data data --metrics none/m.prom");
    assert_eq!(ran.code, Some(1));
    assert_eq!(sandbox.run("backup verify backups").code, Some(0));
    let drilled = sandbox.run("dr drill backups --data data --scratch . --metrics none/m.prom");
    assert_eq!(drilled.code, Some(1));
    assert!(drilled.stdout().ends_with("passed\n"), "{}", drilled.snapshot());
    // A damaged content is no success, and the report says so to programs too.
    let made = sandbox.json("backup backups --data data --verify --metrics m.prom --json");
    assert_eq!(made["verified"]["fault_count"], 0);
    let success = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("csvp_backup_last_success_timestamp_seconds "));
        line.expect("the gauge is there").to_owned()
    };
    let before = fs::read_to_string(sandbox.path("m.prom")).expect("the backup wrote it");
    let object = find(&sandbox.path("backups"), &csv(0)).expect("the backup has the original");
    let mut flipped = csv(0);
    flipped[5] ^= 4;
    fs::write(&object, flipped).expect("it is ours");
    let made = sandbox.run("backup backups --data data --verify --metrics m.prom --json");
    assert_eq!(made.code, Some(1), "{}", made.snapshot());
    let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    assert!(made["verified"]["fault_count"].as_u64() > Some(0), "{made}");
    let after = fs::read_to_string(sandbox.path("m.prom")).expect("the backup wrote it");
    assert_eq!(success(&before), success(&after));
    assert!(!after.contains("\ncsvp_backup_faults 0\n"), "{after}");
}

#[test]
fn a_restore_takes_a_directory_of_its_own_and_leaves_no_store_when_it_fails() {
    let sandbox = Sandbox::new(&[]);
    fs::create_dir(sandbox.path("foreign")).expect("it is ours");
    fs::write(sandbox.path("foreign/notes.txt"), "mine").expect("there is room");
    filled(&sandbox.path("data"), 0..1);
    assert_eq!(sandbox.run("backup backups --data data").code, Some(0));
    for (name, line) in [
        ("restore_into_backups", "restore backups --data backups"),
        ("restore_below_backups", "restore backups --data backups/new"),
        ("restore_into_foreign", "restore backups --data foreign"),
        (
            "restore_no_such_backup",
            "restore backups --backup 01900000-0000-7000-8000-000000000000 --data new",
        ),
        ("dr_drill_in_data", "dr drill backups --data data --scratch data"),
        ("dr_drill_in_backups", "dr drill backups --data data --scratch backups"),
    ] {
        assert_eq!(sandbox.snapshot(name, line).code, Some(2), "{line}");
    }
    assert!(!sandbox.path("new").exists() && files_in(&sandbox.path("foreign")) == 1);
    assert_eq!(sandbox.run("backup verify backups").code, Some(0));
}

#[test]
fn a_place_that_is_missing_or_mistyped_is_told_as_such() {
    let sandbox = Sandbox::new(&[]);
    filled(&sandbox.path("data"), 0..1);
    assert_eq!(sandbox.snapshot("backup_place_missing", "backup list nowhere").code, Some(2));
    assert_eq!(sandbox.snapshot("backup_place_mistyped", "backup s3:/files/b --data data").code, Some(2));
    assert!(!sandbox.path("s3:").exists());
    assert_eq!(sandbox.run("backup backups --data data").code, Some(0));
    fs::write(sandbox.path("backups/csvp-backups.json"), "{}").expect("it is ours");
    assert_eq!(sandbox.snapshot("backup_marker_damaged", "backup list backups").code, Some(2));
    assert_eq!(sandbox.snapshot("backup_marker_verify", "backup verify backups").code, Some(1));
    // As the hint has it.
    fs::write(sandbox.path("backups/csvp-backups.json"), "{\"format\":1}\n").expect("it is ours");
    assert_eq!(sandbox.run("backup verify backups").code, Some(0));
    fs::write(sandbox.path("backups/csvp-backups.json"), "{\"format\":2}").expect("it is ours");
    assert_eq!(sandbox.snapshot("backup_marker_newer", "backup list backups").code, Some(2));
    // A file stands where the data directory should be: the cause is said, and once.
    fs::write(sandbox.path("file"), "").expect("there is room");
    assert_eq!(sandbox.run("restore nowhere --data file").code, Some(2));
}
