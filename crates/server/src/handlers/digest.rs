//! The header `Content-Digest` (RFC 9530): what was sent is what came, or nothing is kept.
//!
//! The digest is that of the whole body, with multipart too, so it is taken below everything that reads the body. It is
//! compared after the last byte and before the upload counts as complete.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, BodyDataStream};
use axum::extract::Request;
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use csvp_report::ApiErrorCode;
use futures::{Stream, StreamExt as _};
use sha2::{Digest as _, Sha256, Sha512};

use crate::error::ApiError;
use crate::services::Pace;

const HEADER: &str = "content-digest";
/// What a multipart body may hold behind its last boundary.
const MAX_EPILOGUE: usize = 64 << 10;

/// A digest that the client has told.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    Sha256([u8; 32]),
    Sha512([u8; 64]),
}

impl Wanted {
    fn algorithm(&self) -> &'static str {
        match self {
            Self::Sha256(_) => "sha-256",
            Self::Sha512(_) => "sha-512",
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Sha256(bytes) => bytes,
            Self::Sha512(bytes) => bytes,
        }
    }
}

enum Hash {
    Sha256(Sha256),
    Sha512(Sha512),
}

/// A body, and the hashes of what was read of it.
struct Hashed {
    body: BodyDataStream,
    hashes: Vec<(Wanted, Hash)>,
}

impl Hashed {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, axum::Error>>> {
        let piece = std::task::ready!(self.body.poll_next_unpin(context));
        if let Some(Ok(bytes)) = &piece {
            for (_, hash) in &mut self.hashes {
                match hash {
                    Hash::Sha256(hash) => hash.update(bytes),
                    Hash::Sha512(hash) => hash.update(bytes),
                }
            }
        }
        Poll::Ready(piece)
    }
}

/// The digests that a request wants compared; none for most.
#[derive(Clone, Default)]
pub(super) struct Digests(Option<Arc<Mutex<Hashed>>>);

struct Shared(Arc<Mutex<Hashed>>);

impl Stream for Shared {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).poll_next(context)
    }
}

impl Digests {
    /// The same request, whose body is hashed while it is read if its header asks for that.
    ///
    /// # Errors
    /// `request-invalid` for a header that cannot be read.
    pub(super) fn watch(request: Request) -> Result<(Self, Request), ApiError> {
        let wanted = wanted(request.headers())?;
        if wanted.is_empty() {
            return Ok((Self::default(), request));
        }
        let hashes = wanted.into_iter().map(|wanted| {
            let hash = match wanted {
                Wanted::Sha256(_) => Hash::Sha256(Sha256::new()),
                Wanted::Sha512(_) => Hash::Sha512(Sha512::new()),
            };
            (wanted, hash)
        });
        let (parts, body) = request.into_parts();
        let hashed = Hashed { body: body.into_data_stream(), hashes: hashes.collect() };
        let shared = Arc::new(Mutex::new(hashed));
        let body = Body::from_stream(Shared(Arc::clone(&shared)));
        Ok((Self(Some(shared)), Request::from_parts(parts, body)))
    }

    /// Reads what its reader has left of the body and compares.
    ///
    /// # Errors
    /// `digest-mismatch`, or why the rest of the body could not be read.
    pub(super) async fn check(self, pace: &mut Pace) -> Result<(), ApiError> {
        let Some(shared) = self.0 else { return Ok(()) };
        let mut rest = Shared(Arc::clone(&shared));
        let mut epilogue = 0;
        while let Some(piece) = pace.next(rest.next()).await? {
            epilogue += piece.map_err(super::body::incomplete)?.len();
            if epilogue > MAX_EPILOGUE {
                let detail = format!("expected at most {MAX_EPILOGUE} bytes behind the last part");
                return Err(ApiError::invalid("body", detail));
            }
        }
        let hashes = std::mem::take(&mut shared.lock().unwrap_or_else(PoisonError::into_inner).hashes);
        for (wanted, hash) in hashes {
            let found = match hash {
                Hash::Sha256(hash) => hash.finalize().to_vec(),
                Hash::Sha512(hash) => hash.finalize().to_vec(),
            };
            if found != wanted.bytes() {
                return Err(mismatch(&wanted, &found));
            }
        }
        Ok(())
    }
}

