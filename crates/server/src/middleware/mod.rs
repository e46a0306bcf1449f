//! What happens around every request: an id, a clock, a guard against foreign pages and panics, the answer's headers,
//! one access line, the metrics, the writing of failures, and the reading away of what was refused. No business rules.

mod context;
mod failure;
mod guard;
mod headers;
mod leftover;

pub(crate) use context::{RequestId, context, panic_text};
pub(crate) use headers::{CSP_FILES, CSP_PAGE};
