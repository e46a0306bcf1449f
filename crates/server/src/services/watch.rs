//! Follows an upload until nothing more will happen to it.

use std::time::Duration;

use csvp_store::{Progress, UploadRecord};
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use uuid::Uuid;

use crate::app::App;
use crate::error::ApiError;

use super::uploads;

/// How often the database is asked: for runs of other processes, and for the end of our own.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Shortest time between two progress events.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// What a watcher is told.
pub(crate) enum Change {
    /// It goes on.
    Progress(Box<UploadRecord>, Progress),
    /// It is over.
    Done(Box<UploadRecord>),
}

/// Follows one upload.
pub(crate) struct Watcher {
    app: App,
    id: Uuid,
    live: Option<watch::Receiver<Progress>>,
    look: Interval,
    first: bool,
    told: Option<Progress>,
}

impl Watcher {
    pub(crate) fn new(app: App, id: Uuid) -> Self {
        let mut look = interval_at(Instant::now() + LOOK_EVERY, LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { app, id, live: None, look, first: true, told: None }
    }

    /// Waits for the next change; none when the server stops.
    ///
    /// # Errors
    /// `upload-not-found` when it was deleted meanwhile.
    pub(crate) async fn next(&mut self) -> Result<Option<Change>, ApiError> {
        loop {
            if !std::mem::take(&mut self.first) && !self.wait().await {
                return Ok(None);
            }
            let record = uploads::get(&self.app, self.id).await?;
            if record.upload.state.is_final() {
                return Ok(Some(Change::Done(Box::new(record))));
            }
            self.live = self.app.live.watch(record.upload.id);
            let progress = match &mut self.live {
                Some(live) => live.borrow_and_update().clone(),
                None => record.latest.progress.clone(),
            };
            if self.told.as_ref() != Some(&progress) {
                self.told = Some(progress.clone());
                return Ok(Some(Change::Progress(Box::new(record), progress)));
            }
        }
    }

    /// Waits until there may be something to tell; false when the server stops.
    async fn wait(&mut self) -> bool {
        let stopping = self.app.stopping.clone();
        let look = &mut self.look;
        let changed = async {
            match &mut self.live {
                Some(live) => {
                    tokio::time::sleep(TELL_EVERY).await;
                    if live.changed().await.is_err() {
                        // The run is over here; its result is in the database within a moment.
                        look.tick().await;
                    }
                }
                None => {
                    look.tick().await;
                }
            }
        };
        tokio::select! {
            () = stopping.cancelled() => false,
            () = changed => true,
        }
    }
}
