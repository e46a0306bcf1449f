//! A part of the store goes away and comes back: bounded waits, honest answers, nothing acknowledged, no restart.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use csvp_server::config::Seconds;
use csvp_testkit::servers::{Postgres, Relay, Seaweed};
use reqwest::{Method, Response};
use serde_json::Value;

use crate::app::{TestApp, problem, table};
use crate::s3::use_bucket;

/// No answer may take longer: the deadline of the tests and what it takes to work on two processors.
const PATIENCE: Duration = Duration::from_secs(20);

/// Well below the deadline of the requests to the bucket, which is 6 s.
const AT_ONCE: Duration = Duration::from_secs(5);

async fn in_time(what: &str, answer: impl Future<Output = Response>) -> Response {
    let begun = Instant::now();
    let answer = answer.await;
    assert!(begun.elapsed() < PATIENCE, "{what} took {:?}", begun.elapsed());
    answer
}

/// Sends it and expects to be told to come back, and which part is away.
async fn away(app: &TestApp, method: Method, path: &str, body: Vec<u8>, part: &str) {
    let answer = in_time(path, async { app.request(method, path).body(body).send().await.unwrap() }).await;
    let retry: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&retry));
    let body = problem(answer, 503, "store-unavailable").await;
    assert!(body["detail"].as_str().unwrap().contains(part), "{body}");
}

async fn get_status(app: &TestApp, path: &str) -> u16 {
    in_time(path, app.get(path)).await.status().as_u16()
}

