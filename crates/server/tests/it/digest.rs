//! `Content-Digest` on the way in, `Repr-Digest` on the way out.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use sha2::{Digest as _, Sha256, Sha512};

use crate::app::{TestApp, problem, table};

fn sha256(bytes: &[u8]) -> String {
    format!("sha-256=:{}:", BASE64_STANDARD.encode(Sha256::digest(bytes)))
}

fn sha512(bytes: &[u8]) -> String {
    format!("sha-512=:{}:", BASE64_STANDARD.encode(Sha512::digest(bytes)))
}

async fn send(app: &TestApp, path: &str, kind: &str, digest: &str, body: Vec<u8>) -> reqwest::Response {
    let request = app.request(Method::POST, path).header("content-type", kind);
    request.header("content-digest", digest).body(body).send().await.unwrap()
}

fn multipart(text: &str, epilogue: &str) -> Vec<u8> {
    let head = "--b\r\ncontent-disposition: form-data; name=\"csvFile\"; filename=\"a.csv\"\r\n\r\n";
    format!("{head}{text}\r\n--b--\r\n{epilogue}").into_bytes()
}

const RAW: &str = "text/csv";
const FORM: &str = "multipart/form-data; boundary=b";

#[tokio::test(flavor = "multi_thread")]
async fn bodies_with_their_digest_are_taken() {
    let app = TestApp::start().await;
    for records in [3, 40_000] {
        let text = table(records, false);
        let bytes = text.clone().into_bytes();
        for digest in [sha256(&bytes), sha512(&bytes), format!("{}, {}", sha512(&bytes), sha256(&bytes))] {
            let taken = send(&app, "/api/v1/uploads", RAW, &digest, bytes.clone()).await;
            assert!(taken.status().is_success(), "{records}: {}", taken.text().await.unwrap());
        }
        // Of a form the digest is that of the whole body, whatever stands behind the last part.
        for (path, epilogue) in
            [("/api/v1/uploads", ""), ("/api/v1/uploads", "and more"), ("/api/upload", "")]
        {
            let form = multipart(&text, epilogue);
            let taken = send(&app, path, FORM, &sha256(&form), form.clone()).await;
            assert!(taken.status().is_success(), "{records}: {}", taken.text().await.unwrap());
        }
    }
    let unknown = send(&app, "/api/v1/uploads", RAW, "unixsum=:AAAA:", b"a,b\n1,2\n".to_vec()).await;
    assert_eq!(unknown.status(), StatusCode::CREATED, "one that we do not know is not ours to judge");
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_bodies_are_refused_and_leave_nothing() {
    let app = TestApp::start().await;
    for records in [3, 40_000] {
        let bytes = table(records, false).into_bytes();
        let mut changed = bytes.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        for (told, found) in [(sha256(&bytes), sha256(&changed)), (sha512(&bytes), sha512(&changed))] {
            let refused = send(&app, "/api/v1/uploads", RAW, &told, changed.clone()).await;
            let body = problem(refused, 400, "digest-mismatch").await;
            assert_eq!((&body["expected_digest"], &body["received_digest"]), (&told.into(), &found.into()));
            assert_eq!(body["parameter"], "Content-Digest");
        }
        let form = multipart(&String::from_utf8(bytes.clone()).unwrap(), "");
        let refused = send(&app, "/api/v1/uploads", FORM, &sha256(&bytes), form).await;
        problem(refused, 400, "digest-mismatch").await;
    }
    let refused = send(&app, "/api/v1/uploads", RAW, "sha-256=abc", b"a,b\n1,2\n".to_vec()).await;
    let body = problem(refused, 400, "request-invalid").await;
    assert_eq!(body["parameter"], "Content-Digest");
    app.assert_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn downloads_of_the_original_carry_their_digest() {
    let app = TestApp::start().await;
    let text = table(10, true);
    let upload: Value = app.upload("t.csv", text.clone()).await;
    let files = format!("{}/files", upload["links"]["self"].as_str().unwrap());
    let expected = sha256(text.as_bytes());
    let whole = app.get(&format!("{files}/original")).await;
    assert_eq!(whole.headers()["repr-digest"], expected);
    assert_eq!(whole.headers()["content-digest"], expected);
    let part = app.request(Method::GET, &format!("{files}/original")).header("range", "bytes=0-9");
    let part = part.send().await.unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()["repr-digest"], expected);
    assert!(!part.headers().contains_key("content-digest"));
    let clean = app.get(&format!("{files}/clean.csv")).await;
    assert!(!clean.headers().contains_key("repr-digest"));
}
