//! The service as a process, with or without a tracer.

use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::wait_until;
use crate::faults::{Call, Fault, Scope, Traced};

/// Without a call for this long a service has nothing to do.
const QUIET: Duration = Duration::from_millis(150);
/// Under the data directory.
const OBJECTS: &str = "objects";
/// Longer than anything that goes on behind an answer.
const LONGEST_WORK: Duration = Duration::from_secs(20);

/// `csvp serve` on a free port over a data directory.
#[derive(Debug)]
pub struct Service {
    address: String,
    objects: PathBuf,
    life: Life,
}

#[derive(Debug)]
enum Life {
    Plain(Child),
    Traced(Traced),
}

impl Service {
    /// Starts the program and waits until it takes requests. Settings are variables of its environment.
    ///
    /// # Panics
    /// It does not start.
    pub fn start(program: &Path, data: &Path, settings: &[(&str, &str)]) -> Self {
        let mut command = command(program, data, settings);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the service starts");
        let output = child.stdout.take().expect("its output is piped");
        let address = address_in(output).expect("expected the service to say its address");
        Self { address, objects: data.join(OBJECTS), life: Life::Plain(child) }
    }

    /// The same under the tracer, which sees the calls below `watched` and may record all of them.
    ///
    /// # Panics
    /// It does not start.
    pub fn start_traced(
        program: &Path,
        data: &Path,
        settings: &[(&str, &str)],
        (watched, records): (&Path, bool),
    ) -> Self {
        let traced = Traced::spawn(&command(program, data, settings), watched, records);
        Self::taken_up(traced, data).expect("expected the service to say its address")
    }

    /// Starts it with a fault on the way, at the call of this number of those that the scope counts; it comes up all the same.
    ///
    /// # Panics
    /// It does not start, or it makes no such call.
    pub fn start_with_fault(
        program: &Path,
        data: &Path,
        settings: &[(&str, &str)],
        (watched, records): (&Path, bool),
        fault: (Scope, usize, Fault),
    ) -> Self {
        let traced = Traced::spawn_armed(&command(program, data, settings), watched, records, Some(fault));
        let service = Self::taken_up(traced, data).expect("expected the service to come up all the same");
        assert!(!service.traced().disarm().is_empty(), "expected the fault on the way");
        service
    }

    /// Starts it and ends it at a call on the way, the one of this number of those that the scope counts. Gives the calls
    /// that were recorded, or none when it came up before.
    pub fn end_start(
        program: &Path,
        data: &Path,
        settings: &[(&str, &str)],
        (watched, records): (&Path, bool),
        (scope, number, fault): (Scope, usize, Fault),
    ) -> Option<Vec<Call>> {
        let mut traced = Traced::spawn_armed(
            &command(program, data, settings),
            watched,
            records,
            Some((scope, number, fault)),
        );
        let came_up = traced.stdout().and_then(address_in).is_some();
        traced.kill();
        (!came_up).then(|| traced.calls())
    }

    fn taken_up(mut traced: Traced, data: &Path) -> Option<Self> {
        let address = traced.stdout().and_then(address_in)?;
        Some(Self { address, objects: data.join(OBJECTS), life: Life::Traced(traced) })
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Where its objects are, when they are on a local disk.
    pub fn objects(&self) -> &Path {
        &self.objects
    }

    /// Its tracer.
    ///
    /// # Panics
    /// It was started without one.
    pub fn traced(&self) -> &Traced {
        match &self.life {
            Life::Traced(traced) => traced,
            Life::Plain(_) => panic!("expected a service that was started under the tracer"),
        }
    }

    /// Waits until it has made no call for a moment: what goes on behind its answers is done.
    pub fn wait_until_quiet(&self) {
        let (mut calls, mut since) = (self.traced().calls_so_far(), Instant::now());
        wait_until(LONGEST_WORK, || {
            let now = self.traced().calls_so_far();
            if now != calls {
                (calls, since) = (now, Instant::now());
            }
            since.elapsed() > QUIET
        });
    }

    /// Ends it as `kill -9` does, and waits until it has ended.
    pub fn kill(&mut self) {
        match &mut self.life {
            Life::Plain(child) => {
                // It may have ended already.
                let _ = child.kill();
                let _ = child.wait();
            }
            Life::Traced(traced) => traced.kill(),
        }
    }

    /// Waits until it has ended by itself or by a fault.
    pub fn wait(&mut self) {
        match &mut self.life {
            Life::Plain(child) => drop(child.wait()),
            Life::Traced(traced) => traced.wait(),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}

fn command(program: &Path, data: &Path, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    command.args(["serve", "--port", "0", "--operations", "off", "--data"]).arg(data);
    command.env("LOG_LEVEL", "error").envs(settings.iter().copied());
    command
}

fn address_in(output: impl Read + Send + 'static) -> Option<String> {
    let mut lines = BufReader::new(output).lines();
    let address = loop {
        let line = lines.next()?.ok()?;
        if let Some((_, address)) = line.split_once("http://") {
            break address.to_owned();
        }
    };
    // The rest of the banner must not fill the pipe.
    std::thread::spawn(move || lines.for_each(drop));
    Some(address)
}
