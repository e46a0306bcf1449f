//! What a client asked for, as settings of the engine.

use csvp_engine::detect::DialectHints;
use csvp_engine::{Budget, ColumnOverride, EngineError, Limits, OnBad, Policy, Settings, TableSchema};
use csvp_store::Upload;

use crate::api::{DialectRequest, OnBadRequest, SettingsRequest};
use crate::app::App;
use crate::config::LimitsSection;
use crate::error::ApiError;

use super::processing::{self, Stop};

/// Largest settings as JSON: they are kept with each run, and are a part of every list.
pub(crate) const MAX_BYTES: usize = 256 << 10;

/// # Errors
/// `request-invalid` when settings are longer than [`MAX_BYTES`].
pub(crate) fn must_fit(bytes: usize) -> Result<(), ApiError> {
    if bytes <= MAX_BYTES {
        return Ok(());
    }
    let detail =
        format!("expected settings of at most {MAX_BYTES} bytes, found more; leave out descriptions");
    Err(ApiError::invalid("settings", detail))
}

/// Says what is wrong with settings for a stored file before a job is made of them. The first part of the file is read
/// with them: only then its columns are known, for another delimiter gives other columns.
pub(crate) async fn check(app: &App, upload: &Upload, wanted: &SettingsRequest) -> Result<(), ApiError> {
    let settings = engine_settings(&app.config.limits, wanted)?;
    match processing::try_settings(app, upload, settings).await {
        Err(Stop::Settings(error)) => Err(error),
        Err(Stop::Store(error)) => Err(error.into()),
        Err(Stop::Inside(cause)) => Err(ApiError::internal(cause)),
        // What the file itself has for a fault is said by the run, with its place.
        Ok(())
        | Err(Stop::NotCsv(_) | Stop::Lost(_) | Stop::TooLarge(_) | Stop::Refused(_) | Stop::Cancelled) => {
            Ok(())
        }
    }
}

/// The engine's settings.
///
/// # Errors
/// `request-invalid` with the part at fault.
pub(crate) fn engine_settings(
    limits: &LimitsSection,
    wanted: &SettingsRequest,
) -> Result<Settings, ApiError> {
    let dialect = wanted.dialect.as_ref().map_or_else(|| Ok(DialectHints::default()), hints)?;
    let schema = match &wanted.schema {
        None => None,
        Some(json) => Some(serde_json::from_value::<TableSchema>(json.clone()).map_err(|error| {
            ApiError::invalid("schema", format!("schema is not a Frictionless Table Schema: {error}"))
        })?),
    };
    let max_rejects = match &wanted.max_rejects {
        None => None,
        Some(text) => Some(text.parse::<Budget>().map_err(|error| invalid(&error))?),
    };
    let type_threshold = wanted.type_threshold.unwrap_or_else(|| Policy::default().type_threshold);
    if !(0.5..=1.0).contains(&type_threshold) {
        let detail = format!("expected `type_threshold` from 0.5 to 1, found {type_threshold}");
        return Err(ApiError::invalid("type_threshold", detail));
    }
    Ok(Settings {
        encoding: wanted.encoding.clone().filter(|label| !label.is_empty()),
        dialect,
        schema,
        columns: wanted
            .columns
            .iter()
            .map(|column| ColumnOverride {
                name: column.name.clone(),
                type_name: column.column_type.as_str().to_owned(),
                format: column.format.clone(),
            })
            .collect(),
        policy: Policy {
            on_bad: match wanted.on_bad {
                None | Some(OnBadRequest::Reject) => OnBad::Reject,
                Some(OnBadRequest::Fail) => OnBad::Fail,
                Some(OnBadRequest::Null) => OnBad::Null,
            },
            max_rejects,
            type_threshold,
            unusual: wanted.unusual.unwrap_or_default(),
        },
        limits: engine_limits(limits),
    })
}

fn engine_limits(limits: &LimitsSection) -> Limits {
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    Limits {
        max_record_bytes: size(limits.max_record.0),
        max_cell_bytes: size(limits.max_cell.0),
        max_columns: limits.max_columns as usize,
        max_decoded_bytes: limits.max_decoded.0,
        max_ratio: limits.max_ratio.into(),
        problems_shown: limits.problems_shown as usize,
        ..Limits::default()
    }
}

fn hints(dialect: &DialectRequest) -> Result<DialectHints, ApiError> {
    let delimiter = match dialect.delimiter.as_deref() {
        None => None,
        Some("") => return Err(ApiError::invalid("delimiter", "expected a delimiter, found an empty text")),
        Some("\\t" | "tab") => Some(b"\t".to_vec()),
        Some(text) => Some(text.as_bytes().to_vec()),
    };
    let header_rows = dialect.header_rows.map(|rows| {
        u32::try_from(rows)
            .map_err(|_| ApiError::invalid("header_rows", format!("{rows} header rows are too many")))
    });
    Ok(DialectHints {
        delimiter,
        quote: one_byte("quote", dialect.quote.as_deref())?,
        escape: one_byte("escape", dialect.escape.as_deref())?,
        comment: dialect.comment.as_deref().map(|text| (!text.is_empty()).then(|| text.as_bytes().to_vec())),
        preamble_lines: dialect.preamble_rows,
        header_rows: header_rows.transpose()?,
    })
}

/// None: detect it. `Some(None)`: there is none.
fn one_byte(parameter: &str, text: Option<&str>) -> Result<Option<Option<u8>>, ApiError> {
    match text.map(str::as_bytes) {
        None => Ok(None),
        Some([]) => Ok(Some(None)),
        Some([byte]) if byte.is_ascii() => Ok(Some(Some(*byte))),
        Some(_) => {
            let text = text.unwrap_or_default();
            Err(ApiError::invalid(
                parameter,
                format!("expected one ASCII character or nothing, found `{text}`"),
            ))
        }
    }
}

/// The engine does not take these settings.
pub(crate) fn invalid(error: &EngineError) -> ApiError {
    let parameter = match error {
        EngineError::UnknownEncoding(_) => "encoding",
        EngineError::Schema { place, .. } => match place.as_str() {
            "on_bad" | "max_rejects" | "header_rows" | "dialect" | "columns" => place,
            "limits" => "settings",
            place if place.starts_with("column ") => "columns",
            _ => "schema",
        },
        _ => "settings",
    };
    ApiError::invalid(parameter, error.to_string())
}
