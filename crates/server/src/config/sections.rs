//! All settings with their default, their variables and their meaning, in one table.

use serde::Deserialize;

use super::quantity::{Bytes, Seconds};
use super::secret::Secret;

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
        /// Time between the wish to stop and the end of taking requests. `/ready` says no at once, so that a load balancer
        /// can look elsewhere before connections are refused; jobs are handed back at once too. Behind a load balancer a
        /// little more than the time it takes to notice, for example `5s`.
        drain_wait: Seconds = "0s";
        /// Time that running requests and jobs get at shutdown before they are cut off; it begins after `drain_wait`.
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
    /// The database: what is known of uploads, runs and jobs.
    database: DatabaseSection {
        /// Address of a PostgreSQL server, as `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; without it the database is a
        /// SQLite file in `store.data_dir`. Beside `s3.bucket` or a setting of connections it must be named; `sqlite` stands
        /// for the file then. For TLS with a private authority, append
        /// `?sslmode=verify-full&sslrootcert=/path/to/ca.pem`. Never shown or logged.
        url: Secret = "";
        /// File that holds the address, for example a mounted secret. Not together with `database.url`.
        url_file: String = "";
        /// Most connections of this process to the server; half of them write. All processes together must stay below the
        /// server's `max_connections`.
        max_connections: u32 = "16";
        /// How long a request or a job waits for a connection before the database counts as away.
        acquire_timeout: Seconds = "5s";
        /// `auto`: a process that starts brings the schema up to date. `check`: it does not, and does not start while
        /// `csvp migrate` has something to do.
        migrate: Migrate = "auto";
        /// Longest statement. A call that has got no answer for this long counts as failed.
        statement_timeout: Seconds = "15s";
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
        /// Jobs that run at the same time in this process. `0` leaves them all to `csvp worker` processes, which needs a
        /// database and a bucket that are shared.
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
        /// Directory of the backups, or `s3://bucket/prefix` at the server and with the keys of `s3`, for commands that name
        /// none.
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
    /// A bucket of S3 or of a server that speaks its protocol, for all files. Without a bucket they are in
    /// `store.data_dir`. Of the credentials the first that are set count: keys, file, web identity.
    s3: S3Section {
        /// Name of the bucket; empty means that files are kept in `store.data_dir`.
        bucket: String = "", "AWS_S3_BUCKET", "S3_BUCKET_NAME";
        /// Everything is kept below this name in the bucket, for example `csvp/production`.
        prefix: String = "";
        /// Region of the bucket; empty means `us-east-1`.
        region: String = "", "AWS_REGION", "AWS_DEFAULT_REGION";
        /// URL of the server, without the bucket; empty means Amazon's of the region.
        endpoint: String = "", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL";
        /// `true` addresses the bucket in the path (`https://host/bucket`), as most servers of one's own need it; `false`
        /// in the host name (`https://bucket.host`).
        path_style: bool = "false";
        /// Allows `http` to other machines. To this one it is always allowed.
        allow_http: bool = "false";
        /// File with certificates to trust beside those of the system, as PEM.
        ca_file: String = "", "AWS_CA_BUNDLE";
        /// Access key.
        access_key_id: String = "", "AWS_ACCESS_KEY_ID";
        /// Its secret. Better kept in a variable or a file of credentials than in the configuration.
        secret_access_key: Secret = "", "AWS_SECRET_ACCESS_KEY";
        /// Token that belongs to keys that end.
        session_token: Secret = "", "AWS_SESSION_TOKEN";
        /// File with the keys: shared credentials of AWS, or JSON with `AccessKeyId`, `SecretAccessKey`, `SessionToken`. It is
        /// read again when it changes.
        credentials_file: String = "", "AWS_SHARED_CREDENTIALS_FILE";
        /// Section of a file of shared credentials.
        profile: String = "default", "AWS_PROFILE";
        /// File with a token of the platform that is exchanged for keys (`AssumeRoleWithWebIdentity`).
        web_identity_token_file: String = "", "AWS_WEB_IDENTITY_TOKEN_FILE";
        /// Role that the token is for.
        role_arn: String = "", "AWS_ROLE_ARN";
        /// Name of the session with that role.
        role_session_name: String = "csvp", "AWS_ROLE_SESSION_NAME";
        /// URL of the security token service; empty means Amazon's of the region.
        sts_endpoint: String = "", "AWS_ENDPOINT_URL_STS";
        /// Encryption of what is stored: `bucket` (as the bucket says), `s3` (SSE-S3) or `kms` (SSE-KMS).
        sse: Sse = "bucket";
        /// Key of `kms`, as id or ARN.
        kms_key_id: String = "";
        /// Longest wait for a connection.
        connect_timeout: Seconds = "5s";
        /// Longest try of one request, with a part of up to 16 MiB.
        request_timeout: Seconds = "30s";
        /// Longest wait for one request with all its tries; after that requests are answered with 503.
        retry_deadline: Seconds = "60s";
    }
}

/// How a bucket encrypts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sse {
    /// As the bucket says.
    Bucket,
    /// With keys of the server.
    S3,
    /// With a key of the key service.
    Kms,
}

impl std::str::FromStr for Sse {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "bucket" => Ok(Self::Bucket),
            "s3" => Ok(Self::S3),
            "kms" => Ok(Self::Kms),
            other => Err(format!("expected `bucket`, `s3` or `kms`, found `{other}`")),
        }
    }
}

/// Who brings the schema of the database up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Migrate {
    /// Every process that starts.
    Auto,
    /// `csvp migrate`; a process that starts only looks.
    Check,
}

impl std::str::FromStr for Migrate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "check" => Ok(Self::Check),
            other => Err(format!("expected `auto` or `check`, found `{other}`")),
        }
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
