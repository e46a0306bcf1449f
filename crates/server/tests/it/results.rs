//! Report, records, problems.

use serde_json::{Value, json};

use crate::app::{TestApp, problem, table};

#[tokio::test(flavor = "multi_thread")]
async fn the_report_adds_up() {
    let app = TestApp::start().await;
    let upload = app.upload("t.csv", table(1_000, true)).await;
    let report = app.get_json(upload["links"]["report"].as_str().unwrap()).await;
    let counts = &report["counts"];
    assert_eq!(counts["records"], 1_000);
    assert_eq!(counts["rejected"], 10);
    assert_eq!(counts["accepted"], 990);
    assert_eq!(report["problems"]["total"], 10);
    assert_eq!(report["file"]["size_bytes"], upload["size_bytes"]);
    assert!(report["columns"][0]["profile"].is_object(), "columns have their statistics");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_from_any_place() {
    let app = TestApp::start_with(|config| config.upload.inline_size.0 = 1 << 20).await;
    for records in [1_000, 60_000] {
        let upload = app.finished(&app.upload("t.csv", table(records, true)).await).await;
        let path = upload["links"]["records"].as_str().unwrap();
        let last = records - 3;
        for offset in [0, 5, 107, last] {
            let page = app.get_json(&format!("{path}?offset={offset}&limit=2")).await;
            assert_eq!(page["total"], records);
            assert_eq!(page["columns"].as_array().unwrap().len(), 4);
            let first = &page["records"][0];
            assert_eq!(first["record"], offset + 1);
            assert_eq!(first["line"], offset + 2);
            assert_eq!(first["cells"][0], offset.to_string());
            assert_eq!(page["records"].as_array().unwrap().len(), 2);
        }
        let bad = &app.get_json(&format!("{path}?offset=7&limit=1")).await["records"][0];
        assert_eq!(bad["status"], "rejected");
        assert_eq!(bad["cells"], json!(["7", "name 7", "1.50", null]));
        assert_eq!(bad["problems"][0]["code"], "field-count");
        assert_eq!(app.get_json(&format!("{path}?offset={records}")).await["records"], json!([]));
    }
    let response = app.get(&format!("/api/v1/uploads/{}/records?limit=1001", uuid::Uuid::nil())).await;
    problem(response, 400, "request-invalid").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_page_by_page_and_filtered() {
    let app = TestApp::start().await;
    let upload = app.upload("t.csv", table(1_000, true)).await;
    let path = upload["links"]["problems"].as_str().unwrap();
    let mut seen: Vec<Value> = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.get_json(&format!("{path}?limit=3{cursor}")).await;
        assert_eq!(page["total"], 10);
        seen.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 10);
    assert!(seen.is_sorted_by_key(|problem| problem["position"]["record"].as_u64()));
    assert_eq!(seen[0]["code"], "field-count");
    assert_eq!(seen[0]["severity"], "error");
    assert_eq!(seen[0]["position"]["record"], 8);
    assert_eq!(seen[0]["position"]["line"], 9);
    assert_eq!(seen[0]["message"], "record has 3 fields, expected 4");
    assert_eq!(seen[0]["docs"], "/docs/problems/field-count");
    assert_eq!(app.get_json(&format!("{path}?code=nul-byte")).await["total"], 0);
    assert_eq!(app.get_json(&format!("{path}?code=field-count")).await["total"], 10);
    problem(app.get(&format!("{path}?code=no-such")).await, 400, "request-invalid").await;
    problem(app.get(&format!("{path}?cursor=c1.x")).await, 400, "request-invalid").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_fails_refuses_the_file_and_keeps_its_report() {
    let app = TestApp::start().await;
    let response = app.post("/api/v1/uploads?on_bad=fail", table(100, true)).await;
    assert_eq!(response.status(), 201);
    let upload: Value = response.json().await.unwrap();
    assert_eq!(upload["state"], "refused");
    assert_eq!(upload["error"]["code"], "upload-refused");
    assert_eq!(upload["summary"]["verdict"], "refused");
    let names: Vec<&str> =
        upload["files"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["original", "problems.csv", "report.json"]);
    assert_eq!(app.get_json(upload["links"]["report"].as_str().unwrap()).await["verdict"], "refused");
}
