//! Other users of the machine see nothing of a store, also where they can look into its directory.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use crate::http::request;
use crate::sandbox::Sandbox;
use crate::upgrade::serve;

const FILES: [&str; 4] = ["csvp.sqlite", "csvp.sqlite-wal", "csvp.sqlite-shm", "lock"];

#[test]
fn files_of_a_store_are_for_its_user_alone() {
    let sandbox = Sandbox::new(&[]);
    let mode = |name: &str| {
        let facts = fs::metadata(sandbox.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        facts.permissions().mode() & 0o777
    };
    let modes = || FILES.map(|name| mode(&format!("data/{name}")));
    let set = |name: &str, mode| {
        fs::set_permissions(sandbox.path(name), Permissions::from_mode(mode)).expect("it is ours");
    };
    fs::create_dir(sandbox.path("data")).expect("there is room");
    set("data", 0o755);
    // The second time over files of a version that left them open.
    for _ in 0..2 {
        let mut service = serve(&sandbox.path("data"));
        let stored = request(service.address(), "POST /api/v1/uploads?name=a.csv", b"a,b\n1,2\n");
        assert!(matches!(stored, Some((201, _))), "{stored:?}");
        assert_eq!(modes(), [0o600; 4]);
        assert_eq!(mode("data/objects"), 0o700);
        service.kill();
        FILES.iter().for_each(|name| set(&format!("data/{name}"), 0o644));
    }
    assert_eq!(mode("data"), 0o755, "a directory that was there stays as it is");
    assert_eq!(sandbox.run("migrate --data made/data").code, Some(0));
    assert_eq!([mode("made"), mode("made/data"), mode("made/data/csvp.sqlite")], [0o700, 0o700, 0o600]);
}
