//! Looks at every cell of one upload.

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Write as _};
use std::path::PathBuf;

use csvp_engine::{Check, JudgedBlock, Output, Plan, RecordVerdict, Second, Settings};
use csvp_store::{BlobReader, Chain, Entity, ObjectKey, RunFile, StoreError, UploadRecord};
use serde_json::{Value, json};

use crate::operate::{OperateError, Operator};

/// Bytes read at once.
const READ: usize = 256 << 10;
/// Largest plan that is read into memory: far above what the limits on columns allow.
const MAX_PLAN: u64 = 256 << 20;

/// What is searched for in one upload, and where its records go.
pub(super) struct Search {
    /// In lower case.
    pub(super) wanted: String,
    /// Made when the first record is found.
    pub(super) file: Option<PathBuf>,
}

/// What came of it.
pub(super) enum Found {
    /// So many records name the person.
    Records(u64),
    /// Its original is not there.
    Missing,
    /// It could not be searched, for this reason.
    Unread(String),
}

impl Search {
    /// Reads the original once, or twice when what it was read as is not known any more.
    pub(super) async fn run(self, operator: &Operator, record: &UploadRecord) -> Result<Found, OperateError> {
        let upload = &record.upload;
        if !upload.has_original() {
            return Ok(Found::Unread("its original is not there any more".to_owned()));
        }
        let key = ObjectKey::Original { tenant: upload.tenant, upload: upload.id };
        let plan = plan(operator, record).await?;
        let blobs = operator.blobs().clone();
        // A reader of an object store must be opened inside of the runtime, and read outside of its async threads.
        let search = tokio::task::spawn_blocking(move || {
            let open = || blobs.blocking_reader(&key, 0);
            let plan = match plan {
                Some(plan) => plan,
                None => match read_plan(open()?)? {
                    Ok(plan) => plan,
                    Err(why) => return Ok(Found::Unread(why)),
                },
            };
            self.pass(&plan, open()?)
        });
        match search.await.map_err(|error| StoreError::Internal(error.into()))? {
            Err(OperateError::Store(StoreError::NotFound(Entity::Object(_)))) => Ok(Found::Missing),
            // What is wrong with one upload does not keep the others; a database or a bucket that is away would.
            Err(OperateError::Store(error @ StoreError::Internal(_))) => {
                Ok(Found::Unread(format!("its original cannot be read: {}", Chain(&error))))
            }
            found => found,
        }
    }

    fn pass(self, plan: &Plan, mut reader: BlobReader) -> Result<Found, OperateError> {
        let failed = |error: csvp_engine::EngineError| Ok(Found::Unread(error.to_string()));
        let hits = Hits { wanted: self.wanted, file: self.file, out: None, records: 0 };
        let mut second = match Second::new(plan, hits) {
            Ok(second) => second,
            Err(error) => return failed(error),
        };
        let mut buffer = vec![0; READ];
        loop {
            let n = reader.read(&mut buffer).map_err(StoreError::from_io)?;
            if n == 0 {
                break;
            }
            if let Err(error) = second.push(&buffer[..n]) {
                return failed(error);
            }
        }
        match second.finish() {
            Ok((_, hits)) => hits.end(),
            Err(error) => failed(error),
        }
    }
}

/// What the records were read as, if that was kept.
async fn plan(operator: &Operator, record: &UploadRecord) -> Result<Option<Plan>, OperateError> {
    let Some(run) = record.current().filter(|run| run.file(RunFile::PlanJson).is_some()) else {
        return Ok(None);
    };
    let key =
        ObjectKey::RunFile { tenant: run.tenant, upload: run.upload, run: run.id, file: RunFile::PlanJson };
    match operator.blobs().read_all(&key, MAX_PLAN).await {
        // One of another version is made anew.
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        // Nor is one that cannot be read needed; whether the original can be shows when it is.
        Err(StoreError::NotFound(_) | StoreError::Internal(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Finds out how the file is written, as for a new upload without settings; or why it cannot be told.
fn read_plan(mut reader: BlobReader) -> Result<Result<Plan, String>, OperateError> {
    let mut check = match Check::new(Settings::default()) {
        Ok(check) => check,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let mut buffer = vec![0; READ];
    loop {
        let n = reader.read(&mut buffer).map_err(StoreError::from_io)?;
        if n == 0 {
            break;
        }
        if let Err(error) = check.push(&buffer[..n]) {
            return Ok(Err(error.to_string()));
        }
    }
    Ok(check.finish().map(|checked| checked.plan).map_err(|error| error.to_string()))
}

/// Keeps the records that name the person.
struct Hits {
    wanted: String,
    file: Option<PathBuf>,
    out: Option<BufWriter<File>>,
    records: u64,
}

impl Output for Hits {
    fn needs_problems(&self) -> bool {
        false
    }

    fn block(&mut self, block: &JudgedBlock<'_>) -> io::Result<()> {
        for record in 0..block.n_records() {
            let fields = block.raw_fields(record);
            let mut texts = fields.iter().map(|field| String::from_utf8_lossy(field));
            if texts.any(|text| text.to_lowercase().contains(&self.wanted)) {
                self.records += 1;
                self.write(block, record)?;
            }
        }
        Ok(())
    }
}

impl Hits {
    fn write(&mut self, block: &JudgedBlock<'_>, record: usize) -> io::Result<()> {
        let Some(path) = &self.file else { return Ok(()) };
        let out = match &mut self.out {
            Some(out) => out,
            None => self.out.insert(BufWriter::new(super::create_private(path)?)),
        };
        let columns = &block.schema().columns;
        let cells: Vec<Value> = block
            .raw_fields(record)
            .iter()
            .enumerate()
            .map(|(column, text)| {
                let name = columns.get(column).map(|column| column.name.as_str());
                json!({ "column": name, "text": String::from_utf8_lossy(text) })
            })
            .collect();
        let status = match block.verdict(record) {
            RecordVerdict::Accepted => "accepted",
            RecordVerdict::Repaired => "repaired",
            RecordVerdict::Rejected => "rejected",
            RecordVerdict::Skipped => "skipped",
        };
        // What is skipped, a heading for example, has no number of its own.
        let number = (status != "skipped").then(|| block.number(record));
        let line = json!({
            "record": number,
            "line": block.line(record),
            "byte": block.byte(record),
            "status": status,
            "cells": cells,
        });
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")
    }

    fn end(mut self) -> Result<Found, OperateError> {
        if let (Some(out), Some(path)) = (&mut self.out, &self.file) {
            let failed = |source| OperateError::File { path: path.display().to_string(), source };
            out.flush().map_err(failed)?;
            out.get_ref().sync_all().map_err(failed)?;
        }
        Ok(Found::Records(self.records))
    }
}
