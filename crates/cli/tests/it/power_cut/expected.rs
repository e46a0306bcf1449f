//! What has been acknowledged at each moment of a recorded run.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use csvp_testkit::power::Event;
use rawzip::ZipArchive;

use super::run::Recording;

/// Files by their paths, and their bytes.
pub(super) type Files = BTreeMap<PathBuf, Arc<Vec<u8>>>;

/// What must be found after a power cut.
#[derive(Debug, Clone, Default)]
pub(super) struct Expected {
    /// Acknowledged uploads with their names.
    pub(super) uploads: BTreeMap<String, String>,
    /// Uploads whose deletion is under way: either is right.
    pub(super) going: BTreeSet<String>,
    /// Uploads whose deletion was acknowledged.
    pub(super) deleted: BTreeSet<String>,
    /// Bytes of everything that was ever sent, by its name.
    pub(super) sent: Arc<HashMap<String, Vec<u8>>>,
    /// Bytes of every object that was ever seen whole, by its place among the uploads. Objects never change.
    pub(super) objects: Arc<Files>,
    /// Runs that were replaced.
    pub(super) replaced: Arc<BTreeSet<String>>,
}

impl Expected {
    pub(super) fn new(recording: &Recording) -> Self {
        Self {
            sent: Arc::new(recording.files.clone()),
            objects: Arc::new(recording.objects.clone()),
            replaced: Arc::new(recording.replaced.clone()),
            ..Self::default()
        }
    }
}

#[derive(Debug, Clone)]
enum Says {
    Stored {
        id: String,
        name: String,
    },
    Deleted {
        id: String,
    },
    /// The deletion of this upload begins after this answer.
    Goes {
        id: String,
    },
}

/// The answers of a run, by the number of their event.
pub(super) struct Acknowledged(BTreeMap<usize, Vec<Says>>);

impl Acknowledged {
    pub(super) fn of(events: &[Event<'_>], recording: &Recording) -> Self {
        let mut says: BTreeMap<usize, Vec<Says>> = BTreeMap::new();
        let mut deleted = recording.deleted.iter();
        let mut before = 0;
        for (at, event) in events.iter().enumerate() {
            let Event::Sends(bytes) = event else { continue };
            if bytes.starts_with(b"HTTP/1.1 204") {
                let id = deleted.next().expect("expected an answer for each deletion").clone();
                says.entry(before).or_default().push(Says::Goes { id: id.clone() });
                says.entry(at).or_default().push(Says::Deleted { id });
            } else if let Some((id, name)) = stored(bytes) {
                says.entry(at).or_default().push(Says::Stored { id, name });
            }
            before = at;
        }
        assert_eq!(deleted.next(), None, "expected each answer to a deletion in the trace");
        Self(says)
    }

    /// The events that promise something.
    pub(super) fn events(&self) -> impl Iterator<Item = usize> {
        self.0.keys().copied()
    }

    /// What must be found from this event on, when that is something else than before.
    pub(super) fn after(&self, event: usize, before: &Expected) -> Option<Expected> {
        let says = self.0.get(&event)?;
        let mut expected = before.clone();
        for says in says {
            match says {
                Says::Stored { id, name } => {
                    let known = expected.uploads.contains_key(id);
                    if !known && !expected.going.contains(id) && !expected.deleted.contains(id) {
                        expected.uploads.insert(id.clone(), name.clone());
                    }
                }
                Says::Goes { id } => {
                    expected.uploads.remove(id);
                    expected.going.insert(id.clone());
                }
                Says::Deleted { id } => {
                    expected.going.remove(id);
                    expected.deleted.insert(id.clone());
                }
            }
        }
        Some(expected)
    }
}

fn stored(answer: &[u8]) -> Option<(String, String)> {
    if !answer.starts_with(b"HTTP/1.1 20") {
        return None;
    }
    let body = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let upload: serde_json::Value = serde_json::from_slice(&answer[body..]).ok()?;
    let text = |key: &str| upload[key].as_str().map(str::to_owned);
    Some((text("id")?, text("name")?))
}

/// The objects that are in one file; none when it is damaged.
pub(super) fn unpack(bytes: &[u8]) -> Option<Files> {
    let archive = ZipArchive::from_slice(bytes).ok()?;
    let objects = archive.entries().map(|entry| {
        let entry = entry.ok()?;
        let path = entry.file_path().try_normalize().ok()?;
        let object = archive.get_entry(entry.wayfinder()).ok()?;
        Some((PathBuf::from(path.as_ref() as &str), Arc::new(object.data().to_vec())))
    });
    objects.collect()
}
