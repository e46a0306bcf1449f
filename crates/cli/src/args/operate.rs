//! What can be typed to operate a store.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use csvp_server::config::Seconds;
use csvp_server::operate::{BackupId, Uuid};

/// The id of an upload. The parser would say which character is wrong, and not what was expected.
fn upload_id(text: &str) -> Result<Uuid, String> {
    text.parse().map_err(|_| "expected an id like `01a22a6b-e398-737c-8dad-53832659c1c9`".to_owned())
}

/// Which store is meant: the same for every operating command.
#[derive(Debug, ClapArgs)]
pub(crate) struct StoreArgs {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Directory for the database and the files
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct MigrateArgs {
    /// Only say what there is to do; change nothing
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct WorkerArgs {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Address of the operations port (metrics, probes), or `off`
    #[arg(long, value_name = "IP:PORT|off")]
    pub(crate) operations: Option<String>,
    /// Jobs that run at the same time
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// Show jobs, the newest first
    List(JobsListArgs),
    /// Queue jobs again that were given up, with all their attempts
    ///
    /// Exit code 0: all are queued; 2: some are not.
    Retry(JobsRetryArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct JobsListArgs {
    /// Only jobs of this state: `queued`, `running`, `done`, `dead` or `cancelled`
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<String>,
    /// Print JSON, one object per job and line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct JobsRetryArgs {
    /// Jobs, by their ids
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub(crate) ids: Vec<String>,
    /// All that were given up
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct BackupArgs {
    #[command(subcommand)]
    pub(crate) command: Option<BackupCommand>,
    #[command(flatten)]
    pub(crate) make: MakeBackupArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// List the backups in a place, the oldest first
    ///
    /// Exit code 0: all that are complete can be used; 1: the manifest of one is damaged, or of a newer version; 2: could not run.
    List(ListBackupsArgs),
    /// Read a backup back and compare every byte with its SHA-256
    ///
    /// Exit code 0: it is whole; 1: it is damaged; 2: could not run.
    Verify(VerifyBackupArgs),
    /// Remove old backups, and the bytes that no other one names
    ///
    /// Exit code 0: done; 2: could not run, or one of those that would stay is damaged, and nothing was removed.
    Prune(PruneBackupsArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct MakeBackupArgs {
    /// Directory of the backups, or `s3://bucket/prefix`; `backup.target` of the configuration when not given
    pub(crate) target: Option<String>,
    /// Read the backup back when it is written
    #[arg(long)]
    pub(crate) verify: bool,
    /// Write gauges to this file, for the textfile collector of a node exporter
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ListBackupsArgs {
    /// Directory of the backups, or `s3://bucket/prefix`; `backup.target` of the configuration when not given
    pub(crate) target: Option<String>,
    /// Print JSON, one object per backup and line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct VerifyBackupArgs {
    /// Directory of the backups, or `s3://bucket/prefix`; `backup.target` of the configuration when not given
    pub(crate) target: Option<String>,
    /// The backup; the newest one when not given
    #[arg(long, value_name = "ID")]
    pub(crate) backup: Option<BackupId>,
    /// Remove contents of objects that are wrong; the next backup copies them again
    #[arg(long)]
    pub(crate) repair: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct PruneBackupsArgs {
    /// Directory of the backups, or `s3://bucket/prefix`; `backup.target` of the configuration when not given
    pub(crate) target: Option<String>,
    /// How many of the newest backups stay, at least 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) keep: u32,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RestoreArgs {
    /// Directory of the backups, or `s3://bucket/prefix`; `backup.target` of the configuration when not given
    pub(crate) source: Option<String>,
    /// The backup; the newest one when not given
    #[arg(long, value_name = "ID")]
    pub(crate) backup: Option<BackupId>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DrCommand {
    /// Restore the newest backup somewhere else and look whether all of it is there
    ///
    /// Exit code 0: passed; 1: failed; 2: could not run.
    Drill(DrillArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct DrillArgs {
    /// Directory of the backups, or `s3://bucket/prefix`; `backup.target` of the configuration when not given
    pub(crate) source: Option<String>,
    /// The backup; the newest one when not given
    #[arg(long, value_name = "ID")]
    pub(crate) backup: Option<BackupId>,
    /// Directory in which the scratch store is made and removed; that of temporary files when not given
    #[arg(long, value_name = "DIR")]
    pub(crate) scratch: Option<PathBuf>,
    /// Most time of work that may be lost, for example `24h`; `backup.max_rpo` of the configuration when not given
    #[arg(long, value_name = "TIME")]
    pub(crate) max_rpo: Option<Seconds>,
    /// Longest time that the restore may take; `backup.max_rto` of the configuration when not given
    #[arg(long, value_name = "TIME")]
    pub(crate) max_rto: Option<Seconds>,
    /// Write gauges to this file, for the textfile collector of a node exporter
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct FsckArgs {
    /// Read each byte, and compare the SHA-256 of the originals
    #[arg(long)]
    pub(crate) deep: bool,
    /// Put right what is sure; needs a store that no service holds
    #[arg(long)]
    pub(crate) repair: bool,
    /// Mark up to so many uploads as lost; without it a repair that would mark more than 10, and more than 1 % of all, is
    /// refused: a disk that is not mounted looks like that
    #[arg(long, value_name = "N", requires = "repair", default_value_t = 0, hide_default_value = true)]
    pub(crate) accept_loss: u64,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RetentionCommand {
    /// Show the policy, the known time, and the clock
    Show(ShowArgs),
    /// Set the policy; removes nothing by itself
    ///
    /// Days are counted from the upload. Sets both: a kind that is not given is kept for ever. The first policy begins with the time of the clock; a later one keeps the time that is known.
    Set(RetentionSetArgs),
    /// Take the policy away: everything is kept
    Clear(ShowArgs),
    /// Show what is due, upload by upload; changes nothing
    ///
    /// With `--trust-clock` it shows what would be due if the clock were trusted.
    Plan(RetentionPlanArgs),
    /// End what is due
    ///
    /// Shows the plan and asks, unless `--yes` or the token of a plan is given. With `--trust-clock` the clock is known to be right from then on, also when nothing is due.
    Run(RetentionRunArgs),
    /// Print rules for the life cycle of an S3 bucket, as `put-bucket-lifecycle-configuration` takes them
    BucketRules(BucketRulesArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ShowArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RetentionSetArgs {
    /// Days for the bytes as they were sent
    #[arg(long, value_name = "N")]
    pub(crate) keep_original_days: Option<u32>,
    /// Days for everything that was made of them
    #[arg(long, value_name = "N")]
    pub(crate) keep_results_days: Option<u32>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RetentionPlanArgs {
    /// Take the clock for right, and judge by it; on PostgreSQL that of the server
    #[arg(long)]
    pub(crate) trust_clock: bool,
    #[command(flatten)]
    pub(crate) show: ShowArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RetentionRunArgs {
    /// Do not ask
    #[arg(long, conflicts_with = "plan")]
    pub(crate) yes: bool,
    /// Do the plan with this token, if it is still the same
    #[arg(long, value_name = "TOKEN")]
    pub(crate) plan: Option<String>,
    #[command(flatten)]
    pub(crate) planning: RetentionPlanArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct BucketRulesArgs {
    /// Days until objects move to Standard-IA; 0 leaves that out
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub(crate) standard_ia_days: u32,
    /// Days until objects move to Glacier; 0 leaves that out
    #[arg(long, value_name = "N", default_value_t = 90)]
    pub(crate) glacier_days: u32,
    /// Days until objects move to Deep Archive; 0 leaves that out
    #[arg(long, value_name = "N", default_value_t = 365)]
    pub(crate) deep_archive_days: u32,
    /// Days until objects expire; 0 leaves that out
    #[arg(long, value_name = "N", default_value_t = 2557)]
    pub(crate) expire_days: u32,
    /// Prefix of the objects in the bucket
    #[arg(long, value_name = "PREFIX", default_value = "")]
    pub(crate) prefix: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HoldCommand {
    /// Hold uploads for a matter
    ///
    /// The same again changes nothing; another reason or person for a matter that holds the upload already is refused.
    Set(HoldSetArgs),
    /// End the hold of a matter
    Release(HoldReleaseArgs),
    /// Show all holds
    List(ShowArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct HoldSetArgs {
    /// Uploads, by their ids
    #[arg(required = true, value_name = "UPLOAD", value_parser = upload_id)]
    pub(crate) uploads: Vec<Uuid>,
    /// The matter, for example `case-17`
    #[arg(long)]
    pub(crate) name: String,
    /// Why, in words
    #[arg(long)]
    pub(crate) reason: String,
    /// Who wants it
    #[arg(long, value_name = "WHO")]
    pub(crate) by: String,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct HoldReleaseArgs {
    /// Uploads, by their ids
    #[arg(required = true, value_name = "UPLOAD", value_parser = upload_id)]
    pub(crate) uploads: Vec<Uuid>,
    /// The matter
    #[arg(long)]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct EraseArgs {
    /// Uploads, by their ids
    #[arg(required = true, value_name = "UPLOAD", value_parser = upload_id)]
    pub(crate) uploads: Vec<Uuid>,
    /// Only show what would go
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) show: ShowArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PersonCommand {
    /// Write every stored record that names the person into a folder, with its place
    Export(PersonExportArgs),
    /// List the uploads that name the person; changes nothing
    ///
    /// Exit code 1: some uploads could not be searched, and must be looked at by hand.
    ErasePlan(PersonErasePlanArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct PersonArgs {
    /// Text that names the person, for example an e-mail address or a customer number; found anywhere in a cell
    #[arg(long, value_name = "TEXT")]
    pub(crate) contains: String,
    #[command(flatten)]
    pub(crate) show: ShowArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct PersonErasePlanArgs {
    #[command(flatten)]
    pub(crate) person: PersonArgs,
    /// Print ids only, one a line, as arguments for `csvp erase`; what was not searched goes to standard error
    #[arg(long, conflicts_with = "json")]
    pub(crate) ids: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct PersonExportArgs {
    #[command(flatten)]
    pub(crate) person: PersonArgs,
    /// Folder to write; it must not be there yet
    #[arg(long, short = 'o', value_name = "DIR")]
    pub(crate) output: PathBuf,
}
