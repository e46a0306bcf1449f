//! Work on the project itself: checks that no compiler makes, and pages made from the code.
//!
//! `cargo build` never needs this crate, and it depends on none of the product crates: it must run while they do not
//! compile.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool for developers")]

mod codegen;
mod deny;
mod fault;
mod metadata;
mod tidy;
mod tree;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use fault::Fault;
use tree::Tree;

/// Checks and generators for developers of CSV Processor.
#[derive(Debug, Parser)]
#[command(name = "xtask", bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the house rules: headers, borders between crates, file budgets, map, links, words, corpus, changelog
    Tidy,
    /// Check licences, banned crates and sources of all dependencies against deny.toml
    Deny,
    /// Write the reference pages that are made from the code
    Codegen {
        /// Write nothing; fail when a page differs from the code
        #[arg(long)]
        check: bool,
        /// The program whose help is printed; it is built when none is named
        #[arg(long, value_name = "FILE")]
        program: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Tidy => Tree::read().and_then(|tree| tidy::run(&tree)),
        Command::Deny => Tree::read().and_then(|tree| deny::run(&tree)),
        Command::Codegen { check, program } => {
            Tree::read().and_then(|tree| codegen::run(&tree, check, program.as_deref()))
        }
    };
    match done {
        Ok(faults) if faults.is_empty() => ExitCode::SUCCESS,
        Ok(faults) => {
            for fault in &faults {
                eprintln!("{fault}");
            }
            eprintln!("error: {} faults", faults.len());
            ExitCode::from(1)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
