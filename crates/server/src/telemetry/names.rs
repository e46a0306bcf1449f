//! Every metric by name, with its labels and their possible values. Nothing else may be emitted.

use std::fmt::Write as _;

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by size, with these upper bounds.
    Histogram(&'static [&'static str]),
}

macro_rules! metrics_table {
    ($($variant:ident, $name:literal, $kind:expr, [$($label:literal: $values:literal),*], $doc:literal;)*) => {
        /// The metrics of the server.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Metric { $(#[doc = $doc] $variant,)* }

        impl Metric {
            /// All of them, in the order of the reference page.
            pub const ALL: &'static [Metric] = &[$(Metric::$variant),*];

            /// Its name.
            pub fn name(self) -> &'static str { match self { $(Metric::$variant => $name),* } }

            /// How it behaves.
            pub fn kind(self) -> MetricKind { match self { $(Metric::$variant => $kind),* } }

            /// Its labels, each with its possible values in words.
            pub fn labels(self) -> &'static [(&'static str, &'static str)] {
                match self { $(Metric::$variant => &[$(($label, $values)),*]),* }
            }

            /// What it says.
            pub fn doc(self) -> &'static str { match self { $(Metric::$variant => $doc),* } }
        }
    };
}

use MetricKind::{Counter, Gauge, Histogram};

/// Upper bounds of request times, in seconds.
const REQUEST_SECONDS: MetricKind = Histogram(&[
    "0.001", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "60",
]);
/// Upper bounds of processing times, in seconds.
const PROCESSING_SECONDS: MetricKind =
    Histogram(&["0.005", "0.01", "0.05", "0.1", "0.5", "1", "5", "10", "30", "60", "300", "1800"]);

metrics_table! {
    HttpRequests, "http_requests_total", Counter,
        ["method": "GET, HEAD, POST, DELETE, other", "route": "the route's pattern, or `none`", "status": "the HTTP status"],
        "requests answered";
    HttpRequestDuration, "http_request_duration_seconds", REQUEST_SECONDS,
        ["method": "GET, HEAD, POST, DELETE, other", "route": "the route's pattern, or `none`", "status": "the HTTP status"],
        "time from the request's head to the answer's head";
    HttpInFlight, "csvp_http_requests_in_flight", Gauge, [], "requests that are being answered";
    FileUploads, "file_uploads_total", Counter,
        ["outcome": "accepted, refused, failed", "face": "full, simple"],
        "uploads that ended: stored and answered with 2xx, refused for what they are, or failed";
    UploadBytes, "csvp_upload_bytes_total", Counter, [], "bytes received in bodies of uploads";
    UploadsReceiving, "csvp_uploads_receiving", Gauge, [], "uploads whose body is arriving";
    UploadsWaiting, "csvp_uploads_waiting", Gauge, [], "uploads that wait for their turn";
    ProcessingDuration, "csv_processing_duration_seconds", PROCESSING_SECONDS,
        ["way": "request, job"],
        "time to check and convert one file";
    Records, "csvp_records_total", Counter,
        ["outcome": "accepted, rejected, skipped"],
        "records read";
    Problems, "csvp_problems_total", Counter,
        ["code": "the problem codes"],
        "problems found";
    Jobs, "csvp_jobs_total", Counter,
        ["outcome": "finished, refused, failed, cancelled, lease_lost, retried"],
        "attempts at jobs that ended";
    JobsRunning, "csvp_jobs_running", Gauge, [], "jobs that this process is running";
    StoreBytes, "csvp_store_bytes", Gauge, [], "bytes that uploads and their results take";
    StoreLimitBytes, "csvp_store_limit_bytes", Gauge, [], "bytes that they may take";
    RetentionUploads, "csvp_retention_uploads_total", Counter, [],
        "uploads of which something went because its time was over";
    RetentionBytes, "csvp_retention_bytes_total", Counter, [], "bytes of these";
    RetentionHeld, "csvp_retention_held", Gauge, [], "uploads whose time is over and that stay because they are held";
    RetentionLastRun, "csvp_retention_last_run_timestamp_seconds", Gauge, [],
        "when the policy of retention was last carried out to its end; not there without a policy";
    RetentionClockLag, "csvp_retention_clock_lag_seconds", Gauge, [],
        "how far the known time of retention is behind the clock, negative when it is ahead; not there without a policy";
    Panics, "csvp_panics_total", Counter, [], "requests and jobs that ended in a panic; each is a fault of ours";
    BuildInfo, "csvp_build_info", Gauge, ["version": "the program's version"], "always 1";
}

