//! Every failure is a problem, every answer has its headers.

use reqwest::{Method, header};

use crate::app::{TestApp, problem};

#[tokio::test(flavor = "multi_thread")]
async fn unknown_paths_and_methods() {
    let app = TestApp::start().await;
    problem(app.get("/api/v1/nothing").await, 404, "route-not-found").await;
    problem(app.get("/nothing.html").await, 404, "route-not-found").await;
    let response = app.request(Method::PATCH, "/api/v1/uploads").send().await.unwrap();
    assert_eq!(response.headers()[header::ALLOW], "POST,GET,HEAD");
    problem(response, 405, "method-not-allowed").await;
    problem(app.request(Method::POST, "/").send().await.unwrap(), 405, "method-not-allowed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_its_headers() {
    let app = TestApp::start().await;
    for path in ["/", "/docs", "/api/health", "/api/v1/uploads", "/api/v1/nothing", "/metrics", "/live"] {
        let response = app.request(Method::GET, path).header("X-Request-Id", "abc-1").send().await.unwrap();
        let headers = response.headers();
        assert_eq!(headers["x-api-version"], "1", "{path}");
        assert_eq!(headers["x-request-id"], "abc-1");
        assert!(headers["x-response-time"].to_str().unwrap().ends_with("ms"));
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
        let csp = headers["content-security-policy"].to_str().unwrap();
        assert!(csp.starts_with("default-src 'none'") && !csp.contains("unsafe"), "{csp}");
    }
    let odd = app.request(Method::GET, "/live").header("X-Request-Id", "a b\"c").send().await.unwrap();
    assert_eq!(odd.headers()["x-request-id"].len(), 36, "an unusable id is replaced");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_sites_get_nothing() {
    let app = TestApp::start().await;
    let rebound = app
        .request(Method::GET, "/api/v1/uploads")
        .header(header::HOST, "evil.example")
        .send()
        .await
        .unwrap();
    problem(rebound, 400, "request-invalid").await;
    let forged = app
        .request(Method::POST, "/api/v1/uploads")
        .header("Sec-Fetch-Site", "cross-site")
        .body("a,b\n1,2\n");
    problem(forged.send().await.unwrap(), 400, "request-invalid").await;
    app.assert_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_as_long_as_asked_or_refused() {
    let app = TestApp::start().await;
    let upload = app.upload("a.csv", "a,b\n1,2\n").await;
    let path = upload["links"]["self"].as_str().unwrap();
    for (list, most) in [
        ("/api/v1/uploads".to_owned(), 200),
        (format!("{path}/records"), 1_000),
        (format!("{path}/problems"), 1_000),
    ] {
        app.get_json(&format!("{list}?limit={most}")).await;
        for limit in [0, most + 1] {
            let refused = app.get(&format!("{list}?limit={limit}")).await;
            let refused = problem(refused, 400, "request-invalid").await;
            assert_eq!(refused["parameter"], "limit");
            assert_eq!(refused["detail"], format!("expected a `limit` from 1 to {most}, found {limit}"));
        }
    }
}
