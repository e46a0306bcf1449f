//! Prints what the engine says about a file, in the form of a corpus case: `cargo run -p csvp-testkit --example describe
//! FILE`. It helps to write a case; whether it is right is for the reader to judge.

use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("expected a file")?;
    let bytes = std::fs::read(path)?;
    let reading = csvp_testkit::read(&bytes, csvp_engine::Settings::default(), 0)?;
    std::io::stdout().write_all(csvp_testkit::Expect::of(&reading).to_text().as_bytes())?;
    Ok(())
}
