//! Progress of the runs that this process is doing, for those who watch.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use csvp_store::{Progress, RunId, UploadId};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Who runs what, how far, and whether it should stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Live {
    runs: Arc<Mutex<HashMap<UploadId, Entry>>>,
}

#[derive(Debug, Clone)]
struct Entry {
    run: RunId,
    sender: watch::Sender<Progress>,
    cancel: CancellationToken,
}

/// Tells of one run until dropped.
#[derive(Debug)]
pub(crate) struct LiveRun {
    live: Live,
    upload: UploadId,
    entry: Entry,
}

impl Live {
    fn runs(&self) -> MutexGuard<'_, HashMap<UploadId, Entry>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to tell of a run.
    pub(crate) fn begin(&self, upload: UploadId, run: RunId, progress: Progress) -> LiveRun {
        let (sender, _) = watch::channel(progress);
        let entry = Entry { run, sender, cancel: CancellationToken::new() };
        self.runs().insert(upload, entry.clone());
        LiveRun { live: self.clone(), upload, entry }
    }

    /// Watches the run of this upload, if this process is doing one.
    pub(crate) fn watch(&self, upload: UploadId) -> Option<watch::Receiver<Progress>> {
        self.runs().get(&upload).map(|entry| entry.sender.subscribe())
    }

    /// How far the run of this upload is, if this process is doing one.
    pub(crate) fn progress(&self, upload: UploadId) -> Option<Progress> {
        self.runs().get(&upload).map(|entry| entry.sender.borrow().clone())
    }

    /// Asks this run to stop, if this process is doing it. A later run of the same upload goes on: nobody has asked for it
    /// to stop.
    pub(crate) fn cancel(&self, upload: UploadId, run: RunId) {
        if let Some(entry) = self.runs().get(&upload).filter(|entry| entry.run == run) {
            entry.cancel.cancel();
        }
    }

    /// Asks the run of this upload to stop, whichever it is: the upload was deleted.
    pub(crate) fn cancel_deleted(&self, upload: UploadId) {
        if let Some(entry) = self.runs().get(&upload) {
            entry.cancel.cancel();
        }
    }
}

impl LiveRun {
    /// Tells how far it is.
    pub(crate) fn tell(&self, progress: Progress) {
        self.entry.sender.send_replace(progress);
    }

    /// Cancelled when the run should stop.
    pub(crate) fn cancelled(&self) -> &CancellationToken {
        &self.entry.cancel
    }

    /// What was told last.
    pub(crate) fn told(&self) -> Progress {
        self.entry.sender.borrow().clone()
    }
}

impl Drop for LiveRun {
    fn drop(&mut self) {
        let mut runs = self.live.runs();
        // A newer run of the same upload may have taken the place already.
        if runs.get(&self.upload).is_some_and(|entry| entry.sender.same_channel(&self.entry.sender)) {
            runs.remove(&self.upload);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One run was cancelled in the database while it waited; before its process hears of that here, the next one begins.
    #[test]
    fn a_late_wish_stops_only_the_run_that_was_meant() {
        let (live, upload) = (Live::default(), UploadId::generate());
        let (first, second) = (RunId::generate(), RunId::generate());
        let run = live.begin(upload, second, Progress::queued(7));
        live.cancel(upload, first);
        assert!(!run.cancelled().is_cancelled());
        live.cancel(UploadId::generate(), second);
        assert!(!run.cancelled().is_cancelled());
        live.cancel(upload, second);
        assert!(run.cancelled().is_cancelled());
        let run = live.begin(upload, first, Progress::queued(7));
        live.cancel_deleted(upload);
        assert!(run.cancelled().is_cancelled());
    }
}
