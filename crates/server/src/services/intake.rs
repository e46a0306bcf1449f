//! Takes in one upload: bytes to the store, to the hash and to the engine while they arrive, then one row.
//!
//! The order is the promise: the object is durable, then one transaction writes the rows, then the client is answered.
//! Whatever goes wrong before the transaction leaves nothing behind; a crash leaves objects without a row, which the
//! next start removes.

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use csvp_engine::{Checked, Settings};
use csvp_report::ApiErrorCode;
use csvp_store::{FirstRun, NewUpload, Origin, RunFile, RunId, StoreError, Taken, UploadId, UploadRecord};
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::processing::{self, Place, Reading, Sent, Small, Stop};
use super::{
    HeldKey, Turn, columns_in, first_share, presence, second_share, sent_by_first, sent_by_second, settings,
    small_share, storage, uploads,
};
use crate::api::SettingsRequest;
use crate::app::App;
use crate::config::Bytes as Size;
use crate::error::ApiError;
use crate::telemetry::Metric;

/// Up to this size a body is held in memory and processed in one slice, without temporary files for its bytes.
const SMALL: usize = 256 << 10;
/// Pieces smaller than this are gathered.
const PIECE: usize = 16 << 10;
/// Pieces that may wait between the connection and the intake.
const PIECES: usize = 2;

/// What is known of an upload before its bytes.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) name: String,
    pub(crate) media_type: Option<String>,
    pub(crate) settings: SettingsRequest,
    /// Held until the upload is recorded, also when its client goes away before.
    pub(crate) key: Option<HeldKey>,
    /// Where it was sent to.
    pub(crate) path: String,
    pub(crate) respond_async: bool,
    /// Size of the file, when the client has told it.
    pub(crate) length: Option<u64>,
    pub(crate) origin: Origin,
}

enum Piece {
    Bytes(Bytes),
    End,
}

/// Where the connection puts the bytes. Dropped without [`Feed::end`], the upload counts as broken off.
pub(crate) struct Feed {
    pieces: mpsc::Sender<Piece>,
    /// Small pieces, gathered: each of them would keep a whole buffer of the connection alive.
    gathered: BytesMut,
}

/// The intake has stopped; its result says why.
pub(crate) struct Closed;

impl Feed {
    /// Hands on the next bytes; waits while the store or the engine is slower than the client.
    pub(crate) async fn send(&mut self, bytes: Bytes) -> Result<(), Closed> {
        if bytes.len() >= PIECE && self.gathered.is_empty() {
            return self.pass_on(bytes).await;
        }
        self.gathered.extend_from_slice(&bytes);
        if self.gathered.len() < PIECE {
            return Ok(());
        }
        let gathered = self.gathered.split().freeze();
        self.pass_on(gathered).await
    }

    async fn pass_on(&mut self, bytes: Bytes) -> Result<(), Closed> {
        self.pieces.send(Piece::Bytes(bytes)).await.map_err(|_| Closed)
    }

    /// Says that all bytes have come.
    pub(crate) async fn end(mut self) {
        let rest = self.gathered.split().freeze();
        if !rest.is_empty() && self.pass_on(rest).await.is_err() {
            return;
        }
        let _ = self.pieces.send(Piece::End).await;
    }
}

struct Source(mpsc::Receiver<Piece>);

impl Source {
    async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        match self.0.recv().await {
            Some(Piece::Bytes(bytes)) => Ok(Some(bytes)),
            Some(Piece::End) => Ok(None),
            None => Err(ApiError::new(ApiErrorCode::BodyIncomplete, "the body ended before it was complete")),
        }
    }
}

/// A running intake, and the sign that its client is still there.
pub(crate) struct Taking {
    task: JoinHandle<Result<UploadRecord, ApiError>>,
    _client: DropGuard,
}

impl Taking {
    /// How it ended.
    pub(crate) async fn outcome(self) -> Result<Result<UploadRecord, ApiError>, JoinError> {
        self.task.await
    }
}

/// Refuses an upload for which there is no room, or which could not be recorded, before its body is read.
pub(crate) async fn check_room(app: &App) -> Result<(), ApiError> {
    let limit = app.config.store.max_disk.0;
    if storage::used_bytes(app) >= limit {
        return Err(StoreError::Full { used_bytes: storage::used_bytes(app), max_bytes: Some(limit) }.into());
    }
    if storage::is_nearly_full(&app.config) {
        let detail = format!(
            "the disk has less than {} left; free some space or lower `store.min_free_disk`",
            Size(app.config.store.min_free_disk.0)
        );
        return Err(ApiError::new(ApiErrorCode::StorageFull, detail));
    }
    presence::must_answer(app).await
}

