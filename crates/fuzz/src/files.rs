//! Files as the engine reads them: both passes, in pieces of any size.

use csvp_engine::{Check, EngineError, JudgedBlock, Limits, Output, Plan, Second, Settings};
use csvp_report::Report;

/// Limits small enough that short inputs reach them.
pub(crate) fn small_limits() -> Limits {
    // The text kept back holds more records than are looked at for a footer, so that small blocks find the same one.
    Limits {
        max_record_bytes: 400,
        max_cell_bytes: 300,
        max_columns: 40,
        max_decoded_bytes: 1 << 20,
        ratio_free_bytes: 64 << 10,
        tail_bytes: 4_000,
        ..Limits::default()
    }
}

/// A record as the second pass sees it.
pub(crate) struct Seen {
    /// Its place in the decompressed source.
    pub(crate) byte: u64,
    /// Its text in UTF-8, as it stands.
    pub(crate) text: Vec<u8>,
}

/// Keeps all records.
#[derive(Default)]
pub(crate) struct Keep(pub(crate) Vec<Seen>);

impl Output for Keep {
    fn block(&mut self, block: &JudgedBlock<'_>) -> std::io::Result<()> {
        for record in 0..block.n_records() {
            self.0.push(Seen { byte: block.byte(record), text: block.raw_record(record).to_vec() });
        }
        Ok(())
    }
}

/// The first pass.
pub(crate) fn first(
    settings: &Settings,
    bytes: &[u8],
    chunk: usize,
    threads: usize,
) -> Result<(Report, Plan), String> {
    let mut check = Check::new(settings.clone()).map_err(text)?.with_threads(threads);
    for chunk in bytes.chunks(chunk.max(1)) {
        check.push(chunk).map_err(text)?;
    }
    let checked = check.finish().map_err(text)?;
    Ok((checked.report, checked.plan))
}

/// Both passes.
pub(crate) fn both<O: Output>(
    settings: &Settings,
    bytes: &[u8],
    chunk: usize,
    threads: usize,
    output: O,
) -> Result<(Report, O), String> {
    let (_, plan) = first(settings, bytes, chunk, threads)?;
    let mut second = Second::new(&plan, output).map_err(text)?.with_profiles();
    for chunk in bytes.chunks(chunk.max(1)) {
        second.push(chunk).map_err(text)?;
    }
    second.finish().map_err(text)
}

/// Errors have no equality, but texts.
fn text(error: EngineError) -> String {
    error.to_string()
}

/// Every record is accounted for.
pub(crate) fn reconcile(report: &Report) {
    let counts = &report.counts;
    assert_eq!(counts.accepted + counts.rejected + counts.skipped.total(), counts.records, "{counts:?}");
    let by_code: u64 = report.problems.by_code.iter().map(|count| count.count).sum();
    assert_eq!(by_code, report.problems.total, "{:?}", report.problems.by_code);
    assert!(report.problems.errors + report.problems.warnings <= report.problems.total);
}
