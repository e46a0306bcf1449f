//! Names of objects. Keys are made here and nowhere else, from ids only: a file name someone sent is never part of
//! a key.

use std::fmt;
use std::str::FromStr;

use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::model::{RunId, TenantId, UploadId};

macro_rules! run_files {
    ($($(#[$doc:meta])* $variant:ident, $name:literal, $media:literal;)*) => {
        /// A file that a run publishes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum RunFile { $($(#[$doc])* #[serde(rename = $name)] $variant,)* }

        impl RunFile {
            /// All of them, in the order shown to users.
            pub const ALL: &'static [RunFile] = &[$(Self::$variant,)*];

            /// The file name: last part of the key, and of the download address.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The media type it is served with.
            pub fn media_type(self) -> &'static str {
                match self { $(Self::$variant => $media,)* }
            }
        }
    };
}

run_files! {
    /// Accepted records, typed.
    CleanParquet, "clean.parquet", "application/vnd.apache.parquet";
    /// Accepted records as normalised CSV.
    CleanCsv, "clean.csv", "text/csv; charset=utf-8";
    /// Accepted records, one JSON object a line.
    CleanNdjson, "clean.ndjson", "application/x-ndjson";
    /// Rejected records in full, with the reasons.
    RejectsCsv, "rejects.csv", "text/csv; charset=utf-8";
    /// Every problem, uncapped.
    ProblemsCsv, "problems.csv", "text/csv; charset=utf-8";
    /// Every problem, one JSON object a line: what pages of problems are read from; not for users.
    ProblemsNdjson, "problems.ndjson", "application/x-ndjson";
    /// The report.
    ReportJson, "report.json", "application/json";
    /// What the engine needs to read the original again at any place; not for users.
    PlanJson, "plan.json", "application/json";
}

impl fmt::Display for RunFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that no run publishes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected the name of a file of a run, for example `clean.parquet`")]
pub struct RunFileError;

impl FromStr for RunFile {
    type Err = RunFileError;

    fn from_str(name: &str) -> Result<Self, RunFileError> {
        Self::ALL.iter().copied().find(|file| file.as_str() == name).ok_or(RunFileError)
    }
}

/// The name of one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKey {
    /// The bytes as they were sent.
    Original {
        /// Who owns it.
        tenant: TenantId,
        /// The upload.
        upload: UploadId,
    },
    /// A file of a run.
    RunFile {
        /// Who owns it.
        tenant: TenantId,
        /// The upload.
        upload: UploadId,
        /// The run.
        run: RunId,
        /// Which of its files.
        file: RunFile,
    },
}

impl ObjectKey {
    /// The key as the object store spells it: `{tenant}/uploads/{upload}/original`,
    /// `{tenant}/uploads/{upload}/runs/{run}/{file}`.
    pub fn path(&self) -> Path {
        Path::from(self.to_string())
    }

    /// Reads a key back; `None` for anything this crate would not have written.
    pub fn parse(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            [tenant, "uploads", upload, "original"] => {
                Some(Self::Original { tenant: tenant.parse().ok()?, upload: upload.parse().ok()? })
            }
            [tenant, "uploads", upload, "runs", run, file] => Some(Self::RunFile {
                tenant: tenant.parse().ok()?,
                upload: upload.parse().ok()?,
                run: run.parse().ok()?,
                file: file.parse().ok()?,
            }),
            _ => None,
        }
    }

    /// The upload it belongs to.
    pub fn upload(&self) -> UploadId {
        match self {
            Self::Original { upload, .. } | Self::RunFile { upload, .. } => *upload,
        }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Original { tenant, upload } => write!(f, "{tenant}/uploads/{upload}/original"),
            Self::RunFile { tenant, upload, run, file } => {
                write!(f, "{tenant}/uploads/{upload}/runs/{run}/{file}")
            }
        }
    }
}

/// A set of objects that live and die together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectPrefix {
    /// Everything.
    All,
    /// The original and all runs of an upload.
    Upload {
        /// Who owns it.
        tenant: TenantId,
        /// The upload.
        upload: UploadId,
    },
    /// The files of one run.
    Run {
        /// Who owns it.
        tenant: TenantId,
        /// The upload.
        upload: UploadId,
        /// The run.
        run: RunId,
    },
}

impl ObjectPrefix {
    /// The prefix as the object store spells it; `None` for everything.
    pub fn path(&self) -> Option<Path> {
        match self {
            Self::All => None,
            Self::Upload { tenant, upload } => Some(Path::from(format!("{tenant}/uploads/{upload}"))),
            Self::Run { tenant, upload, run } => {
                Some(Path::from(format!("{tenant}/uploads/{upload}/runs/{run}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_round_trip() {
        let (tenant, upload, run) = (TenantId::DEFAULT, UploadId::generate(), RunId::generate());
        let files = RunFile::ALL.iter().map(|&file| ObjectKey::RunFile { tenant, upload, run, file });
        for key in files.chain([ObjectKey::Original { tenant, upload }]) {
            assert_eq!(ObjectKey::parse(&key.to_string()), Some(key));
            assert_eq!(key.path().as_ref(), key.to_string());
        }
    }

    #[test]
    fn foreign_names_are_no_keys() {
        let tenant = TenantId::DEFAULT;
        for name in
            ["", "original", &format!("{tenant}/uploads/1/original"), "a/uploads/../original", ".tmp/x"]
        {
            assert_eq!(ObjectKey::parse(name), None, "{name}");
        }
    }
}
