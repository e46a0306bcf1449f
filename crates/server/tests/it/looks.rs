//! What each process looks after while it runs: the store, and what it knows of it by itself.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use csvp_server::config::Seconds;
use csvp_server::operate::{Access, Operator};
use csvp_store::{Clock, Meta, MetaOptions, Origin, TenantId, UploadId};
use csvp_testkit::servers::{Postgres, Relay, Seaweed};
use reqwest::Method;
use serde_json::Value;

use crate::app::{TestApp, table};
use crate::s3::use_bucket;

const TENANT: TenantId = TenantId::DEFAULT;

async fn used_bytes(app: &TestApp) -> u64 {
    let text = app.get("/metrics").await.text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("csvp_store_bytes ")).unwrap();
    line.parse().unwrap()
}

/// Bytes of all objects in the bucket, without the mark.
fn bytes_in_bucket(server: &Seaweed) -> u64 {
    let list = server.request("GET", "/files?list-type=2");
    let objects = list.split("<Contents>").skip(1).filter(|object| !object.contains("csvp-store.json"));
    let size = |object: &str| object.split("<Size>").nth(1)?.split('<').next()?.parse::<u64>().ok();
    objects.map(|object| size(object).unwrap()).sum()
}

fn micros(time: &Value) -> i64 {
    time.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_microsecond()
}

/// The policy, the known time and the count of bytes are those of the process: no worker keeps them right for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_without_jobs_looks_after_what_is_its_own() {
    let (postgres, server) = (Postgres::start(), Seaweed::start());
    server.make_bucket("files");
    let (url, endpoint) = (postgres.new_database(), server.endpoint());
    let mut app = TestApp::start_with(|config| {
        use_bucket(config, &endpoint, &server);
        config.database.url = url.parse().unwrap();
        config.processing.jobs = 0;
        config.store.keep_replaced = Seconds::new(1);
    })
    .await;
    let upload = app.upload("a.csv", table(100, true)).await;
    assert_eq!(upload["keep_until"], Value::Null);
    let path = upload["links"]["self"].as_str().unwrap();

    let operator = Operator::open(&app.config, Access::Beside).await.unwrap();
    operator.set_retention(Some(3_000), None).await.unwrap();
    operator.close().await.unwrap();
    app.eventually("the policy that was set beside it", async |app| {
        app.get_json(path).await["keep_until"]["original"].is_string()
    })
    .await;

    // Others have seen time pass up to here. The clock is behind, and an upload must not be dated by it, not even at once.
    let known_time = Clock::system().now_us() + 400 * 86_400_000_000;
    let meta = Meta::open(&MetaOptions::postgres(url), Clock::manual(known_time)).await.unwrap();
    meta.trust_clock(TENANT, &Origin::operator()).await.unwrap();
    assert_eq!(micros(&app.upload("b.csv", table(3, false)).await["created_at"]), known_time);

    // The results too, of which the database does not know the size of all together.
    let all = bytes_in_bucket(&server);
    app.restart().await;
    app.eventually("a count of all objects", async |app| used_bytes(app).await == all).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_over_a_bucket_counts_the_results_too() {
    let server = Seaweed::start();
    server.make_bucket("files");
    let endpoint = server.endpoint();
    let mut app = TestApp::start_with(|config| use_bucket(config, &endpoint, &server)).await;
    app.upload("a.csv", table(100, true)).await;
    app.restart().await;
    assert_eq!(used_bytes(&app).await, bytes_in_bucket(&server));
}

/// A bucket that is slow or away keeps a look busy for long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_does_not_wait_for_a_look() {
    let server = Seaweed::start();
    server.make_bucket("files");
    let relay = Relay::to([SocketAddr::from(([127, 0, 0, 1], server.port()))]);
    let endpoint = format!("http://{}", relay.address());
    let mut app = TestApp::start_with(|config| {
        use_bucket(config, &endpoint, &server);
        config.store.keep_replaced = Seconds::new(1);
    })
    .await;
    let upload = app.upload("a.csv", table(3, false)).await;
    relay.set_silent(true);
    // Deleted beside it, so that nobody but the look has its objects to remove.
    let file = app.config.store.data_dir().join("csvp.sqlite");
    let meta = Meta::open(&MetaOptions::sqlite_file(file), Clock::system()).await.unwrap();
    let id = UploadId::from_uuid(upload["id"].as_str().unwrap().parse().unwrap());
    meta.delete_upload(TENANT, id, &Origin::operator()).await.unwrap();
    // The look of every second has begun by then, and waits for the bucket.
    tokio::time::timeout(Duration::from_millis(2_500), std::future::pending::<()>()).await.unwrap_err();
    let begun = Instant::now();
    app.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(5), "the stop took {:?}", begun.elapsed());
}

/// The rows are deleted; whoever asked for it is not to wait for a bucket that does not answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_does_not_wait_for_the_bucket() {
    let server = Seaweed::start();
    server.make_bucket("files");
    let relay = Relay::to([SocketAddr::from(([127, 0, 0, 1], server.port()))]);
    let endpoint = format!("http://{}", relay.address());
    let app = TestApp::start_with(|config| {
        use_bucket(config, &endpoint, &server);
        config.s3.request_timeout = Seconds::new(20);
        config.store.keep_replaced = Seconds::new(1);
    })
    .await;
    let upload = app.upload("a.csv", table(3, false)).await;
    let (path, id) = (upload["links"]["self"].as_str().unwrap(), upload["id"].as_str().unwrap());
    relay.set_silent(true);
    let begun = Instant::now();
    assert_eq!(app.request(Method::DELETE, path).send().await.unwrap().status(), 204);
    assert!(begun.elapsed() < Duration::from_secs(10), "the deletion took {:?}", begun.elapsed());
    assert_eq!(app.get(path).await.status(), 404);
    relay.set_silent(false);
    let listed = || server.request("GET", "/files?list-type=2");
    app.eventually("removal of what was deleted", async |_| !listed().contains(id)).await;
}
