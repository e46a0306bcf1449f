//! Makes segments unnecessary: the file system writes everything out, and they are removed.
//!
//! After one failure nothing that the system says of older writes is trusted any more. Linux tells a failed write once, to
//! the next sync of the whole file system, and takes everything that was waiting for it as written, also what belongs to
//! segments that come later. So from then on the objects of every segment are written again from its own bytes before it
//! is settled, as long as the process lives.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::super::disk::Dirs;
use super::{HEAD_BYTES, State, Void, records, redo, remove_segment, segments_of};

/// Pause before a segment that could not be settled is tried again.
const SETTLE_AGAIN: Duration = Duration::from_secs(1);

/// Stands for an error that the system has no number for: a failure of the device (EIO).
const UNKNOWN: i32 = 5;

pub(super) struct Settler {
    root: PathBuf,
    dir: PathBuf,
    /// Open since before the first object was written: only so is it told of every write that fails later.
    file_system: File,
    /// Held alone while objects are written again.
    dirs: Arc<RwLock<Dirs>>,
    state: Arc<State>,
    /// Never set back: it cannot be known which segments a failure was about.
    has_failed: bool,
}

impl Settler {
    pub(super) fn new(
        root: &Path,
        dir: &Path,
        dirs: Arc<RwLock<Dirs>>,
        state: Arc<State>,
    ) -> io::Result<Self> {
        let file_system = File::open(root)?;
        let (root, dir) = (root.to_owned(), dir.to_owned());
        Ok(Self { root, dir, file_system, dirs, state, has_failed: false })
    }

    pub(super) fn run(mut self, segments: &Receiver<PathBuf>) {
        for segment in segments {
            if self.state.is_closing.load(Ordering::Acquire) {
                return;
            }
            while let Err(error) = self.settle(&segment) {
                tracing::warn!(
                    error = %crate::Chain(&error),
                    "small objects could not be written out; the journal keeps them, trying again"
                );
                self.has_failed = true;
                self.state.failing.store(error.raw_os_error().unwrap_or(UNKNOWN), Ordering::Release);
                std::thread::park_timeout(SETTLE_AGAIN);
                if self.state.is_closing.load(Ordering::Acquire) {
                    return;
                }
            }
            self.state.failing.store(0, Ordering::Release);
            self.state.forget(&segment);
        }
    }

    fn settle(&self, segment: &Path) -> io::Result<()> {
        if self.has_failed {
            self.write_again(segment)?;
        }
        rustix::fs::syncfs(&self.file_system)?;
        remove_segment(&self.dir, segment)
    }

