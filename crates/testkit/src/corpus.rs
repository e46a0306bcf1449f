//! The corpus: `corpus/<case>/` holds one input, what is known about how to read it, and what must come out.
//!
//! | file | what it is |
//! |---|---|
//! | `input.*` | the bytes, exactly as somebody would send them |
//! | `case.toml` | `about`: why the case exists; `[settings]`: what the caller fixes; `[expect]`: what is right |
//! | `schema.json` | a Table Schema that the file must keep (where there is one) |

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use csvp_engine::detect::DialectHints;
use csvp_engine::{ColumnOverride, Limits, OnBad, Policy, Settings, TableSchema};
use serde::Deserialize;

use crate::{Expect, Reading, repository};

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    name: String,
    input: PathBuf,
    schema: Option<PathBuf>,
    bytes: Vec<u8>,
    file: CaseFile,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    about: String,
    #[serde(default)]
    settings: CaseSettings,
    expect: Expect,
}

/// What the caller fixes; the names are those of the command line.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CaseSettings {
    /// Label of the encoding.
    pub encoding: Option<String>,
    /// The delimiter as it stands in the file.
    pub delimiter: Option<String>,
    /// The quote, or `none`.
    pub quote: Option<String>,
    /// `backslash` or `doubled`.
    pub escape: Option<String>,
    /// Prefix of comment lines, or `none`.
    pub comment: Option<String>,
    /// Lines before the header.
    pub preamble_rows: Option<u64>,
    /// Header rows.
    pub header_rows: Option<u32>,
    /// Types of columns, `NAME=TYPE` or `NAME=TYPE:FORMAT`.
    pub columns: Vec<String>,
    /// `reject`, `fail` or `null`.
    pub on_bad: Option<String>,
    /// `100` or `1%`.
    pub max_rejects: Option<String>,
    /// Share of values that must have one type.
    pub type_threshold: Option<f64>,
    /// Whether records that look unlike the others are named.
    pub unusual: Option<bool>,
    /// Caps other than the default ones; the command line cannot set them.
    pub limits: Option<Limits>,
}

/// All cases, by name.
///
/// # Panics
/// A case cannot be read.
pub fn cases() -> Vec<Case> {
    let folder = repository().join("corpus");
    let mut names: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the repository has a corpus")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    names.sort();
    names.iter().map(|path| Case::load(path)).collect()
}

impl Case {
    fn load(folder: &Path) -> Self {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let text = std::fs::read_to_string(folder.join("case.toml"))
            .unwrap_or_else(|error| panic!("case {name}: case.toml cannot be read: {error}"));
        let file = toml::from_str(&text).unwrap_or_else(|error| panic!("case {name}: {error}"));
        let inputs: Vec<PathBuf> = crate::files_under(folder)
            .into_iter()
            .filter(|path| path.file_stem().is_some_and(|stem| stem.to_string_lossy().starts_with("input")))
            .collect();
        let [input] = inputs.as_slice() else {
            panic!("case {name}: expected one file `input.*`, found {inputs:?}")
        };
        let bytes = std::fs::read(input).unwrap_or_else(|error| panic!("case {name}: {error}"));
        let schema = Some(folder.join("schema.json")).filter(|path| path.is_file());
        Self { name, input: input.clone(), schema, bytes, file }
    }

    /// Name of its folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Why it exists.
    pub fn about(&self) -> &str {
        &self.file.about
    }

    /// The input.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where the input is.
    pub fn input(&self) -> &Path {
        &self.input
    }

    /// What the caller fixes, as it is written in the case.
    pub fn written_settings(&self) -> &CaseSettings {
        &self.file.settings
    }

    /// The schema's text, if the file must keep one.
    pub fn schema_json(&self) -> Option<String> {
        self.schema.as_ref().map(|path| std::fs::read_to_string(path).expect("the schema can be read"))
    }

    /// Whether nothing is fixed: the file goes in as it is.
    pub fn has_defaults(&self) -> bool {
        self.file.settings == CaseSettings::default() && self.schema.is_none()
    }

