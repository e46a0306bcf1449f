//! The files of a run while they are written. None is visible before all of them are whole.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use csvp_convert::{ConvertError, FileKind, Outputs};
use csvp_engine::{EngineError, JudgedBlock, Output, Plan};
use csvp_report::{Problem, Report, Verdict};
use csvp_store::{Blobs, BlockingBlobWriter, ObjectKey, Publishing, RunFile, StoreError, StoredFile};

use super::room::Room;
use super::spool::{Spool, spool_file};
use super::{Place, Stop, within};
use crate::app::App;

/// A writer that a file's output and we both hold: it is written there and published here.
#[derive(Debug, Clone)]
pub(super) struct SharedWriter {
    writer: Arc<Mutex<Option<BlockingBlobWriter>>>,
    room: Room,
}

impl SharedWriter {
    fn open(blobs: &Blobs, key: ObjectKey, room: &Room) -> Result<Self, StoreError> {
        let writer = Arc::new(Mutex::new(Some(blobs.blocking_writer(key)?)));
        Ok(Self { writer, room: room.clone() })
    }

    fn take(&self) -> Option<BlockingBlobWriter> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Write for SharedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.room.take(bytes.len() as u64)?;
        match self.writer.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(writer) => writer.write(bytes),
            None => Err(io::Error::other("file was written to after it was published")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// All files of a run.
pub(super) struct RunOutputs {
    blobs: Blobs,
    place: Place,
    room: Room,
    outputs: Outputs,
    spool: Option<Spool>,
    writers: Vec<(RunFile, SharedWriter)>,
    original: Option<BlockingBlobWriter>,
}

impl RunOutputs {
    /// Opens the files that a run with this verdict may have; a refused one publishes no data.
    pub(super) fn open(app: &App, place: Place, plan: &Plan, verdict: Verdict) -> Result<Self, Stop> {
        let room = Room::new(&app.config, plan.report().file.decoded_bytes);
        let kinds = [
            (RunFile::CleanParquet, FileKind::Parquet),
            (RunFile::CleanCsv, FileKind::Csv),
            (RunFile::CleanNdjson, FileKind::Ndjson),
            (RunFile::RejectsCsv, FileKind::Rejects),
            (RunFile::ProblemsCsv, FileKind::Problems),
        ];
        let mut outputs = Outputs::new();
        let mut writers = Vec::new();
        for (file, kind) in kinds {
            if verdict == Verdict::Refused && is_data(file) {
                continue;
            }
            let writer = SharedWriter::open(&app.blobs, place.file(file), &room)?;
            outputs.add(kind, plan.schema(), Box::new(writer.clone())).map_err(stop)?;
            writers.push((file, writer));
        }
        let spool = match spool_file() {
            Some(file) => {
                let writer = SharedWriter::open(&app.blobs, place.file(file), &room)?;
                writers.push((file, writer.clone()));
                Some(Spool::new(writer))
            }
            None => None,
        };
        Ok(Self { blobs: app.blobs.clone(), place, room, outputs, spool, writers, original: None })
    }

    /// Adds the original, for an upload that is stored together with its files.
    pub(super) fn write_original(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let mut writer = self.blobs.blocking_writer(self.place.original())?;
        writer.write_all(bytes).map_err(StoreError::from_io)?;
        self.original = Some(writer);
        Ok(())
    }

    /// Completes all files and adds report and plan. Nothing is visible yet.
    pub(super) fn seal(self, report: &Report, plan: &Plan) -> Result<Sealed, Stop> {
        let Self { blobs, place, room, outputs, spool, mut writers, original } = self;
        outputs.finish().map_err(stop)?;
        if let Some(spool) = spool {
            spool.finish().map_err(EngineError::Output)?;
        }
        writers.retain(|(file, _)| is_wanted(*file, report));
        let json = [
            (RunFile::ReportJson, serde_json::to_vec(report)?),
            (RunFile::PlanJson, serde_json::to_vec(plan)?),
        ];
        for (file, bytes) in json {
            let mut writer = SharedWriter::open(&blobs, place.file(file), &room)?;
            writer.write_all(&bytes).map_err(EngineError::Output)?;
            writers.push((file, writer));
        }
        let (mut files, mut handles) = (Vec::new(), Vec::new());
        if let Some(original) = original {
            handles.push(original);
        }
        for (file, writer) in &writers {
            if let Some(handle) = writer.take() {
                files.push(StoredFile { file: *file, size_bytes: handle.written_bytes() });
                handles.push(handle);
            }
        }
        files.sort_by_key(|stored| stored.file);
        Ok(Sealed { files, handles })
    }
}

/// Files that are whole, and not yet visible.
pub(crate) struct Sealed {
    files: Vec<StoredFile>,
    handles: Vec<BlockingBlobWriter>,
}

impl Sealed {
    /// What will be there.
    pub(super) fn files(&self) -> Vec<StoredFile> {
        self.files.clone()
    }

    /// Begins to make everything visible and durable.
    pub(super) fn publish(self) -> Result<Publishing, StoreError> {
        BlockingBlobWriter::begin_finish(self.handles)
    }
}

impl Output for RunOutputs {
    fn needs_columns(&self) -> bool {
        self.outputs.needs_columns()
    }

    fn block(&mut self, block: &JudgedBlock<'_>) -> io::Result<()> {
        self.outputs.block(block)?;
        self.spool.as_mut().map_or(Ok(()), |spool| spool.write(block.problems()))
    }

    fn file_problems(&mut self, problems: &[Problem]) -> io::Result<()> {
        self.outputs.file_problems(problems)?;
        self.spool.as_mut().map_or(Ok(()), |spool| spool.write(problems))
    }
}

/// Whether the file holds records of the upload.
fn is_data(file: RunFile) -> bool {
    matches!(file, RunFile::CleanParquet | RunFile::CleanCsv | RunFile::CleanNdjson | RunFile::RejectsCsv)
}

/// Files with nothing in them are not published; a file that was refused after all publishes no data.
fn is_wanted(file: RunFile, report: &Report) -> bool {
    match file {
        RunFile::RejectsCsv => report.counts.rejected > 0 && report.verdict != Verdict::Refused,
        RunFile::ProblemsCsv => report.problems.total > 0,
        file if Some(file) == spool_file() => report.problems.total > report.problems.first.len() as u64,
        file if is_data(file) => report.verdict != Verdict::Refused,
        _ => true,
    }
}

fn stop(error: ConvertError) -> Stop {
    match error {
        ConvertError::Write(io) => within(&io).unwrap_or_else(|| Stop::Store(StoreError::from_io(io))),
        other => within(&other).unwrap_or_else(|| Stop::Inside(other.into())),
    }
}
