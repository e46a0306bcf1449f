//! Sets up log lines.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{ConfigError, LogFormat, LogSection};

/// Libraries whose everyday is nothing to report.
const QUIET: &str = "sea_orm_migration=warn,sqlx=warn,hyper=info,h2=info,object_store::client::retry=warn";
/// PostgreSQL warns of each transaction that crossed another one; it is done once more.
const NOTICES: &str = "sqlx::postgres::notice=error";

/// Sends log lines to standard error, for people or as JSON. Called once, by the program, before [`crate::serve`].
///
/// # Errors
/// When the level is no filter.
pub fn init_logs(config: &LogSection) -> Result<(), ConfigError> {
    // A bare level means ours: libraries say what they do at the same level, which is for whoever asks for it by name.
    let level = match config.level.as_str() {
        "info" | "debug" | "trace" => format!("{},{QUIET},{NOTICES}", config.level),
        "warn" => format!("warn,{NOTICES}"),
        filter => filter.to_owned(),
    };
    let filter = EnvFilter::try_new(&level).map_err(|error| ConfigError::Invalid {
        key: "log.level".to_owned(),
        message: format!("expected a level like `info` or a filter, found `{}`: {error}", config.level),
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A line that cannot be written is lost. To say so on standard error, which is what cannot be written, is a panic of
        // whoever wrote the line: every request.
        .log_internal_errors(false);
    // A second call keeps the first subscriber: a program sets up its logs once.
    let _ = match config.format {
        LogFormat::Human => {
            builder.with_target(false).with_ansi(std::io::stderr().is_terminal()).finish().try_init()
        }
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(true).finish().try_init(),
    };
    Ok(())
}
