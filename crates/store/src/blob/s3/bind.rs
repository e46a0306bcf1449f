//! Binds a place in a bucket to one database, by a small object that names it.

use object_store::path::Path;
use object_store::{Error, ObjectStore as _, ObjectStoreExt as _, PutMode, PutPayload};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::bucket::Bucket;
use super::probe::S3OpenError;

/// No key of an object, so no list shows it.
const MARK: &str = "csvp-store.json";
const ABOUT: &str =
    "objects beside this one belong to the csvp database with this id; it removes what it does not know";

#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    about: String,
    database: Uuid,
}

impl Bucket {
    /// Makes the place this database's unless it has an owner, and says who that is.
    ///
    /// # Errors
    /// The mark cannot be read or written.
    pub(crate) async fn bind(&self, database: Uuid) -> Result<Uuid, S3OpenError> {
        if let Some(owner) = self.owner().await? {
            return Ok(owner);
        }
        let mark = Mark { about: ABOUT.to_owned(), database };
        let json = serde_json::to_vec_pretty(&mark).expect("a text and an id can be written as JSON");
        let put = self.put_opts(&self.mark(), PutPayload::from(json), PutMode::Create.into()).await;
        match put {
            // Another process was first; whose it is, is read below.
            Ok(_) | Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {}
            Err(error) => return Err(self.explain("write an object", error)),
        }
        self.owner().await?.ok_or_else(|| S3OpenError::Failed {
            bucket: self.0.options.bucket.clone(),
            action: "read `csvp-store.json` back",
            source: "it was written and is not there".into(),
        })
    }

    fn mark(&self) -> Path {
        self.prefix().parts().chain([MARK.into()]).collect()
    }

    /// The database that the place belongs to; none when nobody has written it down.
    pub(crate) async fn owner(&self) -> Result<Option<Uuid>, S3OpenError> {
        let path = self.mark();
        let read = async { self.get(&path).await?.bytes().await };
        let bytes = match read.await {
            Ok(bytes) => bytes,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(self.explain("read an object", error)),
        };
        let mark: Mark = serde_json::from_slice(&bytes).map_err(|error| S3OpenError::Failed {
            bucket: self.0.options.bucket.clone(),
            action: "understand `csvp-store.json`",
            source: error.into(),
        })?;
        Ok(Some(mark.database))
    }
}
