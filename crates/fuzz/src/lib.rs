//! Fuzz targets: any bytes in, a panic out when something that must hold does not.
//!
//! Each target has an oracle, something else that must give the same: the plain scanner, the `csv` crate, the same bytes in
//! other pieces, a second implementation, or the way back. `crates/fuzz/tests/it` runs all targets for a moment in every
//! test run; `fuzz/` runs them for as long as one likes, guided by coverage (`make fuzz`).
//!
//! ```
//! csvp_fuzz::TARGETS.iter().for_each(|target| (target.run)(b"id,price\n1,2.50\n"));
//! ```

mod choices;
mod files;
pub mod seeds;

mod scan;

mod parse;

mod decode;
mod source;

mod detect;

mod dates;
mod numbers;
mod types;

mod check;
mod table_schema;

/// A function that panics when bytes show that something is wrong.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// As `make fuzz TARGETS=` takes it.
    pub name: &'static str,
    /// Runs one input.
    pub run: fn(&[u8]),
}

/// All targets, in the order of the data.
pub const TARGETS: &[Target] = &[
    Target { name: "scan", run: scan::run },
    Target { name: "parse", run: parse::run },
    Target { name: "decode", run: decode::run },
    Target { name: "source", run: source::run },
    Target { name: "detect", run: detect::run },
    Target { name: "numbers", run: numbers::run },
    Target { name: "dates", run: dates::run },
    Target { name: "types", run: types::run },
    Target { name: "check", run: check::run },
    Target { name: "table_schema", run: table_schema::run },
];
