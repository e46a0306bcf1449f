//! One upload whose small objects are damaged as a whole must not stop what is asked for others.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use csvp_testkit::stand::{Service, wait_until};
use serde_json::Value;

use crate::http::request;
use crate::logs::logging_to;
use crate::sandbox::Sandbox;
use crate::upgrade::serve;

const OBJECTS: &str = "data/objects/00000000-0000-7000-8000-000000000001/uploads";
const TABLE: &[u8] = b"name,mail\nann,ann@example.com\nbob,bob@example.com\n";

/// How the file of an upload is damaged: cut in the middle, emptied, without its list of names.
const DAMAGES: [fn(Vec<u8>) -> Vec<u8>; 3] = [
    |mut bytes| {
        bytes.truncate(bytes.len() / 2);
        bytes
    },
    |_| Vec::new(),
    |mut bytes| {
        let at = bytes.len() - 22;
        bytes[at..].fill(0);
        bytes
    },
];

struct Store {
    sandbox: Sandbox,
    good: String,
    bad: Vec<String>,
}

impl Store {
    /// A sound upload between one that is cut and others that are damaged otherwise. The journal holds nothing of them.
    fn new(damages: usize) -> Self {
        let sandbox = Sandbox::new(&[]);
        fs::create_dir(sandbox.path("data")).expect("there is room");
        let mut service = serve(&sandbox.path("data"));
        let mut ids = Vec::new();
        for n in 0..=damages {
            let head = format!("POST /api/v1/uploads?name={n}.csv\nContent-Type: text/csv");
            let (status, body) = request(service.address(), &head, TABLE).expect("it answers");
            assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
            let upload: Value = serde_json::from_slice(&body).expect("JSON");
            ids.push(upload["id"].as_str().expect("an id").to_owned());
        }
        service.kill();
        assert_eq!(sandbox.run("fsck --repair --data data").code, Some(0));
        let good = ids.remove(damages.min(1));
        let store = Self { sandbox, good, bad: ids };
        for (id, damage) in store.bad.iter().zip(DAMAGES) {
            let pack = store.pack(id);
            let bytes = fs::read(&pack).expect("it is there");
            fs::write(&pack, damage(bytes)).expect("there is room");
        }
        store
    }

    fn pack(&self, id: &str) -> PathBuf {
        self.sandbox.path(&format!("{OBJECTS}/{id}.zip"))
    }

    fn json(&self, line: &str, code: i32) -> Value {
        let ran = self.sandbox.run(line);
        assert_eq!(ran.code, Some(code), "{}", ran.snapshot());
        serde_json::from_str(&ran.stdout()).unwrap_or_else(|error| panic!("{error}: {}", ran.snapshot()))
    }
}

