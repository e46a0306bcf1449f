//! Gauges of commands that run from a timer, in a file that a node exporter reads.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use csvp_store::backup::Made;

use super::drill::Drill;
use super::error::OperateError;
use crate::api::Timestamp;
use crate::telemetry::TextMetric;

/// Largest file whose old values are looked at.
const MAX_BYTES: u64 = 1 << 20;

/// What a backup says; none for one that failed. `faults` are those that were found when it was read back, if it was: a
/// backup that is damaged is no success.
pub fn backup_metrics(made: Option<&Made>, faults: Option<u64>, took: Duration) -> Vec<(TextMetric, f64)> {
    let mut values = vec![(TextMetric::BackupLastRun, seconds(Timestamp::now().0))];
    if let Some(made) = made {
        let manifest = &made.manifest;
        values.extend([
            (TextMetric::BackupDuration, took.as_secs_f64()),
            (TextMetric::BackupObjects, manifest.objects.list.lines as f64),
            (TextMetric::BackupBytes, manifest.objects.bytes as f64),
            (TextMetric::BackupLostObjects, manifest.objects.lost as f64),
        ]);
        if faults.unwrap_or(0) == 0 {
            values.push((TextMetric::BackupLastSuccess, seconds(manifest.picture_at_us)));
        }
    }
    values.extend(faults.map(|faults| (TextMetric::BackupFaults, faults as f64)));
    values
}

/// What a drill says; none for one that could not be run.
pub fn drill_metrics(drill: Option<&Drill>) -> Vec<(TextMetric, f64)> {
    let now = seconds(Timestamp::now().0);
    let passed = drill.is_some_and(Drill::passed);
    let mut values =
        vec![(TextMetric::DrillLastRun, now), (TextMetric::DrillPassed, f64::from(u8::from(passed)))];
    if passed {
        values.push((TextMetric::DrillLastSuccess, now));
    }
    if let Some(drill) = drill {
        values.extend([
            (TextMetric::DrillRpo, drill.rpo_secs),
            (TextMetric::DrillRto, drill.rto_secs),
            (TextMetric::DrillBytes, drill.bytes as f64),
        ]);
    }
    values
}

/// Writes the values in the place of the old ones, as a whole. What is not given keeps the value it had: a run that fails
/// must not make the last good one forgotten.
///
/// # Errors
/// The file cannot be written.
pub fn write_textfile(path: &Path, values: &[(TextMetric, f64)]) -> Result<(), OperateError> {
    write(path, values).map_err(|source| OperateError::File { path: path.display().to_string(), source })
}

fn write(path: &Path, values: &[(TextMetric, f64)]) -> io::Result<()> {
    let old = match fs::metadata(path) {
        Ok(facts) if facts.len() <= MAX_BYTES => fs::read_to_string(path)?,
        Ok(_) => String::new(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    for metric in TextMetric::ALL {
        let name = metric.name();
        let new = values.iter().find(|(given, _)| given == metric).map(|(_, value)| value.to_string());
        let kept =
            || old.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(' ')?.to_owned()));
        if let Some(value) = new.or_else(kept) {
            let _ = write!(text, "# HELP {name} {}\n# TYPE {name} gauge\n{name} {value}\n", metric.doc());
        }
    }
    // The collector takes files that end in `.prom` only, so it never sees this one.
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let mut file = File::create(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_run_keeps_the_time_of_the_last_good_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("csvp.prom");
        let good = [(TextMetric::DrillPassed, 1.0), (TextMetric::DrillLastSuccess, 1_700_000_000.5)];
        write_textfile(&path, &good).unwrap();
        write_textfile(&path, &[(TextMetric::DrillPassed, 0.0)]).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("\ncsvp_dr_drill_passed 0\n"), "{text}");
        assert!(text.contains("\ncsvp_dr_drill_last_success_timestamp_seconds 1700000000.5\n"), "{text}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn names_are_not_those_of_the_service() {
        use crate::telemetry::Metric;
        for metric in TextMetric::ALL {
            assert!(Metric::ALL.iter().all(|other| other.name() != metric.name()));
        }
    }
}