    /// Only what is still there: the rest was deleted. Nobody deletes or replaces meanwhile: who does so later has made the
    /// place void already, or will rename over what is written here.
    fn write_again(&self, segment: &Path) -> io::Result<()> {
        let _alone = self.dirs.write().unwrap_or_else(PoisonError::into_inner);
        if !segment.try_exists()? {
            return Ok(());
        }
        let bytes = self.state.read_durable(segment)?;
        let whole: usize = records(&bytes).map(|body| HEAD_BYTES + body.len()).sum();
        if whole != bytes.len() {
            let (has, path) = (bytes.len(), segment.display());
            let damaged =
                format!("expected {has} bytes of whole records in {path}, only {whole} can be read back");
            return Err(io::Error::new(io::ErrorKind::InvalidData, damaged));
        }
        let void = Void::read(&segments_of(&self.dir)?, |segment| self.state.read_durable(segment))?;
        redo(&self.root, segment, &bytes, &void, Path::try_exists).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc;

    use bytes::Bytes;
    use rustix::fs::{Mode, OFlags};

    use super::super::record;
    use super::*;

    struct Store {
        root: tempfile::TempDir,
        settler: Settler,
    }

    impl Store {
        /// Each object stands in its place and in a segment of its own; the disk has lost what stood in the places.
        fn new(objects: &[&str]) -> Self {
            let root = tempfile::tempdir().unwrap();
            let dir = root.path().join(".journal");
            fs::create_dir(&dir).unwrap();
            fs::create_dir(root.path().join(".tmp")).unwrap();
            let state = Arc::new(State::default());
            let settler = Settler::new(root.path(), &dir, Arc::default(), state).unwrap();
            let store = Self { root, settler };
            for (number, object) in objects.iter().enumerate() {
                let content = [Bytes::copy_from_slice(object.as_bytes())];
                store.append(number, &record(&[(Path::new(object), Some(&content))]).unwrap());
                fs::write(store.place(object), "").unwrap();
            }
            store
        }

        fn append(&self, number: usize, record: &[u8]) {
            fs::write(self.segment(number), record).unwrap();
            self.settler.state.set_durable(&self.segment(number), record.len() as u64);
            self.settler.state.segments.fetch_add(1, Ordering::AcqRel);
        }

        fn segment(&self, number: usize) -> PathBuf {
            self.settler.dir.join(number.to_string())
        }

        fn place(&self, object: &str) -> PathBuf {
            self.root.path().join(object)
        }

        fn has(&self, object: &str) -> Option<String> {
            fs::read_to_string(self.place(object)).ok()
        }
    }

    #[test]
    fn after_one_failure_every_segment_is_written_again() {
        let mut store = Store::new(&["one", "two"]);
        let working = std::mem::replace(
            &mut store.settler.file_system,
            // Such a file cannot be synced.
            rustix::fs::open(store.root.path(), OFlags::PATH, Mode::empty()).unwrap().into(),
        );
        store.settler.settle(&store.segment(0)).unwrap_err();
        (store.settler.file_system, store.settler.has_failed) = (working, true);
        for number in [0, 1] {
            store.settler.settle(&store.segment(number)).unwrap();
            assert!(!store.segment(number).exists());
        }
        assert_eq!((store.has("one").as_deref(), store.has("two").as_deref()), (Some("one"), Some("two")));
    }

    #[test]
    fn a_segment_that_cannot_be_written_again_stays() {
        let mut store = Store::new(&["one"]);
        store.settler.has_failed = true;
        fs::remove_dir(store.place(".tmp")).unwrap();
        store.settler.settle(&store.segment(0)).unwrap_err();
        assert!(store.segment(0).exists());
        fs::create_dir(store.place(".tmp")).unwrap();
        let whole = fs::read(store.segment(0)).unwrap();
        fs::write(store.segment(0), [&whole[..whole.len() - 1], b"?"].concat()).unwrap();
        let error = store.settler.settle(&store.segment(0)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
        assert!(store.segment(0).exists());
        fs::write(store.segment(0), whole).unwrap();
        store.settler.settle(&store.segment(0)).unwrap();
        assert_eq!(store.has("one").as_deref(), Some("one"));
    }

    #[test]
    fn what_was_refused_does_not_count() {
        let mut store = Store::new(&["one"]);
        store.settler.has_failed = true;
        // The sync of a record that makes it void has failed, so it was not removed.
        fs::write(store.segment(1), record(&[(Path::new("one"), None)]).unwrap()).unwrap();
        store.settler.state.set_durable(&store.segment(1), 0);
        store.settler.settle(&store.segment(0)).unwrap();
        assert_eq!(store.has("one").as_deref(), Some("one"));
    }

    #[test]
    fn nothing_is_written_again_while_it_is_removed() {
        let mut store = Store::new(&["one"]);
        store.settler.has_failed = true;
        let dirs = Arc::clone(&store.settler.dirs);
        let (removing, begun, (tell, ended)) = (dirs.write().unwrap(), store.segment(0), mpsc::channel());
        std::thread::scope(|scope| {
            let settler = &store.settler;
            scope.spawn(move || tell.send(settler.settle(&begun)));
            // Nobody else has the lock, so it can only wait.
            ended.recv_timeout(Duration::from_millis(50)).unwrap_err();
            store.append(1, &record(&[(Path::new("one"), None)]).unwrap());
            fs::rename(store.place("one"), store.place(".tmp/one")).unwrap();
            drop(removing);
            ended.recv().unwrap().unwrap();
        });
        assert_eq!(store.has("one"), None);
    }
}
