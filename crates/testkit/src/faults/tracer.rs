//! The tracer: runs a program, sees its calls, and lets faults happen at them.

use std::collections::HashMap;
use std::fmt;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;

use libc::pid_t;

use super::calls::{self, Call, Entry, Op};
use super::memory::Process;
use super::ptrace::{self, Status};

/// What happens at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The program is ended by SIGKILL instead of making the call.
    Kill,
    /// The call is not made and gives this error.
    Error(i32),
    /// A write takes half of its bytes only.
    Short,
    /// The call is not made before [`Traced::disarm`].
    Hold,
}

/// Which calls are counted.
pub type Scope = fn(&Op) -> bool;

/// A fault that has happened.
#[derive(Debug, Clone)]
pub struct Hit {
    /// Its place among the calls that were counted, from 1.
    pub number: usize,
    /// The call.
    pub op: Op,
}

/// A program under the tracer. It is ended when this is dropped, and when the test dies.
pub struct Traced {
    process: pid_t,
    shared: Arc<Shared>,
    stdout: Option<ChildStdout>,
    tracer: Option<JoinHandle<()>>,
}

impl fmt::Debug for Traced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traced").field("process", &self.process).finish_non_exhaustive()
    }
}

struct Shared {
    root: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    clock: u64,
    /// Calls in the order of their returns, while they are recorded.
    calls: Option<Vec<Call>>,
    armed: Option<Armed>,
    hits: Vec<Hit>,
    seen: usize,
}

struct Armed {
    scope: Scope,
    first: usize,
    last: usize,
    fault: Fault,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Traced {
    /// Runs a command whose standard output is read by [`Traced::stdout`]. Calls under `root` and on sockets are seen.
    ///
    /// # Panics
    /// It cannot be started or traced.
    pub fn spawn(command: &Command, root: &Path, records: bool) -> Self {
        Self::spawn_armed(command, root, records, None)
    }

    /// The same with a fault that may happen before it is up: at the call of this number of those that the scope counts.
    ///
    /// # Panics
    /// It cannot be started or traced.
    pub fn spawn_armed(
        command: &Command,
        root: &Path,
        records: bool,
        fault: Option<(Scope, usize, Fault)>,
    ) -> Self {
        let armed = fault.map(|(scope, number, fault)| Armed { scope, first: number, last: number, fault });
        let state = State { calls: records.then(Vec::new), armed, ..State::default() };
        let shared = Arc::new(Shared { root: root.to_owned(), state: Mutex::new(state) });
        let (ready, started) = mpsc::channel();
        let mut stopped = stopped_at_start(command);
        let tracer = {
            let shared = Arc::clone(&shared);
            // All requests to a traced process must come from the thread that traces it.
            std::thread::spawn(move || {
                let mut child = stopped.spawn().expect("expected a shell to start the program");
                let process = pid_t::try_from(child.id()).expect("process ids are small");
                seize(process);
                ready.send((process, child.stdout.take())).expect("the test waits for it");
                Tracer { process, shared, calls: HashMap::new(), held: Vec::new() }.run(child);
            })
        };
        let (process, stdout) = started.recv().expect("expected the tracer to start the program");
        Self { process, shared, stdout, tracer: Some(tracer) }
    }

    /// Its standard output, once.
    pub fn stdout(&mut self) -> Option<ChildStdout> {
        self.stdout.take()
    }

    /// Lets a fault happen at the calls `first..=last` of those that `scope` counts, from now on and from 1.
    pub fn arm(&self, scope: Scope, first: usize, last: usize, fault: Fault) {
        let mut state = self.shared.state();
        (state.seen, state.hits) = (0, Vec::new());
        state.armed = Some(Armed { scope, first, last, fault });
    }

    /// Ends the faults and lets go of what is held; gives those that have happened.
    pub fn disarm(&self) -> Vec<Hit> {
        let mut state = self.shared.state();
        let was_holding = state.armed.take().is_some_and(|armed| armed.fault == Fault::Hold);
        if was_holding {
            // The tracer waits for the program. A signal that the program ignores is seen by it; it may have ended.
            let _ = ptrace::send(self.process, libc::SIGURG);
        }
        std::mem::take(&mut state.hits)
    }

    /// Calls that were counted since the last arming.
    pub fn seen(&self) -> usize {
        self.shared.state().seen
    }

    /// A number that grows with each call that touches storage or a socket.
    pub fn calls_so_far(&self) -> u64 {
        self.shared.state().clock
    }

    /// The calls that were recorded, in the order of their returns.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.state().calls.clone().unwrap_or_default()
    }

    /// Whether the program has ended.
    pub fn has_ended(&self) -> bool {
        self.tracer.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Ends the program as `kill -9` does and waits until it has ended.
    pub fn kill(&mut self) {
        // It may have ended by itself, or by a fault.
        let _ = ptrace::send(self.process, libc::SIGKILL);
        self.wait();
    }

    /// Waits until the program has ended.
    pub fn wait(&mut self) {
        if let Some(tracer) = self.tracer.take() {
            let ended = tracer.join();
            assert!(ended.is_ok(), "the tracer has failed");
        }
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        let _ = ptrace::send(self.process, libc::SIGKILL);
        if let Some(tracer) = self.tracer.take() {
            let _ = tracer.join();
        }
    }
}

/// The same command behind a shell that stops itself, so that the tracer comes before the first instruction.
fn stopped_at_start(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "kill -STOP $$; exec \"$0\" \"$@\""])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    // A group of its own: the tracer waits for this program and for nothing else.
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0);
    shell
}

