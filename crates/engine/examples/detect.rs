//! Prints what is detected about each file named on the command line, one JSON object a line.

use std::io::{BufWriter, Read, Write};

use csvp_engine::detect::{DialectHints, detect, footer::footer_rows};
use csvp_engine::{Settings, Sniff};
use csvp_parse::{Dialect, Terminator};

/// Bytes of a file that are looked at.
const SAMPLE_BYTES: u64 = 1 << 20;

fn main() -> std::io::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for path in std::env::args_os().skip(1) {
        let file = std::fs::File::open(&path)?;
        let size = file.metadata()?.len();
        let mut raw = Vec::new();
        std::io::copy(&mut file.take(SAMPLE_BYTES), &mut raw)?;
        let text = decode(&raw);
        let start = std::time::Instant::now();
        let found = detect(text.as_bytes(), size <= SAMPLE_BYTES, &DialectHints::default());
        let took = start.elapsed();
        let whole = sniff(&raw, size <= SAMPLE_BYTES);
        let dialect = &found.dialect;
        let name = |b: Option<u8>| b.map(|b| char::from(b).to_string());
        let line = serde_json::json!({
            "file": path.to_string_lossy(),
            "delimiter": String::from_utf8_lossy(&dialect.delimiter),
            "quote": name(dialect.quote),
            "escape": name(dialect.escape),
            "any_terminator": dialect.terminator == Terminator::Any,
            "comment": dialect.comment.as_ref().map(|c| String::from_utf8_lossy(c).into_owned()),
            "skip_initial_space": dialect.skip_initial_space,
            "preamble_lines": dialect.preamble_lines,
            "header_rows": dialect.header_rows,
            "footer_rows": if size <= SAMPLE_BYTES { footer(&text, dialect) } else { 0 },
            "confidence": found.confidence,
            "evidence": found.evidence,
            "candidates": found.candidates.iter().map(|c| (&c.delimiter, &c.quote, &c.escape, c.score)).collect::<Vec<_>>(),
            "took_us": u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            "with_encoding_and_header_us": u64::try_from(whole.as_micros()).unwrap_or(u64::MAX),
        });
        writeln!(out, "{line}")?;
    }
    out.flush()
}

/// How long all takes that is found in the first part of a file: encoding, dialect, header.
fn sniff(raw: &[u8], complete: bool) -> std::time::Duration {
    let start = std::time::Instant::now();
    let found = Sniff::new(Settings::default()).and_then(|mut sniff| {
        sniff.push(raw)?;
        sniff.finish(complete)
    });
    let took = start.elapsed();
    if found.is_err() { std::time::Duration::MAX } else { took }
}

/// UTF-8 and UTF-16 by their marks, UTF-8 when valid, else Windows-1252.
fn decode(raw: &[u8]) -> String {
    let encoding = match encoding_rs::Encoding::for_bom(raw) {
        Some((encoding, _)) => encoding,
        None if encoding_rs::UTF_8
            .decode_without_bom_handling_and_without_replacement(&raw[..raw.len() - raw.len().min(4)])
            .is_some() =>
        {
            encoding_rs::UTF_8
        }
        None => encoding_rs::WINDOWS_1252,
    };
    encoding.decode(raw).0.into_owned()
}

/// Footer records at the end of a small file, read with the `csv` crate.
fn footer(text: &str, dialect: &Dialect) -> usize {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(dialect.delimiter[0])
        .quote(dialect.quote.unwrap_or(b'"'))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().map_while(Result::ok).collect();
    let start =
        usize::try_from(dialect.preamble_lines + u64::from(dialect.header_rows)).unwrap_or(usize::MAX);
    let first = records.len().saturating_sub(32).max(start.min(records.len()));
    let tail: Vec<Vec<String>> =
        records[first..].iter().map(|r| r.iter().map(str::to_owned).collect()).collect();
    let n_columns = records.iter().skip(start).map(csv::StringRecord::len).max().unwrap_or(0);
    footer_rows(&tail, n_columns)
}
