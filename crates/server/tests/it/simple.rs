//! The simple face, as scripts use it.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::app::{TestApp, table};

async fn send(
    app: &TestApp,
    field: &'static str,
    name: &'static str,
    bytes: impl Into<reqwest::Body>,
) -> (u16, Value) {
    let form = Form::new().part(field, Part::stream(bytes).file_name(name));
    let response = app.request(Method::POST, "/api/upload").multipart(form).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_answers_as_documented() {
    let app = TestApp::start().await;
    let (status, body) = send(&app, "csvFile", "orders.csv", table(25, false)).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["success"], true);
    assert_eq!(body["message"], "File uploaded and processed successfully");
    let data = &body["data"];
    assert_eq!(data["originalName"], "orders.csv");
    assert_eq!(data["size"], table(25, false).len());
    assert_eq!(data["processedRows"], 25);
    let rows = data["rowData"].as_array().unwrap();
    assert_eq!(rows.len(), 10);
    assert_eq!(rows[0], json!({ "rowNumber": 1, "data": ["id", "name", "price", "day"] }));
    assert_eq!(rows[9], json!({ "rowNumber": 10, "data": ["8", "name 8", "8.08", "2024-01-09"] }));
    let original = app.get(data["s3Location"].as_str().unwrap()).await;
    assert_eq!(original.text().await.unwrap(), table(25, false));
    assert_eq!(app.get_json(data["report"].as_str().unwrap()).await["counts"]["records"], 25);
    assert!(data["filename"].as_str().unwrap().starts_with(data["uploadId"].as_str().unwrap()));
    assert_eq!(data["problems"], json!({ "total": 0, "errors": 0, "warnings": 0, "rejectedRows": 0 }));
}

/// Cells are shown as they stand in the file, also those that count as null.
#[tokio::test(flavor = "multi_thread")]
async fn null_words_are_shown_as_they_stand() {
    let app = TestApp::start().await;
    let text = "id,score\n1,5\n2,NA\n3,\n4,7\n5,NA\n6,9\n";
    let (status, body) = send(&app, "csvFile", "scores.csv", text).await;
    assert_eq!(status, 200, "{body}");
    let path = format!("/api/v1/uploads/{}/records", body["data"]["uploadId"].as_str().unwrap());
    let record = &app.get_json(&path).await["records"][1];
    assert_eq!(record["cells"], json!(["2", null]), "it counts as null");
    let rows = body["data"]["rowData"].as_array().unwrap();
    assert_eq!(rows[2]["data"], json!(["2", "NA"]));
    assert_eq!(rows[3]["data"], json!(["3", ""]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_upload_is_waited_for() {
    let app = TestApp::start_with(|config| config.upload.inline_size.0 = 0).await;
    let (status, body) = send(&app, "csvFile", "big.csv", table(50_000, true)).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["data"]["processedRows"], 50_000);
    assert_eq!(body["data"]["problems"]["rejectedRows"], 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_come_in_the_envelope() {
    let app = TestApp::start_with(|config| config.upload.max_size.0 = 100_000).await;
    let (status, body) = send(&app, "file", "a.csv", "a,b\n1,2\n").await;
    assert_eq!((status, &body["success"]), (400, &json!(false)));
    assert_eq!(body["error"], "No file in the request");
    assert_eq!(body["message"], "expected a file in the field `csvFile`; found `file`");
    assert_eq!(body["details"]["code"], "file-missing");
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0\0\0\x01\0\x08\x06\0\0\0\\r\xa8f".to_vec();
    let (status, body) = send(&app, "csvFile", "picture.csv", png).await;
    assert_eq!((status, &body["details"]["code"]), (400, &json!("not-csv")), "{body}");
    let (status, body) = send(&app, "csvFile", "big.csv", table(10_000, false)).await;
    assert_eq!((status, &body["details"]["limitBytes"]), (413, &json!(100_000)), "{body}");
    let plain = app.post("/api/upload", "a,b\n1,2\n").await;
    assert_eq!(plain.status(), 400);
    assert_eq!(plain.json::<Value>().await.unwrap()["success"], false);
    let get = app.get("/api/upload").await;
    assert_eq!(get.status(), 405);
    assert_eq!(get.headers()["allow"], "POST");
    assert_eq!(get.json::<Value>().await.unwrap()["success"], false);
    app.assert_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_status() {
    let app = TestApp::start_with(|config| config.server.environment = "staging".to_owned()).await;
    let health = app.get_json("/api/health").await;
    assert_eq!((&health["status"], &health["environment"]), (&json!("healthy"), &json!("staging")));
    assert!(health["uptime"].is_f64() && health["version"].is_string() && health["timestamp"].is_string());
    send(&app, "csvFile", "a.csv", "a,b\n1,2\n").await;
    let status = app.get_json("/api/status").await;
    assert_eq!(status["status"], "operational");
    assert_eq!(status["stats"]["totalUploads"], 1);
    assert_eq!(status["stats"]["successfulUploads"], 1);
    assert_eq!(status["stats"]["failedUploads"], 0);
    assert!(status["stats"]["averageProcessingTime"].is_f64());
    assert_eq!(status["s3Status"], "not configured");
    assert!(status["lastActivity"].is_string());
}
