//! `csvp schema infer|check`: propose a Table Schema, or hold files against one.

use csvp_engine::TableSchema;

use super::{check::files, print_json};
use crate::args::{InferArgs, SchemaCheckArgs};
use crate::input::Input;
use crate::{Outcome, render};

pub(crate) fn infer(args: &InferArgs) -> anyhow::Result<Outcome> {
    let mut input = Input::open(&args.file)?;
    let checked = input.check(&crate::settings::settings(&args.reading)?)?;
    super::convert::refuse_what_is_no_table(&checked.report, &input.name())?;
    print_json(&TableSchema::of_report(&checked.report))?;
    render::report::summary_of_problems(&checked.report, &input.name())?;
    Ok(Outcome::Done)
}

pub(crate) fn check(args: &SchemaCheckArgs) -> anyhow::Result<Outcome> {
    let mut settings = crate::settings::settings(&crate::args::ReadingArgs {
        on_bad: "reject".to_owned(),
        type_threshold: 0.99,
        ..Default::default()
    })?;
    settings.schema = Some(crate::settings::read_schema(&args.schema)?);
    files(&args.checking, &settings)
}
