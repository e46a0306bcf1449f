//! How long detection takes: `detect FILE.csv ...` detects encoding, dialect, header and preamble from the first MiB of each
//! file, many times, and prints the shortest time and the first one.
#![expect(clippy::print_stdout, reason = "an example talks to who runs it")]

use std::time::{Duration, Instant};

use csvp_engine::{EngineError, Limits, Settings, Sniff};

/// How often a file is detected: the machine may be busy with other things.
const TIMES: usize = 200;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let most = Limits::default().detect_bytes;
    for path in std::env::args().skip(1) {
        let mut bytes = std::fs::read(&path)?;
        bytes.truncate(most);
        let times = (0..TIMES).map(|_| detect(&bytes)).collect::<Result<Vec<_>, _>>()?;
        let (first, best) =
            (times.first().copied().unwrap_or_default(), times.iter().min().copied().unwrap_or_default());
        println!(
            "{path}: {} bytes in {:.1} us, {:.1} us the first time",
            bytes.len(),
            best.as_secs_f64() * 1e6,
            first.as_secs_f64() * 1e6
        );
    }
    Ok(())
}

fn detect(bytes: &[u8]) -> Result<Duration, EngineError> {
    let started = Instant::now();
    let mut sniff = Sniff::new(Settings::default())?;
    let enough = sniff.push(bytes)?;
    sniff.finish(!enough)?;
    Ok(started.elapsed())
}
