//! The limits in force.

use axum::Json;
use axum::extract::State;

use crate::api::LimitsView;
use crate::app::App;

/// The limits of this server
#[utoipa::path(get, path = "/api/v1/limits", tag = "service", responses(
    (status = 200, description = "what an upload may be", body = LimitsView)))]
pub(crate) async fn get_limits(State(app): State<App>) -> Json<LimitsView> {
    Json(LimitsView::from(&app.config))
}