fn seize(process: pid_t) {
    let stopped = ptrace::wait_for_stop(process);
    assert!(matches!(stopped, Ok(true)), "expected a stopped shell, found {stopped:?}");
    ptrace::seize(process).expect("expected the right to trace our own child");
    ptrace::send(process, libc::SIGCONT).expect("it is there");
}

/// A call between entry and return.
struct Under {
    op: Option<(Op, u64)>,
    /// What the program is told instead of the kernel's answer.
    error: Option<i32>,
    /// It is not to be made yet.
    is_held: bool,
}

struct Tracer {
    process: pid_t,
    shared: Arc<Shared>,
    calls: HashMap<pid_t, Under>,
    /// Threads that wait at a call.
    held: Vec<pid_t>,
}

impl Tracer {
    fn run(mut self, child: Child) {
        // Whatever goes wrong with one thread ends with the process, which is seen here.
        while let Ok((thread, status)) = ptrace::wait_for_group(self.process) {
            // A thread that was ended meanwhile cannot go on, and needs not.
            let _ = match status {
                Status::Ended => {
                    self.calls.remove(&thread);
                    if thread == self.process {
                        break;
                    }
                    Ok(())
                }
                Status::AtCall if self.at_call(thread) => {
                    self.held.push(thread);
                    Ok(())
                }
                Status::AtCall => ptrace::go_on(thread, 0),
                Status::Signal(signal) => ptrace::go_on(thread, signal),
                Status::Event => ptrace::go_on(thread, 0),
            };
            if !self.held.is_empty() && self.shared.state().armed.is_none() {
                self.held.drain(..).for_each(|thread| drop(ptrace::go_on(thread, 0)));
            }
        }
        drop(child);
    }

    /// Whether the thread is to wait here.
    fn at_call(&mut self, thread: pid_t) -> bool {
        match self.calls.remove(&thread) {
            None => {
                let under = self.enters(thread);
                let is_held = under.is_held;
                self.calls.insert(thread, under);
                is_held
            }
            Some(under) => {
                self.returns(thread, under);
                false
            }
        }
    }

    fn enters(&self, thread: pid_t) -> Under {
        let nothing = Under { op: None, error: None, is_held: false };
        let Ok(mut registers) = ptrace::registers(thread) else { return nothing };
        let entry = Entry {
            number: registers.orig_rax as i64,
            args: [registers.rdi, registers.rsi, registers.rdx, registers.r10, registers.r8, registers.r9],
        };
        let Some(process) = is_watched(entry.number).then(|| Process::of(thread)).flatten() else {
            return nothing;
        };
        let Some(op) = calls::decode(&process, &entry, &self.shared.root) else { return nothing };
        let mut state = self.shared.state();
        state.clock += 1;
        let began = state.clock;
        let fault = state.fault_at(&op);
        let error = match fault {
            Some(Fault::Kill) => {
                // Before it goes on: then this call is not made. The whole group, as a child of the program may make it.
                let _ = ptrace::send(-self.process, libc::SIGKILL);
                None
            }
            Some(Fault::Error(number)) => {
                // A call that does not exist does nothing.
                registers.orig_rax = u64::MAX;
                let _ = ptrace::set_registers(thread, &registers);
                Some(number)
            }
            Some(Fault::Short) => {
                registers.rdx = registers.rdx.div_ceil(2);
                let _ = ptrace::set_registers(thread, &registers);
                None
            }
            Some(Fault::Hold) | None => None,
        };
        Under { op: Some((op, began)), error, is_held: fault == Some(Fault::Hold) }
    }

    fn returns(&self, thread: pid_t, under: Under) {
        let Some((mut op, began)) = under.op else { return };
        let Ok(mut registers) = ptrace::registers(thread) else { return };
        if let Some(error) = under.error {
            registers.rax = (-i64::from(error)) as u64;
            let _ = ptrace::set_registers(thread, &registers);
        }
        let result = registers.rax as i64;
        calls::complete(&mut op, result);
        let mut state = self.shared.state();
        state.clock += 1;
        let ended = state.clock;
        if let Some(calls) = &mut state.calls {
            calls.push(Call { op, began, ended, result });
        }
    }
}

impl State {
    /// Counts a call and says what happens at it.
    fn fault_at(&mut self, op: &Op) -> Option<Fault> {
        let armed = self.armed.as_ref().filter(|armed| (armed.scope)(op))?;
        self.seen += 1;
        let fault = (armed.first..=armed.last).contains(&self.seen).then_some(armed.fault)?;
        self.hits.push(Hit { number: self.seen, op: op.clone() });
        Some(fault)
    }
}

/// The calls that are looked at more closely; most others have nothing to do with files.
fn is_watched(number: i64) -> bool {
    use libc as c;
    matches!(
        number,
        c::SYS_read
            | c::SYS_readv
            | c::SYS_write
            | c::SYS_open
            | c::SYS_creat
            | c::SYS_openat
            | c::SYS_pwrite64
            | c::SYS_writev
            | c::SYS_pwritev
            | c::SYS_pwritev2
            | c::SYS_sendto
            | c::SYS_sendmsg
            | c::SYS_recvfrom
            | c::SYS_recvmsg
            | c::SYS_fsync
            | c::SYS_fdatasync
            | c::SYS_syncfs
            | c::SYS_ftruncate
            | c::SYS_rename
            | c::SYS_renameat
            | c::SYS_renameat2
            | c::SYS_unlink
            | c::SYS_rmdir
            | c::SYS_unlinkat
            | c::SYS_mkdir
            | c::SYS_mkdirat
            | c::SYS_fallocate
            | c::SYS_link
            | c::SYS_linkat
            | c::SYS_sendfile
            | c::SYS_truncate
            | c::SYS_copy_file_range
            | c::SYS_sync_file_range
    )
}
