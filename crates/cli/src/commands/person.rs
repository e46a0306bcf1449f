//! `csvp person`: what is stored about a person.

use std::io::Write as _;

use csvp_server::operate::{Access, PersonReport};

use super::store;
use crate::Outcome;
use crate::args::{PersonArgs, PersonCommand};

pub(crate) fn run(command: &PersonCommand) -> anyhow::Result<Outcome> {
    match command {
        PersonCommand::Export(args) => {
            let contains = &args.person.contains;
            let report = store::with(&args.person.show.store, Access::Beside, async |operator| {
                operator.export_person(contains, &args.output).await
            })?;
            print(&args.person, &report)?;
            if !args.person.show.json {
                let mut out = super::stdout();
                writeln!(out, "written to {}", args.output.display())?;
                out.flush()?;
            }
        }
        PersonCommand::ErasePlan(args) => {
            let report = store::with(&args.show.store, Access::Beside, async |operator| {
                operator.find_person(&args.contains).await
            })?;
            print(args, &report)?;
        }
    }
    Ok(Outcome::Done)
}

fn print(args: &PersonArgs, report: &PersonReport) -> anyhow::Result<()> {
    if args.show.json {
        return super::print_json(report);
    }
    let mut out = super::stdout();
    for found in &report.uploads {
        let held = if found.holds.is_empty() {
            String::new()
        } else {
            format!(", held for {}", found.holds.join(", "))
        };
        let what = match (found.in_name, found.records) {
            (true, 0) => "its name".to_owned(),
            (true, records) => format!("its name and {records} records"),
            (false, records) => format!("{records} records"),
        };
        writeln!(out, "{}  {}: {what}{held}", found.upload, found.name)?;
    }
    for unread in &report.unread {
        writeln!(out, "{}  {}: not searched: {}", unread.upload, unread.name, unread.why)?;
    }
    writeln!(out, "{} of {} uploads, {} records", report.uploads.len(), report.searched, report.records)?;
    out.flush()?;
    Ok(())
}
