//! The small objects of an upload in one file: they are there, and gone, as if each had its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;
use csvp_store::{Blobs, ObjectKey, ObjectPrefix, RunFile, RunId, StoreError, TenantId, UploadId};
use proptest::prelude::*;

/// Few enough that they meet.
const UPLOADS: usize = 2;
const RUNS: usize = 2;
const FILES: [RunFile; 2] = [RunFile::CleanCsv, RunFile::ReportJson];

struct Names {
    uploads: Vec<UploadId>,
    runs: Vec<RunId>,
}

impl Names {
    fn new() -> Self {
        let uploads = (0..UPLOADS).map(|_| UploadId::generate()).collect();
        Self { uploads, runs: (0..RUNS).map(|_| RunId::generate()).collect() }
    }

    fn key(&self, upload: usize, which: usize) -> ObjectKey {
        let (tenant, upload) = (TenantId::DEFAULT, self.uploads[upload]);
        match which.checked_sub(1) {
            None => ObjectKey::Original { tenant, upload },
            Some(file) => {
                let (run, file) = (self.runs[file / FILES.len()], FILES[file % FILES.len()]);
                ObjectKey::RunFile { tenant, upload, run, file }
            }
        }
    }

    fn upload(&self, upload: usize) -> ObjectPrefix {
        ObjectPrefix::Upload { tenant: TenantId::DEFAULT, upload: self.uploads[upload] }
    }

    fn run(&self, upload: usize, run: usize) -> ObjectPrefix {
        ObjectPrefix::Run { tenant: TenantId::DEFAULT, upload: self.uploads[upload], run: self.runs[run] }
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// Several objects of an upload together, and how long each is.
    PutAll(usize, Vec<usize>, usize),
    Put(usize, usize, usize),
    Delete(usize, usize),
    DeleteRun(usize, usize),
    DeleteUpload(usize),
    OpenAgain,
}

fn step() -> impl Strategy<Value = Step> {
    let (upload, which, run) = (0..UPLOADS, 0..=RUNS * FILES.len(), 0..RUNS);
    // Some are too long to be small.
    let size = prop_oneof![8 => 0_usize..300, 1 => Just(70_000)];
    prop_oneof![
        4 => (upload.clone(), prop::sample::subsequence((0..=RUNS * FILES.len()).collect::<Vec<_>>(), 2..5), size.clone())
            .prop_map(|(upload, which, size)| Step::PutAll(upload, which, size)),
        2 => (upload.clone(), which.clone(), size).prop_map(|(upload, which, size)| Step::Put(upload, which, size)),
        2 => (upload.clone(), which).prop_map(|(upload, which)| Step::Delete(upload, which)),
        1 => (upload.clone(), run).prop_map(|(upload, run)| Step::DeleteRun(upload, run)),
        1 => upload.prop_map(Step::DeleteUpload),
        1 => Just(Step::OpenAgain),
    ]
}

type Model = BTreeMap<ObjectKey, Bytes>;

fn is_in(prefix: &ObjectPrefix, key: &ObjectKey) -> bool {
    prefix.path().is_none_or(|path| key.to_string().starts_with(&format!("{path}/")))
}

async fn remove_all(blobs: &Blobs, model: &mut Model, prefix: ObjectPrefix) {
    let expected: u64 =
        model.iter().filter(|(key, _)| is_in(&prefix, key)).map(|(_, bytes)| bytes.len() as u64).sum();
    assert_eq!(blobs.delete_prefix(&prefix).await.unwrap(), expected);
    model.retain(|key, _| !is_in(&prefix, key));
}

async fn take(step: &Step, blobs: &Blobs, names: &Names, model: &mut Model, number: usize) {
    let content = |which: usize, size: usize| Bytes::from(vec![(number * 7 + which) as u8; size + which]);
    match step {
        Step::PutAll(upload, which, size) => {
            let objects = which.iter().map(|&which| (names.key(*upload, which), content(which, *size)));
            let objects: Vec<_> = objects.collect();
            blobs.put_all(objects.clone()).await.unwrap();
            model.extend(objects);
        }
        Step::Put(upload, which, size) => {
            let (key, bytes) = (names.key(*upload, *which), content(*which, *size));
            blobs.put(key, bytes.clone()).await.unwrap();
            model.insert(key, bytes);
        }
        Step::Delete(upload, which) => {
            let key = names.key(*upload, *which);
            let deleted = blobs.delete(&key).await;
            match model.remove(&key) {
                Some(_) => deleted.unwrap(),
                None => assert!(matches!(deleted, Err(StoreError::NotFound(_)))),
            }
        }
        Step::DeleteRun(upload, run) => remove_all(blobs, model, names.run(*upload, *run)).await,
        Step::DeleteUpload(upload) => remove_all(blobs, model, names.upload(*upload)).await,
        Step::OpenAgain => {}
    }
}

async fn compare(blobs: &Blobs, names: &Names, model: &Model) {
    let uploads = (0..UPLOADS).map(|upload| names.upload(upload));
    let runs = (0..UPLOADS).flat_map(|upload| (0..RUNS).map(move |run| names.run(upload, run)));
    for prefix in uploads.chain(runs).chain([ObjectPrefix::All]) {
        let mut listed = blobs.list(&prefix).await.unwrap();
        listed.sort();
        let expected = model.iter().filter(|(key, _)| is_in(&prefix, key));
        let expected: Vec<_> = expected.map(|(key, bytes)| (*key, bytes.len() as u64)).collect();
        assert_eq!(listed, expected, "{prefix:?}");
    }
    for (key, bytes) in model {
        assert_eq!(blobs.read_all(key, u64::MAX).await.unwrap(), bytes);
        let mut reader = blobs.blocking_reader(key, 1.min(bytes.len() as u64)).unwrap();
        let mut rest = Vec::new();
        std::io::copy(&mut reader, &mut rest).unwrap();
        assert_eq!(rest, bytes[1.min(bytes.len())..]);
    }
    assert_eq!(blobs.used_bytes(), model.values().map(|bytes| bytes.len() as u64).sum::<u64>());
    assert_eq!(blobs.misplaced().await.unwrap(), []);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever is written, replaced and removed, in files of their own or together, the objects are those of a map.
    #[test]
    fn objects_are_those_of_a_map(steps in prop::collection::vec(step(), 1..14)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let dir = tempfile::tempdir().unwrap();
            let (names, mut model) = (Names::new(), Model::new());
            let mut blobs = Blobs::open_local(dir.path(), None).await.unwrap();
            for (number, step) in steps.iter().enumerate() {
                take(step, &blobs, &names, &mut model, number).await;
                if matches!(step, Step::OpenAgain) {
                    drop(blobs);
                    blobs = Blobs::open_local(dir.path(), None).await.unwrap();
                }
                compare(&blobs, &names, &model).await;
            }
        });
    }
}

