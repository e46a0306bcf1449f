//! The OpenAPI document, and that it tells the truth about the routes.

use reqwest::Method;

use crate::app::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_operation_exists() {
    let app = TestApp::start().await;
    let document = app.get_json("/api/openapi.json").await;
    assert_eq!(document["openapi"], "3.1.0");
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let path =
                path.replace("{id}", "0190b3a0-0000-7000-8000-000000000000").replace("{name}", "original");
            let method: Method = method.to_uppercase().parse().unwrap();
            let response = app.request(method.clone(), &path).send().await.unwrap();
            let body = response.text().await.unwrap();
            assert!(
                !body.contains(r#""code":"route-not-found""#)
                    && !body.contains(r#""code":"method-not-allowed""#),
                "{method} {path}"
            );
            assert!(
                operation["summary"].is_string() && operation["operationId"].is_string(),
                "{method} {path}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_readable_and_bring_nothing_along() {
    let app = TestApp::start().await;
    for path in ["/", "/docs", "/docs/problems/type-mismatch", "/problems/upload-too-large"] {
        let response = app.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
        let html = response.text().await.unwrap();
        assert!(html.contains("<html lang=\"en\""), "{path}");
        assert!(!html.contains("style=\"") && !html.contains("src=\"http"), "{path}");
    }
    let docs = app.get("/docs").await.text().await.unwrap();
    for word in ["/api/v1/uploads/{id}/records", "UploadView", "Send a file"] {
        assert!(docs.contains(word), "{word}");
    }
    assert_eq!(app.get("/docs/style.css").await.headers()["content-type"], "text/css; charset=utf-8");
    assert_eq!(app.get("/docs/problems/nonsense").await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_those_of_the_configuration() {
    let app = TestApp::start_with(|config| config.upload.max_size.0 = 12_345).await;
    let limits = app.get_json("/api/v1/limits").await;
    assert_eq!(limits["max_upload_bytes"], 12_345);
    assert_eq!(limits["inline_bytes"], 4 << 20);
    assert_eq!(limits["records_page"], 1_000);
}
