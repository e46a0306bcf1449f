//! Sending, listing, looking, deleting.

use std::io::Write as _;

use csvp_store::{Clock, Meta, MetaOptions, TenantId, UploadId};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{TestApp, problem, table};

#[tokio::test(flavor = "multi_thread")]
async fn a_small_file_is_done_at_once() {
    let app = TestApp::start().await;
    let response = app.post("/api/v1/uploads?name=orders.csv", "id,price\n1,2.50\n2,4.00\n3,x\n").await;
    assert_eq!(response.status(), StatusCode::CREATED);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let upload: Value = response.json().await.unwrap();
    assert_eq!(location, upload["links"]["self"]);
    assert_eq!(upload["state"], "completed");
    assert_eq!(upload["name"], "orders.csv");
    assert_eq!(upload["size_bytes"], 27);
    assert_eq!(upload["run"]["number"], 1);
    assert_eq!(upload["progress"]["stage"], "done");
    assert_eq!(upload["summary"]["records"], 3);
    assert_eq!(upload["summary"]["columns"], 2);
    assert_eq!(upload["error"], Value::Null);
    let created = upload["created_at"].as_str().unwrap();
    assert_eq!((created.len(), &created[26..]), (27, "Z"), "{created}");
    assert_eq!(app.get_json(&location).await, upload);
    assert!(upload["sha256"].as_str().is_some_and(|hash| hash.len() == 64));
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_around_every_border_come_back_byte_for_byte() {
    let app = TestApp::start_with(|config| config.upload.inline_size.0 = 1 << 20).await;
    for records in [1, 6_000, 7_000, 25_000, 26_000, 60_000] {
        let text = table(records, true);
        let upload = app.upload("t.csv", text.clone()).await;
        let upload = app.finished(&upload).await;
        assert_eq!(upload["state"], "completed", "{records}: {upload}");
        assert_eq!(upload["summary"]["records"], records, "{upload}");
        let bytes = app.get(&format!("{}/files/original", upload["links"]["self"].as_str().unwrap())).await;
        assert!(bytes.text().await.unwrap() == text, "{records} records came back changed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn multipart_takes_settings_before_the_file() {
    let app = TestApp::start().await;
    let form = Form::new()
        .text("settings", json!({ "columns": [{ "name": "id", "type": "text" }] }).to_string())
        .part("file", Part::text("id,n\n1,2\n").file_name("a.csv"));
    let response = app.request(Method::POST, "/api/v1/uploads").multipart(form).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    let upload: Value = response.json().await.unwrap();
    assert_eq!(upload["name"], "a.csv");
    assert_eq!(upload["run"]["settings"], json!({ "columns": [{ "name": "id", "type": "text" }] }));
    let report = app.get_json(upload["links"]["report"].as_str().unwrap()).await;
    assert_eq!(report["columns"][0]["type"]["kind"], "text");
    assert_eq!(report["columns"][1]["type"]["kind"], "integer");

    let late = Form::new().part("csvFile", Part::text("id,n\n1,2\n")).text("settings", "{}");
    let response = app.request(Method::POST, "/api/v1/uploads").multipart(late).send().await.unwrap();
    problem(response, 400, "request-invalid").await;
    let wrong = Form::new().part("upload", Part::text("id,n\n1,2\n"));
    let response = app.request(Method::POST, "/api/v1/uploads").multipart(wrong).send().await.unwrap();
    let body = problem(response, 400, "file-missing").await;
    assert_eq!(body["detail"], "expected a file in the field `file`; found `upload`");
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_settings_come_from_the_query() {
    let app = TestApp::start().await;
    let upload: Value = app
        .post("/api/v1/uploads?name=x.txt&delimiter=%7C&header_rows=0", "1|a,b\n2|c,d\n")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(upload["summary"]["delimiter"], "|", "{upload}");
    assert_eq!(upload["summary"]["records"], 2);
    let response = app.post("/api/v1/uploads?quote=abc", "a,b\n").await;
    let body = problem(response, 400, "request-invalid").await;
    assert_eq!(body["parameter"], "quote");
    let response = app.post("/api/v1/uploads?encoding=klingon", "a,b\n").await;
    assert_eq!(problem(response, 400, "request-invalid").await["parameter"], "encoding");
    problem(app.post("/api/v1/uploads?colour=red", "a,b\n").await, 400, "request-invalid").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prefer_respond_async_makes_a_job() {
    let app = TestApp::start().await;
    let response = app
        .request(Method::POST, "/api/v1/uploads?name=j.csv")
        .header("Prefer", "respond-async")
        .body(table(10, false))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let upload: Value = response.json().await.unwrap();
    let done = app.finished(&upload).await;
    assert_eq!(done["state"], "completed", "{done}");
    assert_eq!(done["summary"]["records"], 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_go_page_by_page_newest_first() {
    let app = TestApp::start().await;
    let mut ids = Vec::new();
    for i in 0..5 {
        ids.push(app.upload(&format!("{i}.csv"), "a,b\n1,2\n").await["id"].clone());
    }
    let first = app.get_json("/api/v1/uploads?limit=3").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = app.get_json(&format!("/api/v1/uploads?limit=3&cursor={cursor}")).await;
    let pages =
        [first["items"].as_array().unwrap().clone(), second["items"].as_array().unwrap().clone()].concat();
    ids.reverse();
    assert_eq!(pages.iter().map(|upload| upload["id"].clone()).collect::<Vec<_>>(), ids);
    assert_eq!(second["next_cursor"], Value::Null);
    assert_eq!(app.get_json("/api/v1/uploads?state=failed").await["items"], json!([]));
    problem(app.get("/api/v1/uploads?cursor=nonsense").await, 400, "request-invalid").await;
    problem(app.get("/api/v1/uploads?state=lost").await, 400, "request-invalid").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_upload_is_gone() {
    let app = TestApp::start().await;
    let upload = app.upload("a.csv", "a,b\n1,2\n").await;
    let path = upload["links"]["self"].as_str().unwrap();
    assert!(!app.objects().is_empty());
    let response = app.request(Method::DELETE, path).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    problem(app.get(path).await, 404, "upload-not-found").await;
    problem(app.get(&format!("{path}/files/original")).await, 404, "upload-not-found").await;
    problem(app.request(Method::DELETE, path).send().await.unwrap(), 404, "upload-not-found").await;
    app.assert_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_makes_retries_safe() {
    let app = TestApp::start().await;
    let send = async |path: &str, body: &'static str| {
        let request = app.request(Method::POST, path).header("Idempotency-Key", "k-1").body(body);
        request.send().await.unwrap()
    };
    let first: Value = send("/api/v1/uploads?name=a.csv", "a,b\n1,2\n").await.json().await.unwrap();
    let objects = app.objects();
    let again = send("/api/v1/uploads?name=a.csv", "a,b\n1,2\n").await;
    assert_eq!(again.status(), StatusCode::CREATED);
    assert_eq!(again.json::<Value>().await.unwrap(), first);
    for (path, body) in [
        ("/api/v1/uploads?name=a.csv", "a,b\n3,4\n"),
        ("/api/v1/uploads?name=b.csv", "a,b\n1,2\n"),
        ("/api/v1/uploads?name=a.csv&delimiter=;", "a,b\n1,2\n"),
    ] {
        problem(send(path, body).await, 422, "idempotency-key-reused").await;
    }
    let path = first["links"]["self"].as_str().unwrap();
    problem(send(&format!("{path}/cancel"), "").await, 422, "idempotency-key-reused").await;
    assert_eq!(app.objects(), objects);
    let deleted = app.request(Method::DELETE, path).send().await.unwrap();
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    problem(send("/api/v1/uploads?name=a.csv", "a,b\n1,2\n").await, 422, "idempotency-key-reused").await;
    app.assert_empty().await;
    let long = app.request(Method::POST, "/api/v1/uploads").header("Idempotency-Key", "k".repeat(256));
    let long = problem(long.body("a\n1\n").send().await.unwrap(), 400, "request-invalid").await;
    assert_eq!(long["parameter"], "Idempotency-Key");
    let used_up = format!("deleted:{}", "0a".repeat(32));
    let used_up = app.request(Method::POST, "/api/v1/uploads").header("Idempotency-Key", used_up);
    let used_up = problem(used_up.body("a\n1\n").send().await.unwrap(), 400, "request-invalid").await;
    assert_eq!(used_up["parameter"], "Idempotency-Key");
}

/// What is kept of a request is short, whatever its sender writes.
#[tokio::test(flavor = "multi_thread")]
async fn long_media_types_and_settings_are_not_kept() {
    let app = TestApp::start().await;
    let send = |part: String| {
        let body = format!("--b\r\n{part}\r\n--b--\r\n");
        let request = app.request(Method::POST, "/api/v1/uploads");
        request.header("Content-Type", "multipart/form-data; boundary=b").body(body).send()
    };
    let file = "Content-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n";
    let kind = "x".repeat(100_000);
    let taken = send(format!("{file}Content-Type: text/{kind}\r\n\r\na\n1\n")).await.unwrap();
    assert_eq!(taken.status(), 201);
    let upload: Value = taken.json().await.unwrap();
    let file_of_database = app.config.store.data_dir().join("csvp.sqlite");
    let meta = Meta::open(&MetaOptions::sqlite_file(file_of_database), Clock::system()).await.unwrap();
    let id = UploadId::from_uuid(upload["id"].as_str().unwrap().parse().unwrap());
    let record = meta.get_upload(TenantId::DEFAULT, id).await.unwrap();
    assert_eq!(record.upload.media_type.map(|kept| kept.len()), Some(255));

    let settings = json!({ "schema": { "fields": [{ "name": "a" }], "description": "x".repeat(300_000) } });
    let part = format!("Content-Disposition: form-data; name=\"settings\"\r\n\r\n{settings}");
    let refused = problem(send(part).await.unwrap(), 400, "request-invalid").await;
    assert_eq!(refused["parameter"], "settings", "{refused}");
    let again = app.request(Method::POST, &format!("/api/v1/uploads/{}/reprocess", id.as_uuid()));
    let refused = problem(again.json(&settings).send().await.unwrap(), 400, "request-invalid").await;
    assert_eq!(refused["parameter"], "settings", "{refused}");
}

/// An upload may go at any moment of a look at it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_beside_deletions_finds_it_or_not() {
    let app = TestApp::start().await;
    let mut paths = Vec::new();
    for number in 0..60 {
        let upload = app.upload(&format!("{number}.csv"), table(3, false)).await;
        paths.push(upload["links"]["self"].as_str().unwrap().to_owned());
    }
    let deleting = async {
        for path in &paths {
            assert_eq!(app.request(Method::DELETE, path).send().await.unwrap().status(), 204);
        }
    };
    let reading = async {
        for path in &paths {
            for part in ["", "/files/original", "/report", "/records", "/problems"] {
                let status = app.get(&format!("{path}{part}")).await.status();
                assert!(matches!(status.as_u16(), 200 | 404), "{path}{part}: {status}");
            }
            assert_eq!(app.get("/api/v1/uploads").await.status(), 200);
        }
    };
    tokio::join!(deleting, reading);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_in_use_until_its_request_has_ended() {
    let app = TestApp::start().await;
    let head = "POST /api/v1/uploads HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: slow\r\nContent-Length: 8\r\n\r\n";
    let mut slow = std::net::TcpStream::connect(app.address).unwrap();
    slow.write_all(head.as_bytes()).unwrap();
    let send = async |app: &TestApp, body: &'static str| {
        app.request(Method::POST, "/api/v1/uploads").header("Idempotency-Key", "slow").body(body).send().await
    };
    app.eventually("arrival of the slow request", async |app| {
        app.get("/metrics").await.text().await.unwrap().contains("csvp_uploads_receiving 1")
    })
    .await;
    let refused = send(&app, "a,b\n1,2\n").await.unwrap();
    assert_eq!(refused.headers()["retry-after"], "1");
    problem(refused, 409, "idempotency-key-in-use").await;
    slow.write_all(b"a,b\n1,2\n").unwrap();
    app.eventually("end of the slow request", async |app| {
        send(app, "a,b\n1,2\n").await.unwrap().status() == StatusCode::CREATED
    })
    .await;
    assert_eq!(app.get_json("/api/v1/uploads").await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_survive_a_restart() {
    let mut app = TestApp::start().await;
    let upload = app.upload("a.csv", "a,b\n1,2\n").await;
    app.restart().await;
    assert_eq!(app.get_json(upload["links"]["self"].as_str().unwrap()).await, upload);
}
