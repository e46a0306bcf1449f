//! The run that is recorded: uploads of every size, deletions, and two ends of the process.

use std::collections::{BTreeSet, HashMap};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use csvp_store::TenantId;
use csvp_testkit::faults::{Call, Fault, Op, Traced, errno};
use csvp_testkit::power::append;
use csvp_testkit::stand::{
    Answer, Ledger, SETTINGS, Sent, Service, State, reprocess, request, wait_for_removal, wait_until,
};

use super::expected::{Files, unpack};

/// Where the data directory is under the root of the disk: neither part of it is there before.
pub(super) const DATA: &str = "srv/csvp";
/// More than one upload has.
const MOST_SYNCS: usize = 40;
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What happened, and what was sent.
pub(super) struct Recording {
    pub(super) root: PathBuf,
    pub(super) root_inode: u64,
    /// What all processes did, one after the other.
    pub(super) trace: Vec<Call>,
    /// Bytes of each file by its name.
    pub(super) files: HashMap<String, Vec<u8>>,
    /// Ids in the order in which they were deleted.
    pub(super) deleted: Vec<String>,
    /// Every object that was seen, by its place among the uploads.
    pub(super) objects: Files,
    /// Ids of runs that were replaced.
    pub(super) replaced: BTreeSet<String>,
}

struct Recorder {
    _folder: tempfile::TempDir,
    root: PathBuf,
    service: Service,
    ledger: Ledger,
    recording: Recording,
}

pub(super) fn record() -> Recording {
    let mut run = Recorder::start();
    run.upload("small-1", 9);
    run.upload("small-2", 40);
    run.upload("large", 15_000);
    run.upload("job", 25_000);
    run.wait_for_jobs();
    run.upload_together(&["one", "two", "three"]);
    // Deleted while the journal still holds it, and when it does not any more.
    run.delete("small-1");
    run.wait_until_settled();
    run.delete("small-2");
    run.upload("small-3", 12);
    // What else would sync the log of the database at the start: an empty journal needs no writing out, and without room no
    // turn begins.
    run.wait_until_settled();
    run.end_at(is_sync_of_wal, "cut-off-1", 12_000, start_without_room);
    run.upload("small-4", 5);
    run.end_at(is_sync_of_journal, "cut-off-2", 20, start);
    run.delete("small-3");
    run.upload("large-2", 15_000);
    run.finish()
}

/// The same with a sync that fails in each upload, one after the other: what was answered with success all the same
/// must be durable.
pub(super) fn record_failed_syncs() -> Recording {
    let mut run = Recorder::start();
    for (kind, records) in [("small", 20), ("large", 12_000), ("job", 25_000)] {
        // The directories that all uploads share are durable: a file system that has lost their names does not go on.
        run.wait_until_settled();
        for number in 1..=MOST_SYNCS {
            run.service.traced().arm(Op::is_sync, number, number, Fault::Error(errno::EIO));
            run.try_upload(&format!("{kind}-{number}"), records);
            if run.service.traced().disarm().is_empty() {
                break;
            }
        }
    }
    run.fail_to_settle();
    run.upload("after", 20);
    run.finish()
}

/// Parts of an upload go, and the rest of it stays: what a newer run has replaced, and originals by a policy.
pub(super) fn record_removals() -> Recording {
    let mut run = Recorder::start();
    for name in ["journal", "settled", "failed"] {
        run.upload(name, 20);
    }
    run.upload("large", 12_000);
    run.replace("journal");
    run.wait_until_settled();
    run.replace("settled");
    // The file system cannot be synced while it is taken out: what is lost then must be written anew.
    run.service.traced().arm(is_sync_of_all, 1, 1, Fault::Error(errno::EIO));
    run.replace("failed");
    run.service.traced().disarm();
    run.end_originals();
    run.finish()
}

fn is_sync_of_wal(op: &Op) -> bool {
    matches!(op, Op::Sync { file } if file.path.to_string_lossy().ends_with("-wal"))
}

fn is_write_of_wal(op: &Op) -> bool {
    matches!(op, Op::Write { file, .. } if file.path.to_string_lossy().ends_with("-wal"))
}

fn is_sync_of_all(op: &Op) -> bool {
    matches!(op, Op::SyncAll)
}

fn is_sync_of_journal(op: &Op) -> bool {
    matches!(op, Op::Sync { file } if file.path.to_string_lossy().contains("/.journal/"))
}

