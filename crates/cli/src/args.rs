//! What can be typed.

#[cfg(feature = "serve")]
mod operate;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

#[cfg(feature = "serve")]
pub(crate) use operate::{
    BackupArgs, BackupCommand, DrCommand, DrillArgs, EraseArgs, FsckArgs, HoldCommand, JobsCommand,
    JobsListArgs, JobsRetryArgs, ListBackupsArgs, MakeBackupArgs, MigrateArgs, PersonArgs, PersonCommand,
    PruneBackupsArgs, RestoreArgs, RetentionCommand, RetentionPlanArgs, RetentionRunArgs, StoreArgs,
    VerifyBackupArgs, WorkerArgs,
};

/// Reads any CSV, says what is wrong with it and where, and hands out clean, typed data.
#[derive(Debug, Parser)]
#[command(name = "csvp", version, about, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check files: what is wrong, and where
    ///
    /// Reads every record. Exit code 0: clean; 1: problems found; 2: could not run.
    Check(CheckArgs),
    /// Count the records of a file
    Count(CountArgs),
    /// Print the records of a file as they are understood
    ///
    /// Prints them all, sound or not; what is wrong with them is said on standard error. Exit code 0: printed; 2: could not
    /// run.
    Parse(ParseArgs),
    /// Say how a file is written: encoding, delimiter, quote, header, and why
    Detect(DetectArgs),
    /// Write a clean, typed copy: Parquet, CSV or NDJSON
    Convert(ConvertArgs),
    /// Statistics of every column, from all records
    Profile(ProfileArgs),
    /// Propose a schema, or check a file against one
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// Start the web page and the HTTP API
    #[cfg(feature = "serve")]
    Serve(ServeArgs),
    /// Run jobs only, beside `csvp serve` processes that share database and bucket
    #[cfg(feature = "serve")]
    Worker(WorkerArgs),
    /// Look at the jobs of the service, and try again what was given up
    #[cfg(feature = "serve")]
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// Bring the database of the service up to date
    ///
    /// With `--check`, exit code 0: it is up to date; 1: there is something to do; 2: cannot tell.
    #[cfg(feature = "serve")]
    Migrate(MigrateArgs),
    /// Compare the rows of the store with each other and with its objects
    ///
    /// Works beside a running service, but for `--repair`. Exit code 0: all fits; 1: something does not; 2: could not run.
    #[cfg(feature = "serve")]
    Fsck(FsckArgs),
    /// How long data is kept
    #[cfg(feature = "serve")]
    #[command(subcommand)]
    Retention(RetentionCommand),
    /// Legal holds: uploads that must stay, whatever a policy or a user says
    #[cfg(feature = "serve")]
    #[command(subcommand)]
    Hold(HoldCommand),
    /// Erase uploads with all that was made of them and all that is said of their content
    ///
    /// Without `--yes` it shows what would go, and asks.
    #[cfg(feature = "serve")]
    Erase(EraseArgs),
    /// What is stored about a person
    #[cfg(feature = "serve")]
    #[command(subcommand)]
    Person(PersonCommand),
    /// Back up the whole service beside it, or look after its backups
    ///
    /// A later backup in the same directory costs what is new. Exit code 0: all of it is in the backup; 1: the backup is made,
    /// and the store has lost objects, `--verify` has found damage, or the file of `--metrics` cannot be written; 2: there is no
    /// new backup.
    #[cfg(feature = "serve")]
    Backup(BackupArgs),
    /// Restore a backup into an empty store
    ///
    /// Exit code 0: all of it is restored; 1: restored without objects that the store had lost before the backup was made; 2:
    /// nothing is restored.
    #[cfg(feature = "serve")]
    Restore(RestoreArgs),
    /// Try whether a disaster could be recovered from
    #[cfg(feature = "serve")]
    #[command(subcommand)]
    Dr(DrCommand),
    /// Print shell completions
    Completions(CompletionsArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum SchemaCommand {
    /// Propose a Table Schema from a file
    Infer(Box<InferArgs>),
    /// Check a file against a Table Schema
    ///
    /// Exit code 0: it keeps the schema; 1: it does not; 2: could not run.
    Check(SchemaCheckArgs),
}

/// How the file is written, where the detection should not decide.
#[derive(Debug, Clone, Default, ClapArgs)]
#[command(next_help_heading = "Reading")]
pub(crate) struct ReadingArgs {
    /// Encoding, for example `utf-8`, `windows-1252`, `shift_jis`
    #[arg(long)]
    pub(crate) encoding: Option<String>,
    /// Delimiter, for example `;` or `tab`
    #[arg(long, short = 'd')]
    pub(crate) delimiter: Option<String>,
    /// Quote, for example `'`, or `none`
    #[arg(long)]
    pub(crate) quote: Option<String>,
    /// Escape character: `backslash`, or `doubled` when quotes are doubled
    #[arg(long)]
    pub(crate) escape: Option<String>,
    /// Prefix of comment lines, or `none`
    #[arg(long)]
    pub(crate) comment: Option<String>,
    /// Lines before the header that are no records
    #[arg(long, value_name = "N")]
    pub(crate) preamble_rows: Option<u64>,
    /// Header rows: 0, 1 or several
    #[arg(long, value_name = "N")]
    pub(crate) header_rows: Option<u32>,
    /// Type of a column: `NAME=TYPE` or `NAME=TYPE:FORMAT`, for example `day=date:%d/%m/%Y`; may be repeated
    #[arg(long = "column", value_name = "NAME=TYPE")]
    pub(crate) columns: Vec<String>,
    /// Table Schema (JSON) that the file must keep
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<PathBuf>,
    /// What happens to bad records: `reject`, `fail` or `null`
    #[arg(long, default_value = "reject", value_name = "POLICY")]
    pub(crate) on_bad: String,
    /// Most records that may be rejected, as a count or a share: `100`, `1%`
    #[arg(long, value_name = "N|N%")]
    pub(crate) max_rejects: Option<String>,
    /// Share of a column's values that must have one type, from 0.5 to 1
    #[arg(long, default_value_t = 0.99, value_name = "SHARE")]
    pub(crate) type_threshold: f64,
    /// Also name records with a cell that looks unlike the others of its column; none is rejected for it
    #[arg(long)]
    pub(crate) unusual: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) checking: CheckingArgs,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

/// Which files are checked, and what is told of them.
#[derive(Debug, ClapArgs)]
pub(crate) struct CheckingArgs {
    /// Files; `-` is standard input
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Print the reports as JSON, one object per file and line
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the complete list of problems to this CSV file
    #[arg(long, value_name = "FILE")]
    pub(crate) problems: Option<PathBuf>,
    /// Problems shown with their place
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub(crate) show: usize,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct CountArgs {
    /// File; `-` is standard input
    pub(crate) file: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecordFormat {
    /// One JSON array per record and line
    Ndjson,
    /// Normalised CSV
    Csv,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ParseArgs {
    /// File; `-` is standard input
    pub(crate) file: PathBuf,
    /// Print one JSON object with encoding, dialect, header and all rows
    #[arg(long)]
    pub(crate) json: bool,
    /// How records are printed
    #[arg(long, value_enum, default_value = "ndjson", conflicts_with = "json")]
    pub(crate) format: RecordFormat,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct DetectArgs {
    /// File; `-` is standard input
    pub(crate) file: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    /// Apache Parquet, zstd
    Parquet,
    /// Normalised CSV: UTF-8, comma, LF
    Csv,
    /// One JSON object per record and line
    Ndjson,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ConvertArgs {
    /// File to read; `-` is standard input
    pub(crate) file: PathBuf,
    /// File to write; `-` is standard output
    #[arg(long, short = 'o', value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Format; told by the output's name when not given
    #[arg(long, value_enum)]
    pub(crate) to: Option<TableFormat>,
    /// Write rejected records, with reasons, to this CSV file
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ProfileArgs {
    /// File; `-` is standard input
    pub(crate) file: PathBuf,
    /// Print the report with all statistics as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct InferArgs {
    /// File; `-` is standard input
    pub(crate) file: PathBuf,
    /// Accepted like everywhere; a schema is always JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct SchemaCheckArgs {
    /// Table Schema (JSON)
    pub(crate) schema: PathBuf,
    #[command(flatten)]
    pub(crate) checking: CheckingArgs,
}

#[cfg(feature = "serve")]
#[derive(Debug, ClapArgs)]
pub(crate) struct ServeArgs {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Address to listen on
    #[arg(long, value_name = "IP")]
    pub(crate) host: Option<String>,
    /// Port of the page and the API; 0 takes any free one
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
    /// Address of the operations port (metrics, probes), or `off`
    #[arg(long, value_name = "IP:PORT|off")]
    pub(crate) operations: Option<String>,
    /// Directory for the database and the files
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct CompletionsArgs {
    /// Shell
    pub(crate) shell: clap_complete::Shell,
}
