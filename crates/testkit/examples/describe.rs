//! Prints what the engine says about a file, in the form of a corpus case: `cargo run -p csvp-testkit --example describe
//! FILE`. It helps to write a case; whether it is right is for the reader to judge. The settings are those of the case that
//! the file is the input of, if it is one.

use std::io::Write;
use std::path::Path;

use csvp_engine::Settings;
use csvp_testkit::corpus::cases;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("expected a file")?;
    let path = Path::new(&path).canonicalize()?;
    let bytes = std::fs::read(&path)?;
    let is_case = path.with_file_name("case.toml").is_file();
    let case = is_case.then(|| cases().into_iter().find(|case| case.input() == path)).flatten();
    let reading = csvp_testkit::read(&bytes, case.map_or_else(Settings::default, |case| case.settings()), 0)?;
    std::io::stdout().write_all(csvp_testkit::Expect::of(&reading).to_text().as_bytes())?;
    Ok(())
}
