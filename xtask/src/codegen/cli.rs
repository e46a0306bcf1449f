//! The reference of the command line: the help of every command, as it is printed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::Tree;

const HEAD: &str = "\
# Command line

What `csvp --help` and the help of every command print. Made by `cargo xtask codegen`; do not edit.

Exit codes: 0 done; 1 ran, and found problems, from the commands whose help says so; 2 could not run.
";

/// `docs/reference/cli.md`.
pub(super) fn page(tree: &Tree, program: Option<&Path>) -> anyhow::Result<String> {
    let program = match program {
        Some(program) => program.to_owned(),
        None => build(tree.root())?,
    };
    let mut page = HEAD.to_owned();
    let mut open = vec![Vec::new()];
    while let Some(command) = open.pop() {
        let help = help(&program, &command)?;
        let title =
            std::iter::once("csvp").chain(command.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
        page.push_str(&format!("\n## `{title}`\n\n```text\n{}\n```\n", help.trim_end()));
        for name in subcommands(&help).into_iter().rev() {
            let mut inner = command.clone();
            inner.push(name);
            open.push(inner);
        }
    }
    Ok(page)
}

/// Builds the program and says where it is.
fn build(root: &Path) -> anyhow::Result<PathBuf> {
    let built = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["build", "--quiet", "--package", "csvp-cli", "--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo build")?;
    if !built.status.success() {
        bail!("csvp does not build");
    }
    String::from_utf8(built.stdout)?
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)))
        .context("cargo named no executable")
}

/// Asks without a terminal, so that lines break at the same places everywhere.
fn help(program: &Path, command: &[String]) -> anyhow::Result<String> {
    let asked = Command::new(program)
        .args(command)
        .arg("--help")
        .env("COLUMNS", "100")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    if !asked.status.success() {
        bail!("`csvp {} --help` failed", command.join(" "));
    }
    let lines: Vec<String> =
        String::from_utf8(asked.stdout)?.lines().map(|line| line.trim_end().to_owned()).collect();
    Ok(lines.join("\n"))
}

/// The names below `Commands:`, `help` left out.
fn subcommands(help: &str) -> Vec<String> {
    let listed =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // Deeper lines go on with the text of the line above.
    let names = listed.filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    names
        .filter_map(|line| line.split(' ').next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::subcommands;

    #[test]
    fn commands_are_read_from_the_help() {
        let help = "x\n\nCommands:\n  check  a\n         b\n  help   c\n  run    d\n\nOptions:\n  -h  e\n";
        assert_eq!(subcommands(help), ["check", "run"]);
    }
}
