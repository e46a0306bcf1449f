//! Background jobs: progress, reprocessing, cancelling, deleting in the middle, restarts.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{TestApp, problem, table};

/// Every file becomes a job, and a large one takes a while.
async fn jobs_only() -> TestApp {
    TestApp::start_with(|config| {
        config.upload.inline_size.0 = 0;
        config.processing.jobs = 1;
    })
    .await
}

async fn queue(app: &TestApp, text: String) -> Value {
    let response = app
        .request(Method::POST, "/api/v1/uploads?name=big.csv")
        .header("Prefer", "respond-async")
        .body(text)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    response.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_tell_progress_and_end_with_the_upload() {
    let app = jobs_only().await;
    let upload = queue(&app, table(200_000, true)).await;
    let events = app.get(upload["links"]["events"].as_str().unwrap()).await;
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    let events = events.text().await.unwrap();
    assert!(events.starts_with("event: progress\ndata: {\"state\":\""), "{events:.200}");
    let last = events.trim_end().lines().last().unwrap();
    let done: Value = serde_json::from_str(last.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(done["state"], "completed");
    assert_eq!(done["summary"]["records"], 200_000);
    assert!(done["run"]["processing_ms"].is_u64());
    assert_eq!(done["progress"]["bytes_done"], done["size_bytes"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reprocessing_keeps_the_old_results_until_it_is_done() {
    let app = jobs_only().await;
    let upload = app.finished(&queue(&app, table(1_000, false)).await).await;
    let path = upload["links"]["self"].as_str().unwrap();
    let request = app.request(Method::POST, &format!("{path}/reprocess"));
    let response =
        request.json(&json!({ "columns": [{ "name": "price", "type": "text" }] })).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let queued: Value = response.json().await.unwrap();
    assert_eq!(queued["run"]["number"], 2);
    assert_eq!(queued["files"], upload["files"], "the old files stay");
    assert_eq!(queued["summary"], upload["summary"]);
    let done = app.finished(&queued).await;
    assert_eq!(done["state"], "completed", "{done}");
    let report = app.get_json(&format!("{path}/report")).await;
    assert_eq!(report["columns"][2]["type"]["kind"], "text");

    let bad = app.request(Method::POST, &format!("{path}/reprocess"));
    let bad = bad.json(&json!({ "encoding": "klingon" })).send().await.unwrap();
    assert_eq!(problem(bad, 400, "request-invalid").await["parameter"], "encoding");
    let unknown = app.request(Method::POST, &format!("{path}/reprocess")).json(&json!({ "sep": ";" }));
    problem(unknown.send().await.unwrap(), 400, "request-invalid").await;
    let text = app.request(Method::POST, &format!("{path}/reprocess")).body("{}").send().await.unwrap();
    problem(text, 415, "media-type-unsupported").await;
}

/// Settings that do not fit the file are refused at once, and no run is begun.
#[tokio::test(flavor = "multi_thread")]
async fn settings_that_do_not_fit_are_refused_with_the_name_of_the_part() {
    let app = jobs_only().await;
    let upload = app.finished(&queue(&app, table(1_000, false)).await).await;
    let path = upload["links"]["self"].as_str().unwrap();
    let column = |name: &str, format: &str| json!({ "name": name, "type": "date", "format": format });
    let cases = [
        (json!({ "columns": [{ "name": "nothing", "type": "text" }] }), "columns", "no column `nothing`"),
        (json!({ "columns": [column("day", "%Q")] }), "columns", "column `day`"),
        (json!({ "columns": [column("day", "%Y"), column("day", "%Y")] }), "columns", "column `day`"),
        (json!({ "dialect": { "header_rows": 4_000_000_000_u64 } }), "header_rows", "at most 100"),
        (json!({ "dialect": { "header_rows": u64::MAX } }), "header_rows", "header rows"),
        (
            json!({ "dialect": { "delimiter": ";" }, "columns": [column("day", "%Y-%m-%d")] }),
            "columns",
            "`day`",
        ),
        (json!({ "dialect": { "delimiter": "\n" } }), "dialect", "delimiter"),
        (json!({ "schema": { "fields": [{ "name": "id", "type": "klingon" }] } }), "schema", "klingon"),
    ];
    for (settings, parameter, detail) in cases {
        let request = app.request(Method::POST, &format!("{path}/reprocess")).json(&settings);
        let refused = problem(request.send().await.unwrap(), 400, "request-invalid").await;
        assert_eq!(refused["parameter"], parameter, "{refused}");
        assert!(refused["detail"].as_str().unwrap().contains(detail), "{refused}");
    }
    assert_eq!(app.get_json(path).await["run"]["number"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn reprocessing_and_cancelling_with_a_key_happen_once() {
    let app = jobs_only().await;
    let upload = app.finished(&queue(&app, table(100, false)).await).await;
    let path = upload["links"]["self"].as_str().unwrap();
    let reprocess = async |on_bad: &str| {
        let request =
            app.request(Method::POST, &format!("{path}/reprocess")).header("Idempotency-Key", "again");
        request.json(&json!({ "on_bad": on_bad })).send().await.unwrap()
    };
    let first: Value = reprocess("null").await.json().await.unwrap();
    app.finished(&first).await;
    let repeated = reprocess("null").await;
    assert_eq!(repeated.status(), StatusCode::ACCEPTED);
    assert_eq!(repeated.json::<Value>().await.unwrap()["run"]["number"], 2);
    problem(reprocess("fail").await, 422, "idempotency-key-reused").await;

    let waiting = queue(&app, table(400_000, false)).await;
    let path = waiting["links"]["self"].as_str().unwrap();
    for _ in 0..2 {
        let request = app.request(Method::POST, &format!("{path}/cancel")).header("Idempotency-Key", "stop");
        assert_eq!(request.send().await.unwrap().status(), StatusCode::ACCEPTED);
        app.finished(&waiting).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_run_is_cancelled_at_once_and_a_running_one_soon() {
    let app = jobs_only().await;
    let running = queue(&app, table(400_000, false)).await;
    let waiting = queue(&app, table(10, false)).await;
    for upload in [&waiting, &running] {
        let path = upload["links"]["self"].as_str().unwrap();
        let response = app.request(Method::POST, &format!("{path}/cancel")).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::ACCEPTED);
        let done = app.finished(upload).await;
        assert_eq!(done["state"], "cancelled", "{done}");
        assert_eq!(done["files"].as_array().unwrap().len(), 1, "the original stays");
        problem(app.get(&format!("{path}/report")).await, 409, "upload-state-conflict").await;
        let again = app.request(Method::POST, &format!("{path}/cancel")).send().await.unwrap();
        assert_eq!(problem(again, 409, "upload-state-conflict").await["state"], "cancelled");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_in_the_middle_leaves_nothing() {
    let app = jobs_only().await;
    let upload = queue(&app, table(400_000, false)).await;
    app.eventually("start of the job", async |app| {
        app.get_json(upload["links"]["self"].as_str().unwrap()).await["state"] == "processing"
    })
    .await;
    let response =
        app.request(Method::DELETE, upload["links"]["self"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    app.assert_empty().await;
    app.eventually("removal of the directory", async |app| !app.upload_dir(&upload).exists()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_files_of_the_current_run_stay() {
    let app = TestApp::start_with(|config| {
        config.upload.inline_size.0 = 0;
        config.store.keep_replaced = csvp_server::config::Seconds::new(0);
    })
    .await;
    let mut upload = app.finished(&queue(&app, table(1_000, true)).await).await;
    let path = upload["links"]["self"].as_str().unwrap().to_owned();
    let files = app.objects().len();
    for _ in 0..5 {
        let request = app.request(Method::POST, &format!("{path}/reprocess")).json(&json!({}));
        upload = app.finished(&request.send().await.unwrap().json().await.unwrap()).await;
    }
    assert_eq!(upload["run"]["number"], 6);
    app.eventually("removal of the replaced runs", async |app| app.objects().len() == files).await;
    let runs = app.upload_dir(&upload).join("runs");
    assert_eq!(std::fs::read_dir(runs).unwrap().count(), 1, "no empty directory stays");
    app.get_json(&format!("{path}/report")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_go_on_after_a_restart() {
    let mut app = jobs_only().await;
    let first = queue(&app, table(300_000, false)).await;
    let second = queue(&app, table(1_000, true)).await;
    app.restart().await;
    for (upload, records) in [(first, 300_000), (second, 1_000)] {
        let done = app.finished(&upload).await;
        assert_eq!(done["state"], "completed", "{done}");
        assert_eq!(done["summary"]["records"], records);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn event_streams_end_when_the_server_stops() {
    let mut app = jobs_only().await;
    let upload = queue(&app, table(400_000, false)).await;
    let events = app.get(upload["links"]["events"].as_str().unwrap()).await;
    app.stop().await;
    events.text().await.unwrap();
}
