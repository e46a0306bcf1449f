//! The outermost layer: everything below it may fail or panic, and the client still gets a proper answer.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt as _;
use tracing::Instrument as _;
use uuid::Uuid;

use super::{failure, guard, headers, leftover};
use crate::app::App;
use crate::error::{ApiError, Failure};
use crate::services::ended;
use crate::telemetry::Metric;

/// The id of a request: from the client when it sends a usable one, else our own.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

impl RequestId {
    fn of(headers: &HeaderMap) -> Self {
        let sent = headers.get("x-request-id").and_then(|value| value.to_str().ok());
        let usable = |id: &&str| {
            (1..=64).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        Self(sent.filter(usable).map_or_else(|| Uuid::now_v7().to_string(), str::to_owned))
    }
}

/// Runs the request and finishes its answer.
pub(crate) async fn context(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::of(request.headers());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    request.extensions_mut().insert(id.clone());
    let request = leftover::read_away(request);
    let in_flight = app.metrics.hold(Metric::HttpInFlight);

    let span = tracing::info_span!("request", request_id = %id.0);
    let answer = async {
        if let Err(error) = guard::check(&app, &request) {
            return error.into_response();
        }
        AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|panic| {
            app.metrics.add(Metric::Panics, &[], 1);
            ApiError::internal(format!("panic: {}", panic_text(panic.as_ref()))).into_response()
        })
    };
    let mut response = answer.instrument(span).await;
    drop(in_flight);

    if let Some(Failure(error)) = response.extensions_mut().remove::<Failure>() {
        let error = ended::explained(&app, error).await;
        failure::log(&error, &id.0, &method, &route);
        response = failure::render(&error, &id.0, &path, response);
    }
    let elapsed = started.elapsed();
    headers::finish(response.headers_mut(), &path, &id.0, elapsed);
    if app.draining.is_cancelled() {
        // A client that keeps its connection moves on before it is closed between two requests.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    observe(&app, &method, &route, &response, elapsed);
    tracing::info!(
        request_id = %id.0, %method, route, status = response.status().as_u16(),
        elapsed_ms = elapsed.as_secs_f64() * 1e3, "request answered"
    );
    response
}

fn observe(app: &App, method: &Method, route: &str, response: &Response, elapsed: Duration) {
    let method = match method.as_str() {
        known @ ("GET" | "HEAD" | "POST" | "DELETE") => known,
        _ => "other",
    };
    let status = response.status();
    let labels = [("method", method), ("route", route), ("status", status.as_str())];
    app.metrics.add(Metric::HttpRequests, &labels, 1);
    app.metrics.observe(Metric::HttpRequestDuration, &labels, elapsed.as_secs_f64());
}

/// The text of a panic, as `panic!` makes it.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}

/// A header value from text of our own making.
pub(super) fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("invalid"))
}
