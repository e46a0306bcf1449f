//! The two passes with a Parquet file as output, and how long they take: `to_parquet FILE.csv FILE.parquet [THREADS]`.
#![expect(clippy::print_stdout, reason = "an example talks to who runs it")]

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::time::Instant;

use csvp_convert::{FileKind, Outputs};
use csvp_engine::{Check, Second, Settings};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(from), Some(to)) = (arguments.next(), arguments.next()) else {
        return Err("expected two file names".into());
    };
    let threads = arguments.next().map_or(Ok(2), |n| n.parse())?;
    let mut file = File::open(from)?;
    let mut buffer = vec![0; 256 << 10];

    let started = Instant::now();
    let mut check = Check::new(Settings::default())?.with_threads(threads);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            n => check.push(&buffer[..n])?,
        }
    }
    let plan = check.finish()?.plan;
    println!("first pass {:?}", started.elapsed());

    let started = Instant::now();
    file.rewind()?;
    let mut outputs = Outputs::new().with_threads(threads);
    outputs.add(FileKind::Parquet, plan.schema(), Box::new(File::create(to)?))?;
    let mut second = Second::new(&plan, outputs)?.with_threads(threads);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            n => second.push(&buffer[..n])?,
        }
    }
    let (report, outputs) = second.finish()?;
    outputs.finish()?;
    println!("second pass {:?}, {} records", started.elapsed(), report.counts.accepted);
    Ok(())
}