/// Starts to take in an upload. It runs to its end even when the caller is dropped.
pub(crate) fn start(app: &App, arrival: Arrival, turn: Turn) -> (Feed, Taking) {
    let (sender, receiver) = mpsc::channel(PIECES);
    let client = CancellationToken::new();
    let gone = client.clone();
    let work = {
        let app = app.clone();
        async move {
            let _shown = app.metrics.hold(Metric::UploadsReceiving);
            let taken = take_in(&app, arrival, Source(receiver), &gone).await;
            drop(turn);
            taken
        }
    };
    let task = app.background.spawn(work);
    (Feed { pieces: sender, gathered: BytesMut::new() }, Taking { task, _client: client.drop_guard() })
}

async fn take_in(
    app: &App,
    arrival: Arrival,
    mut source: Source,
    gone: &CancellationToken,
) -> Result<UploadRecord, ApiError> {
    let settings = settings::engine_settings(&app.config.limits, &arrival.settings)?;
    let place = Place { tenant: app.tenant(), upload: UploadId::generate(), run: RunId::generate() };
    let mut head = Vec::new();
    let mut size = 0;
    let large = arrival.respond_async || arrival.length.is_some_and(|length| length > SMALL as u64);
    let ended = loop {
        if large || size > SMALL as u64 {
            break false;
        }
        match source.next().await? {
            Some(bytes) => {
                size += count(app, size, &bytes)?;
                head.push(bytes);
            }
            None => break true,
        }
    };
    let stored = if ended {
        take_small(app, place, settings, head.concat()).await?
    } else {
        // On the heap: every small upload would carry its room along.
        Box::pin(take_large(app, place, settings, head, source, arrival.respond_async)).await?
    };
    if gone.is_cancelled() {
        // Nobody will hear of this upload: it must not be there.
        processing::remove(app, place).await;
        return Err(ApiError::new(
            ApiErrorCode::BodyIncomplete,
            "the client went away before it was answered",
        ));
    }
    record(app, arrival, place, stored).await
}

/// Bytes that are durable, and what is known of them.
struct Stored {
    /// No object could be seen before this time of the database.
    after: i64,
    size_bytes: u64,
    sha256: String,
    first: FirstRun,
}

/// Counts a piece and refuses the one that passes the limit.
fn count(app: &App, before: u64, bytes: &Bytes) -> Result<u64, ApiError> {
    let limit = app.config.upload.max_size.0;
    let length = bytes.len() as u64;
    app.metrics.add(Metric::UploadBytes, &[], length);
    if before + length > limit { Err(ApiError::too_large(limit, None)) } else { Ok(length) }
}

async fn take_small(app: &App, place: Place, settings: Settings, bytes: Vec<u8>) -> Result<Stored, ApiError> {
    let started_at = app.meta.clock().now_us();
    let size_bytes = bytes.len() as u64;
    // Most small uploads need no more than their turn holds.
    let _share = match small_share(columns_in(&bytes)) {
        Some(share) => Some(app.memory.share_in_time(share).await?),
        None => None,
    };
    let after = app.meta.time_mark().await?;
    let inside = app.clone();
    let small = app.cpu.run(move || processing::small(&inside, place, settings, &bytes)).await;
    let Small { result, sha256, report, publishing } = small.map_err(ApiError::internal)?.map_err(refusal)?;
    let published = match publishing {
        Ok(publishing) => publishing.finish().await,
        Err(error) => Err(error),
    };
    if let Err(error) = published {
        processing::remove(app, place).await;
        return Err(error.into());
    }
    processing::observe(app, &report, started_at, "request");
    Ok(Stored { after, size_bytes, sha256, first: FirstRun::Finished { started_at, result } })
}

async fn take_large(
    app: &App,
    place: Place,
    settings: Settings,
    head: Vec<Bytes>,
    mut source: Source,
    respond_async: bool,
) -> Result<Stored, ApiError> {
    let started_at = app.meta.clock().now_us();
    let columns = head.iter().map(|bytes| columns_in(bytes)).max().unwrap_or(0);
    let needed = first_share(&settings, columns) + sent_by_first(&app.blobs);
    let share = app.memory.share_in_time(needed).await?;
    let mut writer = app.blobs.writer(place.original());
    let mut reading = Reading::new(app.cpu.clone(), settings).map_err(refusal)?;
    let mut size = 0;
    for bytes in head {
        size += bytes.len() as u64;
        reading.push(bytes.clone()).await.map_err(refusal)?;
        writer.write(bytes).await?;
    }
    while let Some(bytes) = source.next().await? {
        size += count(app, size, &bytes)?;
        reading.push(bytes.clone()).await.map_err(refusal)?;
        writer.write(bytes).await?;
    }
    let (checked, sha256) = reading.finish().await.map_err(refusal)?;
    // Until here nothing is visible: an error drops the writer, and with it every byte.
    processing::refuse_no_csv(&checked.report).map_err(refusal)?;
    let after = app.meta.time_mark().await?;
    if let Err(error) = writer.finish().await {
        // It may be visible already, though not durable.
        processing::remove(app, place).await;
        return Err(error.into());
    }
    drop(share);
    let inline = size <= app.config.upload.inline_size.0 && !respond_async;
    let first = if inline {
        let sent = Sent { size_bytes: size, sha256: sha256.clone() };
        convert_now(app, place, checked, &sent, started_at).await
    } else {
        queue(app, place, &checked).await
    };
    match first {
        Ok(first) => Ok(Stored { after, size_bytes: size, sha256, first }),
        Err(error) => {
            processing::remove(app, place).await;
            Err(error)
        }
    }
}

