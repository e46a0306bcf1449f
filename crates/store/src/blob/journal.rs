//! Group commit of small objects: many of them become durable with one wait for the disk.
//!
//! To make one small file durable costs several waits: for its content, its name and each new directory. So small
//! objects are written to their places without any wait, and once more to the end of a *segment*: all that come at
//! the same moment together, followed by one sync. From then on they survive a power cut, because the next start
//! writes them again from the segment. A segment that has become large or old is *settled* in the background: the file
//! system writes out everything, and the segment is removed.
//!
//! This is a redo log with whole objects as its records (after Mohan et al., *ARIES*, 1992; there is nothing to undo, as
//! nobody looks for an object before the database names it). A place that is removed or written anew while a segment
//! still has its old content is made *void* first, so that nothing comes back.

mod check;
mod settle;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::oneshot;
use uuid::Uuid;

pub(super) use check::misplaced;

use self::settle::Settler;
use super::disk::Dirs;
use crate::group_pace::GroupPace;

/// A segment of this size is settled. Bounds what the next start has to write again after a crash, and how long uploads wait
/// behind the sync of the file system: with 32 MiB the slowest of a hundred waited half as long again.
const MAX_SEGMENT_BYTES: u64 = 8 << 20;
/// A segment of this age is settled, however small. Bounds how long deleted bytes stay in it.
const MAX_SEGMENT_AGE: Duration = Duration::from_secs(5);
/// Segments that may wait to be settled; with more, writers wait for a slow disk, and fail on a broken one.
const MAX_WAITING_SEGMENTS: usize = 4;
/// Records that may wait for the group before theirs.
const MAX_WAITING_RECORDS: usize = 1_024;
/// Pause between looks at whether another segment may wait.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Begins every record: the name of the format and its version.
const MAGIC: [u8; 4] = *b"CJ01";
/// Magic, length of the body, CRC-32 of the body.
const HEAD_BYTES: usize = 12;
/// Stands for the length of the content of a place that is void.
const VOID: u32 = u32::MAX;

/// The journal of one directory of objects, and its threads. Dropping it leaves its last segments to the next start.
#[derive(Debug)]
pub(super) struct Journal {
    /// None while it is dropped.
    requests: Option<SyncSender<Request>>,
    state: Arc<State>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct State {
    /// Segments that are not settled.
    segments: AtomicUsize,
    is_closing: AtomicBool,
    /// Why the settler makes no progress, as a number of the system; 0 while it does.
    failing: AtomicI32,
    /// How many bytes of our segments are durable. What stands behind them was refused, or nobody was answered yet.
    durable: Mutex<BTreeMap<PathBuf, u64>>,
}

impl State {
    /// The part of a segment that counts while this process lives; of another process's, everything.
    fn read_durable(&self, segment: &Path) -> io::Result<Vec<u8>> {
        let durable = self.durable.lock().unwrap_or_else(PoisonError::into_inner).get(segment).copied();
        let mut bytes = fs::read(segment)?;
        bytes.truncate(durable.map_or(bytes.len(), |durable| usize::try_from(durable).unwrap_or(usize::MAX)));
        Ok(bytes)
    }

    fn set_durable(&self, segment: &Path, bytes: u64) {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner).insert(segment.to_owned(), bytes);
    }

    /// It is settled.
    fn forget(&self, segment: &Path) {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner).remove(segment);
        self.segments.fetch_sub(1, Ordering::AcqRel);
    }
}

/// An object for the journal: its place under the directory of objects, and its content; or a place, be it of an object
/// or of a directory, for which no content of the journal counts any more.
pub(super) type Entry<'a> = (&'a Path, Option<&'a [Bytes]>);

#[derive(Debug)]
struct Request {
    record: Vec<u8>,
    done: oneshot::Sender<io::Result<()>>,
}

/// What becomes of objects that the journal was given.
#[derive(Debug)]
#[must_use = "until it is asked nothing is known to be durable"]
pub(super) struct Answer(oneshot::Receiver<io::Result<()>>);

