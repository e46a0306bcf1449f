//! `csvp check`: what is wrong with files, and where.

use std::fs::File;
use std::io::{BufWriter, Write};

use anyhow::Context;
use csvp_convert::ProblemsOutput;
use csvp_engine::Settings;
use csvp_report::{Report, Verdict};
use serde_json::json;

use super::{print_json, stdout};
use crate::args::{CheckArgs, CheckingArgs};
use crate::input::Input;
use crate::{Outcome, render};

pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<Outcome> {
    let settings = crate::settings::settings(&args.reading)?;
    files(&args.checking, &settings)
}

/// Checks files one by one; a file that cannot be read ends the run, since its outcome is unknown.
pub(crate) fn files(args: &CheckingArgs, settings: &Settings) -> anyhow::Result<Outcome> {
    if args.problems.is_some() && args.files.len() > 1 {
        let found = args.files.len();
        anyhow::bail!("expected one file with `--problems`, found {found}; write one list per file");
    }
    let mut outcome = Outcome::Done;
    let mut list = args.problems.as_deref().map(create).transpose()?;
    for path in &args.files {
        let mut input = Input::open(path)?;
        let report = one_file(&mut input, settings, list.as_mut())?;
        if report.verdict != Verdict::Clean {
            outcome = Outcome::Problems;
        }
        if args.json {
            print_json(&with_name(&report, &input.name()))?;
            render::guesses::say(&report.encoding, &report.dialect, report.counts.records, &input.name())?;
        } else {
            let mut out = stdout();
            render::report::print(&mut out, &report, &mut input, args.show)?;
            out.flush()?;
        }
    }
    if let Some(mut list) = list {
        list.flush().context("cannot write the list of problems")?;
    }
    Ok(outcome)
}

fn one_file(
    input: &mut Input,
    settings: &Settings,
    list: Option<&mut BufWriter<File>>,
) -> anyhow::Result<Report> {
    let checked = input.check(settings)?;
    if let Some(list) = list {
        let (report, output) = input.second(&checked.plan, ProblemsOutput::try_new(list)?, false)?;
        output.finish()?;
        return Ok(report);
    }
    if checked.needs_second_pass {
        return Ok(input.second(&checked.plan, (), false)?.0);
    }
    Ok(checked.report)
}

fn create(path: &std::path::Path) -> anyhow::Result<BufWriter<File>> {
    let file = File::create(path).with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(BufWriter::new(file))
}

/// The report with the file's name in front; each problem with its message.
pub(crate) fn with_name(report: &Report, name: &str) -> serde_json::Value {
    let mut value = json!({ "name": name });
    if let (Some(object), Ok(serde_json::Value::Object(fields))) =
        (value.as_object_mut(), serde_json::to_value(report))
    {
        object.extend(fields);
    }
    if let Some(first) = value.pointer_mut("/problems/first").and_then(serde_json::Value::as_array_mut) {
        for (shown, problem) in first.iter_mut().zip(&report.problems.first) {
            shown["severity"] = json!(problem.severity());
            shown["message"] = json!(problem.message());
        }
    }
    value
}
