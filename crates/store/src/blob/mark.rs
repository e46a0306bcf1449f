//! The mark of a directory of objects: the id of the database that they belong to.

use std::fs;
use std::io;
use std::path::PathBuf;

use uuid::Uuid;

use super::disk::Disk;
use crate::error::StoreError;
use crate::owner::BindError;

/// Begins with a dot as everything of ours that is no object.
const MARK: &str = ".store";

impl Disk {
    fn mark(&self) -> PathBuf {
        self.root().join(MARK)
    }

    /// The database that the mark names; none when there is no mark.
    pub(super) fn owner(&self) -> Result<Option<Uuid>, BindError> {
        let path = self.mark();
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::from_io(error).into()),
        };
        let id = std::str::from_utf8(&text).ok().and_then(|text| text.trim().parse().ok());
        id.map(Some).ok_or(BindError::Mark { path })
    }

    /// Writes the mark if there is none, as a whole and durable, and says whose the objects are. For the only process that
    /// writes to the directory.
    pub(super) fn bind(&self, database: Uuid) -> Result<Uuid, BindError> {
        if let Some(owner) = self.owner()? {
            return Ok(owner);
        }
        let write = || {
            let mut staged = self.stage()?;
            staged.write_all(format!("{database}\n").as_bytes())?;
            self.publish(vec![(staged, self.mark())])
        };
        write().map_err(StoreError::from_io)?;
        Ok(database)
    }
}