impl Answer {
    /// Blocks until they are durable.
    pub(super) fn wait(self) -> io::Result<()> {
        self.0.blocking_recv().map_err(|_| ended())?
    }

    /// Until they are durable.
    pub(super) async fn durable(self) -> io::Result<()> {
        self.0.await.map_err(|_| ended())?
    }
}

fn ended() -> io::Error {
    io::Error::other("the thread that writes the journal has ended")
}

impl Journal {
    /// Starts a journal in `dir`, which exists. `root` is the directory of objects, `dirs` its lock.
    pub(super) fn start(root: &Path, dir: &Path, dirs: &Arc<RwLock<Dirs>>) -> io::Result<Self> {
        let (requests, received) = mpsc::sync_channel(MAX_WAITING_RECORDS);
        let (settle, settled) = mpsc::sync_channel(MAX_WAITING_SEGMENTS);
        // Segments of another process can bring back what we remove, until it has settled them.
        let others = segments_of(dir)?.len();
        let state = Arc::new(State { segments: AtomicUsize::new(others), ..State::default() });
        let settler = Settler::new(root, dir, Arc::clone(dirs), Arc::clone(&state))?;
        let (segment, ended) = (None, VecDeque::new());
        let appender = Appender { dir: dir.to_owned(), segment, ended, settle, state: Arc::clone(&state) };
        let threads = vec![
            spawn("csvp-journal", move || appender.run(&received))?,
            spawn("csvp-settle", move || settler.run(&settled))?,
        ];
        Ok(Self { requests: Some(requests), state, threads })
    }

    /// Begins to make objects durable that have been written to their places already; they wait for the disk together
    /// with those of all other callers of the same moment. Paths are relative to the directory of objects.
    pub(super) fn append(&self, objects: &[Entry<'_>]) -> io::Result<Answer> {
        let (done, answer) = oneshot::channel();
        let request = Request { record: record(objects)?, done };
        self.requests.as_ref().ok_or_else(ended)?.send(request).map_err(|_| ended())?;
        Ok(Answer(answer))
    }

    /// Takes care that no older content comes back to these places, or below them, after a crash.
    pub(super) fn make_void<'a>(&self, places: impl Iterator<Item = &'a Path>) -> io::Result<()> {
        if self.state.segments.load(Ordering::Acquire) == 0 {
            return Ok(());
        }
        self.append(&places.map(|place| (place, None)).collect::<Vec<_>>())?.wait()
    }
}

impl Drop for Journal {
    /// Waits for the threads: who opens the directory next must find nobody at work in it.
    fn drop(&mut self) {
        self.state.is_closing.store(true, Ordering::Release);
        self.requests = None;
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            // Its panic was told already, and there is nothing left to do.
            let _ = thread.join();
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work)
}

/// Writes segments.
struct Appender {
    dir: PathBuf,
    segment: Option<Segment>,
    /// Segments that the settler has not taken yet.
    ended: VecDeque<PathBuf>,
    settle: SyncSender<PathBuf>,
    state: Arc<State>,
}

struct Segment {
    path: PathBuf,
    file: File,
    bytes: u64,
    begun: Instant,
}

