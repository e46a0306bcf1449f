//! What can go wrong in the store, sorted by what the caller can do about it.

use std::fmt;
use std::io;

use crate::blob::ObjectKey;
use crate::model::{JobId, RunId, UploadId};

/// A cause of any type; it is in `source()` of the error and never in its text.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// An error and its causes in one line, for the log: a field of a line that is written as JSON shows the outer error only.
/// A cause that the text before it holds already is left out.
#[derive(Clone, Copy)]
pub struct Chain<'a>(pub &'a (dyn std::error::Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        let mut next = self.0.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            if !said.contains(&text) {
                said.push_str(": ");
                said.push_str(&text);
            }
            next = cause.source();
        }
        f.write_str(&said)
    }
}

/// What the store was asked for, named in errors.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Entity {
    /// An upload.
    Upload(UploadId),
    /// One run over an upload.
    Run(RunId),
    /// A background job.
    Job(JobId),
    /// Stored bytes.
    Object(ObjectKey),
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Entity::Upload(id) => write!(f, "upload `{id}`"),
            Entity::Run(id) => write!(f, "run `{id}`"),
            Entity::Job(id) => write!(f, "job `{id}`"),
            Entity::Object(key) => write!(f, "object `{key}`"),
        }
    }
}

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such thing, or it belongs to another tenant, or it was deleted.
    #[error("{0} not found")]
    NotFound(Entity),
    /// The state it is in forbids what was asked; read it again and decide.
    #[error("{0} is not in a state that allows this")]
    Conflict(Entity),
    /// A matter holds the upload, so it is not deleted.
    #[error("upload `{upload}` is held for `{hold}`")]
    Held {
        /// The upload.
        upload: UploadId,
        /// The matter.
        hold: String,
    },
    /// The idempotency key was sent with another request before, or its upload was deleted; nothing was done.
    #[error("idempotency key belongs to another request, or to a deleted upload")]
    KeyReused,
    /// Another worker holds the job now, or it was cancelled or deleted: throw the result away.
    #[error("lease on job `{0}` was lost")]
    LeaseLost(JobId),
    /// The disk is full or the store has reached its ceiling. Reading still works.
    #[error("store is full: {used_bytes} bytes are used{}", limit(*.max_bytes))]
    Full {
        /// Bytes in the store at that moment.
        used_bytes: u64,
        /// The ceiling; `None` when the disk itself was full.
        max_bytes: Option<u64>,
    },
    /// The disk under the database has no room, and the call failed in a way that leaves open whether its rows are written:
    /// they may be seen after the next start. What they would point to must stay.
    #[error("store is full: the disk has no room, and what was asked may have been done")]
    FullInDoubt(#[source] BoxError),
    /// The range asked for lies outside the object.
    #[error("range starts at byte {start}, the object has {size_bytes} bytes")]
    Range {
        /// First byte asked for, from 0.
        start: u64,
        /// Size of the object.
        size_bytes: u64,
    },
    /// The database does not answer; try again later.
    #[error("store is unavailable")]
    Unavailable(#[source] BoxError),
    /// The object store does not answer; try again later. What needs only the database goes on.
    #[error("object store is unavailable")]
    ObjectsUnavailable(#[source] BoxError),
    /// The file of the database holds something else than a database, or one that contradicts itself.
    #[error("the database is damaged, or its file is another one")]
    Damaged(#[source] BoxError),
    /// Objects that should be gone could not be removed; those of other uploads were.
    #[error("objects that should be gone cannot be removed: {}", named(.uploads, *.more))]
    NotRemoved {
        /// The uploads that they belong to; the first of them when they are many.
        uploads: Vec<UploadId>,
        /// How many more there are.
        more: u64,
        /// Why, for the first one.
        #[source]
        first: Box<StoreError>,
    },
    /// Something that should not happen; the cause is for the log.
    #[error("store failed")]
    Internal(#[source] BoxError),
}

fn named(uploads: &[UploadId], more: u64) -> String {
    let named: Vec<String> = uploads.iter().map(|upload| format!("upload `{upload}`")).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", named.join(", "))
}

fn limit(max_bytes: Option<u64>) -> String {
    max_bytes.map_or_else(|| ", the disk has no room".to_owned(), |max| format!(", the limit is {max}"))
}

impl StoreError {
    /// An impossible state, described for the log.
    pub(crate) fn impossible(what: impl Into<String>) -> Self {
        Self::Internal(what.into().into())
    }

    /// The error of a removal, with the upload it is about. What is away is away for all uploads.
    #[must_use]
    pub fn not_removed(self, upload: UploadId) -> Self {
        if self.is_away() {
            return self;
        }
        Self::NotRemoved { uploads: vec![upload], more: 0, first: Box::new(self) }
    }

    /// Database or object store do not answer: the next call would wait as long.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::ObjectsUnavailable(_))
    }

    /// Sorts an error of the file system. A full disk is [`StoreError::Full`] with `used_bytes` 0, the rest is
    /// internal; an error of this type that went through [`io::Error`] comes out as it went in.
    pub fn from_io(error: io::Error) -> Self {
        if error.get_ref().is_some_and(|inner| inner.is::<StoreError>()) {
            let inner = error.into_inner().expect("get_ref has just found it");
            return *inner.downcast::<StoreError>().expect("its type was just tested");
        }
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::Full { used_bytes: 0, max_bytes: None }
            }
            _ => Self::Internal(error.into()),
        }
    }

    /// Whether what is stored is not what was written, as far as that shows when it is read.
    pub(crate) fn is_damage(&self) -> bool {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(self);
        while let Some(error) = next {
            let io = error.downcast_ref::<io::Error>();
            if io.is_some_and(|io| io.kind() == io::ErrorKind::InvalidData) {
                return true;
            }
            next = error.source();
        }
        false
    }

    /// What a person can do about it.
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Full { max_bytes: Some(_), .. } => "delete uploads, or raise `store.max_disk`",
            Self::Full { max_bytes: None, .. } | Self::FullInDoubt(_) => {
                "make room on the disk of the data directory, then try again"
            }
            _ => return vec![],
        };
        vec![hint.to_owned()]
    }

    /// Wraps the error so that it can pass through [`io::Write`]; [`StoreError::from_io`] takes it out again.
    pub fn into_io(self) -> io::Error {
        let kind = match &self {
            Self::NotFound(_) => io::ErrorKind::NotFound,
            Self::Full { .. } | Self::FullInDoubt(_) => io::ErrorKind::StorageFull,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_says_each_cause_once() {
        let refused = io::Error::new(io::ErrorKind::ConnectionRefused, "connection refused");
        let away = StoreError::Unavailable(refused.into());
        assert_eq!(Chain(&away).to_string(), "store is unavailable: connection refused");
        let twice = StoreError::Unavailable(Box::new(StoreError::Unavailable("no answer".into())));
        assert_eq!(Chain(&twice).to_string(), "store is unavailable: no answer");
    }
}
