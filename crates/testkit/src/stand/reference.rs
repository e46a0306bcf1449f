//! What a service without faults makes of the same files.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::ledger::finished;
use super::{SETTINGS, Sent, Service, request};

/// The files of an upload by their names.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// A service of its own, to which nothing happens. All that it makes of a file is compared byte for byte: neither an id nor
/// a time is in it.
#[derive(Debug)]
pub struct Reference {
    service: Service,
    _data: tempfile::TempDir,
    known: Mutex<HashMap<String, Arc<Files>>>,
}

impl Reference {
    /// Starts it.
    ///
    /// # Panics
    /// It does not start.
    pub fn start(program: &Path) -> Arc<Self> {
        let data = tempfile::tempdir().expect("a temporary folder");
        let service = Service::start(program, data.path(), &SETTINGS);
        Arc::new(Self { service, _data: data, known: Mutex::default() })
    }

    /// All files of an upload of these bytes. Names are those of one file only.
    pub(super) fn files(&self, sent: &Sent) -> Arc<Files> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let files = known.entry(sent.name.clone()).or_insert_with(|| Arc::new(self.read(sent)));
        Arc::clone(files)
    }

    fn read(&self, sent: &Sent) -> Files {
        let address = self.service.address();
        let answer = sent.send(address).expect("the service without faults answers");
        assert!(answer.is_success(), "{answer:?}");
        let upload = finished(address, answer.json()["id"].as_str().expect("an id"));
        assert_eq!(upload["state"], "completed", "{upload}");
        let file = |file: &serde_json::Value| {
            let text = |key: &str| file[key].as_str().expect("a text");
            let answer = request(address, &format!("GET {}", text("href")), b"").expect("it answers");
            assert_eq!(answer.status, 200, "{answer:?}");
            (text("name").to_owned(), answer.body)
        };
        upload["files"].as_array().expect("a list").iter().map(file).collect()
    }
}
