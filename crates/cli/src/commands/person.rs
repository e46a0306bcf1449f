//! `csvp person`: what is stored about a person.

use std::io::Write as _;

use csvp_server::operate::{Access, PersonReport};

use super::store;
use crate::Outcome;
use crate::args::{PersonArgs, PersonCommand};
use crate::render::text::count;

pub(crate) fn run(command: &PersonCommand) -> anyhow::Result<Outcome> {
    let report = match command {
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
            report
        }
        PersonCommand::ErasePlan(args) => {
            let person = &args.person;
            let report = store::with(&person.show.store, Access::Beside, async |operator| {
                operator.find_person(&person.contains).await
            })?;
            if args.ids {
                print_ids(&report)?
            } else {
                print(person, &report)?
            }
            report
        }
    };
    Ok(if report.unread.is_empty() { Outcome::Done } else { Outcome::Problems })
}

fn print_ids(report: &PersonReport) -> anyhow::Result<()> {
    let mut out = super::stdout();
    for found in &report.uploads {
        writeln!(out, "{}", found.upload)?;
    }
    out.flush()?;
    for unread in &report.unread {
        let (id, name, why) = (unread.upload, &unread.name, &unread.why);
        writeln!(std::io::stderr(), "{id}  {name}: not searched: {why}")?;
    }
    Ok(())
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
            (true, records) => format!("its name and {}", count(records, "record")),
            (false, records) => count(records, "record"),
        };
        writeln!(out, "{}  {}: {what}{held}", found.upload, found.name)?;
    }
    for unread in &report.unread {
        writeln!(out, "{}  {}: not searched: {}", unread.upload, unread.name, unread.why)?;
    }
    let (searched, records) = (count(report.searched, "upload"), count(report.records, "record"));
    writeln!(out, "{} of {searched}, {records}", report.uploads.len())?;
    out.flush()?;
    Ok(())
}