impl Appender {
    fn run(mut self, requests: &Receiver<Request>) {
        let mut pace = GroupPace::default();
        loop {
            let first = match &self.segment {
                Some(segment) => {
                    requests.recv_timeout(MAX_SEGMENT_AGE.saturating_sub(segment.begun.elapsed()))
                }
                None => requests.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match first {
                Ok(first) => {
                    std::thread::sleep(pace.gather_for());
                    let group: Vec<Request> = std::iter::once(first).chain(requests.try_iter()).collect();
                    pace.begin(group.len());
                    self.group(group);
                }
                Err(RecvTimeoutError::Timeout) => self.end_segment(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Appends what came together, waits once for the disk, and answers everybody.
    fn group(&mut self, group: Vec<Request>) {
        let appended = self.append(&group);
        for request in group {
            let answer = appended.as_ref().map_or_else(|error| Err(copy_of(error)), |()| Ok(()));
            // A caller that has gone away needs no answer.
            let _ = request.done.send(answer);
        }
        // What stands behind a failed write cannot be trusted; the next group begins another segment.
        let is_full = self.segment.as_ref().is_some_and(|segment| segment.bytes >= MAX_SEGMENT_BYTES);
        if appended.is_err() || is_full {
            self.end_segment();
        }
    }

    fn append(&mut self, group: &[Request]) -> io::Result<()> {
        self.hand_over()?;
        let segment = match &mut self.segment {
            Some(segment) => segment,
            None => {
                self.state.segments.fetch_add(1, Ordering::AcqRel);
                let created = Segment::create(&self.dir);
                if created.is_err() {
                    self.state.segments.fetch_sub(1, Ordering::AcqRel);
                }
                let segment = self.segment.insert(created?);
                self.state.set_durable(&segment.path, 0);
                segment
            }
        };
        for request in group {
            segment.file.write_all(&request.record)?;
            segment.bytes += request.record.len() as u64;
        }
        segment.file.sync_data()?;
        self.state.set_durable(&segment.path, segment.bytes);
        Ok(())
    }

    fn end_segment(&mut self) {
        if let Some(segment) = self.segment.take() {
            self.ended.push_back(segment.path);
            // When it cannot be handed over now, the next group tries again, and is told.
            let _ = self.hand_over();
        }
    }

    /// Gives segments that have ended to the settler. Waits while it is slow; while it fails, so do new writes, since
    /// the segments would pile up and their callers would wait without an answer.
    fn hand_over(&mut self) -> io::Result<()> {
        while let Some(segment) = self.ended.pop_front() {
            match self.settle.try_send(segment) {
                // Without the settler the segment waits for the next start.
                Ok(()) | Err(TrySendError::Disconnected(_)) => {}
                Err(TrySendError::Full(segment)) => {
                    self.ended.push_front(segment);
                    match self.state.failing.load(Ordering::Acquire) {
                        0 => std::thread::sleep(LOOK_AGAIN),
                        error => return Err(io::Error::from_raw_os_error(error)),
                    }
                }
            }
        }
        Ok(())
    }
}

impl Segment {
    fn create(dir: &Path) -> io::Result<Self> {
        let path = dir.join(Uuid::now_v7().as_simple().to_string());
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path)?;
        if let Err(error) = sync_names(dir) {
            // It is empty: nothing is lost when it stays.
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok(Self { path, file, bytes: 0, begun: Instant::now() })
    }
}

/// Whether there is a segment, of a crashed process or of one that lives. No directory is no segment.
pub(super) fn is_pending(dir: &Path) -> io::Result<bool> {
    match segments_of(dir) {
        Ok(segments) => Ok(!segments.is_empty()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes again what the segments of a crashed process hold, makes it durable, and removes them. Gives the number of
/// objects. For the only process that uses the directory.
pub(super) fn recover(root: &Path, dir: &Path) -> io::Result<u64> {
    let file_system = File::open(root)?;
    let segments = segments_of(dir)?;
    if segments.is_empty() {
        return Ok(0);
    }
    let void = Void::of(&segments)?;
    let mut objects = 0;
    for segment in &segments {
        objects += redo(root, segment, &fs::read(segment)?, &void, |_| Ok(true))?;
    }
    rustix::fs::syncfs(&file_system)?;
    for segment in &segments {
        remove_segment(dir, segment)?;
    }
    Ok(objects)
}

/// Removes a segment for good. If one came back after a power cut, the next start would write old content over newer, and
/// deleted objects again: nobody makes a place void for a segment that has gone. For the same reason the oldest must
/// be gone before the next one goes: what makes its objects void stands in a later one.
fn remove_segment(dir: &Path, segment: &Path) -> io::Result<()> {
    match fs::remove_file(segment) {
        // Removed before, when the names could not be synced.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        removed => removed?,
    }
    sync_names(dir)
}

fn sync_names(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// All segments, oldest first.
fn segments_of(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(dir)? {
        segments.push(entry?.path());
    }
    segments.sort();
    Ok(segments)
}

/// Places whose content in the journal does not count, each with the last record that says so: its segment and its
/// number there.
struct Void(HashMap<PathBuf, (PathBuf, usize)>);

impl Void {
    fn of(segments: &[PathBuf]) -> io::Result<Self> {
        Self::read(segments, |segment| fs::read(segment))
    }

    fn read(segments: &[PathBuf], read: impl Fn(&Path) -> io::Result<Vec<u8>>) -> io::Result<Self> {
        let mut void = HashMap::new();
        for segment in segments {
            for (number, record) in records(&read(segment)?).enumerate() {
                for (place, _) in objects_of(record).filter(|(_, content)| content.is_none()) {
                    void.insert(place.to_owned(), (segment.clone(), number));
                }
            }
        }
        Ok(Self(void))
    }

    fn includes(&self, place: &Path, segment: &Path, number: usize) -> bool {
        let is_before = |(in_segment, at): &(PathBuf, usize)| (segment, number) < (in_segment.as_path(), *at);
        place.ancestors().any(|place| self.0.get(place).is_some_and(is_before))
    }
}

/// Writes the objects of a segment, which has these bytes, to their places; they are not durable yet.
fn redo(
    root: &Path,
    segment: &Path,
    bytes: &[u8],
    void: &Void,
    is_wanted: impl Fn(&Path) -> io::Result<bool>,
) -> io::Result<u64> {
    let temporary = root.join(super::disk::TEMP_DIR).join(Uuid::now_v7().as_simple().to_string());
    let mut objects = 0;
    for (number, record) in records(bytes).enumerate() {
        for (place, content) in objects_of(record) {
            let target = root.join(place);
            let Some(content) = content else { continue };
            if !is_inside(place) || void.includes(place, segment, number) || !is_wanted(&target)? {
                continue;
            }
            let written = write_to_place(&temporary, &target, content);
            if written.is_err() {
                // This is tried again and again: on a full disk the half of it must not stay.
                let _ = fs::remove_file(&temporary);
            }
            written?;
            objects += 1;
        }
    }
    Ok(objects)
}

fn write_to_place(temporary: &Path, target: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(temporary)?;
    file.write_all(content)?;
    if let Some(parent) = target.parent() {
        super::disk::private_dir().recursive(true).create(parent)?;
    }
    fs::rename(temporary, target)
}

/// Whether a path of a record can be one that we wrote: names only, none of them hidden.
fn is_inside(path: &Path) -> bool {
    path.components().all(|part| match part {
        std::path::Component::Normal(name) => !name.as_encoded_bytes().starts_with(b"."),
        _ => false,
    })
}

/// Head, and then for each object: length of its path (u16), length of its content (u32), path, content. Numbers are
/// little-endian.
fn record(objects: &[Entry<'_>]) -> io::Result<Vec<u8>> {
    let too_long = |_| io::Error::from(io::ErrorKind::InvalidInput);
    let bytes_of =
        |content: &Option<&[Bytes]>| content.map_or(0, |chunks| chunks.iter().map(Bytes::len).sum());
    let size: usize =
        objects.iter().map(|(path, content)| 6 + path.as_os_str().len() + bytes_of(content)).sum();
    let mut record = Vec::with_capacity(HEAD_BYTES + size);
    record.extend(MAGIC);
    record.extend(u32::try_from(size).map_err(too_long)?.to_le_bytes());
    record.extend([0; 4]);
    for (path, content) in objects {
        let path = path.as_os_str().as_encoded_bytes();
        record.extend(u16::try_from(path.len()).map_err(too_long)?.to_le_bytes());
        let length = content.map_or(Ok(VOID), |_| u32::try_from(bytes_of(content))).map_err(too_long)?;
        record.extend(length.to_le_bytes());
        record.extend_from_slice(path);
        content.iter().copied().flatten().for_each(|chunk| record.extend_from_slice(chunk));
    }
    let crc = crc32fast::hash(&record[HEAD_BYTES..]);
    record[8..HEAD_BYTES].copy_from_slice(&crc.to_le_bytes());
    Ok(record)
}

/// The bodies of the whole records of a segment, up to the first that is torn or damaged.
fn records(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (head, rest) = bytes.split_at_checked(HEAD_BYTES)?;
        let number = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
        let (body, rest) = rest.split_at_checked(number(4)? as usize)?;
        let is_whole = head.starts_with(&MAGIC) && crc32fast::hash(body) == number(8)?;
        bytes = rest;
        is_whole.then_some(body)
    })
}

/// Path and content of each object of a whole record; void ones have none.
fn objects_of(mut body: &[u8]) -> impl Iterator<Item = (&Path, Option<&[u8]>)> {
    std::iter::from_fn(move || {
        let (lengths, rest) = body.split_at_checked(6)?;
        let path = u16::from_le_bytes(lengths[..2].try_into().ok()?);
        let content = u32::from_le_bytes(lengths[2..].try_into().ok()?);
        let (path, rest) = rest.split_at_checked(path.into())?;
        let is_void = content == VOID;
        let (content, rest) = rest.split_at_checked(if is_void { 0 } else { content as usize })?;
        body = rest;
        let path: &OsStr = std::os::unix::ffi::OsStrExt::from_bytes(path);
        Some((Path::new(path), (!is_void).then_some(content)))
    })
}

/// One failure is told to everybody who waited for it.
fn copy_of(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Owned = (PathBuf, Option<Vec<u8>>);

    fn read(bytes: &[u8]) -> Vec<Vec<Owned>> {
        let owned = |(path, content): (&Path, Option<&[u8]>)| (path.to_owned(), content.map(<[u8]>::to_vec));
        records(bytes).map(|body| objects_of(body).map(owned).collect()).collect()
    }

    proptest! {
        /// A segment that is cut or damaged anywhere gives the whole records before that place, and never another.
        #[test]
        fn what_was_whole_is_read_back(
            groups in prop::collection::vec(
                prop::collection::vec(("[a-z]{1,8}/[a-z]{1,8}", prop::option::of(prop::collection::vec(any::<u8>(), 0..40))), 0..4),
                0..5,
            ),
            place in any::<prop::sample::Index>(),
            flip in 1_u8..,
        ) {
            let (mut segment, mut ends) = (Vec::new(), Vec::new());
            let mut expected = Vec::new();
            for group in &groups {
                let chunks = |content: &Option<Vec<u8>>| -> Option<Vec<Bytes>> {
                    content.as_ref().map(|bytes| bytes.chunks(7).map(Bytes::copy_from_slice).collect())
                };
                let chunks: Vec<_> = group.iter().map(|(_, content)| chunks(content)).collect();
                let paths = group.iter().map(|(path, _)| Path::new(path.as_str()));
                let objects: Vec<Entry<'_>> = paths.zip(chunks.iter().map(Option::as_deref)).collect();
                segment.extend(record(&objects).unwrap());
                ends.push(segment.len());
                let group = group.iter().map(|(path, content)| (PathBuf::from(path), content.clone()));
                expected.push(group.collect::<Vec<_>>());
            }
            prop_assert_eq!(&read(&segment), &expected);
            if !segment.is_empty() {
                let at = place.index(segment.len());
                let whole = ends.iter().filter(|&&end| end <= at).count();
                prop_assert_eq!(&read(&segment[..at]), &expected[..whole]);
                segment[at] ^= flip;
                prop_assert_eq!(&read(&segment), &expected[..whole]);
            }
        }
    }

    #[test]
    fn paths_that_lead_outside_are_not_written() {
        for path in ["../x", "/x", "a/../../x", ".tmp/x", "a/.hidden"] {
            assert!(!is_inside(Path::new(path)), "{path}");
        }
        assert!(is_inside(Path::new("tenant/uploads/1/original")));
    }
}
