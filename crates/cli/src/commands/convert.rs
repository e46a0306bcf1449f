//! `csvp convert`: a clean, typed copy.

use std::fs::File;
use std::io::{BufWriter, Seek};
use std::path::Path;

use anyhow::{Context, bail};
use csvp_convert::{ConvertError, FileKind, Outputs, Sink};
use csvp_engine::Schema;
use csvp_report::{Report, Verdict};

use super::print_json;
use crate::args::{ConvertArgs, TableFormat};
use crate::input::{Input, threads};
use crate::{Outcome, render};

pub(crate) fn run(args: &ConvertArgs) -> anyhow::Result<Outcome> {
    let kind = match args.to {
        Some(format) => kind_of(format),
        None => kind_of_name(&args.output)?,
    };
    let mut input = Input::open(&args.file)?;
    let settings = crate::settings::settings(&args.reading)?;
    let target = Target::open(&args.output)?;
    let rejects = args.rejects.as_deref().map(Target::open).transpose()?;
    // What cannot be taken back is only written when all types are known, and so are the reasons of rejects.
    let (checked, done) = if target.is_stdout() || rejects.is_some() {
        (input.check(&settings)?, None)
    } else {
        let output = || {
            let writer = target.writer()?;
            Ok(move |schema: &Schema| outputs(kind, schema, writer).map_err(std::io::Error::other))
        };
        let passed = input.one_pass(&settings, output, false)?;
        (passed.checked, passed.done)
    };
    refuse_what_is_no_table(&checked.report, &input.name())?;
    let (report, outputs) = match done {
        Some(done) => done,
        None => {
            let schema = checked.plan.schema();
            let mut outputs = outputs(kind, schema, target.writer()?)?;
            if let Some(rejects) = &rejects {
                outputs.add(FileKind::Rejects, schema, rejects.writer()?)?;
            }
            input.second(&checked.plan, outputs, false)?
        }
    };
    outputs.finish()?;
    if report.verdict == Verdict::Refused {
        let rejected = render::text::count(report.counts.rejected, "record");
        bail!("{}: file is refused: {rejected} rejected", input.name());
    }
    target.publish()?;
    if let Some(rejects) = rejects {
        rejects.publish()?;
    }
    if args.json {
        print_json(&super::check::with_name(&report, &input.name()))?;
    }
    render::report::summary_of_problems(&report, &input.name())?;
    Ok(Outcome::Done)
}

fn outputs(kind: FileKind, schema: &Schema, writer: Sink) -> Result<Outputs, ConvertError> {
    let mut outputs = Outputs::new().with_threads(threads());
    outputs.add(kind, schema, writer)?;
    Ok(outputs)
}

/// A file that cannot be read as a table gives no output.
pub(crate) fn refuse_what_is_no_table(report: &Report, name: &str) -> anyhow::Result<()> {
    let why = report.problems.first.iter().find(|problem| {
        matches!(problem.code, csvp_report::ProblemCode::NotCsv | csvp_report::ProblemCode::LimitColumns)
    });
    match why {
        Some(problem) => bail!("{name}: {}", problem.message()),
        None => Ok(()),
    }
}

fn kind_of(format: TableFormat) -> FileKind {
    match format {
        TableFormat::Parquet => FileKind::Parquet,
        TableFormat::Csv => FileKind::Csv,
        TableFormat::Ndjson => FileKind::Ndjson,
    }
}

fn kind_of_name(path: &Path) -> anyhow::Result<FileKind> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("parquet") => Ok(FileKind::Parquet),
        Some("csv") => Ok(FileKind::Csv),
        Some("ndjson" | "jsonl") => Ok(FileKind::Ndjson),
        _ => bail!(
            "cannot tell the format from the name `{}`; use `.parquet`, `.csv` or `.ndjson`, or name it with `--to`",
            path.display()
        ),
    }
}

/// A file that appears under its name only when it is whole and durable.
enum Target {
    Stdout,
    File { path: std::path::PathBuf, temporary: tempfile::NamedTempFile },
}

impl Target {
    fn open(path: &Path) -> anyhow::Result<Self> {
        if path == Path::new("-") {
            return Ok(Target::Stdout);
        }
        let directory = directory_of(path);
        let temporary = temporary_in(directory)
            .with_context(|| format!("cannot write in the directory `{}`", directory.display()))?;
        Ok(Target::File { path: path.to_owned(), temporary })
    }

    fn is_stdout(&self) -> bool {
        matches!(self, Target::Stdout)
    }

    /// Writes from the start; what was written before is gone.
    fn writer(&self) -> anyhow::Result<Sink> {
        Ok(match self {
            Target::Stdout => Box::new(std::io::stdout()),
            Target::File { temporary, .. } => {
                let begin = || -> std::io::Result<File> {
                    let mut file = temporary.as_file().try_clone()?;
                    file.set_len(0)?;
                    file.rewind()?;
                    Ok(file)
                };
                let file = begin().context("cannot write the output")?;
                Box::new(BufWriter::with_capacity(256 << 10, file))
            }
        })
    }

    fn publish(self) -> anyhow::Result<()> {
        if let Target::File { path, temporary } = self {
            let cannot = || format!("cannot write `{}`", path.display());
            temporary.as_file().sync_all().with_context(cannot)?;
            temporary.persist(&path).with_context(cannot)?;
            sync_directory(directory_of(&path)).with_context(cannot)?;
        }
        Ok(())
    }
}

/// A temporary file with the mode of a file that a program makes: what the caller's umask leaves.
fn temporary_in(directory: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(directory)
}

/// Makes the names in a directory durable, where the system can.
fn sync_directory(directory: &Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
