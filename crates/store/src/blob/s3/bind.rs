//! Binds a place in a bucket to one database, by a small object that names it.

use object_store::path::Path;
use object_store::{Error, ObjectStore as _, ObjectStoreExt as _, PutMode, PutPayload};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::bucket::Bucket;
use super::probe::S3OpenError;
use crate::owner::Mark;

/// No key of an object, so no list shows it.
const MARK: &str = "csvp-store.json";
const ABOUT: &str =
    "objects beside this one belong to the csvp database with this id; it removes what it does not know";

#[derive(Debug, Serialize, Deserialize)]
struct Written {
    about: String,
    database: Uuid,
    #[serde(default)]
    turns: Vec<Uuid>,
}

impl Bucket {
    /// Writes the mark, the first one unless another process was first.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) async fn write_mark(&self, mark: Mark, is_first: bool) -> Result<(), S3OpenError> {
        let written = Written { about: ABOUT.to_owned(), database: mark.database, turns: mark.turns };
        let json = serde_json::to_vec_pretty(&written).expect("a text and ids can be written as JSON");
        let mode = if is_first { PutMode::Create } else { PutMode::Overwrite };
        match self.put_opts(&self.mark(), PutPayload::from(json), mode.into()).await {
            Ok(_) => Ok(()),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) if is_first => Ok(()),
            Err(error) => Err(self.explain("write an object", error)),
        }
    }

    fn mark(&self) -> Path {
        self.prefix().parts().chain([MARK.into()]).collect()
    }

    /// What the mark says; none when there is none.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) async fn read_mark(&self) -> Result<Option<Mark>, S3OpenError> {
        let path = self.mark();
        let read = async { self.get(&path).await?.bytes().await };
        let bytes = match read.await {
            Ok(bytes) => bytes,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(self.explain("read an object", error)),
        };
        let mark: Written = serde_json::from_slice(&bytes).map_err(|error| S3OpenError::Failed {
            bucket: self.0.options.bucket.clone(),
            action: "understand `csvp-store.json`",
            source: error.into(),
        })?;
        Ok(Some(Mark { database: mark.database, turns: mark.turns }))
    }
}
