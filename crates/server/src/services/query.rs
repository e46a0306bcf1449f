//! Records of an upload, from any place.

use std::sync::Arc;

use bytes::Bytes;
use csvp_engine::{Plan, RecordVerdict, View};
use csvp_store::{ObjectKey, RunFile, UploadRecord};
use uuid::Uuid;

use crate::api::{CellProblem, ColumnHead, RecordPage, RecordStatus, RecordView};
use crate::app::App;
use crate::error::ApiError;

use super::files::{find, must_have_original, no_report};
use super::processing::read_view_slice;
use super::uploads;

/// Largest report or plan that is read into memory: far above what the limits on columns and shown problems allow.
const MAX_JSON: u64 = 256 << 20;

/// Records from `offset` on.
pub(crate) async fn records(app: &App, id: Uuid, offset: u64, limit: u64) -> Result<RecordPage, ApiError> {
    let record = uploads::get(app, id).await?;
    must_have_original(&record)?;
    let plan = plan(app, &record).await?;
    let columns = columns(&plan);
    let total = plan.data_records();
    let records = view(app, &record, plan, offset, limit).await?;
    Ok(RecordPage { offset, total, columns, records: records.into_iter().map(RecordView::from).collect() })
}

/// The header's cells, then those of the first records: every text as it stands in the file, at most `limit` rows.
pub(crate) async fn first_rows(
    app: &App,
    record: &UploadRecord,
    limit: usize,
) -> Result<Vec<Vec<String>>, ApiError> {
    let plan = plan(app, record).await?;
    let mut rows: Vec<Vec<String>> = plan.header().into_iter().collect();
    let left = limit.saturating_sub(rows.len()) as u64;
    rows.extend(view(app, record, plan, 0, left).await?.into_iter().map(texts));
    Ok(rows)
}

/// The cells of a record with the words that count as null.
fn texts(record: csvp_engine::RecordView) -> Vec<String> {
    let mut texts: Vec<String> = record.cells.into_iter().map(Option::unwrap_or_default).collect();
    for (column, word) in record.null_words {
        if let Some(text) = texts.get_mut(column) {
            *text = word;
        }
    }
    texts
}

/// The plan of the current run, with which the original can be read at any place.
async fn plan(app: &App, record: &UploadRecord) -> Result<Plan, ApiError> {
    let json = read_json(app, record, RunFile::PlanJson).await?;
    let plan = app.cpu.run(move || serde_json::from_slice(&json)).await.map_err(ApiError::internal)?;
    plan.map_err(ApiError::internal)
}

/// A file of the current run that is read as a whole.
pub(super) async fn read_json(app: &App, record: &UploadRecord, file: RunFile) -> Result<Bytes, ApiError> {
    let object = find(record, file).ok_or_else(|| no_report(record))?;
    Ok(app.blobs.read_all(&object.key, MAX_JSON).await?)
}

fn columns(plan: &Plan) -> Vec<ColumnHead> {
    let columns = plan.schema().columns.iter().zip(1..);
    columns
        .map(|(column, number)| ColumnHead {
            number,
            name: column.name.clone(),
            column_type: column.column_type.clone(),
        })
        .collect()
}

/// Reads at most `limit` records of the original, slice by slice on the CPU pool.
async fn view(
    app: &App,
    record: &UploadRecord,
    plan: Plan,
    offset: u64,
    limit: u64,
) -> Result<Vec<csvp_engine::RecordView>, ApiError> {
    let n = usize::try_from(limit.min(plan.data_records().saturating_sub(offset))).unwrap_or(usize::MAX);
    if n == 0 {
        return Ok(Vec::new());
    }
    let key = ObjectKey::Original { tenant: record.upload.tenant, upload: record.upload.id };
    let blobs = app.blobs.clone();
    let open = move || -> Result<_, ApiError> {
        let view = View::new(Arc::new(plan), offset, n).map_err(ApiError::internal)?;
        let reader = blobs.blocking_reader(&key, view.start_byte())?;
        Ok((view, reader))
    };
    let mut state = app.cpu.run(open).await.map_err(ApiError::internal)??;
    loop {
        let slice = app.cpu.run(move || {
            let (mut view, mut reader) = state;
            read_view_slice(&mut view, &mut reader).map(|done| (view, reader, done))
        });
        let (view, reader, done) = slice.await.map_err(ApiError::internal)?.map_err(ApiError::internal)?;
        if done {
            let records = app.cpu.run(move || view.finish()).await.map_err(ApiError::internal)?;
            return records.map_err(ApiError::internal);
        }
        state = (view, reader);
    }
}

impl From<csvp_engine::RecordView> for RecordView {
    fn from(record: csvp_engine::RecordView) -> Self {
        Self {
            record: record.record,
            line: record.line,
            byte: record.byte,
            status: match record.status {
                RecordVerdict::Repaired => RecordStatus::Repaired,
                RecordVerdict::Rejected => RecordStatus::Rejected,
                RecordVerdict::Accepted | RecordVerdict::Skipped => RecordStatus::Accepted,
            },
            problems: record.problems.iter().map(CellProblem::from).collect(),
            cells: record.cells,
        }
    }
}
