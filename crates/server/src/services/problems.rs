//! Problems of an upload, page by page: from the report while it shows all of them, else from the spool of the run.

use csvp_report::{Problem, ProblemCode, Report};
use csvp_store::{RunFile, UploadRecord};
use futures::TryStreamExt as _;
use uuid::Uuid;

use crate::api::{Cursor, ProblemPage, ProblemView};
use crate::app::App;
use crate::error::ApiError;

use super::files::{StoredObject, find, no_report};
use super::processing::spool_file;
use super::query::read_json;
use super::uploads;

/// Most bytes of the spool that one page looks through.
const MAX_SCAN: u64 = 32 << 20;

/// Which problems are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ProblemFilter {
    pub(crate) code: Option<ProblemCode>,
    /// Number of the column, from 1.
    pub(crate) column: Option<u32>,
}

impl ProblemFilter {
    fn admits(self, problem: &Problem) -> bool {
        let column = problem.position.column.as_ref().map(|column| column.number);
        self.code.is_none_or(|code| code == problem.code) && (self.column.is_none() || self.column == column)
    }

    fn total(self, report: &Report) -> u64 {
        let counts = report.problems.by_code.iter();
        counts
            .filter(|count| self.code.is_none_or(|code| code == count.code))
            .filter(|count| self.column.is_none() || self.column == count.column)
            .map(|count| count.count)
            .sum()
    }
}

/// A page of problems. A cursor names the run it belongs to: after reprocessing it is refused instead of misread.
pub(crate) async fn list(
    app: &App,
    id: Uuid,
    cursor: Option<&Cursor>,
    limit: usize,
    filter: ProblemFilter,
) -> Result<ProblemPage, ApiError> {
    let record = uploads::get(app, id).await?;
    let run = record.current().ok_or_else(|| no_report(&record))?.id.as_uuid();
    let start = match cursor {
        None => 0,
        Some(cursor) => {
            let place = cursor.part::<Uuid>(0).and_then(|of| Ok((of, cursor.part::<u64>(1)?)));
            let (of, start) = place.map_err(|error| ApiError::invalid("cursor", error.to_string()))?;
            if of != run {
                return Err(ApiError::invalid(
                    "cursor",
                    "the upload was processed again; start without the cursor",
                ));
            }
            start
        }
    };
    let report = report(app, &record).await?;
    let total = filter.total(&report);
    let spool = spool_file().and_then(|file| find(&record, file));
    let (items, next) = match spool {
        Some(spool) => from_spool(app, &spool, start, limit, filter).await?,
        None => from_report(&report, start, limit, filter),
    };
    Ok(ProblemPage {
        items: items.into_iter().map(ProblemView::from).collect(),
        next_cursor: next.map(|next| Cursor::new([run.to_string(), next.to_string()]).to_string()),
        total,
    })
}

/// All problems stand in the report; the place is an index.
fn from_report(
    report: &Report,
    start: u64,
    limit: usize,
    filter: ProblemFilter,
) -> (Vec<Problem>, Option<u64>) {
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    let mut rest =
        report.problems.first.iter().enumerate().skip(start).filter(|(_, problem)| filter.admits(problem));
    let items: Vec<Problem> = rest.by_ref().take(limit).map(|(_, problem)| problem.clone()).collect();
    (items, rest.next().map(|(index, _)| index as u64))
}

/// The place is a byte of the spool.
async fn from_spool(
    app: &App,
    spool: &StoredObject,
    start: u64,
    limit: usize,
    filter: ProblemFilter,
) -> Result<(Vec<Problem>, Option<u64>), ApiError> {
    if start >= spool.size_bytes {
        return Ok((Vec::new(), None));
    }
    let mut stream = app.blobs.read(&spool.key, start, None).await?;
    let mut scan =
        Scan { filter, limit, at: start, until: start.saturating_add(MAX_SCAN), ..Scan::default() };
    while let Some(bytes) = stream.try_next().await? {
        if scan.push(&bytes).map_err(ApiError::internal)? {
            let next = (scan.at < spool.size_bytes).then_some(scan.at);
            return Ok((scan.found, next));
        }
    }
    Ok((scan.found, None))
}

/// Looks through lines of the spool until a page is full. A page that has looked through its share without filling up is
/// over too, and says where to go on.
#[derive(Default)]
struct Scan {
    filter: ProblemFilter,
    limit: usize,
    /// The byte at which the next line begins.
    at: u64,
    until: u64,
    held: Vec<u8>,
    found: Vec<Problem>,
}

impl Scan {
    /// Takes the next bytes; true when the page is over.
    fn push(&mut self, bytes: &[u8]) -> Result<bool, serde_json::Error> {
        self.held.extend_from_slice(bytes);
        let mut used = 0;
        while let Some(length) = self.held[used..].iter().position(|byte| *byte == b'\n') {
            if self.found.len() == self.limit || self.at >= self.until {
                return Ok(true);
            }
            let problem: Problem = serde_json::from_slice(&self.held[used..used + length])?;
            if self.filter.admits(&problem) {
                self.found.push(problem);
            }
            used += length + 1;
            self.at += length as u64 + 1;
        }
        self.held.drain(..used);
        Ok(false)
    }
}

async fn report(app: &App, record: &UploadRecord) -> Result<Report, ApiError> {
    let json = read_json(app, record, RunFile::ReportJson).await?;
    let report = app.cpu.run(move || serde_json::from_slice(&json)).await.map_err(ApiError::internal)?;
    report.map_err(ApiError::internal)
}

#[cfg(test)]
mod tests {
    use csvp_report::Position;

    use super::*;

    fn spool(n: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        for record in 1..=n {
            let code = if record % 3 == 0 { ProblemCode::NulByte } else { ProblemCode::FieldCount };
            let position =
                Position { record: Some(record), line: record + 1, byte: record * 10, column: None };
            let problem = Problem { code, position, detail: csvp_report::Detail::None, value: None };
            serde_json::to_writer(&mut bytes, &problem).unwrap();
            bytes.push(b'\n');
        }
        bytes
    }

    /// All pages, each read in chunks of this size, as record numbers.
    fn pages(bytes: &[u8], chunk: usize, limit: usize, share: u64, filter: ProblemFilter) -> Vec<u64> {
        let (mut at, mut all) = (0, Vec::new());
        loop {
            let mut scan = Scan { filter, limit, at, until: at + share, ..Scan::default() };
            let over = bytes[at as usize..].chunks(chunk).any(|bytes| scan.push(bytes).unwrap());
            assert!(scan.found.len() <= limit);
            all.extend(scan.found.iter().filter_map(|problem| problem.position.record));
            assert!(scan.at > at, "each page goes on");
            at = scan.at;
            if !over {
                return all;
            }
        }
    }

    #[test]
    fn pages_cover_the_spool_once_whatever_the_chunks() {
        let bytes = spool(50);
        let nul = ProblemFilter { code: Some(ProblemCode::NulByte), column: None };
        for (chunk, limit, share) in [(1, 7, 1 << 20), (13, 10, 100), (4096, 1, 1), (50, 50, 1 << 20)] {
            let all: Vec<u64> = (1..=50).collect();
            assert_eq!(pages(&bytes, chunk, limit, share, ProblemFilter::default()), all);
            let thirds: Vec<u64> = (1..=50).filter(|record| record % 3 == 0).collect();
            assert_eq!(pages(&bytes, chunk, limit, share, nul), thirds);
        }
    }
}
