//! Operating commands on a store: check, hold, erase, retention, what is stored about a person.

use std::fs;
use std::time::{Duration, SystemTime};

use csvp_testkit::stand::wait_until;
use serde_json::Value;

use crate::http::request;
use crate::sandbox::Sandbox;
use crate::upgrade::{BROKEN_ID, CLEAN_ID, TWICE_ID, migrated_data, serve};

const OBJECTS: &str = "data/objects/00000000-0000-7000-8000-000000000001/uploads";

fn json(sandbox: &Sandbox, line: &str) -> Value {
    let ran = sandbox.run(line);
    serde_json::from_str(&ran.stdout())
        .unwrap_or_else(|error| panic!("csvp {line}: {error}: {}{}", ran.stdout(), ran.stderr()))
}

#[test]
fn a_store_is_checked_and_repaired() {
    let sandbox = migrated_data();
    // The replaced run of the old version goes with the first start, so that its age makes no difference.
    serve(&sandbox.path("data")).kill();
    assert_eq!(sandbox.snapshot("fsck_clean", "fsck --data data").code, Some(0));
    fs::remove_file(sandbox.path(&format!("{OBJECTS}/{CLEAN_ID}/original"))).expect("it is there");
    fs::write(sandbox.path(&format!("{OBJECTS}/{TWICE_ID}/original")), "k;v\n1;a\n2;X\n")
        .expect("it can be written");
    let unknown = sandbox.path(&format!("{OBJECTS}/01a22a6b-0000-7000-8000-000000000000"));
    fs::create_dir_all(&unknown).expect("there is room");
    let left_over = unknown.join("original");
    fs::write(&left_over, "left over").expect("there is room");
    // Younger ones may be an upload on its way.
    let old = SystemTime::now() - Duration::from_secs(3 * 60 * 60);
    let file = fs::File::options().write(true).open(&left_over).expect("it is there");
    file.set_modified(old).expect("it is ours");
    assert_eq!(sandbox.snapshot("fsck_broken", "fsck --data data").code, Some(1));
    assert_eq!(sandbox.snapshot("fsck_repair", "fsck --deep --repair --data data").code, Some(1));
    assert_eq!(sandbox.run("fsck --deep --data data").code, Some(0));
    let report = json(&sandbox, "fsck --deep --json --data data");
    assert_eq!((&report["found"], &report["uploads"], &report["deep"]), (&0.into(), &3.into(), &true.into()));
    assert!(!unknown.exists());
    let mut service = serve(&sandbox.path("data"));
    let get = |path: &str| {
        request(service.address(), &format!("GET /api/v1/uploads/{CLEAN_ID}{path}"), b"").expect("it answers")
    };
    let upload: Value = serde_json::from_slice(&get("").1).expect("JSON");
    assert_eq!((&upload["state"], &upload["error"]["code"]), (&"failed".into(), &"original-lost".into()));
    assert_eq!(get("/files/original").0, 404);
    assert_eq!(get("/files/clean.csv").0, 200, "what was made of it is served");
    // A repair would disturb the service; a look does not.
    assert_eq!(sandbox.run("fsck --data data").code, Some(0));
    assert_eq!(sandbox.run("fsck --repair --data data").code, Some(2));
    service.kill();
}

