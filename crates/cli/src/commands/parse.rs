//! `csvp parse`: the records of a file as they are understood.

use std::io::Write;

use csvp_engine::{JudgedBlock, Output, RecordVerdict};
use csvp_parse::writer::write_record;
use csvp_report::Report;
use serde_json::json;

use super::stdout;
use crate::args::{ParseArgs, RecordFormat};
use crate::input::Input;
use crate::{Outcome, render};

pub(crate) fn run(args: &ParseArgs) -> anyhow::Result<Outcome> {
    let mut input = Input::open(&args.file)?;
    let checked = input.check(&crate::settings::settings(&args.reading)?)?;
    super::convert::refuse_what_is_no_table(&checked.report, &input.name())?;
    let header = checked.plan.header();
    let mut out = stdout();
    if args.json {
        begin_object(&mut out, &checked.report, header.as_deref())?;
    } else if let Some(header) = &header {
        print_header(&mut out, header, args.format)?;
    }
    let format = if args.json { Format::JsonRows { first: true } } else { Format::Lines(args.format) };
    let (report, rows) = input.second(&checked.plan, Rows { out, format, line: Vec::new() }, false)?;
    let mut out = rows.out;
    if args.json {
        out.write_all(b"]}\n")?;
    }
    out.flush()?;
    render::report::summary_of_problems(&report, &input.name())?;
    Ok(Outcome::Done)
}

fn begin_object(out: &mut impl Write, report: &Report, header: Option<&[String]>) -> anyhow::Result<()> {
    let dialect = &report.dialect;
    let fields = json!({
        "encoding": report.encoding.name,
        "dialect": {
            "delimiter": dialect.delimiter,
            "quote": dialect.quote,
            "escape": dialect.escape,
            "terminator": dialect.terminator,
            "comment": dialect.comment,
            "skip_initial_space": dialect.skip_initial_space,
            "preamble_rows": dialect.preamble_rows,
            "header_rows": dialect.header_rows,
            "footer_rows": dialect.footer_rows,
        },
        "header": header,
    });
    let text = fields.to_string();
    out.write_all(&text.as_bytes()[..text.len() - 1])?;
    out.write_all(b",\"rows\":[")?;
    Ok(())
}

fn print_header(out: &mut impl Write, header: &[String], format: RecordFormat) -> anyhow::Result<()> {
    match format {
        RecordFormat::Ndjson => writeln!(out, "{}", json!(header))?,
        RecordFormat::Csv => {
            let mut line = Vec::new();
            write_record(&mut line, header.iter().map(String::as_bytes), b',');
            out.write_all(&line)?;
        }
    }
    Ok(())
}

enum Format {
    Lines(RecordFormat),
    /// Elements of one JSON array.
    JsonRows {
        first: bool,
    },
}

/// Prints every data record, sound or not, with all fields it has.
struct Rows<W> {
    out: W,
    format: Format,
    line: Vec<u8>,
}

impl<W: Write> Output for Rows<W> {
    fn block(&mut self, block: &JudgedBlock<'_>) -> std::io::Result<()> {
        for record in 0..block.n_records() {
            if block.verdict(record) == RecordVerdict::Skipped {
                continue;
            }
            let fields = block.raw_fields(record);
            self.line.clear();
            match &mut self.format {
                Format::Lines(RecordFormat::Csv) => {
                    write_record(&mut self.line, fields.iter().map(AsRef::as_ref), b',');
                }
                Format::Lines(RecordFormat::Ndjson) => {
                    json_array(&mut self.line, &fields)?;
                    self.line.push(b'\n');
                }
                Format::JsonRows { first } => {
                    if !std::mem::take(first) {
                        self.line.push(b',');
                    }
                    json_array(&mut self.line, &fields)?;
                }
            }
            self.out.write_all(&self.line)?;
        }
        Ok(())
    }
}

fn json_array(line: &mut Vec<u8>, fields: &[std::borrow::Cow<'_, [u8]>]) -> std::io::Result<()> {
    line.push(b'[');
    for (number, field) in fields.iter().enumerate() {
        if number > 0 {
            line.push(b',');
        }
        serde_json::to_writer(&mut *line, &String::from_utf8_lossy(field))?;
    }
    line.push(b']');
    Ok(())
}