macro_rules! text_metrics {
    ($($variant:ident, $name:literal, $doc:literal;)*) => {
        /// Gauges that commands write into a file for the textfile collector of a node exporter: they run from a timer, and
        /// nobody could ask them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum TextMetric { $(#[doc = $doc] $variant,)* }

        impl TextMetric {
            /// All of them, in the order of the reference page.
            pub const ALL: &'static [TextMetric] = &[$(TextMetric::$variant),*];

            /// Its name.
            pub fn name(self) -> &'static str { match self { $(TextMetric::$variant => $name),* } }

            /// What it says.
            pub fn doc(self) -> &'static str { match self { $(TextMetric::$variant => $doc),* } }
        }
    };
}

text_metrics! {
    BackupLastRun, "csvp_backup_last_run_timestamp_seconds", "when the last backup ended, whatever became of it";
    BackupLastSuccess, "csvp_backup_last_success_timestamp_seconds",
        "the moment whose rows the newest backup holds; kept when a later one fails or is found damaged by `--verify`";
    BackupDuration, "csvp_backup_duration_seconds", "how long the last backup took";
    BackupObjects, "csvp_backup_objects", "objects in it";
    BackupBytes, "csvp_backup_bytes", "their bytes";
    BackupLostObjects, "csvp_backup_lost_objects", "objects that rows name and the store has lost; anything but 0 needs a person";
    BackupFaults, "csvp_backup_faults",
        "faults found when a backup was last read back by `--verify`, 1 when it could not be read; anything but 0 needs a person";
    DrillLastRun, "csvp_dr_drill_last_run_timestamp_seconds", "when the last drill ended, whatever became of it";
    DrillLastSuccess, "csvp_dr_drill_last_success_timestamp_seconds", "when the last drill passed; kept when a later one fails";
    DrillPassed, "csvp_dr_drill_passed", "1 when the last drill passed, else 0";
    DrillRpo, "csvp_dr_drill_rpo_seconds", "by how much the last change was newer than the backup";
    DrillRto, "csvp_dr_drill_rto_seconds", "how long the restore took";
    DrillBytes, "csvp_dr_drill_restored_bytes", "bytes of objects that were restored";
}

const HEAD: &str = "\
# Metrics

Every metric of the server, from the table in `crates/server/src/telemetry/names.rs`. A test keeps this page equal to
the code. They are served in the Prometheus text format at `/metrics` on the operations port, and on the main port.
Beside these, `process_*` (CPU, memory, file descriptors, threads) is served under the usual names.

| metric | kind | labels | meaning |
|---|---|---|---|
";

const TEXT_HEAD: &str = "
## Written into a file

`csvp backup TARGET --metrics FILE` and `csvp dr drill --metrics FILE` write gauges for the
[textfile collector](https://github.com/prometheus/node_exporter#textfile-collector) of a node exporter. The file takes the
place of the old one as a whole; give each command a file of its own.

| metric | meaning |
|---|---|
";

/// `docs/reference/metrics.md`.
pub fn metrics_page() -> String {
    let mut page = HEAD.to_owned();
    for metric in Metric::ALL {
        let kind = match metric.kind() {
            Counter => "counter",
            Gauge => "gauge",
            Histogram(_) => "histogram",
        };
        let labels: Vec<String> =
            metric.labels().iter().map(|(name, values)| format!("`{name}`: {values}")).collect();
        let labels = if labels.is_empty() { "none".to_owned() } else { labels.join("; ") };
        let _ = writeln!(page, "| `{}` | {kind} | {labels} | {} |", metric.name(), metric.doc());
    }
    page.push_str(TEXT_HEAD);
    for metric in TextMetric::ALL {
        let _ = writeln!(page, "| `{}` | {} |", metric.name(), metric.doc());
    }
    page
}
