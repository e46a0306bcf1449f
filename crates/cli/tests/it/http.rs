//! One HTTP request on a connection of its own, as bytes: no client library hides what a server does.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longest silence of a server in the middle of an answer.
const SILENCE: Duration = Duration::from_secs(60);

/// Status and body of one request; none when the connection broke.
pub(crate) fn request(address: &str, head: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
    request_with(address, head, "", body)
}

/// The same with further headers, each with its line end.
#[expect(clippy::disallowed_methods, reason = "bounded by `take`")]
pub(crate) fn request_with(address: &str, head: &str, headers: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(SILENCE)).ok()?;
    let head = format!(
        "{head} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut answer = Vec::new();
    // The largest file of the test is far below.
    stream.take(16 << 20).read_to_end(&mut answer).ok()?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let body = answer[end + 4..].to_vec();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    let body = if head.contains("transfer-encoding: chunked") { unchunk(&body)? } else { body };
    length.is_none_or(|length| length == body.len()).then_some((status, body))
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).ok()?, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(line + 2..line + 2 + size)?);
        rest = &rest[line + 4 + size..];
    }
}
