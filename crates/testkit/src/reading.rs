//! One file through the library, in chunks of any size.

use csvp_engine::{Check, EngineError, JudgedBlock, Output, RecordVerdict, Second, Settings};
use csvp_report::Report;

/// What was read of a file, by whatever way.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The final report.
    pub report: Report,
    /// Header cells as they stand; none without header.
    pub header: Option<Vec<String>>,
    /// All data records, sound or not, with all their fields as they stand.
    pub records: Vec<Vec<String>>,
}

/// Reads `bytes` with both passes, `chunk` bytes at a time (0: all at once).
///
/// # Errors
/// The engine stopped.
pub fn read(bytes: &[u8], settings: Settings, chunk: usize) -> Result<Reading, EngineError> {
    let chunk = if chunk == 0 { bytes.len().max(1) } else { chunk };
    let mut check = Check::new(settings)?;
    bytes.chunks(chunk).try_for_each(|part| check.push(part))?;
    let checked = check.finish()?;
    let mut second = Second::new(&checked.plan, Records::default())?;
    bytes.chunks(chunk).try_for_each(|part| second.push(part))?;
    let (report, records) = second.finish()?;
    // The first pass may stop here; then its report must be as good as the second one's.
    if !checked.needs_second_pass {
        assert_eq!(checked.report, report, "a report that is called final is not");
    }
    Ok(Reading { report, header: checked.plan.header(), records: records.0 })
}

#[derive(Default)]
struct Records(Vec<Vec<String>>);

impl Output for Records {
    fn block(&mut self, block: &JudgedBlock<'_>) -> std::io::Result<()> {
        for record in (0..block.n_records()).filter(|&record| block.verdict(record) != RecordVerdict::Skipped)
        {
            let fields = block.raw_fields(record);
            self.0.push(fields.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect());
        }
        Ok(())
    }
}
