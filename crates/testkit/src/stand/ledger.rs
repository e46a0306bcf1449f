//! What a sender remembers of its requests, outside of the service, and what it may expect to find afterwards.
//!
//! The invariants by their numbers: I1 no acknowledged upload is lost; I2 its bytes are the same; I3 nothing is partly
//! visible; I4 objects and rows agree; I5 each job has one result; I6 a request that is sent again is done once; I8
//! nothing stays of what was not acknowledged; I9 what was deleted does not come back. (I7, the audit events, is in the
//! database only: see the tests that open it.)

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::reference::Files;
use super::{Answer, Reference, on_disk, request, wait_until};

const LONGEST_JOB: Duration = Duration::from_secs(60);
const LONGEST_REMOVAL: Duration = Duration::from_secs(5);

/// A file that is sent under a name and an idempotency key of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its name, also its key.
    pub name: String,
    /// Its bytes, like those of no other file.
    pub bytes: Vec<u8>,
}

impl Sent {
    /// Sends it; none when the connection broke before the answer came.
    pub fn send(&self, address: &str) -> Option<Answer> {
        let Self { name, bytes } = self;
        let head =
            format!("POST /api/v1/uploads?name={name}\nIdempotency-Key: \"{name}\"\nContent-Type: text/csv");
        request(address, &head, bytes)
    }
}

/// What the sender knows of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Stored, under this id.
    Acknowledged(String),
    /// The answer did not come, or said that something went wrong inside: it may be there or not.
    Unknown,
    /// Refused: it must not be there.
    Refused,
    /// Deleted; it had this id.
    Deleted(String),
    /// The answer to its deletion did not come.
    MaybeDeleted(String),
}

/// All files that were sent.
#[derive(Debug, Default)]
pub struct Ledger {
    reference: Option<Arc<Reference>>,
    files: BTreeMap<String, (Vec<u8>, State)>,
}

impl Ledger {
    /// One that compares the bytes of all results with those of a service without faults.
    pub fn beside(reference: &Arc<Reference>) -> Self {
        Self { reference: Some(Arc::clone(reference)), ..Self::default() }
    }

    /// Sends a file and remembers how that ended.
    pub fn upload(&mut self, address: &str, sent: &Sent) -> Option<Answer> {
        let answer = sent.send(address);
        self.note(sent, answer.as_ref());
        answer
    }

    /// Remembers how the sending of a file ended.
    ///
    /// # Panics
    /// The answer is not one that the service may give.
    pub fn note(&mut self, sent: &Sent, answer: Option<&Answer>) {
        let state = match answer {
            Some(answer) if answer.is_success() => {
                assert!(matches!(answer.status, 200..=202), "{answer:?}");
                let id = answer.json()["id"].as_str().map(str::to_owned);
                State::Acknowledged(id.unwrap_or_else(|| panic!("expected an id: {answer:?}")))
            }
            Some(answer) if answer.status < 500 || (answer.status == 507 && !is_in_doubt(answer)) => {
                State::Refused
            }
            _ => State::Unknown,
        };
        self.files.insert(sent.name.clone(), (sent.bytes.clone(), state));
    }

    /// Deletes a file that was acknowledged.
    ///
    /// # Panics
    /// It was not.
    pub fn delete(&mut self, address: &str, name: &str) -> Option<Answer> {
        let (_, state) = self.files.get_mut(name).expect("expected a file that was sent");
        let State::Acknowledged(id) = state.clone() else {
            panic!("expected an acknowledged file: {state:?}")
        };
        let answer = request(address, &format!("DELETE /api/v1/uploads/{id}"), b"");
        *state = match &answer {
            Some(answer) if answer.is_success() => State::Deleted(id),
            _ => State::MaybeDeleted(id),
        };
        answer
    }

    /// What is known of a file.
    pub fn state(&self, name: &str) -> Option<&State> {
        self.files.get(name).map(|(_, state)| state)
    }

    /// How many files are acknowledged now.
    pub fn acknowledged(&self) -> usize {
        self.files.values().filter(|(_, state)| matches!(state, State::Acknowledged(_))).count()
    }

