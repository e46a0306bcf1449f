//! Data directories that earlier versions made: each is brought up to date, and everything in it is read as before. All have
//! three uploads, one of them processed twice, and one that was deleted; `data_v3` has a hold, a policy and a mark, too. They are
//! never edited.

use std::fs;
use std::path::Path;

use csvp_testkit::stand::Service;

use crate::http::request;
use crate::sandbox::Sandbox;

/// A directory in `tests/fixtures`.
struct Old {
    fixture: &'static str,
    /// The migrations that it has not seen.
    pending: &'static str,
    /// The ids of [`UPLOADS`].
    ids: [&'static str; 3],
    is_marked: bool,
}

const OLD: [Old; 2] = [
    Old {
        fixture: "data_v2",
        pending: "m0003_life_cycle, m0004_turns",
        ids: [CLEAN_ID, BROKEN_ID, TWICE_ID],
        is_marked: false,
    },
    Old {
        fixture: "data_v3",
        pending: "m0004_turns",
        ids: [
            "01a22e5e-935d-7543-ae87-2884b187dd9b",
            "01a22e5e-9460-710c-a799-bcc202b24a83",
            "01a22e5e-9606-72f4-94b4-1fcc5b249914",
        ],
        is_marked: true,
    },
];

/// Names, originals and their SHA-256 as they were acknowledged.
const UPLOADS: [(&str, &str, &str); 3] = [
    ("clean.csv", crate::sandbox::CLEAN, "10c1caf9b710e7482f7a7707b7a13041055465283d9768d3b2e2bc7bc44233cd"),
    (
        "broken.csv",
        "id,name,city\n1,\"Smith, John\",Leeds\n2,Jones\n3,\"Brown\",Bath\n4,5\" pipe,Hull\n6,\"Green\",York,extra\n\
         7,\"Black\",Ely\n",
        "f046a045b798a87ae6a1048fb32048883ac8fbb53e1c2a835b545ddfbe1ad549",
    ),
    ("semicolons.csv", "k;v\n1;a\n2;b\n", "4476e6e96f7cca76d25f9621245663f7c450ef5837d8775e4e0f33392cd25843"),
];
pub(crate) const CLEAN_ID: &str = "01a22a6b-e398-737c-8dad-53832659c1c9";
pub(crate) const BROKEN_ID: &str = "01a22a6b-e401-715b-8a4b-7177fc1c55bd";
pub(crate) const TWICE_ID: &str = "01a22a6b-e439-75be-8f8c-29a7ad13dc2f";

/// A copy of an old data directory, as `data` in a sandbox.
fn copy_of(fixture: &str) -> Sandbox {
    let sandbox = Sandbox::new(&[]);
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(fixture);
    copy(&fixture, &sandbox.path("data"));
    sandbox
}

/// A copy of the oldest one.
pub(crate) fn old_data() -> Sandbox {
    copy_of(OLD[0].fixture)
}

/// The same, brought up to date.
pub(crate) fn migrated_data() -> Sandbox {
    let sandbox = old_data();
    assert_eq!(sandbox.run("migrate --data data").code, Some(0));
    sandbox
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("the sandbox is empty");
    for entry in fs::read_dir(from).expect("the fixture is there") {
        let entry = entry.expect("it can be read");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("it has a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("there is room");
        }
    }
}

/// The service over a data directory.
pub(crate) fn serve(data: &Path) -> Service {
    Service::start(Path::new(env!("CARGO_BIN_EXE_csvp")), data, &[])
}

#[test]
fn old_data_is_brought_up_to_date_and_read_as_before() {
    for old in &OLD {
        let sandbox = copy_of(old.fixture);
        migrate(&sandbox, old.pending);
        let mark = sandbox.path("data/objects/.store");
        assert_eq!(mark.exists(), old.is_marked, "who reads writes nothing");
        let mut service = serve(&sandbox.path("data"));
        let lines = fs::read_to_string(mark).expect("the old objects are bound to their database");
        assert_eq!(lines.lines().count(), 2, "database and turn: {lines}");
        read_all(&service, &old.ids);
        service.kill();
    }
}

fn migrate(sandbox: &Sandbox, pending: &str) {
    let too_early = sandbox.run("fsck --data data");
    assert_eq!(too_early.code, Some(2));
    assert!(too_early.stderr().contains(&format!(": {pending} to be done")), "{}", too_early.stderr());
    assert_eq!(sandbox.run("migrate --check --data data").code, Some(1));
    let migrated = sandbox.run("migrate --data data");
    assert_eq!((migrated.code, migrated.stderr()), (Some(0), String::new()));
    let stdout = migrated.stdout();
    let done: Vec<&str> = stdout.lines().filter_map(|line| line.strip_prefix("done: ")).collect();
    assert_eq!(done.join(", "), pending, "only what is new");
    assert_eq!(sandbox.run("migrate --check --data data").code, Some(0));
    let again = sandbox.run("migrate --data data").stdout();
    assert!(again.contains("up to date"), "{again}");
    let checked = sandbox.run("fsck --deep --data data");
    assert_eq!(checked.code, Some(0), "{}{}", checked.stdout(), checked.stderr());
}

fn read_all(service: &Service, ids: &[&str]) {
    let list = request(service.address(), "GET /api/v1/uploads", b"").expect("it answers").1;
    let list: serde_json::Value = serde_json::from_slice(&list).expect("JSON");
    assert_eq!(list["items"].as_array().map(Vec::len), Some(UPLOADS.len()));
    for (id, (name, content, sha256)) in ids.iter().zip(UPLOADS) {
        let get = |path: &str| {
            let (status, body) = request(service.address(), &format!("GET /api/v1/uploads/{id}{path}"), b"")
                .expect("it answers");
            assert_eq!(status, 200, "{name}{path}");
            body
        };
        let upload: serde_json::Value = serde_json::from_slice(&get("")).expect("JSON");
        assert_eq!((&upload["name"], &upload["sha256"]), (&name.into(), &sha256.into()));
        assert_eq!(get("/files/original"), content.as_bytes(), "{name}");
        for file in upload["files"].as_array().expect("a list") {
            let bytes = get(&format!("/files/{}", file["name"].as_str().expect("a name")));
            assert_eq!(Some(bytes.len() as u64), file["size_bytes"].as_u64(), "{name}: {file}");
        }
        get("/report");
        get("/records");
    }
}
