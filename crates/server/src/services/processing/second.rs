//! The second pass: judges every record with the plan of the first one and writes the files.

use std::io::Read as _;

use csvp_engine::{Check, Checked, EngineError, Plan, Second, Settings, View};
use csvp_report::{Report, Verdict};
use csvp_store::{BlobReader, Progress, Publishing, RunResult, Stage, StoreError, Sum};

use super::outputs::{RunOutputs, Sealed};
use super::stored::{READ, Sent, Stored};
use super::{Place, SLICE, Stop, refuse_no_csv, result};
use crate::app::App;
use crate::services::LiveRun;

/// A small upload that is wholly done, but for the wait until it is durable.
pub(crate) struct Small {
    pub(crate) result: RunResult,
    pub(crate) sha256: String,
    pub(crate) report: Report,
    pub(crate) publishing: Result<Publishing, StoreError>,
}

/// The files of a run that are whole, and not yet visible.
pub(crate) struct Converted {
    sealed: Sealed,
    report: Report,
    size: u64,
}

/// Both passes over bytes in memory; the original and all files become visible together.
pub(crate) fn small(app: &App, place: Place, settings: Settings, bytes: &[u8]) -> Result<Small, Stop> {
    let mut check = Check::new(settings)?;
    check.push(bytes)?;
    let Checked { report, plan, .. } = check.finish()?;
    refuse_no_csv(&report)?;
    let mut outputs = RunOutputs::open(app, place, &plan, report.verdict)?;
    outputs.write_original(bytes)?;
    let (outputs, report) = if report.verdict == Verdict::Refused {
        (outputs, report)
    } else {
        let mut second = Second::new(&plan, outputs)?.with_profiles();
        second.push(bytes)?;
        let (report, outputs) = second.finish()?;
        (outputs, report)
    };
    let sealed = outputs.seal(&report, &plan)?;
    let result = result(&report, sealed.files(), bytes.len() as u64)?;
    Ok(Small { result, sha256: Sum::of(bytes).to_string(), report, publishing: sealed.publish() })
}

/// The second pass over a stored original that was just checked.
pub(crate) async fn convert(
    app: &App,
    place: Place,
    checked: Checked,
    sent: &Sent,
    run: &LiveRun,
) -> Result<Converted, Stop> {
    let Checked { report, plan, .. } = checked;
    if report.verdict != Verdict::Refused {
        return convert_plan(app, place, plan, sent, run).await;
    }
    // A refused file publishes its report and its problems, and no data.
    let inside = app.clone();
    let work = move || -> Result<_, Stop> {
        let outputs = RunOutputs::open(&inside, place, &plan, report.verdict)?;
        Ok((outputs.seal(&report, &plan)?, report))
    };
    let (sealed, report) = app.cpu.run(work).await??;
    Ok(Converted { sealed, report, size: sent.size_bytes })
}

/// Makes the files visible; from here on the run has a result.
pub(crate) async fn publish(app: &App, converted: Converted) -> Result<(RunResult, Report), Stop> {
    let Converted { sealed, report, size } = converted;
    let result = result(&report, sealed.files(), size)?;
    app.cpu.run(move || sealed.publish()).await??.finish().await?;
    Ok((result, report))
}

/// The second pass over a stored original, with a plan that may come from another process. Nothing comes of bytes that are
/// not those that were sent.
pub(crate) async fn convert_plan(
    app: &App,
    place: Place,
    plan: Plan,
    sent: &Sent,
    run: &LiveRun,
) -> Result<Converted, Stop> {
    let (inside, sent_then) = (app.clone(), sent.clone());
    let open = move || -> Result<_, Stop> {
        let outputs = RunOutputs::open(&inside, place, &plan, Verdict::Clean)?;
        Ok((
            Second::new(&plan, outputs)?.with_profiles(),
            Stored::open(&inside.blobs, place.original(), &sent_then)?,
            plan,
        ))
    };
    let (mut second, mut stored, plan) = app.cpu.run(open).await??;
    loop {
        if run.cancelled().is_cancelled() {
            return Err(Stop::Cancelled);
        }
        let slice = move || -> Result<_, Stop> {
            let done = stored.read_slice(|bytes| Ok(second.push(bytes)?))?;
            Ok((second, stored, done))
        };
        let (next, rest, done) = app.cpu.run(slice).await??;
        (second, stored) = (next, rest);
        run.tell(Progress {
            stage: Stage::Converting,
            bytes_done: stored.read_bytes(),
            bytes_total: sent.size_bytes,
            records: run.told().records,
        });
        if done {
            break;
        }
    }
    let end = move || -> Result<_, Stop> {
        let (report, outputs) = second.finish()?;
        Ok((outputs.seal(&report, &plan)?, report))
    };
    let (sealed, report) = app.cpu.run(end).await??;
    Ok(Converted { sealed, report, size: sent.size_bytes })
}

/// Reads one slice for a view of records; true when the view has all it wants.
pub(crate) fn read_view_slice(view: &mut View, reader: &mut BlobReader) -> Result<bool, EngineError> {
    let mut buffer = vec![0; READ];
    let mut taken = 0;
    while taken < SLICE {
        let n = reader.read(&mut buffer).map_err(EngineError::Output)?;
        if n == 0 || view.push(&buffer[..n])? {
            return Ok(true);
        }
        taken += n;
    }
    Ok(false)
}
