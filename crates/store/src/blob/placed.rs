//! Small objects between their places and the disk: whoever waits until they are durable may block or not.

use std::path::PathBuf;
use std::{fs, io};

use super::journal::Answer;

/// Small objects in their places that are not known to be durable.
#[derive(Debug)]
pub(super) struct Placed {
    made: Made,
    replaced: u64,
    answer: Option<Answer>,
}

impl Placed {
    /// `made` are the files that were not there before.
    pub(super) fn new(made: Made, replaced: u64, answer: Option<Answer>) -> Self {
        Self { made, replaced, answer }
    }

    /// Blocks until they are durable; gives the bytes of all that they replaced. After an error none is there that was
    /// not there before.
    pub(super) fn wait(mut self) -> io::Result<u64> {
        self.answer.take().map_or(Ok(()), Answer::wait)?;
        Ok(self.keep())
    }

    /// The same for async code.
    pub(super) async fn durable(mut self) -> io::Result<u64> {
        if let Some(answer) = self.answer.take() {
            answer.durable().await?;
        }
        Ok(self.keep())
    }

    fn keep(mut self) -> u64 {
        self.made.0.clear();
        self.replaced
    }
}

/// New files, removed on drop.
#[derive(Debug, Default)]
pub(super) struct Made(Vec<PathBuf>);

impl Made {
    pub(super) fn push(&mut self, path: PathBuf) {
        self.0.push(path);
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for path in &self.0 {
            // What stays is removed with all objects that have no row.
            let _ = fs::remove_file(path);
        }
    }
}