fn start(root: &Path) -> Service {
    let program = Path::new(env!("CARGO_BIN_EXE_csvp"));
    Service::start_traced(program, &root.join(DATA), &SETTINGS, (root, true))
}

/// A start at which the first transaction finds no room.
fn start_without_room(root: &Path) -> Service {
    let program = Path::new(env!("CARGO_BIN_EXE_csvp"));
    let fault = (is_write_of_wal as fn(&Op) -> bool, 1, Fault::Error(errno::ENOSPC));
    Service::start_with_fault(program, &root.join(DATA), &SETTINGS, (root, true), fault)
}

/// A first start that ends between making a directory and making its name durable.
fn end_first_start(root: &Path) -> Vec<Call> {
    let program = Path::new(env!("CARGO_BIN_EXE_csvp"));
    let fault = (Op::is_sync as fn(&Op) -> bool, 1, Fault::Kill);
    Service::end_start(program, &root.join(DATA), &SETTINGS, (root, true), fault)
        .expect("expected it to end on the way")
}

impl Recorder {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().canonicalize().expect("it exists");
        let trace = end_first_start(&root);
        let recording = Recording {
            root: root.clone(),
            root_inode: std::fs::metadata(&root).expect("it exists").ino(),
            trace,
            files: HashMap::new(),
            deleted: Vec::new(),
            objects: Files::new(),
            replaced: BTreeSet::new(),
        };
        Self { _folder: folder, service: start(&root), root, ledger: Ledger::default(), recording }
    }

    fn upload(&mut self, name: &str, records: usize) {
        let sent = Sent::new(name, records);
        self.recording.files.insert(sent.name.clone(), sent.bytes.clone());
        let answer = self.ledger.upload(self.service.address(), &sent);
        assert!(answer.as_ref().is_some_and(Answer::is_success), "{answer:?}");
    }

    fn try_upload(&mut self, name: &str, records: usize) {
        let sent = Sent::new(name, records);
        self.recording.files.insert(sent.name.clone(), sent.bytes.clone());
        let answer = self.ledger.upload(self.service.address(), &sent);
        assert!(answer.is_some(), "expected an answer to `{name}`");
    }

    fn upload_together(&mut self, names: &[&str]) {
        let address = self.service.address().to_owned();
        let files: Vec<Sent> = names.iter().map(|name| Sent::new(name, 20)).collect();
        let mut ledgers: Vec<Ledger> = files.iter().map(|_| Ledger::default()).collect();
        std::thread::scope(|scope| {
            for (sent, ledger) in files.iter().zip(&mut ledgers) {
                scope.spawn(|| ledger.upload(&address, sent));
            }
        });
        for (sent, ledger) in files.iter().zip(ledgers) {
            assert!(matches!(ledger.state(&sent.name), Some(State::Acknowledged(_))), "{ledger:?}");
            self.recording.files.insert(sent.name.clone(), sent.bytes.clone());
        }
    }

    /// Begins a new run of an upload, and waits until what the one before has made is gone.
    fn replace(&mut self, name: &str) {
        let Some(State::Acknowledged(id)) = self.ledger.state(&format!("{name}.csv")).cloned() else {
            panic!("expected `{name}` to be acknowledged")
        };
        let run = self.look(&id)["run"]["id"].as_str().expect("an id").to_owned();
        self.recording.replaced.insert(run);
        reprocess(&self.service, &id);
        self.wait_for_jobs();
        self.note_objects();
        wait_for_removal(&self.service, &id);
        // The journal may have put its own copy in place first.
        let staged = self.root.join(DATA).join("objects/.tmp");
        self.wait_for("the file without it to get its name", || {
            std::fs::read_dir(&staged).is_ok_and(|mut files| files.next().is_none())
        });
        self.service.wait_until_quiet();
        // From this answer on a power cut must not bring it back.
        self.look(&id);
    }

    /// A policy ends all originals.
    fn end_originals(&mut self) {
        self.note_objects();
        self.service.kill();
        append(&mut self.recording.trace, self.service.traced().calls());
        let mut set = Command::new(env!("CARGO_BIN_EXE_csvp"));
        set.args(["retention", "set", "--keep-original-days", "0", "--data"]).arg(self.root.join(DATA));
        let mut set = Traced::spawn(&set, &self.root, true);
        set.wait();
        append(&mut self.recording.trace, set.calls());
        self.service = start(&self.root);
        self.wait_for("the originals to go", || {
            objects_in(&self.uploads()).keys().all(|place| !place.ends_with("original"))
        });
        self.service.wait_until_quiet();
        let ids: Vec<String> = self.ledger.ids().0.into_keys().collect();
        ids.iter().for_each(|id| drop(self.look(id)));
    }

    fn look(&self, id: &str) -> serde_json::Value {
        let answer = request(self.service.address(), &format!("GET /api/v1/uploads/{id}"), b"");
        answer.expect("it answers").json()
    }

    fn uploads(&self) -> PathBuf {
        self.root.join(DATA).join("objects").join(TenantId::DEFAULT.to_string()).join("uploads")
    }

    /// Remembers what lies on the disk now.
    fn note_objects(&mut self) {
        let found = objects_in(&self.uploads());
        self.recording.objects.extend(found);
    }

    fn delete(&mut self, name: &str) {
        self.note_objects();
        let name = format!("{name}.csv");
        let answer = self.ledger.delete(self.service.address(), &name);
        assert!(answer.as_ref().is_some_and(Answer::is_success), "{answer:?}");
        let Some(State::Deleted(id)) = self.ledger.state(&name) else { panic!("{name} is deleted") };
        self.recording.deleted.push(id.clone());
        // The objects go behind the answer, and then a row says so.
        let objects = self.uploads().join(id);
        self.wait_for("the objects of a deleted upload to go", || {
            !objects.exists() && !objects.with_added_extension("zip").exists()
        });
        self.service.wait_until_quiet();
    }

    /// Ends the process at a call of an upload, starts it again, and sends the upload once more.
    fn end_at(
        &mut self,
        call: fn(&Op) -> bool,
        name: &str,
        records: usize,
        start: impl FnOnce(&Path) -> Service,
    ) {
        self.service.traced().arm(call, 1, 1, Fault::Kill);
        let sent = Sent::new(name, records);
        let answer = self.ledger.upload(self.service.address(), &sent);
        assert_eq!(answer, None, "expected the process to end");
        self.service.wait();
        append(&mut self.recording.trace, self.service.traced().calls());
        self.service = start(&self.root);
        self.upload(name, records);
    }

    fn wait_for_jobs(&self) {
        self.wait_for("the job", || {
            let answer = request(self.service.address(), "GET /api/v1/uploads?limit=100", b"");
            let page = answer.expect("it answers").json();
            page["items"].as_array().is_some_and(|items| {
                items.iter().all(|it| it["state"] != "queued" && it["state"] != "processing")
            })
        });
    }

    /// The file system cannot be synced while the journal has two segments: what it loses belongs to both of them.
    fn fail_to_settle(&mut self) {
        self.wait_until_settled();
        self.service.traced().arm(is_sync_of_all, 1, usize::MAX, Fault::Error(errno::EIO));
        self.upload("settled-late-1", 20);
        self.wait_for_failed_sync();
        self.upload("settled-late-2", 20);
        self.wait_for_failed_sync();
        self.service.traced().disarm();
        self.wait_until_settled();
    }

    /// For one that begins after now.
    fn wait_for_failed_sync(&self) {
        let before = self.service.traced().seen();
        self.wait_for("a failed sync of the file system", || self.service.traced().seen() > before);
    }

    fn wait_until_settled(&self) {
        let journal = self.root.join(DATA).join("objects/.journal");
        self.wait_for("an empty journal", || {
            std::fs::read_dir(&journal).is_ok_and(|mut segments| segments.next().is_none())
        });
    }

    fn wait_for(&self, what: &str, is_so: impl Fn() -> bool) {
        assert!(wait_until(LONGEST_WAIT, is_so), "waited too long for {what}");
    }

    fn finish(mut self) -> Recording {
        self.wait_for_jobs();
        self.note_objects();
        self.service.kill();
        append(&mut self.recording.trace, self.service.traced().calls());
        self.recording
    }
}

/// All files below a directory, and what the packs among them hold, by their places below it.
fn objects_in(dir: &Path) -> Files {
    let mut objects = Files::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), PathBuf::from(entry.file_name()));
        let is_pack = path.extension().is_some_and(|extension| extension == "zip");
        let (above, inside) = if path.is_dir() {
            (name, objects_in(&path))
        } else if is_pack {
            (
                name.with_extension(""),
                std::fs::read(&path).ok().and_then(|pack| unpack(&pack)).unwrap_or_default(),
            )
        } else {
            // It may be removed at this moment.
            objects.extend(std::fs::read(&path).ok().map(|bytes| (name, Arc::new(bytes))));
            continue;
        };
        objects.extend(inside.into_iter().map(|(place, bytes)| (above.join(place), bytes)));
    }
    objects
}
