//! Every case of the corpus that fixes nothing, sent over HTTP: whole, and byte by byte.

use csvp_testkit::{Case, corpus};
use reqwest::{Body, StatusCode};
use serde_json::Value;

use crate::app::TestApp;

/// Larger files would only send more of the same single bytes.
const BYTEWISE: usize = 4 << 10;

#[tokio::test(flavor = "multi_thread")]
async fn cases_come_out_as_they_should() {
    let app = TestApp::start().await;
    let cases: Vec<Case> = corpus::cases().into_iter().filter(Case::has_defaults).collect();
    assert!(cases.len() > 60, "the corpus has {} cases without settings", cases.len());
    for case in &cases {
        send(&app, case, Body::from(case.bytes().to_vec())).await;
        if case.bytes().len() <= BYTEWISE {
            let bytes: Vec<_> =
                case.bytes().iter().map(|&byte| Ok::<_, std::io::Error>(vec![byte])).collect();
            send(&app, case, Body::wrap_stream(futures::stream::iter(bytes))).await;
        }
    }
}

async fn send(app: &TestApp, case: &Case, body: Body) {
    let name = case.name();
    let response = app.post(&format!("/api/v1/uploads?name={name}.csv"), body).await;
    let status = response.status();
    let answer: Value = response.json().await.unwrap();
    if status == StatusCode::BAD_REQUEST {
        // What is no table at all is not kept, so it has no report.
        let codes = case.expect().problem.iter().map(|problem| problem.code.as_str());
        let known = codes.into_iter().any(|code| matches!(code, "not-csv" | "file-empty"));
        assert!(known && answer["code"] == "not-csv", "{name}: {answer}");
        return;
    }
    assert_eq!(status, StatusCode::CREATED, "{name}: {answer}");
    let link = |key: &str| answer["links"][key].as_str().unwrap().to_owned();
    let report = app.get(&link("report")).await.json().await.unwrap();
    if let Err(difference) = case.check_report(&report) {
        panic!("{name} over HTTP:\n{difference}");
    }
    let original = app.get(&format!("{}/files/original", link("self"))).await.bytes().await.unwrap();
    assert_eq!(original, case.bytes(), "{name}: the original is kept byte for byte");
}
