//! All settings with their default, their variables and their meaning, in one table.

use serde::Deserialize;

use super::quantity::{Bytes, Seconds};

/// One line of the table of settings.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Section in the file.
    pub section: &'static str,
    /// Key in the section.
    pub key: &'static str,
    /// Type as Rust writes it; decides how a variable's text is read.
    pub kind: &'static str,
    /// The default as a person would write it.
    pub default: &'static str,
    /// Short environment variables that set the same, weaker than the long one.
    pub short: &'static [&'static str],
    /// What it means.
    pub doc: &'static [&'static str],
}

impl Setting {
    /// The environment variable that sets it: `CSVP_SECTION__KEY`.
    pub fn variable(&self) -> String {
        format!("CSVP_{}__{}", self.section.to_uppercase(), self.key.to_uppercase())
    }
}

macro_rules! sections {
    ($($(#[doc = $section_doc:literal])* $section:ident: $name:ident {
        $($(#[doc = $doc:literal])* $key:ident: $kind:ty = $default:literal $(, $short:literal)*;)*
    })*) => {
        /// The whole configuration.
        #[derive(Debug, Clone, PartialEq, Deserialize, Default)]
        #[serde(deny_unknown_fields, default)]
        pub struct Config { $($(#[doc = $section_doc])* pub $section: $name,)* }

        $(
            $(#[doc = $section_doc])*
            #[derive(Debug, Clone, PartialEq, Deserialize)]
            #[serde(deny_unknown_fields, default)]
            pub struct $name { $($(#[doc = $doc])* pub $key: $kind,)* }

            impl Default for $name {
                fn default() -> Self {
                    Self { $($key: $default.parse().expect("each default is written in its own type; a test reads all"),)* }
                }
            }
        )*

        impl Config {
            /// Every setting, in the order of the reference page.
            pub const SETTINGS: &'static [Setting] = &[$($(Setting {
                section: stringify!($section),
                key: stringify!($key),
                kind: stringify!($kind),
                default: $default,
                short: &[$($short),*],
                doc: &[$($doc),*],
            },)*)*];
        }
    };
}

sections! {
    /// Where the server listens and how it behaves as a process.
    server: ServerSection {
        /// Address to listen on. Only loopback addresses are accepted, as there is no sign-in yet.
        host: String = "127.0.0.1";
        /// Port of the page and the API; `0` takes any free port.
        port: u16 = "3000", "PORT";
        /// Address of the operations port with `/metrics`, `/live`, `/ready` and `/health`; `off` switches it off.
        operations: String = "127.0.0.1:9464";
        /// Host names beside `localhost` and loopback addresses under which requests are answered, separated by commas.
        allowed_hosts: String = "";
        /// Free name of the environment, shown by `/api/health`.
        environment: String = "production", "NODE_ENV";
        /// Time in which the headers of a request must arrive.
        header_timeout: Seconds = "30s";
        /// Time that running requests and jobs get at shutdown before they are cut off.
        shutdown_timeout: Seconds = "30s";
    }
    /// Where data is kept.
    store: StoreSection {
        /// Directory of the database and of all files; it is created when it is missing.
        data_dir: String = "./data";
        /// Most bytes that uploads and their results may take in all. At the ceiling, new uploads are answered with 507.
        max_disk: Bytes = "100 GiB";
        /// Free space that must stay on the disk for an upload to be taken.
        min_free_disk: Bytes = "64 MiB";
        /// How long the files of a run stay that a newer one has replaced, for downloads that are about to begin.
        keep_replaced: Seconds = "60s";
    }
    /// How uploads are received.
    upload: UploadSection {
        /// Largest upload.
        max_size: Bytes = "5 GiB", "MAX_FILE_SIZE";
        /// Up to this size an upload is processed before it is answered; larger ones become a job.
        inline_size: Bytes = "4 MiB";
        /// Time in which the whole body must arrive. A bare number in `UPLOAD_TIMEOUT` means milliseconds.
        timeout: Seconds = "1h", "UPLOAD_TIMEOUT";
        /// Least bytes per second, measured over the whole body after the first 10 seconds; `0` switches the check off.
        min_rate: Bytes = "1 KiB";
        /// Uploads that are received at the same time; further ones wait.
        parallel: usize = "128";
        /// Uploads that may wait for their turn; further ones are answered with 503.
        waiting: usize = "8192";
        /// How long an upload may wait for its turn.
        wait_timeout: Seconds = "2m";
    }
    /// How files are processed.
    processing: ProcessingSection {
        /// Threads for reading and checking; `0` takes one per processor.
        threads: usize = "0";
        /// Memory for the work on files, all together. What would pass it waits, and is answered with 503 after
        /// `upload.wait_timeout`. The program itself, and pages that are looked at, come on top.
        memory: Bytes = "512 MiB";
        /// Times the size of a file, unpacked, that its results may take on the disk in all, and 64 MiB. A run that would
        /// pass it ends, and leaves nothing.
        max_growth: u32 = "32";
        /// Jobs that run at the same time.
        jobs: usize = "2";
        /// Longest run of one job.
        job_timeout: Seconds = "2h";
        /// How often a job is tried when the server fails or stops in the middle.
        attempts: u32 = "3";
        /// How long a job belongs to its worker without a sign of life.
        lease: Seconds = "15s";
    }
    /// What a file may hold. Every limit that is met is reported, none cuts data in silence.
    limits: LimitsSection {
        /// Largest record; larger ones are skipped and reported.
        max_record: Bytes = "8 MiB";
        /// Largest cell.
        max_cell: Bytes = "8 MiB";
        /// Most columns.
        max_columns: u32 = "16384";
        /// Most bytes after decompression.
        max_decoded: Bytes = "1 TiB";
        /// Most bytes that one compressed byte may become.
        max_ratio: u32 = "250";
        /// Problems shown in the report; the complete list is a file.
        problems_shown: u32 = "1000";
    }
    /// Where backups go, and how good they have to be.
    backup: BackupSection {
        /// Directory of the backups, for commands that name none.
        target: String = "";
        /// Most time of work that may be lost: `csvp dr drill` fails when the newest backup is older than the last change by
        /// more than this.
        max_rpo: Seconds = "24h";
        /// Longest time that a restore may take: `csvp dr drill` fails when it takes longer.
        max_rto: Seconds = "1h";
    }
    /// What the program says while it runs.
    log: LogSection {
        /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,csvp_server=debug`.
        level: String = "info", "LOG_LEVEL";
        /// `human` or `json`.
        format: LogFormat = "human";
    }
    /// An S3 bucket as store. This build keeps its data in `store.data_dir` only and does not start when a bucket is set.
    s3: S3Section {
        /// Region of the bucket; without a bucket it has no meaning.
        region: String = "", "AWS_REGION";
        /// Name of the bucket.
        bucket: String = "", "AWS_S3_BUCKET", "S3_BUCKET_NAME";
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

impl std::str::FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "human" => Ok(Self::Human),
            "json" => Ok(Self::Json),
            other => Err(format!("expected `human` or `json`, found `{other}`")),
        }
    }
}

impl StoreSection {
    /// The data directory as a path.
    pub fn data_dir(&self) -> std::path::PathBuf {
        std::path::PathBuf::from(&self.data_dir)
    }
}
