//! What happens around every request: an id, a clock, a guard against foreign pages and panics, the answer's headers,
//! one access line, the metrics, and the writing of failures. No business rules.

mod context;
mod failure;
mod guard;
mod headers;

pub(crate) use context::{RequestId, context, panic_text};
pub(crate) use headers::{CSP_FILES, CSP_PAGE};