fn named(list: &Value) -> Vec<&str> {
    let list = list.as_array().expect("a list");
    let mut ids: Vec<_> = list.iter().filter_map(|one| one["upload"].as_str()).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn a_person_is_searched_for_in_all_other_uploads() {
    let store = Store::new(DAMAGES.len());
    for line in ["person erase-plan", "person export --output out"] {
        let report = store.json(&format!("{line} --contains ann@example.com --json --data data"), 1);
        assert_eq!(named(&report["uploads"]), [&store.good]);
        assert_eq!((&report["records"], &report["searched"]), (&1.into(), &4.into()));
        assert_eq!(named(&report["unread"]), store.bad);
        let why = report["unread"][0]["why"].as_str().expect("a text");
        assert!(
            why.starts_with("its original cannot be read: ") && why.contains(".zip` is damaged: "),
            "{why}"
        );
    }
    assert!(store.sandbox.path("out/manifest.json").is_file());
}

#[test]
fn damaged_uploads_are_erased_with_the_others() {
    let store = Store::new(DAMAGES.len());
    let ids = [store.bad.join(" "), store.good.clone()].join(" ");
    let plan = store.sandbox.run(&format!("erase {ids} --dry-run --data data"));
    assert_eq!(plan.code, Some(0), "{}", plan.snapshot());
    let (counted, uncounted) = (": 6 objects of ", ": objects that cannot be counted, 1 run\n");
    let counts = [counted, uncounted].map(|text| plan.stdout().matches(text).count());
    assert_eq!(counts, [1, 3], "{}", plan.snapshot());
    assert!(plan.stdout().contains(".zip` is damaged: "), "{}", plan.snapshot());
    let plans = store.json(&format!("erase {ids} --dry-run --json --data data"), 0);
    assert_eq!((&plans[0]["objects"], &plans[3]["objects"]), (&Value::Null, &6.into()));
    assert_eq!(named(&store.json(&format!("erase {ids} --yes --json --data data"), 0)).len(), 4);
    assert!(store.bad.iter().chain([&store.good]).all(|id| !store.pack(id).exists()));
    assert_eq!(store.sandbox.run("fsck --deep --data data").code, Some(0));
}

/// Nothing is taken out of what is damaged: what stays would count as whole. Once nothing of it is kept, all of it goes.
#[test]
fn a_policy_ends_other_uploads_and_says_which_it_could_not() {
    let store = Store::new(1);
    let (sandbox, bad) = (&store.sandbox, store.bad[0].as_str());
    assert_eq!(sandbox.run("retention set --keep-original-days 0 --data data").code, Some(0));
    let run = sandbox.run("retention run --yes --data data");
    assert_eq!(run.code, Some(2), "{}", run.snapshot());
    assert!(run.stdout().contains("ended       2 uploads, "), "{}", run.snapshot());
    assert!(run.stderr().contains(&format!("cannot be removed: upload `{bad}`")), "{}", run.snapshot());
    assert!(run.stderr().contains("hint: put the damaged file back"), "{}", run.snapshot());
    let packed = fs::read(store.pack(&store.good)).expect("the results are kept");
    let tables = packed.windows(TABLE.len()).filter(|bytes| *bytes == TABLE).count();
    assert_eq!(tables, 1, "expected `clean.csv` without the original, which is the same here");

    // The service says it too, once.
    let log = sandbox.path("log");
    let program = logging_to(sandbox, log.to_str().expect("a plain path"));
    let settings = [("LOG_LEVEL", "warn"), ("CSVP_LOG__FORMAT", "json"), ("CSVP_STORE__KEEP_REPLACED", "1s")];
    let mut service = Service::start(&program, &sandbox.path("data"), &settings);
    let lines = || -> Vec<Value> {
        let text = fs::read_to_string(&log).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["message"] == "bytes that should be gone are still there").collect()
    };
    // One at the start, and one of the first of many looks after it.
    assert!(wait_until(Duration::from_secs(10), || lines().len() >= 2), "{:?}", lines());
    let later = request(service.address(), "GET /api/v1/uploads", b"");
    assert!(matches!(later, Some((200, _))), "{later:?}");
    assert_eq!(lines().len(), 2);
    let said = lines()[1].to_string();
    assert!(said.contains(bad) && said.contains("csvp erase"), "{said}");
    service.kill();

    assert_eq!(sandbox.run("retention set --keep-results-days 0 --data data").code, Some(0));
    let run = sandbox.run("retention run --yes --data data");
    assert_eq!(run.code, Some(0), "{}", run.snapshot());
    assert!(!store.pack(bad).exists(), "nothing of it is kept");
    assert_eq!(sandbox.run("fsck --deep --data data").code, Some(0));
}

#[test]
fn a_damaged_file_that_is_taken_away_is_marked_as_lost() {
    let store = Store::new(1);
    let found = store.json("fsck --json --data data", 1);
    assert_eq!(found["findings"][0]["kind"], "unreadable");
    let advice = found["findings"][0]["advice"].as_str().expect("a text");
    assert!(advice.contains("csvp erase") && advice.contains("remove the file"), "{advice}");
    fs::remove_file(store.pack(&store.bad[0])).expect("it is there");
    let found = store.json("fsck --json --data data", 1);
    let findings = found["findings"].as_array().expect("a list");
    assert!(findings.iter().any(|finding| finding["kind"] == "original-missing"), "{found}");
    let files: Vec<_> = findings.iter().filter(|finding| finding["kind"] == "file-missing").collect();
    assert!(!files.is_empty());
    for finding in files {
        let advice = finding["advice"].as_str().expect("a text");
        assert!(advice.starts_with("there is no original to make it from"), "{advice}");
    }
    let repaired = store.json("fsck --repair --json --data data", 1);
    assert_eq!(repaired["lost"], repaired["found"]);
    assert_eq!(store.sandbox.run("fsck --deep --data data").code, Some(0));
}
