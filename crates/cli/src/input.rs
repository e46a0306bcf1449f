//! A file or standard input, read twice where two passes are needed.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use csvp_engine::{
    Check, Checked, Count, Counted, EngineError, Expectation, OnePass, Output, Passed, Plan, Schema, Second,
    Settings,
};
use csvp_report::Report;

use crate::progress::Progress;

const CHUNK_BYTES: usize = 256 << 10;
/// The same where only the first part of a file is read: new memory costs more than calls.
const SMALL_CHUNK_BYTES: usize = 64 << 10;
/// The part of a file, one of so many, within which its first pass may begin again.
const EARLY: u64 = 8;
/// How often the first pass may begin again.
const RESTARTS: u32 = 4;

/// What reads a file for the first time.
trait FirstPass {
    fn push(&mut self, bytes: &[u8]) -> Result<(), EngineError>;
    fn contradiction(&mut self) -> Option<Expectation>;
    fn expecting(self, expectation: Expectation) -> Self;
}

impl FirstPass for Check {
    fn push(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        Check::push(self, bytes)
    }

    fn contradiction(&mut self) -> Option<Expectation> {
        Check::contradiction(self)
    }

    fn expecting(self, expectation: Expectation) -> Self {
        Check::expecting(self, expectation)
    }
}

impl<O: Output> FirstPass for OnePass<O> {
    fn push(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        OnePass::push(self, bytes)
    }

    fn contradiction(&mut self) -> Option<Expectation> {
        OnePass::contradiction(self)
    }

    fn expecting(self, expectation: Expectation) -> Self {
        OnePass::expecting(self, expectation)
    }
}

/// What is read. Standard input is kept in an unnamed temporary file for the second pass.
pub(crate) struct Input {
    path: PathBuf,
    source: Source,
}

enum Source {
    File(File),
    Stdin { kept: File },
}