/// The small objects of an upload share a file, with a sum over each.
#[test]
fn damage_in_the_small_objects_of_an_upload_is_told() {
    let sandbox = Sandbox::new(&[]);
    fs::create_dir(sandbox.path("data")).expect("there is room");
    let post = |name: &str| {
        let mut service = serve(&sandbox.path("data"));
        let head = format!("POST /api/v1/uploads?name={name}\nContent-Type: text/csv");
        let (status, body) = request(service.address(), &head, b"a,b\n1,2\n").expect("it answers");
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
        service.kill();
        // Writes out what the journal holds.
        assert_eq!(sandbox.run("fsck --repair --data data").code, Some(0));
        let upload: Value = serde_json::from_slice(&body).expect("JSON");
        sandbox.path(&format!("{OBJECTS}/{}.zip", upload["id"].as_str().expect("an id")))
    };

    let pack = post("a.csv");
    let mut bytes = fs::read(&pack).expect("it is there");
    // The original stands before the results, and the reports before the names of all.
    let clean = bytes.windows(4).rposition(|window| window == b"1,2\n").expect("two files have this line");
    bytes[clean + 2] = b'3';
    fs::write(&pack, &bytes).expect("there is room");
    assert_eq!(sandbox.run("fsck --data data").code, Some(0), "no size has changed");
    let found = json(&sandbox, "fsck --deep --json --data data");
    assert_eq!((&found["found"], &found["findings"][0]["kind"]), (&1.into(), &"file-damaged".into()));
    assert_eq!(sandbox.run("fsck --deep --repair --data data").code, Some(0));
    let mut service = serve(&sandbox.path("data"));
    let sound = wait_until(Duration::from_secs(20), || {
        let report = json(&sandbox, "fsck --deep --json --data data");
        report["found"] == 0 && report["being_repaired"] == 0
    });
    assert!(sound, "{}", json(&sandbox, "fsck --deep --json --data data"));
    service.kill();

    let pack = post("b.csv");
    let half = fs::metadata(&pack).expect("it is there").len() / 2;
    fs::File::options().write(true).open(&pack).and_then(|file| file.set_len(half)).expect("it is ours");
    for line in ["fsck --data data", "fsck --deep --repair --data data"] {
        let ran = sandbox.run(line);
        assert_eq!(ran.code, Some(1), "{}", ran.snapshot());
        assert!(ran.stdout().contains("unreadable"), "{}", ran.snapshot());
        assert_eq!(fs::metadata(&pack).expect("it stays").len(), half);
    }
    let backup = sandbox.run("backup backups --data data");
    assert_eq!(backup.code, Some(1), "{}", backup.snapshot());
    assert!(backup.stdout().contains("/original"), "{}", backup.snapshot());
}