    /// The settings for the engine.
    ///
    /// # Panics
    /// They are not understood.
    pub fn settings(&self) -> Settings {
        let given = &self.file.settings;
        let one_byte = |text: &String| if text == "none" { None } else { Some(text.as_bytes()[0]) };
        let schema: Option<TableSchema> = self.schema_json().map(|text| {
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("case {}: {error}", self.name))
        });
        let usual = Policy::default();
        Settings {
            encoding: given.encoding.clone(),
            dialect: DialectHints {
                delimiter: given.delimiter.as_ref().map(|text| text.as_bytes().to_vec()),
                quote: given.quote.as_ref().map(one_byte),
                escape: given.escape.as_ref().map(|text| (text == "backslash").then_some(b'\\')),
                comment: given
                    .comment
                    .as_ref()
                    .map(|text| (text != "none").then(|| text.as_bytes().to_vec())),
                preamble_lines: given.preamble_rows,
                header_rows: given.header_rows,
            },
            schema,
            columns: given.columns.iter().map(|text| column(text)).collect(),
            policy: Policy {
                on_bad: given.on_bad.as_deref().map_or(OnBad::Reject, |text| text.parse().expect("a policy")),
                max_rejects: given.max_rejects.as_deref().map(|text| text.parse().expect("a budget")),
                type_threshold: given.type_threshold.unwrap_or(usual.type_threshold),
                unusual: given.unusual.unwrap_or(usual.unusual),
            },
            limits: given.limits.clone().unwrap_or_default(),
        }
    }

    /// The options of the command line that say the same; none when it has no such options.
    pub fn options(&self) -> Option<Vec<OsString>> {
        let given = &self.file.settings;
        if given.limits.is_some() {
            return None;
        }
        let mut options: Vec<OsString> = Vec::new();
        let mut add = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                options.push(format!("--{name}={value}").into());
            }
        };
        add("encoding", given.encoding.clone());
        add("delimiter", given.delimiter.clone());
        add("quote", given.quote.clone());
        add("escape", given.escape.clone());
        add("comment", given.comment.clone());
        add("preamble-rows", given.preamble_rows.map(|n| n.to_string()));
        add("header-rows", given.header_rows.map(|n| n.to_string()));
        given.columns.iter().for_each(|column| add("column", Some(column.clone())));
        add("on-bad", given.on_bad.clone());
        add("max-rejects", given.max_rejects.clone());
        add("type-threshold", given.type_threshold.map(|share| share.to_string()));
        if given.unusual == Some(true) {
            options.push("--unusual".into());
        }
        if let Some(schema) = &self.schema {
            options.extend(["--schema".into(), schema.into()]);
        }
        Some(options)
    }

    /// What must come out.
    pub fn expect(&self) -> &Expect {
        &self.file.expect
    }

    /// Compares everything; the error is a difference line by line.
    ///
    /// # Errors
    /// Something differs.
    pub fn check(&self, reading: &Reading) -> Result<(), String> {
        self.check_report(&reading.report)?;
        self.check_records(reading.header.as_deref(), &reading.records)
    }

    /// Compares a report; the error is a difference line by line.
    ///
    /// # Errors
    /// Something differs.
    pub fn check_report(&self, report: &csvp_report::Report) -> Result<(), String> {
        let expect = self.expect();
        let observed = Expect::of_report(report).without_what_is_open_in(expect);
        expect.without_records().compare(&observed, &self.name)
    }

    /// Compares header and records; the error is a difference line by line.
    ///
    /// # Errors
    /// Something differs.
    pub fn check_records(&self, header: Option<&[String]>, records: &[Vec<String>]) -> Result<(), String> {
        let observed =
            Expect { header: header.map(<[String]>::to_vec), records: records.to_vec(), ..Expect::default() };
        self.expect().only_records().compare(&observed, &self.name)
    }
}

fn column(text: &str) -> ColumnOverride {
    let (name, chosen) = text.rsplit_once('=').expect("NAME=TYPE");
    let (type_name, format) = match chosen.split_once(':') {
        Some((type_name, format)) => (type_name, Some(format.to_owned())),
        None => (chosen, None),
    };
    ColumnOverride { name: name.to_owned(), type_name: type_name.to_owned(), format }
}
