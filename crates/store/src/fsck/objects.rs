//! Objects: whether a row knows them.

use std::collections::HashMap;

use futures::TryStreamExt as _;

use super::{Cause, Fault, FaultKind, Fsck};
use crate::blob::{FoundObject, ObjectKey, ObjectPrefix};
use crate::error::StoreError;
use crate::model::{RunId, UploadId};
use crate::repair::Looked;

/// Objects asked about at once.
const OBJECTS_PER_LOOK: usize = 2_000;

/// Objects under one prefix that nobody needs.
#[derive(Default)]
struct Unknown {
    objects: u64,
    bytes: u64,
    newest: i64,
}

impl Fsck<'_> {
    pub(super) async fn objects(&mut self) -> Result<(), StoreError> {
        let mut unknown = HashMap::new();
        let mut seen = Vec::with_capacity(OBJECTS_PER_LOOK);
        let mut objects = self.blobs.stream_objects(&ObjectPrefix::All);
        while let Some(object) = objects.try_next().await? {
            self.report.objects += 1;
            self.report.object_bytes += object.size_bytes;
            seen.push(object);
            if seen.len() == OBJECTS_PER_LOOK {
                self.look_up(&std::mem::take(&mut seen), &mut unknown).await?;
            }
        }
        self.look_up(&seen, &mut unknown).await?;
        let mut unknown: Vec<(ObjectPrefix, Unknown)> = unknown.into_iter().collect();
        unknown.sort_by_cached_key(|(prefix, _)| prefix.path().map(|path| path.to_string()));
        for (prefix, of_prefix) in unknown {
            if of_prefix.newest > self.before {
                self.report.in_progress += 1;
                continue;
            }
            let upload = match prefix {
                ObjectPrefix::Upload { upload, .. } | ObjectPrefix::Run { upload, .. } => Some(upload),
                ObjectPrefix::All => None,
            };
            let fault = Fault {
                kind: FaultKind::ObjectUnknown,
                upload,
                place: prefix.path().map(|path| path.to_string()).unwrap_or_default(),
                detail: format!(
                    "{} objects of {} bytes that no row knows",
                    of_prefix.objects, of_prefix.bytes
                ),
                cause: Cause::Objects(prefix),
            };
            self.found(fault).await?;
        }
        Ok(())
    }

    /// Adds those of the objects that have no use. Memory grows with these, not with the store.
    async fn look_up(
        &self,
        seen: &[FoundObject],
        unknown: &mut HashMap<ObjectPrefix, Unknown>,
    ) -> Result<(), StoreError> {
        let mut looked = Looked::default();
        seen.iter().for_each(|object| looked.add(&object.key));
        let mut unused = looked.unused(self.meta).await?;
        let uploads: Vec<UploadId> = unused.iter().filter_map(upload_of).collect();
        let runs: Vec<RunId> = unused.iter().filter_map(run_of).collect();
        let uploads = self.meta.uploads_on_their_way_out(&uploads).await?;
        let runs = self.meta.runs_on_their_way_out(&runs).await?;
        unused.retain(|prefix| {
            !upload_of(prefix).is_some_and(|id| uploads.contains(&id))
                && !run_of(prefix).is_some_and(|id| runs.contains(&id) || self.told_runs.contains(&id))
        });
        for object in seen {
            let Some(prefix) = unused.iter().find(|prefix| holds(prefix, &object.key)) else { continue };
            let of_prefix = unknown.entry(*prefix).or_default();
            of_prefix.objects += 1;
            of_prefix.bytes += object.size_bytes;
            of_prefix.newest = of_prefix.newest.max(object.modified_us);
        }
        Ok(())
    }
}

fn upload_of(prefix: &ObjectPrefix) -> Option<UploadId> {
    match prefix {
        ObjectPrefix::Upload { upload, .. } => Some(*upload),
        ObjectPrefix::All | ObjectPrefix::Run { .. } => None,
    }
}

fn run_of(prefix: &ObjectPrefix) -> Option<RunId> {
    match prefix {
        ObjectPrefix::Run { run, .. } => Some(*run),
        ObjectPrefix::All | ObjectPrefix::Upload { .. } => None,
    }
}

fn holds(prefix: &ObjectPrefix, key: &ObjectKey) -> bool {
    match (prefix, key) {
        (ObjectPrefix::All, _) => true,
        (ObjectPrefix::Upload { upload, .. }, key) => *upload == key.upload(),
        (ObjectPrefix::Run { run, .. }, ObjectKey::RunFile { run: of_key, .. }) => run == of_key,
        (ObjectPrefix::Run { .. }, ObjectKey::Original { .. }) => false,
    }
}
