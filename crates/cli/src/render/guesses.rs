//! What the detection is unsure of, in one sentence each.

use std::io::Write;

use csvp_report::{DialectFacts, EncodingFacts};

/// Confidence below which a person should look.
pub(crate) const SURE: f64 = 0.5;

/// The guesses about a file of `records` records.
pub(crate) fn of(encoding: &EncodingFacts, dialect: &DialectFacts, records: u64, name: &str) -> Vec<String> {
    let mut guesses = Vec::new();
    if encoding.confidence < SURE && records > 0 {
        let encoding = &encoding.name;
        guesses.push(format!(
            "the encoding, {encoding}, is a guess; check its letters, or name it with --encoding"
        ));
    }
    if dialect.confidence < SURE {
        guesses.push(format!("the dialect is a guess; see `csvp detect {name}`"));
    }
    guesses
}

/// Says them on standard error, so that they are in no output.
pub(crate) fn say(
    encoding: &EncodingFacts,
    dialect: &DialectFacts,
    records: u64,
    name: &str,
) -> anyhow::Result<()> {
    for guess in of(encoding, dialect, records, name) {
        writeln!(std::io::stderr(), "note: {name}: {guess}")?;
    }
    Ok(())
}
