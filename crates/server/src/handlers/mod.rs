//! Extract, call one service, map to a wire type. No SQL, no engine, no rules.

pub(crate) mod docs;
pub(crate) mod events;
pub(crate) mod files;
pub(crate) mod health;
pub(crate) mod limits;
pub(crate) mod page;
pub(crate) mod query;
pub(crate) mod simple;
pub(crate) mod uploads;

mod around;
mod body;
mod digest;
mod key;

pub(crate) use body::{Incoming, receive};
pub(crate) use key::RequestKey;
