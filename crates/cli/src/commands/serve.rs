//! `csvp serve`: the web page and the HTTP API.

use std::io::Write;

use anyhow::Context;
use csvp_server::{Banner, Config};

use crate::args::ServeArgs;
use crate::render::text::size;
use crate::{Outcome, render};

pub(crate) fn run(args: &ServeArgs) -> anyhow::Result<Outcome> {
    let config = match config(args) {
        Ok(config) => config,
        Err(error) => return Err(render::error::with_hints(error.hints(), error)),
    };
    csvp_server::telemetry::init_logs(&config.log)
        .map_err(|error| render::error::with_hints(error.hints(), error))?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let served = runtime.block_on(csvp_server::serve(config, |banner| {
        // A closed terminal must not stop the service.
        let _ = welcome(banner);
    }));
    match served {
        Ok(()) => Ok(Outcome::Done),
        Err(error) => Err(render::error::with_hints(error.hints(), error)),
    }
}

fn config(args: &ServeArgs) -> Result<Config, csvp_server::ConfigError> {
    let mut config = Config::from_environment(args.config.as_deref())?;
    if let Some(host) = &args.host {
        config.server.host.clone_from(host);
    }
    if let Some(port) = args.port {
        config.server.port = port;
    }
    if let Some(operations) = &args.operations {
        config.server.operations.clone_from(operations);
    }
    if let Some(data) = &args.data {
        config.store.data_dir = data.display().to_string();
    }
    config.validate()?;
    Ok(config)
}

fn welcome(banner: &Banner) -> std::io::Result<()> {
    let mut out = super::stdout();
    let (used, most) = banner.store_bytes;
    for migration in &banner.migrated {
        writeln!(out, "migrated    {migration}")?;
    }
    writeln!(out, "CSV Processor is ready")?;
    if let Some(address) = banner.address {
        writeln!(out, "page        http://{address}")?;
        writeln!(out, "reference   http://{address}/docs")?;
    }
    if let Some(operations) = banner.operations {
        writeln!(out, "metrics     http://{operations}/metrics")?;
    }
    let used = format!("({} of {} used)", size(used), size(most));
    if let Some(database) = &banner.database {
        writeln!(out, "database    {database}")?;
    }
    match (&banner.bucket, &banner.database) {
        (Some(bucket), Some(_)) => writeln!(out, "files       {bucket} {used}")?,
        (Some(bucket), None) => {
            writeln!(out, "database    {}", banner.data_dir.display())?;
            writeln!(out, "files       {bucket} {used}")?;
        }
        (None, _) => writeln!(out, "data        {} {used}", banner.data_dir.display())?,
    }
    if !banner.try_this.is_empty() {
        writeln!(out, "\ntry")?;
    }
    for line in &banner.try_this {
        writeln!(out, "  {line}")?;
    }
    out.flush()
}
