//! How operating commands come to their store: one configuration, one way in; and how they ask.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use anyhow::Context;
use csvp_server::Config;
use csvp_server::operate::{Access, OperateError, Operator};
use tokio::runtime::Runtime;

use crate::args::StoreArgs;
use crate::render::error::with_hints;

/// The configuration from file, environment and arguments.
pub(crate) fn config(args: &StoreArgs) -> anyhow::Result<Config> {
    let mut config =
        Config::from_environment(args.config.as_deref()).map_err(|error| with_hints(error.hints(), error))?;
    if let Some(data) = &args.data {
        config.store.data_dir = data.display().to_string();
    }
    Ok(config)
}

/// What async code runs on.
pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")
}

/// Opens the store, does some work with it and closes it.
pub(crate) fn with<T>(
    args: &StoreArgs,
    access: Access,
    work: impl AsyncFnOnce(&Operator) -> Result<T, OperateError>,
) -> anyhow::Result<T> {
    let config = config(args)?;
    let done = runtime()?.block_on(async {
        let operator = Operator::open(&config, access).await?;
        let done = work(&operator).await;
        operator.close().await?;
        done
    });
    done.map_err(|error: OperateError| with_hints(error.hints(), error))
}

/// Asks on the terminal. Without a terminal nobody could answer, so it must have been said before.
pub(crate) fn confirm(question: &str) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        let hints = vec!["say `--yes` to do it without being asked".to_owned()];
        return Err(with_hints(hints, anyhow::anyhow!("nobody can be asked: standard input is no terminal")));
    }
    let mut out = std::io::stderr();
    write!(out, "{question} [yes/no] ")?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}
