//! What can be typed to operate a store.

use std::path::PathBuf;

use clap::Args as ClapArgs;

/// Which store is meant: the same for every operating command.
#[derive(Debug, ClapArgs)]
pub(crate) struct StoreArgs {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Directory for the database and the files
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}
