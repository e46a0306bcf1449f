//! Sets up log lines.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{ConfigError, LogFormat, LogSection};

/// Sends log lines to standard error, for people or as JSON. Called once, by the program, before [`crate::serve`].
///
/// # Errors
/// When the level is no filter.
pub fn init_logs(config: &LogSection) -> Result<(), ConfigError> {
    let filter = EnvFilter::try_new(&config.level).map_err(|error| ConfigError::Invalid {
        key: "log.level".to_owned(),
        message: format!("expected a level like `info` or a filter, found `{}`: {error}", config.level),
    })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second call keeps the first subscriber: a program sets up its logs once.
    let _ = match config.format {
        LogFormat::Human => builder.with_target(false).finish().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(true).finish().try_init(),
    };
    Ok(())
}
