//! Configuration: defaults, then a TOML file, then environment variables, each stronger than the one before.
//!
//! This is the only place in the server that knows the environment. All settings stand in one table
//! ([`sections`]), from which the structs, the names of the variables and `docs/reference/configuration.md` come.

mod database;
mod load;
mod quantity;
mod reference;
mod s3;
mod secret;
mod sections;

pub(crate) use database::shown;
pub use load::{ConfigError, EnvironmentVariables};
pub use quantity::{Bytes, QuantityError, Seconds};
pub use reference::reference_page;
pub use secret::Secret;
pub use sections::{
    BackupSection, Config, DatabaseSection, LimitsSection, LogFormat, LogSection, Migrate, ProcessingSection,
    S3Section, ServerSection, Setting, Sse, StoreSection, UploadSection,
};
