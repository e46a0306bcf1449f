//! Use-cases and their transactions. Nothing here knows HTTP types; the engine is called through `processing` only.

mod failures;
mod gate;
mod keys;
mod live;
mod memory;
mod names;
mod pace;
mod presence;
mod retention;
mod told;
mod views;

pub(crate) mod download;
pub(crate) mod ended;
pub(crate) mod files;
pub(crate) mod health;
pub(crate) mod intake;
pub(crate) mod problems;
pub(crate) mod processing;
pub(crate) mod query;
pub(crate) mod settings;
pub(crate) mod simple;
pub(crate) mod storage;
pub(crate) mod uploads;
pub(crate) mod watch;

pub(crate) use gate::{Gate, Turn};
pub(crate) use keys::{HeldKey, Keys};
pub(crate) use live::{Live, LiveRun};
pub(crate) use memory::{
    Memory, Share, columns_in, first_share, least_budget, second_share, sent_by_first, sent_by_second,
    small_share,
};
pub(crate) use names::{attachment, derived_name, display_name, disposition_name};
pub(crate) use pace::Pace;
pub(crate) use presence::Presence;
pub(crate) use retention::Retention;
pub(crate) use views::upload_view;
