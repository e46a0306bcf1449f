//! What is done to a store by hand or by a timer, beside the service or without it: one file per verb, and one way in.
//!
//! Every operating command opens the store here, so that there is one answer to who may do what at the same time:
//!
//! - A database says itself who may write. On SQLite too: several processes may read and write rows, one after the other.
//! - A local directory of objects belongs to the process that holds the lock of the data directory, because that one alone
//!   knows what its journal still holds. Everybody may read objects; nobody else writes or removes one.
//! - So a command beside a running service changes rows only. Rows say first what is gone; whoever holds the store removes
//!   the bytes, the service within a minute.
//! - Over an object store with a database server there is no owner: what is removed there stays removed.

mod backup;
mod bucket;
mod drill;
mod erase;
mod error;
mod fsck;
mod hold;
mod person;
pub(crate) mod retention;
mod scratch;
mod textfile;

use std::fs::File;

use csvp_store::repair::Repair;
use csvp_store::{Blobs, Deleted, Meta, Origin, TenantId};

use crate::config::Config;
use crate::serve::{ServeError, lock_data_dir};
use crate::services::storage;

pub use backup::{backups, place_to_read, place_to_write, prune, repair_backup, restore, verify};
pub use bucket::{BucketRules, bucket_rules};
pub use csvp_store::BackupId;
pub use csvp_store::backup::{BackupError, Entry, Fault, Made, Manifest, Place, Pruned, Restored, Verified};
pub use drill::{Drill, DrillOptions, Sample, drill};
pub use erase::{EraseFate, ErasePlan, Erased};
pub(crate) use error::NOT_REMOVED_HINT;
pub use error::OperateError;
pub use fsck::{FsckFinding, FsckReport};
pub use hold::HoldRecord;
pub use person::{PersonReport, PersonUpload, Unread};
pub use retention::{PlannedEnding, RetentionDone, RetentionPlan, RetentionState};
pub use textfile::{backup_metrics, drill_metrics, write_textfile};
/// Ids of uploads, as they are typed.
pub use uuid::Uuid;

/// What a command does to the store, and so what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reads. Works beside a running service and changes nothing.
    Read,
    /// Changes rows, and removes objects where nobody else holds them. Works beside a running service.
    Beside,
    /// Changes objects that others may use at the same time. Refused while another process holds the data directory.
    Alone,
    /// Makes a store where there is none, for this process alone. Whether there is anything in it says the command, which
    /// knows what an earlier try may have left.
    New,
}

/// An open store, and the right to do something with it.
#[derive(Debug)]
pub struct Operator {
    config: Config,
    meta: Meta,
    blobs: Blobs,
    owns_objects: bool,
    /// Held until the end; the operating system lets go of it with the process.
    lock: Option<File>,
}

impl Operator {
    /// Opens the store of a configuration.
    ///
    /// # Errors
    /// There is no store, its database is not up to date, or another process holds what the access needs.
    /// [`ServeError::hints`] has the advice.
    pub async fn open(config: &Config, access: Access) -> Result<Self, ServeError> {
        config.validate()?;
        if access == Access::New {
            return Self::make(config).await;
        }
        storage::must_exist(config)?;
        let lock = match access {
            _ if config.is_shared() => None,
            Access::Alone => Some(lock_data_dir(&config.store.data_dir())?),
            Access::Beside => match lock_data_dir(&config.store.data_dir()) {
                Ok(lock) => Some(lock),
                Err(ServeError::DataDirBusy { .. }) => None,
                Err(error) => return Err(error),
            },
            Access::Read | Access::New => None,
        };
        let meta = storage::open_migrated_meta(config).await?;
        let owns_objects = access != Access::Read && (lock.is_some() || config.is_shared());
        let blobs = match owns_objects {
            true => storage::open_blobs(config, &meta).await,
            false => storage::open_blobs_to_read(config, &meta).await,
        };
        let blobs = storage::or_close(&meta, blobs).await?;
        Ok(Self { config: config.clone(), meta, blobs, owns_objects, lock })
    }

    async fn make(config: &Config) -> Result<Self, ServeError> {
        let lock = match config.is_shared() {
            true => None,
            false => Some(lock_data_dir(&config.store.data_dir())?),
        };
        let meta = storage::connect(config).await?;
        meta.migrate().await.map_err(|source| storage::database_failed(config, source))?;
        let blobs = storage::or_close(&meta, storage::open_blobs(config, &meta).await).await?;
        Ok(Self { config: config.clone(), meta, blobs, owns_objects: true, lock })
    }

    /// Ends the connections.
    ///
    /// # Errors
    /// When they cannot be ended.
    pub async fn close(self) -> Result<(), OperateError> {
        Ok(self.meta.close().await?)
    }

    /// What the store was opened by.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Its rows.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Its objects; to be changed only if [`Operator::owns_objects`].
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Whether this process may write and remove objects.
    pub fn owns_objects(&self) -> bool {
        self.owns_objects
    }

    /// Whether nobody else can be at work in the store.
    pub(crate) fn is_alone(&self) -> bool {
        self.lock.is_some()
    }

    /// Removes the bytes of deleted uploads if this process may; otherwise whoever holds the store does. Gives the bytes
    /// that were removed here.
    pub(crate) async fn remove_deleted(&self, deleted: &[Deleted]) -> Result<u64, OperateError> {
        let (mut removed_bytes, mut first) = (0, None);
        if self.owns_objects() {
            for deleted in deleted {
                let remove = async {
                    let bytes = self.blobs.delete_prefix(&deleted.objects).await?;
                    self.meta.finish_delete(deleted).await.map(|()| bytes)
                };
                match remove.await {
                    Ok(bytes) => removed_bytes += bytes,
                    // It does not keep the others.
                    Err(error) => first = first.or(Some(error.not_removed(deleted.upload))),
                }
            }
        }
        first.map_or(Ok(removed_bytes), |error| Err(error.into()))
    }

    /// Removes the bytes of everything that the rows say is gone if this process may, group by group until none is left but
    /// those that cannot be removed; otherwise whoever holds the store does.
    ///
    /// # Errors
    /// The first of those that cannot be removed; the others are.
    pub async fn remove_what_ended(&self) -> Result<(), OperateError> {
        if !self.owns_objects() {
            return Ok(());
        }
        let deleted = async {
            while Repair::finish_deletes(&self.meta, &self.blobs).await?.removed > 0 {}
            Ok::<_, OperateError>(())
        };
        let ended = async {
            while Repair::finish_removals(&self.meta, &self.blobs).await?.removed > 0 {}
            Ok::<_, OperateError>(())
        };
        let (deleted, ended) = (deleted.await, ended.await);
        self.meta.write_out().await?;
        deleted.and(ended)
    }

    /// Whose data is meant. Until there is sign-in, everything belongs to one tenant.
    pub fn tenant(&self) -> TenantId {
        TenantId::DEFAULT
    }

    /// Who acts, for the audit log.
    pub fn origin(&self) -> Origin {
        Origin::operator()
    }
}
