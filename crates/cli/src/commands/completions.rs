//! `csvp completions`: what a shell needs to complete arguments.

use std::io::Write;

use clap::CommandFactory;

use crate::Outcome;
use crate::args::{Args, CompletionsArgs};

pub(crate) fn run(args: &CompletionsArgs) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "csvp", &mut script);
    let mut out = super::stdout();
    out.write_all(&script)?;
    out.flush()?;
    Ok(Outcome::Done)
}
