//! A data directory that an earlier version made: it is brought up to date, and everything in it is read as before.
//! `tests/fixtures/data_v2` was made by the version whose last migration was `m0002_keys_and_replaced`: three uploads,
//! one of them processed twice, and one that was deleted. It is never edited.

use std::fs;
use std::path::Path;

use csvp_testkit::stand::Service;

use crate::http::request;
use crate::sandbox::Sandbox;

/// Ids, names, originals and their SHA-256 as they were acknowledged.
const UPLOADS: [(&str, &str, &str, &str); 3] = [
    (
        CLEAN_ID,
        "clean.csv",
        crate::sandbox::CLEAN,
        "10c1caf9b710e7482f7a7707b7a13041055465283d9768d3b2e2bc7bc44233cd",
    ),
    (
        BROKEN_ID,
        "broken.csv",
        "id,name,city\n1,\"Smith, John\",Leeds\n2,Jones\n3,\"Brown\",Bath\n4,5\" pipe,Hull\n6,\"Green\",York,extra\n\
         7,\"Black\",Ely\n",
        "f046a045b798a87ae6a1048fb32048883ac8fbb53e1c2a835b545ddfbe1ad549",
    ),
    (
        TWICE_ID,
        "semicolons.csv",
        "k;v\n1;a\n2;b\n",
        "4476e6e96f7cca76d25f9621245663f7c450ef5837d8775e4e0f33392cd25843",
    ),
];
pub(crate) const CLEAN_ID: &str = "01a22a6b-e398-737c-8dad-53832659c1c9";
pub(crate) const BROKEN_ID: &str = "01a22a6b-e401-715b-8a4b-7177fc1c55bd";
pub(crate) const TWICE_ID: &str = "01a22a6b-e439-75be-8f8c-29a7ad13dc2f";

/// A copy of the old data directory, as `data` in a sandbox.
pub(crate) fn old_data() -> Sandbox {
    let sandbox = Sandbox::new(&[]);
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/data_v2");
    copy(&fixture, &sandbox.path("data"));
    sandbox
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
    let sandbox = old_data();
    let too_early = sandbox.run("fsck --data data");
    assert_eq!(too_early.code, Some(2));
    assert!(
        too_early.stderr().contains("m0003_life_cycle, m0004_turns to be done"),
        "{}",
        too_early.stderr()
    );
    assert_eq!(sandbox.run("migrate --check --data data").code, Some(1));
    let migrated = sandbox.run("migrate --data data");
    assert_eq!((migrated.code, migrated.stderr()), (Some(0), String::new()));
    let done: Vec<String> = migrated.stdout().lines().map(str::to_owned).collect();
    assert!(done.iter().any(|line| line == "done: m0003_life_cycle"), "{done:?}");
    assert!(!done.iter().any(|line| line.contains("m0002")), "only what is new: {done:?}");
    assert_eq!(sandbox.run("migrate --check --data data").code, Some(0));
    let again = sandbox.run("migrate --data data").stdout();
    assert!(again.contains("up to date"), "{again}");
    let checked = sandbox.run("fsck --deep --data data");
    assert_eq!(checked.code, Some(0), "{}{}", checked.stdout(), checked.stderr());

    let mark = sandbox.path("data/objects/.store");
    assert!(!mark.exists(), "who reads writes nothing");
    let mut service = serve(&sandbox.path("data"));
    assert!(mark.is_file(), "the old objects are bound to their database");
    let list = request(service.address(), "GET /api/v1/uploads", b"").expect("it answers").1;
    let list: serde_json::Value = serde_json::from_slice(&list).expect("JSON");
    assert_eq!(list["items"].as_array().map(Vec::len), Some(UPLOADS.len()));
    for (id, name, content, sha256) in UPLOADS {
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
    service.kill();
}
