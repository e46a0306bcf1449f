//! Reads away what a handler left of a request's body. A connection that is closed with bytes unread is reset, and the
//! client, still sending, loses the answer that tells it why.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header;
use futures::StreamExt as _;
use http_body::{Frame, SizeHint};

/// Most bytes that are read away; a client that sends more is cut off.
const MOST_BYTES: usize = 64 << 20;
/// Longest time for that.
const MOST_TIME: Duration = Duration::from_secs(5);

/// A body that is read to its end, within bounds, also when it is dropped early.
struct Leftover {
    body: Body,
    /// The client waits to be asked for the body, and was not: there is nothing to read away.
    unasked: bool,
}

/// The same request, with a body that may be dropped at any place.
pub(super) fn read_away(request: Request) -> Request {
    let expects = request.headers().get(header::EXPECT).and_then(|value| value.to_str().ok());
    let unasked = expects.is_some_and(|text| text.eq_ignore_ascii_case("100-continue"));
    request.map(|body| if body.is_end_stream() { body } else { Body::new(Leftover { body, unasked }) })
}

impl HttpBody for Leftover {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.unasked = false;
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Leftover {
    fn drop(&mut self) {
        if self.unasked || self.body.is_end_stream() {
            return;
        }
        // Beside the answer, which need not wait for it. Without a runtime the server is gone, and its clients too.
        let body = std::mem::take(&mut self.body);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(MOST_TIME, drain(body)));
        }
    }
}

async fn drain(body: Body) {
    let mut pieces = body.into_data_stream();
    let mut left = MOST_BYTES;
    while let Some(Ok(bytes)) = pieces.next().await {
        left = left.saturating_sub(bytes.len());
        if left == 0 {
            return;
        }
    }
}
