//! `csvp profile`: statistics of every column.

use std::io::Write;

use csvp_engine::Schema;

use super::{print_json, stdout};
use crate::args::ProfileArgs;
use crate::input::Input;
use crate::{Outcome, render};

pub(crate) fn run(args: &ProfileArgs) -> anyhow::Result<Outcome> {
    let mut input = Input::open(&args.file)?;
    let passed =
        input.one_pass(&crate::settings::settings(&args.reading)?, || Ok(|_: &Schema| Ok(())), true)?;
    super::convert::refuse_what_is_no_table(&passed.checked.report, &input.name())?;
    let (report, ()) = match passed.done {
        Some(done) => done,
        None => input.second(&passed.checked.plan, (), true)?,
    };
    if args.json {
        print_json(&super::check::with_name(&report, &input.name()))?;
    } else {
        let mut out = stdout();
        render::profile::print(&mut out, &report, &input.name())?;
        out.flush()?;
    }
    render::report::summary_of_problems(&report, &input.name())?;
    Ok(Outcome::Done)
}
