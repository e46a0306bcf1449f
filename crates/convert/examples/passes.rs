//! Both passes over a file, and how long they take: `passes FILE.csv THREADS` makes the statistics of all columns,
//! `passes FILE.csv THREADS FILE.parquet` a Parquet file.
#![expect(clippy::print_stdout, reason = "an example talks to who runs it")]

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::time::Instant;

use csvp_convert::{FileKind, Outputs};
use csvp_engine::{Check, EngineError, Second, Settings};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(from), Some(threads)) = (arguments.next(), arguments.next()) else {
        return Err("expected a file and a number of threads".into());
    };
    let threads = threads.parse()?;
    let mut file = File::open(from)?;

    let started = Instant::now();
    let mut check = Check::new(Settings::default())?.with_threads(threads);
    feed(&mut file, |bytes| check.push(bytes))?;
    let plan = check.finish()?.plan;
    println!("first pass {:?}", started.elapsed());

    let started = Instant::now();
    let mut outputs = Outputs::new().with_threads(threads);
    let to = arguments.next();
    if let Some(to) = &to {
        outputs.add(FileKind::Parquet, plan.schema(), Box::new(File::create(to)?))?;
    }
    let mut second = Second::new(&plan, outputs)?.with_threads(threads);
    if to.is_none() {
        second = second.with_profiles();
    }
    feed(&mut file, |bytes| second.push(bytes))?;
    let (report, outputs) = second.finish()?;
    outputs.finish()?;
    println!("second pass {:?}, {} records", started.elapsed(), report.counts.accepted);
    Ok(())
}

/// Hands on all bytes of a file, from its start.
fn feed(file: &mut File, mut push: impl FnMut(&[u8]) -> Result<(), EngineError>) -> std::io::Result<()> {
    let mut buffer = vec![0; 256 << 10];
    file.rewind()?;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(()),
            n => push(&buffer[..n]).map_err(std::io::Error::other)?,
        }
    }
}