    /// How many files may be there or not.
    pub fn unknown(&self) -> usize {
        self.files.values().filter(|(_, state)| *state == State::Unknown).count()
    }

    /// Ids of acknowledged files with their bytes, and ids of deleted ones.
    pub fn ids(&self) -> (HashMap<String, &[u8]>, HashSet<String>) {
        let (mut kept, mut deleted) = (HashMap::new(), HashSet::new());
        for (bytes, state) in self.files.values() {
            match state {
                State::Acknowledged(id) => {
                    kept.insert(id.clone(), bytes.as_slice());
                }
                State::Deleted(id) => {
                    deleted.insert(id.clone());
                }
                _ => {}
            }
        }
        (kept, deleted)
    }

    /// Compares with what the service shows and, when it is given, with its directory of objects.
    ///
    /// # Errors
    /// Every invariant that does not hold.
    pub fn check(&self, address: &str, objects: Option<&Path>) -> Result<(), Vec<String>> {
        let mut faults = Vec::new();
        let visible = visible(address);
        let (mut seen, mut runs) = (HashSet::new(), HashMap::new());
        for (id, name) in &visible {
            if !seen.insert(name) {
                faults.push(format!("I6: `{name}` is there twice"));
            }
            match self.files.get(name) {
                None => faults.push(format!("I8: {id} `{name}` was never sent")),
                Some((_, State::Refused)) => faults.push(format!("I8: `{name}` was refused and is there")),
                Some((_, State::Deleted(_))) => faults.push(format!("I9: `{name}` was deleted and is there")),
                Some((bytes, _)) => {
                    let upload = finished(address, id);
                    let sent = Sent { name: name.clone(), bytes: bytes.clone() };
                    let expected = self.reference.as_ref().map(|reference| reference.files(&sent));
                    faults.extend(look_at(address, &upload, (id, &sent), expected.as_deref()));
                    let run = upload["run"]["id"].as_str().unwrap_or_default();
                    runs.insert(id.as_str(), run.to_owned());
                }
            }
        }
        for (name, (_, state)) in &self.files {
            match state {
                State::Acknowledged(id) if visible.get(id) != Some(name) => {
                    faults.push(format!("I1: acknowledged {id} `{name}` is not listed"));
                }
                _ => {}
            }
        }
        if let Some(objects) = objects {
            faults.extend(left_on_disk(objects, &visible, &runs));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// Ids of uploads that have objects and were not acknowledged.
    pub fn left_over(&self, objects: &Path) -> Vec<String> {
        let (kept, _) = self.ids();
        let ids = on_disk::uploads(objects).into_iter().filter_map(|upload| on_disk::id(&upload));
        ids.filter(|id| !kept.contains_key(id)).collect()
    }

    /// Sends again what is not known to be stored, under the same keys: from then on it must be there once.
    ///
    /// # Panics
    /// It is not taken in.
    pub fn settle(&mut self, address: &str) {
        let (_, deleted) = self.ids();
        let open: Vec<Sent> =
            self.files.iter().filter(|(_, (_, state))| *state == State::Unknown).map(sent).collect();
        for sent in open {
            let answer = self.upload(address, &sent);
            assert!(
                matches!(self.state(&sent.name), Some(State::Acknowledged(_))),
                "expected `{}` to be taken in when it is sent again: {answer:?}",
                sent.name
            );
        }
        for (_, state) in self.files.values_mut() {
            if let State::MaybeDeleted(id) = state.clone() {
                assert!(!deleted.contains(&id));
                let answer = request(address, &format!("DELETE /api/v1/uploads/{id}"), b"");
                assert!(answer.is_some_and(|answer| matches!(answer.status, 204 | 404)), "{id}");
                *state = State::Deleted(id);
            }
        }
    }
}

/// No room, and the service says that it does not know what became of the request.
fn is_in_doubt(answer: &Answer) -> bool {
    answer.json()["detail"].as_str().is_some_and(|detail| detail.contains("is not known"))
}

fn sent((name, (bytes, _)): (&String, &(Vec<u8>, State))) -> Sent {
    Sent { name: name.clone(), bytes: bytes.clone() }
}

/// An upload that can be seen is whole, in all its files, and ends with a result.
fn look_at(
    address: &str,
    upload: &serde_json::Value,
    (id, Sent { name, bytes }): (&str, &Sent),
    expected: Option<&Files>,
) -> Vec<String> {
    let mut faults = Vec::new();
    if upload["state"] != "completed" {
        faults.push(format!("I5: `{name}` has ended {}: {}", upload["state"], upload["error"]));
    }
    let get = |path: &str| request(address, &format!("GET {path}"), b"");
    match get(&format!("/api/v1/uploads/{id}/files/original")) {
        Some(answer) if answer.status == 200 && answer.body == *bytes => {}
        Some(answer) if answer.status == 200 => faults.push(format!("I2: the bytes of `{name}` are altered")),
        answer => {
            let status = answer.map(|answer| answer.status);
            faults.push(format!("I1: the bytes of {id} `{name}` are gone: {status:?}"));
        }
    }
    for file in upload["files"].as_array().into_iter().flatten() {
        let (href, size) = (file["href"].as_str().unwrap_or_default(), file["size_bytes"].as_u64());
        let answer = get(href);
        let found = answer.as_ref().map(|answer| (answer.status, Some(answer.body.len() as u64)));
        let named = file["name"].as_str().unwrap_or_default();
        if found != Some((200, size)) {
            faults.push(format!("I3: {href} of `{name}` has {found:?}, expected {size:?} bytes"));
        } else if let (Some(expected), Some(answer)) = (expected, answer)
            && expected.get(named) != Some(&answer.body)
        {
            faults.push(format!("I2: {href} of `{name}` is not what is made of it without faults"));
        }
    }
    let files = upload["files"].as_array().map_or(0, Vec::len);
    if let Some(expected) = expected.filter(|expected| expected.len() != files) {
        faults.push(format!("I3: `{name}` has {files} files, expected {:?}", expected.keys()));
    }
    faults
}

/// The upload when nothing more happens to it by itself; null when it cannot be seen.
pub(super) fn finished(address: &str, id: &str) -> serde_json::Value {
    let mut upload = serde_json::Value::Null;
    wait_until(LONGEST_JOB, || {
        let answer = request(address, &format!("GET /api/v1/uploads/{id}"), b"");
        let Some(answer) = answer.filter(|answer| answer.status == 200) else { return false };
        upload = answer.json();
        !matches!(upload["state"].as_str(), Some("queued" | "processing"))
    });
    upload
}

/// The ids of all uploads that can be seen, with their names.
fn visible(address: &str) -> HashMap<String, String> {
    let mut found = HashMap::new();
    let mut cursor = String::new();
    loop {
        let answer = request(address, &format!("GET /api/v1/uploads?limit=200{cursor}"), b"");
        let answer = answer.filter(|answer| answer.status == 200).expect("expected a list of uploads");
        let page = answer.json();
        for upload in page["items"].as_array().expect("a list") {
            let text = |key: &str| upload[key].as_str().expect("a text").to_owned();
            found.insert(text("id"), text("name"));
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

/// Objects of uploads that cannot be seen, and of runs that are not the one that is shown. Those of a deleted upload go
/// behind the answer.
fn left_on_disk(
    objects: &Path,
    visible: &HashMap<String, String>,
    runs: &HashMap<&str, String>,
) -> Vec<String> {
    let mut left = Vec::new();
    wait_until(LONGEST_REMOVAL, || {
        left.clear();
        for upload in on_disk::uploads(objects) {
            let Some(id) = on_disk::id(&upload) else { continue };
            if !visible.contains_key(&id) {
                left.push(format!("I8: objects of {id} are there, which is no upload"));
            } else if let Some(shown) = runs.get(id.as_str()) {
                let others = on_disk::runs(&upload).into_iter().filter(|run| run != shown);
                left.extend(others.map(|run| format!("I8: files of run {run} of {id} are there")));
            }
        }
        left.is_empty()
    });
    left
}
