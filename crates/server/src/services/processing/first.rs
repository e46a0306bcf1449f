//! The first pass: every byte to the hash and to the engine's check.

use bytes::Bytes;
use csvp_engine::{Check, Checked, EngineError, Settings};
use csvp_store::{ObjectKey, Progress, Stage, Sum, Upload};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinHandle;

use super::stored::{Sent, Stored};
use super::{Place, SLICE, Stop};
use crate::app::App;
use crate::services::LiveRun;
use crate::worker::{CpuPool, WorkPanicked};

/// The first pass over bytes that arrive. One slice is worked on while the next one gathers.
pub(crate) struct Reading {
    cpu: CpuPool,
    idle: Option<Box<Reader>>,
    busy: Option<JoinHandle<Slice>>,
    waiting: Vec<Bytes>,
    waiting_bytes: usize,
}

/// What comes of a slice of work.
type Slice = Result<Result<Box<Reader>, EngineError>, WorkPanicked>;

struct Reader {
    check: Check,
    hash: Sha256,
}

impl Reader {
    fn push(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        self.hash.update(bytes);
        self.check.push(bytes)
    }
}

impl Reading {
    pub(crate) fn new(cpu: CpuPool, settings: Settings) -> Result<Self, Stop> {
        let reader = Reader { check: Check::new(settings)?, hash: Sha256::new() };
        Ok(Self { cpu, idle: Some(Box::new(reader)), busy: None, waiting: Vec::new(), waiting_bytes: 0 })
    }

    /// Takes the next bytes; waits while the engine is slower than the client.
    pub(crate) async fn push(&mut self, bytes: Bytes) -> Result<(), Stop> {
        self.waiting_bytes += bytes.len();
        self.waiting.push(bytes);
        if self.waiting_bytes < SLICE {
            return Ok(());
        }
        let mut reader = self.reader().await?;
        let slice = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        let cpu = self.cpu.clone();
        self.busy = Some(tokio::spawn(async move {
            cpu.run(move || {
                slice.iter().try_for_each(|bytes| reader.push(bytes))?;
                Ok(reader)
            })
            .await
        }));
        Ok(())
    }

    /// Ends the pass; gives the plan and the SHA-256 in hexadecimal.
    pub(crate) async fn finish(mut self) -> Result<(Checked, String), Stop> {
        let mut reader = self.reader().await?;
        let slice = std::mem::take(&mut self.waiting);
        let work = move || -> Result<_, EngineError> {
            slice.iter().try_for_each(|bytes| reader.push(bytes))?;
            let Reader { check, hash } = *reader;
            Ok((check.finish()?, Sum::finish(hash).to_string()))
        };
        Ok(self.cpu.run(work).await??)
    }

    async fn reader(&mut self) -> Result<Box<Reader>, Stop> {
        if let Some(busy) = self.busy.take() {
            let worked = busy.await.map_err(|error| Stop::Inside(error.into()))?;
            return Ok(worked??);
        }
        self.idle.take().ok_or_else(|| Stop::Inside("the first pass was used after it failed".into()))
    }
}

/// The first pass over a stored original, with progress.
pub(crate) async fn check_stored(
    app: &App,
    place: Place,
    settings: Settings,
    sent: &Sent,
    run: &LiveRun,
) -> Result<Checked, Stop> {
    let mut state = (Check::new(settings)?, None);
    loop {
        if run.cancelled().is_cancelled() {
            return Err(Stop::Cancelled);
        }
        let (blobs, sent_then) = (app.blobs.clone(), sent.clone());
        let slice = app.cpu.run(move || -> Result<_, Stop> {
            let (mut check, stored) = state;
            let mut stored = match stored {
                Some(stored) => stored,
                None => Stored::open(&blobs, place.original(), &sent_then)?,
            };
            let done = stored.read_slice(|bytes| Ok(check.push(bytes)?))?;
            Ok((check, stored, done))
        });
        let (check, stored, done) = slice.await??;
        if done {
            return Ok(app.cpu.run(move || check.finish()).await??);
        }
        let progress = check.progress();
        run.tell(Progress {
            stage: Stage::Checking,
            bytes_done: progress.bytes_in,
            bytes_total: sent.size_bytes,
            records: progress.records,
        });
        state = (check, Some(stored));
    }
}

/// Reads the first part of a stored original with these settings, to learn whether they fit its columns.
pub(crate) async fn try_settings(app: &App, upload: &Upload, settings: Settings) -> Result<(), Stop> {
    let key = ObjectKey::Original { tenant: upload.tenant, upload: upload.id };
    let (blobs, sent) = (app.blobs.clone(), Sent::of(upload));
    let work = move || -> Result<(), Stop> {
        let mut check = Check::new(settings)?;
        Stored::open(&blobs, key, &sent)?.read_slice(|bytes| Ok(check.push(bytes)?))?;
        check.finish()?;
        Ok(())
    };
    app.cpu.run(work).await?
}