impl Input {
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let source = if path == Path::new("-") {
            Source::Stdin {
                kept: tempfile::tempfile().context("cannot make a temporary file for standard input")?,
            }
        } else {
            let file = File::open(path).with_context(|| format!("cannot open `{}`", path.display()))?;
            if file.metadata().is_ok_and(|meta| meta.is_dir()) {
                anyhow::bail!("expected a file, found the directory `{}`", path.display());
            }
            Source::File(file)
        };
        Ok(Self { path: path.to_owned(), source })
    }

    /// How the input is called in messages.
    pub(crate) fn name(&self) -> String {
        match self.source {
            Source::File(_) => self.path.display().to_string(),
            Source::Stdin { .. } => "standard input".to_owned(),
        }
    }

    /// The first pass.
    pub(crate) fn check(&mut self, settings: &Settings) -> anyhow::Result<Checked> {
        let check = self.first_pass(|| Ok(Check::new(settings.clone())?.with_threads(threads())))?;
        check.finish().with_context(|| format!("cannot process `{}`", self.name()))
    }

    /// The first pass, and with it the second one if the file lets it. `output` is what [`OnePass::new`] takes; it is made
    /// anew when the pass begins again.
    pub(crate) fn one_pass<O: Output, F>(
        &mut self,
        settings: &Settings,
        output: impl Fn() -> anyhow::Result<F>,
        profiles: bool,
    ) -> anyhow::Result<Passed<O>>
    where
        F: FnOnce(&Schema) -> std::io::Result<O> + 'static,
    {
        let pass = self.first_pass(|| {
            let pass = OnePass::new(settings.clone(), output()?)?.with_threads(threads());
            Ok(if profiles { pass.with_profiles() } else { pass })
        })?;
        pass.finish().with_context(|| format!("cannot process `{}`", self.name()))
    }

    /// Reads everything. Begins again while little was read, when other types come out than the first records have.
    fn first_pass<P: FirstPass>(&mut self, start: impl Fn() -> anyhow::Result<P>) -> anyhow::Result<P> {
        let mut pass = start()?;
        for restarts_left in (0..=RESTARTS).rev() {
            // Pipes have no size, and are read once.
            let early = if restarts_left > 0 { self.size().unwrap_or(0) / EARLY } else { 0 };
            let progress = Progress::start("checking", self.size());
            let (mut read, mut expectation) = (0, None);
            self.first_read(|bytes| {
                pass.push(bytes)?;
                read += bytes.len() as u64;
                progress.advance(bytes.len());
                expectation = pass.contradiction().filter(|_| read < early);
                Ok(expectation.is_none())
            })?;
            progress.finish();
            let (Some(expectation), Source::File(file)) = (expectation, &mut self.source) else { break };
            file.rewind().with_context(|| format!("cannot read `{}` again", self.path.display()))?;
            pass = start()?.expecting(expectation);
        }
        Ok(pass)
    }

    /// Counts the records.
    pub(crate) fn count(&mut self, settings: Settings) -> anyhow::Result<Counted> {
        let mut count = Count::new(settings)?;
        let progress = Progress::start("counting", self.size());
        match &self.source {
            #[cfg(unix)]
            Source::File(file) if file.metadata().is_ok_and(|meta| meta.is_file()) => {
                let read_at = |buffer: &mut [u8], at: u64| {
                    let n = std::os::unix::fs::FileExt::read_at(file, buffer, at)?;
                    progress.advance(n);
                    Ok(n)
                };
                let size = self.size().unwrap_or(0);
                count
                    .read(&read_at, size, threads())
                    .with_context(|| format!("cannot process `{}`", self.name()))?;
            }
            _ => self.until_enough(|bytes| {
                count.push(bytes)?;
                progress.advance(bytes.len());
                Ok(true)
            })?,
        }
        progress.finish();
        count.finish().with_context(|| format!("cannot process `{}`", self.name()))
    }

    /// The second pass.
    pub(crate) fn second<O: Output>(
        &mut self,
        plan: &Plan,
        output: O,
        profiles: bool,
    ) -> anyhow::Result<(Report, O)> {
        let mut second = Second::new(plan, output)?.with_threads(threads());
        if profiles {
            second = second.with_profiles();
        }
        let progress = Progress::start("converting", self.size());
        self.again(|bytes| {
            second.push(bytes)?;
            progress.advance(bytes.len());
            Ok(true)
        })?;
        progress.finish();
        Ok(second.finish()?)
    }

    /// Reads the original again until `push` says that it is enough.
    pub(crate) fn again(
        &mut self,
        mut push: impl FnMut(&[u8]) -> Result<bool, EngineError>,
    ) -> anyhow::Result<()> {
        let name = self.name();
        let (Source::File(file) | Source::Stdin { kept: file }) = &mut self.source;
        file.seek(SeekFrom::Start(0)).with_context(|| {
            format!("cannot read `{name}` twice; send it through a pipe with `-`, which keeps a copy")
        })?;
        read_chunks(file, CHUNK_BYTES, &name, |bytes| Ok(push(bytes)?))
    }

    /// Reads the input for the first time, until `push` says that it is enough.
    pub(crate) fn until_enough(
        &mut self,
        mut push: impl FnMut(&[u8]) -> Result<bool, EngineError>,
    ) -> anyhow::Result<()> {
        let name = self.name();
        match &mut self.source {
            Source::File(file) => read_chunks(file, SMALL_CHUNK_BYTES, &name, |bytes| Ok(push(bytes)?)),
            Source::Stdin { .. } => {
                let mut stdin = std::io::stdin().lock();
                read_chunks(&mut stdin, SMALL_CHUNK_BYTES, &name, |bytes| Ok(push(bytes)?))
            }
        }
    }

    /// Bytes of an uncompressed file from `at` on, for showing a place in it.
    pub(crate) fn excerpt(&mut self, at: u64, size: u64) -> Option<Vec<u8>> {
        let (Source::File(file) | Source::Stdin { kept: file }) = &mut self.source;
        file.seek(SeekFrom::Start(at)).ok()?;
        let mut bytes = Vec::new();
        #[expect(clippy::disallowed_methods, reason = "bounded by `take`")]
        file.take(size).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    fn first_read(&mut self, mut push: impl FnMut(&[u8]) -> Result<bool, EngineError>) -> anyhow::Result<()> {
        let name = self.name();
        match &mut self.source {
            Source::File(file) => read_chunks(file, CHUNK_BYTES, &name, |bytes| Ok(push(bytes)?)),
            Source::Stdin { kept } => {
                read_chunks(&mut std::io::stdin().lock(), CHUNK_BYTES, &name, |bytes| {
                    kept.write_all(bytes).context("cannot keep a copy of standard input")?;
                    Ok(push(bytes)?)
                })
            }
        }
    }

    fn size(&self) -> Option<u64> {
        match &self.source {
            Source::File(file) => file.metadata().ok().map(|meta| meta.len()),
            Source::Stdin { .. } => None,
        }
    }
}

/// Threads to work on: as many as there are processors.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn read_chunks(
    from: &mut impl Read,
    chunk_bytes: usize,
    name: &str,
    mut push: impl FnMut(&[u8]) -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let mut buffer = vec![0; chunk_bytes];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => {
                if !push(&buffer[..n]).with_context(|| format!("cannot process `{name}`"))? {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error).with_context(|| format!("cannot read `{name}`")),
        }
    }
}