/// The second pass, inside the request.
async fn convert_now(
    app: &App,
    place: Place,
    checked: Checked,
    sent: &Sent,
    started_at: i64,
) -> Result<FirstRun, ApiError> {
    let (size, columns) = (sent.size_bytes, checked.plan.schema().columns.len());
    let needed = second_share(size, columns) + sent_by_second(&app.blobs, size);
    let _share = app.memory.share_in_time(needed).await?;
    let run = app.live.begin(place.upload, place.run, csvp_store::Progress::queued(size));
    let converted = processing::convert(app, place, checked, sent, &run).await.map_err(refusal)?;
    let (result, report) = processing::publish(app, converted).await.map_err(refusal)?;
    processing::observe(app, &report, started_at, "request");
    Ok(FirstRun::Finished { started_at, result })
}

/// Leaves the second pass to a job, which finds the plan of the first one.
async fn queue(app: &App, place: Place, checked: &Checked) -> Result<FirstRun, ApiError> {
    let plan = serde_json::to_vec(&checked.plan).map_err(ApiError::internal)?;
    app.blobs.put(place.file(RunFile::PlanJson), plan.into()).await?;
    Ok(FirstRun::Queued(uploads::new_job(app)))
}

/// Writes the rows. From the return on, the upload is acknowledged.
async fn record(app: &App, arrival: Arrival, place: Place, stored: Stored) -> Result<UploadRecord, ApiError> {
    let Stored { after, size_bytes, sha256, first } = stored;
    let settings = serde_json::to_value(&arrival.settings).map_err(ApiError::internal)?;
    let request = ["POST", &arrival.path, &settings.to_string(), &arrival.name, &sha256];
    let key = arrival.key.as_ref().map(|held| held.of_request(&request));
    let new = NewUpload {
        id: place.upload,
        stored_after: after,
        tenant: place.tenant,
        name: arrival.name,
        size_bytes,
        sha256,
        media_type: arrival.media_type,
        key,
        run: place.run,
        settings,
        first,
        origin: arrival.origin,
    };
    let begun = Instant::now();
    let taken = app.meta.create_upload(new).await;
    app.presence.note(begun, &taken);
    match taken {
        Ok(Taken::New(record)) => Ok(record),
        Ok(Taken::Repeated(record)) => {
            processing::remove(app, place).await;
            Ok(record)
        }
        Err(error) => {
            // These are sure to have written no row; the objects of any other failure wait for the repair, those of
            // `FullInDoubt` too.
            if matches!(error, StoreError::Full { .. } | StoreError::KeyReused) {
                processing::remove(app, place).await;
            }
            Err(error.into())
        }
    }
}

/// Why a file is not taken in.
fn refusal(stop: Stop) -> ApiError {
    match stop {
        Stop::NotCsv(detail) => ApiError::new(ApiErrorCode::NotCsv, detail),
        Stop::TooLarge(detail) => ApiError::new(ApiErrorCode::UploadTooLarge, detail),
        Stop::Refused(detail) => ApiError::new(ApiErrorCode::UploadRefused, detail),
        Stop::Settings(error) => error,
        Stop::Store(error) => error.into(),
        Stop::Cancelled => ApiError::new(ApiErrorCode::Busy, "the server is stopping; try again later"),
        Stop::Lost(found) => {
            ApiError::internal(format!("the original was not read back as it was written: {found}"))
        }
        Stop::Inside(cause) => ApiError::internal(cause),
    }
}

/// Counts an upload that has ended.
pub(crate) fn tell(app: &App, taken: &Result<UploadRecord, ApiError>, face: &'static str) {
    let outcome = match taken {
        Ok(record) if record.upload.state == csvp_store::UploadState::Refused => "refused",
        Ok(_) => "accepted",
        Err(error) if error.code.status() < 500 => "refused",
        Err(_) => "failed",
    };
    app.metrics.add(Metric::FileUploads, &[("outcome", outcome), ("face", face)], 1);
}
