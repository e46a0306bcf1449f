//! `csvp profile`: statistics of every column.

use std::io::Write;

use super::{print_json, stdout};
use crate::args::ProfileArgs;
use crate::input::Input;
use crate::{Outcome, render};

pub(crate) fn run(args: &ProfileArgs) -> anyhow::Result<Outcome> {
    let mut input = Input::open(&args.file)?;
    let checked = input.check(crate::settings::settings(&args.reading)?)?;
    super::convert::refuse_what_is_no_table(&checked.report, &input.name())?;
    let (report, ()) = input.second(&checked.plan, (), true)?;
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
