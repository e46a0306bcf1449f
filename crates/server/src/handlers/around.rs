//! What a multipart body holds beside the file: fields, their names and headers. The parser keeps a header in memory until
//! it is whole, and reads fields nobody wants to their end, so all of it is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::extract::Request;
use futures::StreamExt as _;

use crate::config::Bytes;
use crate::error::ApiError;

/// Most bytes beside the file, settings and what is on its way through the parser among them.
const MAX_AROUND: u64 = 2 << 20;
/// Most parts of a body.
const MAX_PARTS: usize = 100;

/// Counts what came and was not the file. Clones share the count.
#[derive(Debug, Clone, Default)]
pub(super) struct Around(Arc<AtomicU64>);

impl Around {
    /// The same request, whose body breaks off when too much of it is not the file.
    pub(super) fn watch(&self, request: Request) -> Request {
        let around = self.clone();
        request.map(|body| {
            Body::from_stream(body.into_data_stream().map(move |piece| {
                let piece = piece?;
                around.0.fetch_add(piece.len() as u64, Ordering::Relaxed);
                if around.is_too_much() { Err(axum::Error::new(around.refusal())) } else { Ok(piece) }
            }))
        })
    }

    /// These bytes were the file's.
    pub(super) fn was_file(&self, bytes: usize) {
        self.0.fetch_sub(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn is_too_much(&self) -> bool {
        self.0.load(Ordering::Relaxed) > MAX_AROUND
    }

    pub(super) fn refusal(&self) -> ApiError {
        let most = Bytes(MAX_AROUND);
        ApiError::invalid("body", format!("expected at most {most} beside the file, found more"))
    }
}

/// Refuses a body with this many parts before the file.
pub(super) fn check_parts(parts: usize) -> Result<(), ApiError> {
    if parts <= MAX_PARTS {
        return Ok(());
    }
    Err(ApiError::invalid("body", format!("expected at most {MAX_PARTS} parts, found more")))
}
