//! Pages of a list.

use super::{UploadId, UploadState};

/// What to list, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListUploads {
    /// Most items of one page; at least 1 is given when there is one.
    pub limit: u64,
    /// The cursor: only uploads older than this one.
    pub before: Option<UploadId>,
    /// Only uploads in this state.
    pub state: Option<UploadState>,
}

impl Default for ListUploads {
    fn default() -> Self {
        Self { limit: 50, before: None, state: None }
    }
}

/// Some items, and where the next page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// Give this as `before` for the next page; `None` on the last page.
    pub next: Option<UploadId>,
}