async fn operations(app: &TestApp, path: &str) -> (u16, String) {
    let url = format!("http://{}{path}", app.operations.unwrap());
    let answer = in_time(path, async { app.client.get(url).send().await.unwrap() }).await;
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn list(app: &TestApp) -> Vec<Value> {
    app.get_json("/api/v1/uploads").await["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bucket_goes_away_and_comes_back() {
    let server = Seaweed::start();
    server.make_bucket("files");
    let relay = Relay::to([SocketAddr::from(([127, 0, 0, 1], server.port()))]);
    let endpoint = format!("http://{}", relay.address());
    let app = TestApp::start_with(|config| {
        use_bucket(config, &endpoint, &server);
        config.s3.connect_timeout = Seconds::new(1);
        config.s3.request_timeout = Seconds::new(4);
        config.s3.retry_deadline = Seconds::new(6);
        config.server.operations = "127.0.0.1:0".to_owned();
        config.store.keep_replaced = Seconds::new(1);
        config.upload.inline_size.0 = 1 << 20;
    })
    .await;
    let text = table(300_000, false);
    let kept = app.finished(&app.upload("kept.csv", text.clone()).await).await;
    let doomed = app.upload("doomed.csv", table(3, false)).await;
    let path = |upload: &Value| upload["links"]["self"].as_str().unwrap().to_owned();
    let original = format!("{}/files/original", path(&kept));

    for silent in [false, true] {
        if silent {
            relay.set_silent(true)
        } else {
            relay.set_refusing(true)
        }
        // The first one finds out, the next ones are told at once.
        let (small, large) = (table(3, false).into_bytes(), table(700_000, false).into_bytes());
        let (first, second) = if silent { (large, small) } else { (small, large) };
        away(&app, Method::POST, "/api/v1/uploads", first, "object store").await;
        let begun = Instant::now();
        away(&app, Method::POST, "/api/v1/uploads", second, "object store").await;
        assert!(begun.elapsed() < AT_ONCE, "the second upload took {:?}", begun.elapsed());
        away(&app, Method::GET, &original, vec![], "object store").await;
        // What needs only the database goes on.
        assert_eq!(list(&app).await.len(), 2, "nothing was acknowledged");
        assert_eq!(get_status(&app, &path(&kept)).await, 200);
        let (ready, why) = operations(&app, "/ready").await;
        assert_eq!((ready, why.contains("object store")), (503, true), "{why}");
        assert_eq!(operations(&app, "/live").await.0, 200);
        assert_eq!(app.get_json("/api/status").await["s3Status"], "unavailable");
        relay.set_silent(false);
        relay.set_refusing(false);
        app.eventually("readiness", async |app| operations(app, "/ready").await.0 == 200).await;
        assert!(app.get(&original).await.text().await.unwrap() == text);
    }

    // A deletion of the time without a bucket, and a job that was cut off by it, are done when it is back.
    let again = app.request(Method::POST, &format!("{}/reprocess", path(&kept)));
    let again: Value = again.json(&serde_json::json!({})).send().await.unwrap().json().await.unwrap();
    app.eventually("the start of the job", async |app| {
        app.get_json(&path(&kept)).await["state"] == "processing"
    })
    .await;
    relay.set_refusing(true);
    assert_eq!(app.request(Method::DELETE, &path(&doomed)).send().await.unwrap().status(), 204);
    // Longer than several tries of the job: none of them counts.
    let longer = Duration::from_secs(15);
    tokio::time::timeout(longer, std::future::pending::<()>()).await.unwrap_err();
    let jobs = csvp_server::jobs::list(&app.config, None).await.unwrap();
    let put_off = Some("the object store does not answer");
    assert!(jobs.iter().any(|job| job.error.as_deref() == put_off), "{jobs:?}");
    relay.set_refusing(false);
    let done = app.finished(&again).await;
    assert_eq!((&done["state"], &done["run"]["number"]), (&"completed".into(), &2.into()));
    let gone = doomed["id"].as_str().unwrap();
    let listed = || server.request("GET", "/files?list-type=2");
    app.eventually("removal of what was deleted", async |_| !listed().contains(gone)).await;
    assert!(app.get(&original).await.text().await.unwrap() == text);
    app.upload("after.csv", table(3, false)).await;
    assert_eq!(list(&app).await.len(), 2);
    let parts = || server.request("GET", "/files?uploads=").matches("<UploadId>").count();
    // What was cut off in the middle of its parts waits for the hourly look, or was aborted when the bucket was back.
    assert!(parts() <= 2, "{}", parts());
}

/// Connections that break in the middle of a transfer cost time and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_transfers_are_done_again() {
    let server = Seaweed::start();
    server.make_bucket("files");
    let relay = Relay::to([SocketAddr::from(([127, 0, 0, 1], server.port()))]);
    let endpoint = format!("http://{}", relay.address());
    let app = TestApp::start_with(|config| use_bucket(config, &endpoint, &server)).await;
    relay.set_delay(Duration::from_millis(1));
    let text = table(700_000, true);
    let cutting = async {
        // Fewer than a request is tried again.
        for _ in 0..6 {
            tokio::time::timeout(Duration::from_millis(100), std::future::pending::<()>()).await.unwrap_err();
            relay.cut();
        }
        relay.set_delay(Duration::ZERO);
    };
    let (upload, ()) = tokio::join!(app.upload("t.csv", text.clone()), cutting);
    let upload = app.finished(&upload).await;
    assert_eq!(upload["state"], "completed");
    let original = format!("{}/files/original", upload["links"]["self"].as_str().unwrap());
    let reading = async {
        let mut answer = app.get(&original).await;
        let mut bytes = Vec::new();
        while let Some(piece) = answer.chunk().await.unwrap() {
            if bytes.len() % 5 == 0 {
                relay.cut();
            }
            bytes.extend_from_slice(&piece);
        }
        bytes
    };
    assert!(reading.await == text.as_bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_goes_away_and_comes_back() {
    let server = Postgres::start();
    let url = server.new_database();
    let address = SocketAddr::from(([127, 0, 0, 1], server.port()));
    let relay = Relay::to([address]);
    let through = url.replace(&address.to_string(), &relay.address().to_string());
    assert_ne!(through, url);
    let app = TestApp::start_with(|config| {
        config.database.url = through.parse().unwrap();
        config.database.acquire_timeout = Seconds::new(1);
        config.database.statement_timeout = Seconds::new(1);
        config.server.operations = "127.0.0.1:0".to_owned();
    })
    .await;
    let text = table(30_000, false);
    let kept = app.finished(&app.upload("kept.csv", text.clone()).await).await;
    let original = format!("{}/files/original", kept["links"]["self"].as_str().unwrap());
    for silent in [false, true] {
        if silent {
            relay.set_silent(true)
        } else {
            relay.set_refusing(true)
        }
        for records in [3, 30_000] {
            let body = table(records, false).into_bytes();
            away(&app, Method::POST, "/api/v1/uploads", body, "database").await;
        }
        let objects = app.objects().len();
        for _ in 0..3 {
            let body = table(30_000, false).into_bytes();
            away(&app, Method::POST, "/api/v1/uploads", body, "database").await;
        }
        assert_eq!(app.objects().len(), objects, "nothing is stored that cannot be recorded");
        away(&app, Method::GET, "/api/v1/uploads", vec![], "database").await;
        away(&app, Method::GET, &original, vec![], "database").await;
        // What needs no database goes on.
        assert_eq!(get_status(&app, "/api/v1/limits").await, 200);
        let (ready, why) = operations(&app, "/ready").await;
        assert_eq!((ready, why.contains("database")), (503, true), "{why}");
        assert_eq!(operations(&app, "/live").await.0, 200);
        relay.set_silent(false);
        relay.set_refusing(false);
        app.eventually("readiness", async |app| operations(app, "/ready").await.0 == 200).await;
        assert!(app.get(&original).await.text().await.unwrap() == text);
    }
    assert_eq!(list(&app).await.len(), 1, "nothing was acknowledged");
    let after = app.finished(&app.upload("after.csv", text.clone()).await).await;
    assert_eq!(after["state"], "completed");
    let reprocessed =
        app.request(Method::POST, &format!("{}/reprocess", kept["links"]["self"].as_str().unwrap()));
    let reprocessed: Value =
        reprocessed.json(&serde_json::json!({})).send().await.unwrap().json().await.unwrap();
    assert_eq!(app.finished(&reprocessed).await["state"], "completed");
}

/// The database is away for longer than a lease, and comes back: the job goes on where it was, and has one attempt only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_outlives_an_outage_of_the_database() {
    let server = Postgres::start();
    let address = SocketAddr::from(([127, 0, 0, 1], server.port()));
    let relay = Relay::to([address]);
    let through = server.new_database().replace(&address.to_string(), &relay.address().to_string());
    let app = TestApp::start_with(|config| {
        config.database.url = through.parse().unwrap();
        config.database.acquire_timeout = Seconds::new(1);
        config.database.statement_timeout = Seconds::new(1);
        config.processing.attempts = 1;
        config.processing.lease = Seconds::new(3);
        config.processing.jobs = 2;
        config.upload.inline_size.0 = 0;
    })
    .await;
    let upload = app.upload("a.csv", table(100_000, false)).await;
    let path = upload["links"]["self"].as_str().unwrap();
    app.eventually("the start of the job", async |app| app.get_json(path).await["state"] == "processing")
        .await;
    relay.set_refusing(true);
    // The work of the job is over by then, and its lease too.
    tokio::time::timeout(Duration::from_secs(8), std::future::pending::<()>()).await.unwrap_err();
    relay.set_refusing(false);
    app.eventually("an answer of the database", async |app| get_status(app, path).await == 200).await;
    let done = app.finished(&upload).await;
    assert_eq!((&done["state"], &done["error"]), (&"completed".into(), &Value::Null), "{done}");
    let jobs = csvp_server::jobs::list(&app.config, None).await.unwrap();
    assert_eq!(jobs.iter().map(|job| job.attempts).collect::<Vec<_>>(), [1]);
}
