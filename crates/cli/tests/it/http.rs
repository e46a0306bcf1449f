//! One HTTP request on a connection of its own: no client library hides what a server does.

use csvp_testkit::stand;

/// Status and body of one request; none when the connection broke.
pub(crate) fn request(address: &str, head: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
    request_with(address, head, "", body)
}

/// The same with further headers, each with its line end.
pub(crate) fn request_with(address: &str, head: &str, headers: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
    let answer = stand::request(address, &format!("{head}\n{headers}"), body)?;
    Some((answer.status, answer.body))
}
