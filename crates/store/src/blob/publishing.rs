//! The end of writing: objects become visible and durable, and whoever waits for that may block or not.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::join_all;
use tokio::runtime::Handle;

use super::disk::{Disk, Staged};
use super::on_disk;
use super::placed::Placed;
use super::usage::Reservation;
use super::writer::BlobWriter;
use crate::error::StoreError;

/// Objects that are on their way to be visible and durable together. Dropped before the end, they are there without anyone
/// knowing or not at all, which `repair` puts right.
#[derive(Debug)]
#[must_use = "nothing is durable before the end of it"]
pub struct Publishing(To);

#[derive(Debug)]
enum To {
    Disk(OnDisk),
    Network { writers: Vec<(BlobWriter, Vec<u8>)>, runtime: Handle },
}

impl Publishing {
    pub(super) fn on_disk(objects: Vec<Unfinished>) -> Result<Self, StoreError> {
        OnDisk::begin(objects).map(|begun| Self(To::Disk(begun)))
    }

    /// Each with the bytes that it has not taken yet.
    pub(super) fn over_network(writers: Vec<(BlobWriter, Vec<u8>)>, runtime: Handle) -> Self {
        Self(To::Network { writers, runtime })
    }

    /// Until all are visible and durable.
    pub async fn finish(self) -> Result<(), StoreError> {
        match self.0 {
            To::Disk(begun) => begun.finish().await.map(drop),
            To::Network { writers, .. } => send(writers).await,
        }
    }

    /// The same for a thread that may block.
    pub fn wait(self) -> Result<(), StoreError> {
        match self.0 {
            To::Disk(begun) => begun.wait(),
            To::Network { writers, runtime } => runtime.block_on(send(writers)),
        }
    }
}

/// All come to their end before an error is told: nothing appears after the caller has cleaned up.
async fn send(writers: Vec<(BlobWriter, Vec<u8>)>) -> Result<(), StoreError> {
    let sent = writers.into_iter().map(async |(mut writer, waiting)| {
        writer.take(waiting.into()).await?;
        writer.finish().await
    });
    join_all(sent).await.into_iter().try_for_each(|sent| sent.map(drop))
}

/// The end of an object, not yet in its file; without a file, all of it.
#[derive(Debug)]
pub(super) struct Unfinished {
    pub(super) disk: Arc<Disk>,
    pub(super) staged: Option<Staged>,
    pub(super) target: PathBuf,
    pub(super) reserved: Reservation,
    pub(super) bytes: Vec<Bytes>,
}

/// The same in a directory. What is all small goes through the journal, and otherwise file by file.
#[derive(Debug)]
pub(super) enum OnDisk {
    Placed { placed: Placed, reserved: Vec<Reservation> },
    Files(Vec<Unfinished>),
}

impl OnDisk {
    /// Does what needs no wait for the disk. Blocks as a write to a file does.
    pub(super) fn begin(objects: Vec<Unfinished>) -> Result<Self, StoreError> {
        let all_small = objects.iter().all(|object| object.staged.is_none());
        let Some(disk) = objects.first().map(|first| Arc::clone(&first.disk)).filter(|_| all_small) else {
            return Ok(Self::Files(objects));
        };
        let (mut small, mut reserved) = (Vec::new(), Vec::new());
        for object in objects {
            small.push((object.bytes, object.target));
            reserved.push(object.reserved);
        }
        match disk.place_small(&small) {
            Ok(placed) => Ok(Self::Placed { placed, reserved }),
            Err(error) => Err(explain(error, &reserved)),
        }
    }

    pub(super) fn wait(self) -> Result<(), StoreError> {
        match self {
            Self::Placed { placed, reserved } => settle(placed.wait(), reserved),
            Self::Files(objects) => publish(objects),
        }
    }

    /// Goes on to its end even if the caller stops waiting.
    pub(super) async fn finish(self) -> Result<(), StoreError> {
        match self {
            Self::Placed { placed, reserved } => {
                let durable = tokio::spawn(async move { settle(placed.durable().await, reserved) });
                durable.await.map_err(|error| StoreError::Internal(error.into()))?
            }
            Self::Files(objects) => on_disk(move || publish(objects)).await,
        }
    }
}

/// Writes what is left, and publishes file by file.
fn publish(objects: Vec<Unfinished>) -> Result<(), StoreError> {
    let Some(disk) = objects.first().map(|first| Arc::clone(&first.disk)) else { return Ok(()) };
    let (mut files, mut reservations) = (Vec::new(), Vec::new());
    for Unfinished { staged, target, reserved, bytes, .. } in objects {
        let staged = disk.write_on(staged, &bytes);
        files.push((staged.map_err(|error| reserved.explain(StoreError::from_io(error)))?, target));
        reservations.push(reserved);
    }
    settle(disk.publish(files), reservations)
}

/// What is published keeps its room.
fn settle(published: io::Result<u64>, reserved: Vec<Reservation>) -> Result<(), StoreError> {
    let mut replaced = published.map_err(|error| explain(error, &reserved))?;
    reserved.into_iter().for_each(|reserved| reserved.keep(std::mem::take(&mut replaced)));
    Ok(())
}

fn explain(error: io::Error, reserved: &[Reservation]) -> StoreError {
    let error = StoreError::from_io(error);
    match reserved.first() {
        Some(reserved) => reserved.explain(error),
        None => error,
    }
}
