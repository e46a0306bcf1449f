//! Backups: a picture of all rows, with every object that they name, kept elsewhere; and the way back into an empty store.
//!
//! A backup is made beside a living service and costs what is new since the last one. It is the same whatever the
//! database and the objects lie on, so it is restored into any of them. Every file has its SHA-256 in the manifest or in
//! its name, and a restore compares all of them on the way.
//!
//! | module | what it does |
//! |---|---|
//! | `place` | a directory or bucket of backups, and what lies where in it |
//! | `turn` | who may write into a bucket of backups |
//! | `manifest` | what belongs to a backup; written last |
//! | `ndjson` | files of lines with a count and a sum |
//! | `schema` | the tables of each version of the schema, taken from the migrations |
//! | `dump` | rows out of the database |
//! | `objects` | which objects the rows name |
//! | `copy` | objects out of the store |
//! | `write` | making a backup |
//! | `load` | rows into a database |
//! | `restore` | a backup into an empty store |
//! | `verify` | reading everything back |
//! | `prune` | removing old ones |

mod copy;
mod dump;
mod error;
mod load;
mod manifest;
mod ndjson;
mod objects;
mod place;
mod prune;
mod restore;
mod schema;
mod turn;
mod verify;
mod write;

pub use error::BackupError;
pub use manifest::{FORMAT, Manifest, NewestEvent, Objects, TableFile};
pub use ndjson::LinesFile;
pub use place::Place;
pub use prune::{Pruned, prune};
pub use restore::{Restored, must_be_restorable, restore};
pub use verify::{Fault, Verified, repair, verify};
pub use write::{Made, create};

use crate::model::BackupId;

/// A backup in a place.
#[derive(Debug)]
pub struct Entry {
    /// Its id.
    pub id: BackupId,
    /// What belongs to it, or why that cannot be known.
    pub manifest: Result<Manifest, BackupError>,
}

/// All complete backups, the oldest first.
///
/// # Errors
/// The place cannot be read.
pub async fn list(place: &Place) -> Result<Vec<Entry>, BackupError> {
    let mut entries = Vec::new();
    for id in manifest::Found::look(place).await?.complete {
        let manifest = match Manifest::read(place, id).await {
            Err(error @ BackupError::Place { .. }) => return Err(error),
            manifest => manifest,
        };
        entries.push(Entry { id, manifest });
    }
    Ok(entries)
}