struct Store {
    dir: tempfile::TempDir,
    names: Names,
}

impl Store {
    /// An upload whose objects are in a pack: original and two files of a run.
    async fn new() -> (Self, Blobs) {
        let store = Self { dir: tempfile::tempdir().unwrap(), names: Names::new() };
        let blobs = Blobs::open_local(store.dir.path(), None).await.unwrap();
        let objects = (0..3).map(|which| (store.names.key(0, which), content(which)));
        blobs.put_all(objects.collect()).await.unwrap();
        (store, blobs)
    }

    fn pack(&self) -> PathBuf {
        let uploads = self.dir.path().join(TenantId::DEFAULT.to_string()).join("uploads");
        uploads.join(format!("{}.zip", self.names.uploads[0]))
    }

    async fn open(&self) -> Blobs {
        Blobs::open_local(self.dir.path(), None).await.unwrap()
    }
}

fn content(which: usize) -> Bytes {
    Bytes::from(format!("content {which}"))
}

/// Gives the files of the directory that are no journal.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(files(&entry.path())),
            false => found.push(entry.path()),
        }
    }
    found
}

#[tokio::test]
async fn a_small_upload_is_one_file() {
    let (store, blobs) = Store::new().await;
    assert_eq!(files(store.dir.path()), [store.pack()]);
    blobs.delete_prefix(&store.names.upload(0)).await.unwrap();
    let names = fs::read_dir(store.dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = names.filter(|name| !name.to_string_lossy().starts_with('.')).collect();
    assert!(left.is_empty(), "its directories go too: {left:?}");
}

/// As after a power cut: the journal has everything, and no file has reached the disk, or an older state of it.
#[tokio::test]
async fn what_stays_survives_a_power_cut_after_a_part_was_removed() {
    for is_old_pack_there in [false, true] {
        let (store, blobs) = Store::new().await;
        let before = fs::read(store.pack()).unwrap();
        blobs.delete(&store.names.key(0, 0)).await.unwrap();
        drop(blobs);
        match is_old_pack_there {
            true => fs::write(store.pack(), before).unwrap(),
            false => fs::remove_file(store.pack()).unwrap(),
        }
        let blobs = store.open().await;
        assert!(matches!(blobs.size(&store.names.key(0, 0)).await, Err(StoreError::NotFound(_))));
        for which in [1, 2] {
            assert_eq!(blobs.read_all(&store.names.key(0, which), 100).await.unwrap(), content(which));
        }
    }
}

#[tokio::test]
async fn what_was_removed_does_not_come_back() {
    let (store, blobs) = Store::new().await;
    blobs.delete_prefix(&store.names.upload(0)).await.unwrap();
    drop(blobs);
    assert!(fs::read_dir(store.dir.path().join(".journal")).unwrap().count() > 0, "it could come back");
    let blobs = store.open().await;
    assert_eq!(blobs.list(&ObjectPrefix::All).await.unwrap(), []);
}

#[tokio::test]
async fn a_pack_that_is_not_as_the_journal_has_it_is_found() {
    let (store, blobs) = Store::new().await;
    fs::write(store.pack(), "").unwrap();
    let mut misplaced = blobs.misplaced().await.unwrap();
    misplaced.sort();
    assert_eq!(misplaced, (0..3).map(|which| store.names.key(0, which)).collect::<Vec<_>>());
    let error = blobs.size(&store.names.key(0, 0)).await.unwrap_err();
    assert!(csvp_store::Chain(&error).to_string().contains("cannot be read"), "{error:?}");
    assert!(blobs.list(&store.names.upload(0)).await.is_err(), "it is not said that nothing is there");
    let all = blobs.list(&ObjectPrefix::All).await.unwrap();
    assert_eq!(all, [(store.names.key(0, 0), 0)], "it can be found");
    drop(blobs);
    assert_eq!(store.open().await.misplaced().await.unwrap(), [], "the start writes it again");
}

/// What a crash has left of an upload that was not acknowledged.
#[tokio::test]
async fn a_damaged_pack_can_be_removed() {
    let (store, blobs) = Store::new().await;
    fs::write(store.pack(), "PK and no more").unwrap();
    let names = &store.names;
    assert!(blobs.delete(&names.key(0, 0)).await.is_err());
    assert_eq!(blobs.delete_prefix(&names.upload(0)).await.unwrap(), 14);
    assert_eq!(files(store.dir.path()), Vec::<PathBuf>::new());
}

/// Otherwise its new sum would say that the damaged bytes are right.
#[tokio::test]
async fn nothing_is_taken_out_of_a_pack_with_other_bytes_than_were_written() {
    let (store, blobs) = Store::new().await;
    let mut bytes = fs::read(store.pack()).unwrap();
    let at = bytes.windows(9).position(|window| window == b"content 1").unwrap();
    bytes[at] ^= 1;
    fs::write(store.pack(), &bytes).unwrap();
    let error = blobs.delete(&store.names.key(0, 0)).await.unwrap_err();
    assert!(csvp_store::Chain(&error).to_string().contains("not those that were written"), "{error:?}");
    assert_eq!(fs::read(store.pack()).unwrap(), bytes);
}

/// People can look into it with what they have.
#[tokio::test]
async fn other_programs_can_read_a_pack() {
    let (store, _blobs) = Store::new().await;
    let script = "import sys, zipfile
pack = zipfile.ZipFile(sys.argv[1])
assert pack.testzip() is None
print(*sorted(pack.read(name).decode() for name in pack.namelist()), sep=',')";
    let said = Command::new("python3").args(["-c", script]).arg(store.pack()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), "content 0,content 1,content 2", "{said:?}");
}
