//! The mark of a directory of objects: the id of the database that they belong to, and its turn.

use std::fs;
use std::io;
use std::path::PathBuf;

use uuid::Uuid;

use super::disk::Disk;
use crate::error::StoreError;
use crate::owner::{BindError, Mark};

/// Begins with a dot as everything of ours that is no object.
const MARK: &str = ".store";

impl Disk {
    fn mark(&self) -> PathBuf {
        self.root().join(MARK)
    }

    /// What the mark says; none when there is no mark.
    pub(super) fn read_mark(&self) -> Result<Option<Mark>, BindError> {
        let path = self.mark();
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::from_io(error).into()),
        };
        let mark = std::str::from_utf8(&text).ok().and_then(parse);
        mark.map(Some).ok_or(BindError::Mark { path })
    }

    /// Writes the mark, as a whole and durable. For the only process that writes to the directory.
    pub(super) fn write_mark(&self, mark: &Mark) -> Result<(), StoreError> {
        let ids = std::iter::once(&mark.database).chain(&mark.turns);
        let text: String = ids.map(|id| format!("{id}\n")).collect();
        let write = || {
            let mut staged = self.stage()?;
            staged.write_all(text.as_bytes())?;
            self.publish(vec![(staged, self.mark())])
        };
        write().map(|_replaced| ()).map_err(StoreError::from_io)
    }
}

/// A line for the database, and one for each turn.
fn parse(text: &str) -> Option<Mark> {
    let ids: Option<Vec<Uuid>> = text.lines().map(|line| line.trim().parse().ok()).collect();
    let (&database, turns) = ids.as_ref()?.split_first()?;
    Some(Mark { database, turns: turns.to_vec() })
}
