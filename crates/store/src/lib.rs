//! Truth and blobs: what the service knows about uploads, and the bytes themselves.
//!
//! [`Meta`] keeps rows in a database, [`Blobs`] keeps objects in a directory or an object store. The crate knows
//! nothing of HTTP, of CSV or of who may do what: settings, summaries and failures are opaque values here.
//!
//! | module | what it does |
//! |---|---|
//! | [`model`] | uploads, runs, jobs, leases and their typed ids: plain values, no rows |
//! | [`meta`] | the database: every state change is one transaction |
//! | [`blob`] | objects: a file is visible when it is complete and durable, never before |
//! | [`migrations`] | the one forward-only list of schema changes |
//! | [`backup`] | a picture of all rows and objects, kept elsewhere, and the way back |
//! | [`fsck`] | compares rows with objects, says what does not fit, and puts right what is sure |
//! | [`owner`] | binds objects to the one database that may remove them |
//! | [`repair`] | brings rows and objects back together after a crash |
//! | [`clock`] | the only place that asks for the time |
//! | [`error`] | what can go wrong, by what the caller can do |
//!
//! The order that makes an upload safe: the object is durable, then one transaction writes the rows and the audit
//! event, then the caller answers. A crash in between leaves bytes without a row, which [`repair`] removes.

pub mod backup;
pub mod blob;
pub mod clock;
pub mod error;
pub mod fsck;
mod group_pace;
pub mod meta;
pub mod migrations;
pub mod model;
pub mod owner;
pub mod repair;

#[cfg(feature = "contract-tests")]
pub mod contract;

pub use blob::{
    BlobReader, BlobStream, BlobWriter, Blobs, BlockingBlobWriter, FoundObject, ObjectKey, ObjectPrefix,
    Publishing, RunFile, S3Credentials, S3Encryption, S3Failure, S3Keys, S3OpenError, S3Options,
    UnfinishedWrite, make_dirs,
};
pub use clock::Clock;
pub use error::{BoxError, Chain, Entity, StoreError};
pub use meta::{MAX_UNRECORDED, Meta, MetaOptions, Sole};
pub use model::*;
pub use owner::BindError;
