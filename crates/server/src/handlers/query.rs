//! Pages of records and problems.

use axum::Json;
use axum::extract::State;
use csvp_report::ProblemCode;
use serde::Deserialize;
use uuid::Uuid;

use crate::api::{
    ApiPath, ApiQuery, Cursor, PROBLEMS_PAGE, ProblemDetails, ProblemPage, RECORDS_PAGE, RecordPage,
};
use crate::app::App;
use crate::error::ApiError;
use crate::services::problems::{self, ProblemFilter};
use crate::services::query;

/// Records or problems on one page when nothing else is asked for.
const DEFAULT_PAGE: u64 = 100;

/// How many items a page may hold.
///
/// # Errors
/// `request-invalid` for none and for more than `most`: a page that is shorter than asked for would look like the last.
pub(super) fn page_limit(asked: Option<u64>, default: u64, most: u64) -> Result<u64, ApiError> {
    match asked.unwrap_or(default) {
        limit if (1..=most).contains(&limit) => Ok(limit),
        limit => {
            Err(ApiError::invalid("limit", format!("expected a `limit` from 1 to {most}, found {limit}")))
        }
    }
}

/// Which records.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RecordParameters {
    /// Data records to pass over, from 0.
    offset: Option<u64>,
    /// Most records on the page, from 1 to 1,000.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
}

/// Records at any place in the file
///
/// As they were read and judged, rejected ones too. Cells are the text of the file; null where a cell counts as null.
#[utoipa::path(get, path = "/api/v1/uploads/{id}/records", tag = "results",
    params(("id" = Uuid, Path, description = "id of the upload"), RecordParameters), responses(
    (status = 200, description = "records", body = RecordPage),
    (status = 400, description = "not understood", body = ProblemDetails, content_type = "application/problem+json"),
    (status = 404, description = "no such upload", body = ProblemDetails, content_type = "application/problem+json"),
    (status = 409, description = "not read yet", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn list_records(
    State(app): State<App>,
    ApiPath(id): ApiPath<Uuid>,
    ApiQuery(parameters): ApiQuery<RecordParameters>,
) -> Result<Json<RecordPage>, ApiError> {
    let limit = page_limit(parameters.limit, DEFAULT_PAGE, RECORDS_PAGE)?;
    Ok(Json(query::records(&app, id, parameters.offset.unwrap_or(0), limit).await?))
}

/// Which problems.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProblemParameters {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Most problems on the page, from 1 to 1,000.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
    /// Only problems with this code.
    #[param(value_type = Option<String>)]
    code: Option<ProblemCode>,
    /// Only problems in this column; its number, from 1.
    column: Option<u32>,
}

/// All problems, page by page
///
/// In file order. A page may hold fewer than `limit` and still have a `next_cursor` when a filter leaves out many.
#[utoipa::path(get, path = "/api/v1/uploads/{id}/problems", tag = "results",
    params(("id" = Uuid, Path, description = "id of the upload"), ProblemParameters), responses(
    (status = 200, description = "problems", body = ProblemPage),
    (status = 400, description = "not understood", body = ProblemDetails, content_type = "application/problem+json"),
    (status = 404, description = "no such upload", body = ProblemDetails, content_type = "application/problem+json"),
    (status = 409, description = "not read yet", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn list_problems(
    State(app): State<App>,
    ApiPath(id): ApiPath<Uuid>,
    ApiQuery(parameters): ApiQuery<ProblemParameters>,
) -> Result<Json<ProblemPage>, ApiError> {
    let limit = page_limit(parameters.limit, DEFAULT_PAGE, PROBLEMS_PAGE)?;
    let cursor = parameters.cursor.map(|text| text.parse::<Cursor>()).transpose();
    let cursor = cursor.map_err(|error| ApiError::invalid("cursor", error.to_string()))?;
    let filter = ProblemFilter { code: parameters.code, column: parameters.column };
    Ok(Json(problems::list(&app, id, cursor.as_ref(), limit as usize, filter).await?))
}
