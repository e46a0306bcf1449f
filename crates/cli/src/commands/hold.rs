//! `csvp hold`: uploads that must stay.

use std::io::Write as _;

use csvp_server::operate::{Access, OperateError, Operator, Uuid};

use super::store;
use crate::Outcome;
use crate::args::{HoldCommand, StoreArgs};

pub(crate) fn run(command: &HoldCommand) -> anyhow::Result<Outcome> {
    match command {
        HoldCommand::Set(args) => change(&args.store, &args.uploads, "held", async |operator, upload| {
            operator.hold(upload, &args.name, &args.reason, &args.by).await
        }),
        HoldCommand::Release(args) => {
            change(&args.store, &args.uploads, "released", async |operator, upload| {
                operator.release(upload, &args.name).await
            })
        }
        HoldCommand::List(args) => {
            let holds = store::with(&args.store, Access::Read, async |operator| operator.holds().await)?;
            if args.json {
                super::print_json(&holds)?;
                return Ok(Outcome::Done);
            }
            let mut out = super::stdout();
            for hold in &holds {
                writeln!(
                    out,
                    "{}  {}  since {} by {}: {}",
                    hold.upload, hold.name, hold.since, hold.by, hold.reason
                )?;
            }
            if holds.is_empty() {
                writeln!(out, "nothing is held")?;
            }
            out.flush()?;
            Ok(Outcome::Done)
        }
    }
}

/// One upload after the other; what was done before a failure stays done, and was said.
fn change(
    store: &StoreArgs,
    uploads: &[Uuid],
    done: &str,
    work: impl AsyncFn(&Operator, Uuid) -> Result<(), OperateError>,
) -> anyhow::Result<Outcome> {
    let mut changed = Vec::new();
    let result = store::with(store, Access::Beside, async |operator| {
        for &upload in uploads {
            work(operator, upload).await?;
            changed.push(upload);
        }
        Ok(())
    });
    let mut out = super::stdout();
    for upload in changed {
        writeln!(out, "{done}: {upload}")?;
    }
    out.flush()?;
    result.map(|()| Outcome::Done)
}
