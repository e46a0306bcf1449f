//! `csvp`: check, read, convert and serve CSV files.
//!
//! Arguments are typed in `args`, their meaning is in `settings`, each verb is one file in `commands`, and what people
//! read is made in `render`. Rules live in the libraries.

mod args;
mod commands;
mod input;
mod progress;
mod render;
mod settings;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command, SchemaCommand};

/// Gives memory back to the system within a second (`.cargo/config.toml` says so).
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Exit codes: what a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// 0
    Done,
    /// 1: ran, and found problems, or something to do.
    Problems,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match args.command {
        Command::Check(args) => commands::check::run(&args),
        Command::Count(args) => commands::count::run(&args),
        Command::Parse(args) => commands::parse::run(&args),
        Command::Detect(args) => commands::detect::run(&args),
        Command::Convert(args) => commands::convert::run(&args),
        Command::Profile(args) => commands::profile::run(&args),
        Command::Schema(SchemaCommand::Infer(args)) => commands::schema::infer(&args),
        Command::Schema(SchemaCommand::Check(args)) => commands::schema::check(&args),
        #[cfg(feature = "serve")]
        Command::Serve(args) => commands::serve::run(&args),
        #[cfg(feature = "serve")]
        Command::Worker(args) => commands::worker::run(&args),
        #[cfg(feature = "serve")]
        Command::Jobs(command) => commands::jobs::run(&command),
        #[cfg(feature = "serve")]
        Command::Migrate(args) => commands::migrate::run(&args),
        #[cfg(feature = "serve")]
        Command::Backup(args) => commands::backup::run(&args),
        #[cfg(feature = "serve")]
        Command::Restore(args) => commands::restore::run(&args),
        #[cfg(feature = "serve")]
        Command::Dr(args::DrCommand::Drill(args)) => commands::dr::drill(&args),
        #[cfg(feature = "serve")]
        Command::Fsck(args) => commands::fsck::run(&args),
        #[cfg(feature = "serve")]
        Command::Retention(command) => commands::retention::run(&command),
        #[cfg(feature = "serve")]
        Command::Hold(command) => commands::hold::run(&command),
        #[cfg(feature = "serve")]
        Command::Erase(args) => commands::erase::run(&args),
        #[cfg(feature = "serve")]
        Command::Person(command) => commands::person::run(&command),
        Command::Completions(args) => commands::completions::run(&args),
    };
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Problems) => ExitCode::from(1),
        // The reader of our output has gone; that is its right.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            render::error::print(&error);
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
