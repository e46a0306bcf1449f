//! Running the `csvp` binary.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The built program.
#[derive(Debug, Clone)]
pub struct Csvp {
    program: PathBuf,
    folder: Option<PathBuf>,
}

/// How a run ended and what it wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// Exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Csvp {
    /// The program at this place: `env!("CARGO_BIN_EXE_csvp")` in the tests of its own crate.
    pub fn at(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), folder: None }
    }

    /// The program beside the running test, for tests of other crates; none when it was not built.
    pub fn beside_test() -> Option<Self> {
        let test = std::env::current_exe().ok()?;
        // target/debug/deps/it-1234 → target/debug/csvp
        let program = test.parent()?.parent()?.join("csvp").with_extension(std::env::consts::EXE_EXTENSION);
        program.is_file().then(|| Self::at(program))
    }

    /// Runs in this folder, so that messages name files without their path.
    pub fn in_folder(&self, folder: impl AsRef<Path>) -> Self {
        Self { folder: Some(folder.as_ref().to_owned()), ..self.clone() }
    }

    /// The command with these arguments, in an environment that says nothing about terminals or settings.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(&self.program);
        command.args(args).env_clear().stdin(Stdio::null());
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }

    /// Runs it to its end without input.
    ///
    /// # Panics
    /// The program cannot be started.
    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        let output = self.command(args).output().expect("the csvp binary can be started");
        Ran { code: output.status.code(), stdout: output.stdout, stderr: output.stderr }
    }

    /// Runs it to its end with `input` on standard input.
    ///
    /// # Panics
    /// The program cannot be started.
    pub fn run_with<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>, input: &[u8]) -> Ran {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the csvp binary can be started");
        let mut pipe = child.stdin.take().expect("standard input is a pipe");
        let input = input.to_vec();
        // The program may end without reading all of it.
        let writer = std::thread::spawn(move || drop(pipe.write_all(&input)));
        let output = child.wait_with_output().expect("the csvp binary can be waited for");
        drop(writer.join());
        Ran { code: output.status.code(), stdout: output.stdout, stderr: output.stderr }
    }
}

impl Ran {
    /// Standard output as text.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Exit code and both texts, for a snapshot.
    pub fn snapshot(&self) -> String {
        let code = self.code.map_or("ended by a signal".to_owned(), |code| code.to_string());
        let mut text = format!("exit code: {code}\n");
        for (name, part) in [("stdout", self.stdout()), ("stderr", self.stderr())] {
            if !part.is_empty() {
                let end = if part.ends_with('\n') { "" } else { "\n(no line end)\n" };
                let _ = write!(text, "----- {name} -----\n{part}{end}");
            }
        }
        text
    }
}