fn mismatch(wanted: &Wanted, found: &[u8]) -> ApiError {
    let algorithm = wanted.algorithm();
    let (expected, found) = (field(algorithm, wanted.bytes()), field(algorithm, found));
    let detail = format!(
        "`Content-Digest` tells `{expected}`, the body has `{found}`; it was changed on its way and nothing was kept; \
         send it again"
    );
    let mut error = ApiError::new(ApiErrorCode::DigestMismatch, detail);
    error.extras.parameter = Some("Content-Digest".to_owned());
    error.extras.expected_digest = Some(expected);
    error.extras.received_digest = Some(found);
    error
}

/// A digest as the header writes it.
fn field(algorithm: &str, digest: &[u8]) -> String {
    format!("{algorithm}=:{}:", BASE64_STANDARD.encode(digest))
}

/// A SHA-256 in hexadecimal as the headers of an answer write it; none for what is no such digest.
pub(super) fn sha256_field(hex: &str) -> Option<String> {
    let bytes: Option<Vec<u8>> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect();
    bytes.filter(|bytes| bytes.len() == 32).map(|bytes| field("sha-256", &bytes))
}

/// The digests of the header that we know; others are left to those who do, as the RFC says.
fn wanted(headers: &HeaderMap) -> Result<Vec<Wanted>, ApiError> {
    let invalid = |found: &str| {
        let detail = format!("expected `sha-256=:BASE64:` or `sha-512=:BASE64:`, found `{found}`");
        ApiError::invalid("Content-Digest", detail)
    };
    let mut wanted: Vec<Wanted> = Vec::new();
    for value in headers.get_all(HEADER) {
        let text = value.to_str().map_err(|_| invalid("bytes that are no text"))?;
        for member in text.split(',') {
            let member = member.trim();
            let (name, value) = member.split_once('=').ok_or_else(|| invalid(member))?;
            let name = name.trim();
            if !is_key(name) {
                return Err(invalid(member));
            }
            // Behind a semicolon stand parameters, which have no meaning here.
            let value = value.split(';').next().unwrap_or_default().trim();
            let encoded = value.strip_prefix(':').and_then(|value| value.strip_suffix(':'));
            let encoded = encoded.ok_or_else(|| invalid(member))?;
            let bytes = BASE64_STANDARD.decode(encoded).map_err(|_| invalid(member))?;
            let of_wrong_length = |_| invalid(member);
            let next = match name {
                "sha-256" => Wanted::Sha256(bytes.try_into().map_err(of_wrong_length)?),
                "sha-512" => Wanted::Sha512(bytes.try_into().map_err(of_wrong_length)?),
                _ => continue,
            };
            // Of a key that comes twice the last one counts (RFC 9651, 3.2).
            wanted.retain(|before| before.algorithm() != next.algorithm());
            wanted.push(next);
        }
    }
    Ok(wanted)
}

/// Keys have small letters (RFC 9651, 3.1.2): `SHA-256`, as a header of before had it, must not be taken for one that nobody
/// knows, and be left out.
fn is_key(name: &str) -> bool {
    let is_start = |byte: &u8| byte.is_ascii_lowercase() || *byte == b'*';
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.*".contains(&byte);
    name.as_bytes().first().is_some_and(is_start) && name.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<Wanted>, ApiError> {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, text.parse().unwrap());
        wanted(&headers)
    }

    #[test]
    fn the_header_is_a_dictionary_of_digests() {
        let sha256 = field("sha-256", &[7; 32]);
        let sha512 = field("sha-512", &[8; 64]);
        assert_eq!(of(&sha256).unwrap(), [Wanted::Sha256([7; 32])]);
        let both = of(&format!("md5=:AAAA:, {sha256};p=1 ,{sha512}")).unwrap();
        assert_eq!(both, [Wanted::Sha256([7; 32]), Wanted::Sha512([8; 64])]);
        let twice = of(&format!("{}, {sha256}", field("sha-256", &[1; 32]))).unwrap();
        assert_eq!(twice, [Wanted::Sha256([7; 32])]);
        let upper = sha256.to_uppercase();
        let wrongs = [
            "sha-256",
            "sha-256=abc",
            "sha-256=:*:",
            "sha-256=:AAAA:",
            "sha-512=:AAAA",
            "",
            &upper,
            "=:AAAA:",
        ];
        for wrong in wrongs {
            let error = of(wrong).unwrap_err();
            assert_eq!(error.extras.parameter.as_deref(), Some("Content-Digest"), "{wrong}");
        }
    }

    #[test]
    fn hexadecimal_becomes_base64() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(
            sha256_field(empty).as_deref(),
            Some("sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:")
        );
        assert_eq!(sha256_field("zz"), None);
        assert_eq!(sha256_field("é"), None);
    }
}
