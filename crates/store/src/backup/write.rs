//! Making a backup beside a living service.
//!
//! Rows first, then the objects that they name. An object that goes away in between is named by rows that are no longer
//! true; so everything is looked at once more: new rows, and the few objects that came since. That round is short, as
//! objects are copied once, and the picture is the younger for it. Only where uploads are deleted all the time even the
//! last round finds some gone; the backup says so, and a restore deletes these uploads too: a deletion that was
//! acknowledged does not come back.

use super::copy::{Copied, Copier};
use super::error::BackupError;
use super::manifest::{FORMAT, Found, Manifest, dir};
use super::place::Place;
use super::turn::Turn;
use super::{dump, schema};
use crate::blob::Blobs;
use crate::meta::Meta;
use crate::migrations;
use crate::model::BackupId;

/// Most looks at the rows for one backup.
const MAX_ROUNDS: u32 = 6;

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What belongs to it.
    pub manifest: Manifest,
    /// Objects that the place did not have before.
    pub new_objects: u64,
    /// Their bytes.
    pub new_bytes: u64,
    /// Keys of objects that rows name and the store has lost, or holds with other bytes; at most a thousand.
    pub lost: Vec<String>,
    /// Looks at the rows that it took.
    pub rounds: u32,
}

/// Backs up all rows and every object that they name. The service may go on.
///
/// The backup counts when this returns, and not before: a process that dies leaves the earlier ones as they are, and the
/// next run finds the objects that this one has copied.
///
/// # Errors
/// The store cannot be read, the place cannot be written, or the store changes faster than it can be copied. `Busy` while
/// another process writes there.
pub async fn create(meta: &Meta, blobs: &Blobs, place: &Place) -> Result<Made, BackupError> {
    let turn = Turn::take(place).await?;
    turn.spend(create_alone(meta, blobs, place, &turn)).await
}

async fn create_alone(
    meta: &Meta,
    blobs: &Blobs,
    place: &Place,
    turn: &Turn<'_>,
) -> Result<Made, BackupError> {
    dump::must_be_migrated(meta).await?;
    let schema_names = migrations::names();
    let tables = schema::tables(schema_names.len()).await?;
    let (id, begun_at_us) = (BackupId::generate(), meta.clock().now_us());
    let mut earlier = newest_list(place).await?;
    let copier = Copier::new(meta, blobs, place, id).await?;
    let mut round = 1;
    loop {
        let picture = dump::write(meta, place, id, &tables).await?;
        let copied = copier.round(round, &picture.tables, earlier.as_ref()).await?;
        let is_whole = copied.replaced == 0 && copied.objects.deleted == 0;
        if is_whole || (copied.replaced == 0 && round == MAX_ROUNDS) {
            let manifest = Manifest {
                format: FORMAT,
                id,
                program: env!("CARGO_PKG_VERSION").to_owned(),
                begun_at_us,
                picture_at_us: picture.at_us,
                finished_at_us: meta.clock().now_us(),
                database: meta.database_name().to_owned(),
                schema: schema_names,
                newest_event: picture.newest_event,
                tables: picture.tables,
                objects: copied.objects.clone(),
            };
            // What it names was there when this process had the right to count on it.
            turn.must_hold().await?;
            manifest.write(place).await?;
            for before in 1..round {
                place.delete(&format!("{}/objects-{before}.ndjson", dir(id))).await?;
            }
            let Copied { new_objects, new_bytes, lost, .. } = copied;
            return Ok(Made { manifest, new_objects, new_bytes, lost, rounds: round });
        }
        if round == MAX_ROUNDS {
            return Err(BackupError::Unsettled { objects: copied.replaced });
        }
        earlier = Some(copied.objects.list);
        round += 1;
    }
}

/// The list of objects of the newest backup that can be read: most of them are the same.
async fn newest_list(place: &Place) -> Result<Option<super::LinesFile>, BackupError> {
    for &id in Found::look(place).await?.complete.iter().rev() {
        match Manifest::read(place, id).await {
            Ok(manifest) => return Ok(Some(manifest.objects.list)),
            Err(error @ (BackupError::Damaged { .. } | BackupError::Newer { .. })) => {
                tracing::warn!(error = %crate::Chain(&error), backup = %id, "an earlier backup is of no use");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