#[test]
fn a_file_that_is_no_database_is_said_to_be_none() {
    let sandbox = Sandbox::new(&[]);
    fs::create_dir(sandbox.path("data")).expect("there is room");
    let noise: Vec<u8> = (0..8_192_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    fs::write(sandbox.path("data/csvp.sqlite"), noise).expect("there is room");
    let left_over = sandbox.path("data/objects/.tmp/left-over");
    fs::create_dir_all(left_over.parent().expect("a directory")).expect("there is room");
    fs::write(&left_over, "of an unfinished write").expect("there is room");
    assert_eq!(sandbox.snapshot("error_no_database", "fsck --data data").code, Some(2));
    for line in ["hold list --data data", "backup backups --data data", "serve --port 0 --data data"] {
        let ran = sandbox.run(line);
        assert_eq!(ran.code, Some(2), "{}", ran.snapshot());
        assert!(ran.stderr().contains("hint: put the right `csvp.sqlite` back"), "{}", ran.snapshot());
    }
    assert!(!left_over.exists(), "on a full disk the database needs its room");
}

#[test]
fn a_repair_that_would_lose_much_must_be_told_how_much() {
    let sandbox = Sandbox::new(&[]);
    fs::create_dir(sandbox.path("data")).expect("there is room");
    let mut service = serve(&sandbox.path("data"));
    // Too large to be in one file with its results.
    let table = format!("a,b\n{}", "1,2\n".repeat(20_000));
    for n in 0..11 {
        let head = format!("POST /api/v1/uploads?name={n}.csv\nContent-Type: text/csv");
        let (status, body) = request(service.address(), &head, table.as_bytes()).expect("it answers");
        assert!(status < 300, "{}", String::from_utf8_lossy(&body));
    }
    service.kill();
    // Writes out what the journal holds.
    assert_eq!(sandbox.run("fsck --repair --data data").code, Some(0));
    for upload in fs::read_dir(sandbox.path(OBJECTS)).expect("it is there").filter_map(Result::ok) {
        fs::remove_file(upload.path().join("original")).expect("it is there");
    }
    let refused = sandbox.snapshot("error_fsck_loss", "fsck --repair --data data");
    assert_eq!(refused.code, Some(2));
    assert_eq!(sandbox.run("fsck --repair --accept-loss 10 --data data").code, Some(2));
    assert_eq!(json(&sandbox, "fsck --json --data data")["found"], 11);
    let report = json(&sandbox, "fsck --repair --accept-loss 11 --json --data data");
    assert_eq!((&report["lost"], &report["repaired"]), (&11.into(), &0.into()));
    assert_eq!(sandbox.run("fsck --accept-loss 11 --data data").code, Some(2), "it is about a repair");
}

#[test]
fn a_hold_wins_over_everybody_until_it_is_released() {
    let sandbox = migrated_data();
    let mut service = serve(&sandbox.path("data"));
    let set = format!("hold set {CLEAN_ID} --name case-17 --reason dispute --by legal --data data");
    assert_eq!(sandbox.run(&set).stdout(), format!("held: {CLEAN_ID}\n"));
    assert_eq!(sandbox.run(&set).code, Some(0), "the same again changes nothing");
    let other = format!("hold set {CLEAN_ID} --name case-17 --reason another --by legal --data data");
    assert_eq!(sandbox.snapshot("error_held_otherwise", &other).code, Some(2));
    let list = json(&sandbox, "hold list --json --data data");
    assert_eq!(list[0]["reason"], "dispute");
    assert_eq!((&list[0]["upload"], &list[0]["name"]), (&CLEAN_ID.into(), &"case-17".into()));
    let path = format!("/api/v1/uploads/{CLEAN_ID}");
    let (status, body) = request(service.address(), &format!("GET {path}"), b"").expect("it answers");
    let upload: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!((status, &upload["holds"][0]["name"]), (200, &"case-17".into()));
    let (status, body) = request(service.address(), &format!("DELETE {path}"), b"").expect("it answers");
    let problem: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!((status, &problem["code"], &problem["hold"]), (409, &"upload-held".into(), &"case-17".into()));
    let erase = sandbox.snapshot("error_erase_held", &format!("erase {CLEAN_ID} --yes --data data"));
    assert_eq!(erase.code, Some(1));
    let release = format!("hold release {CLEAN_ID} --name case-17 --data data");
    assert_eq!(sandbox.run(&release).code, Some(0));
    assert_eq!(sandbox.snapshot("error_not_held", &release).code, Some(2));
    let (status, _) = request(service.address(), &format!("DELETE {path}"), b"").expect("it answers");
    assert_eq!(status, 204);
    service.kill();
}

#[test]
fn what_is_erased_leaves_nothing() {
    let sandbox = migrated_data();
    let line = format!("erase {BROKEN_ID} --dry-run --data data");
    assert_eq!(sandbox.snapshot("erase_dry_run", &line).code, Some(0));
    assert_eq!(sandbox.run(&format!("erase {BROKEN_ID} --data data")).code, Some(2), "nobody can be asked");
    assert!(sandbox.path(&format!("{OBJECTS}/{BROKEN_ID}")).exists());
    let erased = json(&sandbox, &format!("erase {BROKEN_ID} --yes --json --data data"));
    assert_eq!(erased[0]["left_to_service"], false);
    assert!(!sandbox.path(&format!("{OBJECTS}/{BROKEN_ID}")).exists());
    for file in ["csvp.sqlite", "csvp.sqlite-wal"] {
        let bytes = fs::read(sandbox.path("data").join(file)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("broken.csv"), "{file} still knows its name");
    }
    assert_eq!(sandbox.run("fsck --deep --data data").code, Some(0));
}

/// What a hold keeps does not keep the others, and what is gone already is no reason to stop.
#[test]
fn erasing_goes_on_behind_what_stays() {
    let sandbox = migrated_data();
    let ids = sandbox.run("person erase-plan --contains csv --ids --data data");
    let ids: Vec<String> = ids.stdout().lines().map(str::to_owned).collect();
    assert!(ids.len() > 2, "{ids:?}");
    let held = &ids[1];
    let hold = format!("hold set {held} --name case-17 --reason dispute --by legal --data data");
    assert_eq!(sandbox.run(&hold).code, Some(0));
    let line = format!("erase {} --yes --data data", ids.join(" "));
    let first = sandbox.run(&line);
    assert_eq!(first.code, Some(1), "{}", first.snapshot());
    assert_eq!(first.stdout().matches("erased: ").count(), ids.len() - 1, "{}", first.snapshot());
    assert!(first.stdout().contains(&format!("stays: {held} is held for `case-17`")), "{}", first.snapshot());
    assert_eq!(sandbox.run(&format!("hold release {held} --name case-17 --data data")).code, Some(0));
    let again = sandbox.run(&line);
    assert_eq!(again.code, Some(0), "{}", again.snapshot());
    assert_eq!(again.stdout().matches("gone before: ").count(), ids.len() - 1, "{}", again.snapshot());
    assert!(again.stdout().contains(&format!("erased: {held}")), "{}", again.snapshot());
    assert_eq!(sandbox.run(&line.replace(&ids[0], "01a22a6b-0000-7000-8000-000000000000")).code, Some(2));
}

#[test]
fn a_person_is_found_in_cells_and_exported() {
    let sandbox = migrated_data();
    let plan = sandbox.snapshot("person_erase_plan", "person erase-plan --contains smith --data data");
    assert_eq!(plan.code, Some(0));
    let report = json(&sandbox, "person export --contains SMITH --output out --json --data data");
    assert_eq!((&report["records"], &report["searched"]), (&1.into(), &3.into()));
    let found = &report["uploads"][0];
    assert_eq!(found["upload"], BROKEN_ID);
    let lines = fs::read_to_string(sandbox.path("out").join(found["file"].as_str().expect("a file")));
    let lines = lines.expect("it is there");
    let record: Value = serde_json::from_str(lines.trim()).expect("one JSON object");
    assert_eq!((&record["record"], &record["line"]), (&1.into(), &2.into()));
    let name = serde_json::json!({ "column": "name", "text": "Smith, John" });
    assert_eq!(record["cells"][1], name);
    let manifest = fs::read(sandbox.path("out/manifest.json")).expect("it is there");
    let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
    assert_eq!(manifest["uploads"], report["uploads"]);
    // A record that was rejected, and one that has no number of fields to be sure of.
    let rejected = json(&sandbox, "person erase-plan --contains jones --json --data data");
    assert_eq!(rejected["records"], 1);
    let again = sandbox.snapshot("error_export_again", "person export --contains smith -o out --data data");
    assert_eq!(again.code, Some(2));
    assert_eq!(sandbox.run("person erase-plan --contains ab --data data").code, Some(2), "too short");
}

#[test]
fn retention_does_what_its_plan_says() {
    let sandbox = migrated_data();
    assert_eq!(sandbox.snapshot("retention_none", "retention show --data data").code, Some(0));
    assert_eq!(sandbox.snapshot("error_retention_plan", "retention plan --data data").code, Some(2));
    assert_eq!(sandbox.snapshot("error_retention_set", "retention set --data data").code, Some(2));
    let hold = format!("hold set {TWICE_ID} --name audit --reason yearly --by board --data data");
    assert_eq!(sandbox.run(&hold).code, Some(0));
    let set = sandbox.run("retention set --keep-original-days 0 --data data");
    assert!(set.stdout().starts_with("originals   0 days\nresults     kept\n"), "{}", set.stdout());
    let plan = json(&sandbox, "retention plan --json --data data");
    assert_eq!((&plan["uploads"], &plan["held"]), (&2.into(), &1.into()));
    let items = plan["items"].as_array().expect("a list");
    let fates: Vec<_> = items.iter().map(|item| (&item["upload"], &item["ends"], &item["fate"])).collect();
    let original: &Value = &"original".into();
    assert_eq!(
        fates,
        [
            (&CLEAN_ID.into(), original, &"goes".into()),
            (&BROKEN_ID.into(), original, &"goes".into()),
            (&TWICE_ID.into(), original, &"held".into()),
        ]
    );
    assert_eq!(sandbox.run("retention run --data data").code, Some(2), "nobody can be asked");
    let token = plan["token"].as_str().expect("a token");
    // One of the plan is held since: it is another plan.
    let hold = format!("hold set {BROKEN_ID} --name audit --reason yearly --by board --data data");
    assert_eq!(sandbox.run(&hold).code, Some(0));
    assert_eq!(sandbox.run(&format!("retention run --plan {token} --data data")).code, Some(2));
    let done = json(&sandbox, "retention run --yes --json --data data");
    assert_eq!((&done["ended"], &done["left_to_service"]), (&1.into(), &false.into()));
    assert!(!sandbox.path(&format!("{OBJECTS}/{CLEAN_ID}/original")).exists());
    assert!(sandbox.path(&format!("{OBJECTS}/{CLEAN_ID}/runs")).exists(), "the results are kept");
    assert!(sandbox.path(&format!("{OBJECTS}/{BROKEN_ID}/original")).exists());
    assert_eq!(sandbox.run("fsck --deep --data data").code, Some(0));
    // A plan changes nothing; a run that trusts the clock does, though nothing is due that is not held.
    let known = || json(&sandbox, "retention show --json --data data")["known_time"].clone();
    let first = known();
    assert_eq!(sandbox.run("retention plan --trust-clock --data data").code, Some(0));
    assert_eq!(known(), first);
    assert_eq!(sandbox.run("retention run --trust-clock --data data").code, Some(0));
    assert!(known().as_str() > first.as_str());
    assert_eq!(sandbox.snapshot("retention_clear", "retention clear --data data").code, Some(0));
}

#[test]
fn an_id_that_is_none_is_said_to_be_expected() {
    let sandbox = Sandbox::new(&[]);
    for line in ["erase abc", "hold set xyz --name n --reason r --by b", "hold release x --name n"] {
        let ran = sandbox.run(line);
        assert_eq!(ran.code, Some(2), "{}", ran.snapshot());
        let expected = "for '<UPLOAD>...': expected an id like `01a22a6b-e398-737c-8dad-53832659c1c9`";
        assert!(ran.stderr().contains(expected), "{}", ran.snapshot());
    }
}

#[test]
fn rules_for_a_bucket_are_printed() {
    let sandbox = Sandbox::new(&[]);
    assert_eq!(sandbox.snapshot("bucket_rules", "retention bucket-rules").code, Some(0));
    let wrong = sandbox.snapshot("error_bucket_rules", "retention bucket-rules --glacier-days 40");
    assert_eq!(wrong.code, Some(2));
}

#[test]
fn a_directory_without_a_store_is_not_made() {
    let sandbox = Sandbox::new(&[]);
    assert_eq!(sandbox.snapshot("error_no_store", "fsck --data data").code, Some(2));
    assert!(!sandbox.path("data").exists());
}

#[test]
fn the_ids_of_an_erase_plan_are_arguments_for_erase() {
    let sandbox = migrated_data();
    let report = json(&sandbox, "person erase-plan --contains csv --json --data data");
    let ran = sandbox.run("person erase-plan --contains csv --ids --data data");
    let ids: Vec<String> = ran.stdout().lines().map(str::to_owned).collect();
    let uploads = report["uploads"].as_array().expect("a list");
    let expected: Vec<_> =
        uploads.iter().map(|it| it["upload"].as_str().expect("an id").to_owned()).collect();
    assert!(!ids.is_empty());
    assert_eq!(ids, expected);
    let has_unread = !report["unread"].as_array().expect("a list").is_empty();
    assert_eq!(ran.code, Some(i32::from(has_unread)), "{}", ran.snapshot());
    // One that is named twice is shown once.
    let plans = json(&sandbox, &format!("erase {} {} --dry-run --json --data data", ids[0], ids[0]));
    assert_eq!(plans.as_array().map(Vec::len), Some(1));
    let folder = sandbox.path("export");
    sandbox.run("person export --contains csv --output export --data data");
    for entry in fs::read_dir(folder).expect("it was written").filter_map(Result::ok) {
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&entry.metadata().expect("it is there").permissions());
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.path());
    }
}
