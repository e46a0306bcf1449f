//! Retention, holds and erasure beside a running service: what requests see of them.

use csvp_server::operate::{Access, Operator};
use csvp_store::{Clock, Meta, MetaOptions, Origin, RetentionPolicy, TenantId};
use reqwest::{Method, StatusCode};

use crate::app::TestApp;

const CSV: &str = "id,name\n1,Ann Smith\n2,Bob\n";

async fn beside(app: &TestApp) -> Operator {
    Operator::open(&app.config, Access::Beside).await.unwrap()
}

/// Asks until it is so.
async fn until(is_so: impl AsyncFn() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < std::time::Duration::from_secs(60), "it did not come");
        tokio::task::yield_now().await;
    }
}

fn id(upload: &serde_json::Value) -> uuid::Uuid {
    upload["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_policy_ends_says_so() {
    let mut app = TestApp::start().await;
    let upload = app.upload("a.csv", CSV).await;
    assert_eq!(upload["keep_until"], serde_json::Value::Null);
    assert_eq!(upload["holds"], serde_json::json!([]));
    let path = format!("/api/v1/uploads/{}", id(&upload));
    let operator = beside(&app).await;
    operator.set_retention(Some(0), Some(400)).await.unwrap();
    let plan = operator.plan_retention(false).await.unwrap();
    assert_eq!((plan.uploads, plan.bytes, plan.items[0].ends), (1, CSV.len() as u64, "original"));
    let done = operator.run_retention(&plan).await.unwrap();
    assert_eq!((done.ended, done.left_to_service), (1, true));
    operator.close().await.unwrap();
    let upload = app.get_json(&path).await;
    let names: Vec<_> = upload["files"].as_array().unwrap().iter().map(|file| &file["name"]).collect();
    assert!(!names.contains(&&"original".into()) && names.contains(&&"clean.csv".into()), "{names:?}");
    assert_eq!(app.get(&format!("{path}/files/original")).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(app.get(&format!("{path}/records")).await.status(), StatusCode::NOT_FOUND);
    let again = app.request(Method::POST, &format!("{path}/reprocess"));
    let again = again.json(&serde_json::json!({})).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
    assert_eq!(app.get(&format!("{path}/files/clean.csv")).await.status(), StatusCode::OK);
    assert_eq!(app.get(&format!("{path}/report")).await.status(), StatusCode::OK);
    // The next start does what the minute look would do.
    app.restart().await;
    assert!(!app.objects().iter().any(|path| path.ends_with("original")));
    let kept = app.get_json(&path).await;
    assert!(kept["keep_until"]["results"].is_string(), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn results_that_went_are_not_promised() {
    let app = TestApp::start().await;
    let upload = app.upload("a.csv", CSV).await;
    let path = format!("/api/v1/uploads/{}", id(&upload));
    let operator = beside(&app).await;
    operator.set_retention(None, Some(0)).await.unwrap();
    let plan = operator.plan_retention(false).await.unwrap();
    operator.run_retention(&plan).await.unwrap();
    operator.close().await.unwrap();
    let upload = app.get_json(&path).await;
    assert_eq!(upload["files"].as_array().unwrap().len(), 1, "{upload}");
    assert_eq!(upload["summary"], serde_json::Value::Null);
    let report = app.get(&format!("{path}/report")).await;
    assert_eq!(report.status(), StatusCode::CONFLICT);
    assert!(report.text().await.unwrap().contains("its results went on"));
    assert_eq!(app.get(&format!("{path}/files/clean.csv")).await.status(), StatusCode::NOT_FOUND);
    let again = app.request(Method::POST, &format!("{path}/reprocess"));
    let again = again.json(&serde_json::json!({})).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::ACCEPTED, "the original is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_stops_when_its_policy_is_taken_away() {
    let app = TestApp::start().await;
    let upload = app.upload("a.csv", CSV).await;
    app.upload("b.csv", CSV).await;
    let operator = beside(&app).await;
    operator.set_retention(Some(0), None).await.unwrap();
    let plan = operator.plan_retention(false).await.unwrap();
    assert_eq!(plan.uploads, 2);
    operator.clear_retention().await.unwrap();
    let done = operator.run_retention(&plan).await.unwrap();
    assert_eq!((done.ended, done.gone, done.policy_changed), (0, 0, true));
    operator.close().await.unwrap();
    let original = app.get(&format!("/api/v1/uploads/{}/files/original", id(&upload))).await;
    assert_eq!(original.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_carries_the_policy_out_by_itself() {
    let mut app = TestApp::start_with(|config| config.server.operations = "127.0.0.1:0".to_owned()).await;
    let upload = app.upload("a.csv", CSV).await;
    let held = app.upload("held.csv", CSV).await;
    let operator = beside(&app).await;
    operator.hold(id(&held), "case-17", "a dispute", "legal").await.unwrap();
    operator.set_retention(Some(0), Some(0)).await.unwrap();
    operator.close().await.unwrap();
    // The hourly look comes first at the start.
    app.restart().await;
    let path = format!("/api/v1/uploads/{}", id(&upload));
    until(async || app.get(&path).await.status() == StatusCode::NOT_FOUND).await;
    let held = app.get_json(&format!("/api/v1/uploads/{}", id(&held))).await;
    assert_eq!(held["holds"][0]["name"], "case-17");
    until(async || app.get("/metrics").await.text().await.unwrap().contains("csvp_retention_held 1")).await;
}

/// A policy is set, and the clock trusted, while the clock is 400 days ahead; then it is put right.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_wrong_for_a_while_ends_nothing() {
    let mut app = TestApp::start().await;
    let before = app.upload("before.csv", CSV).await;
    let file = app.config.store.data_dir().join("csvp.sqlite");
    let ahead = Clock::manual(Clock::system().now_us() + 400 * 86_400_000_000);
    let meta = Meta::open(&MetaOptions::sqlite_file(file), ahead).await.unwrap();
    let year = RetentionPolicy { keep_original_days: Some(365), keep_results_days: Some(365) };
    meta.set_retention(TenantId::DEFAULT, year, &Origin::operator()).await.unwrap();
    meta.trust_clock(TenantId::DEFAULT, &Origin::operator()).await.unwrap();
    let after = app.upload("after.csv", CSV).await;
    // The hourly look comes first at the start.
    app.restart().await;
    let carried_out = "\ncsvp_retention_last_run_timestamp_seconds ";
    until(async || app.get("/metrics").await.text().await.unwrap().contains(carried_out)).await;
    for upload in [&before, &after] {
        let original = app.get(&format!("/api/v1/uploads/{}/files/original", id(upload))).await;
        assert_eq!(original.status(), StatusCode::OK);
    }
    let operator = beside(&app).await;
    let state = operator.retention().await.unwrap().unwrap();
    assert!(state.is_apart(), "{state:?}");
    // A plan that trusts the clock changes nothing; saying so does.
    assert_eq!(operator.plan_retention(true).await.unwrap().items, []);
    assert_eq!(operator.retention().await.unwrap().unwrap().known_time, state.known_time);
    operator.trust_clock().await.unwrap();
    assert!(!operator.retention().await.unwrap().unwrap().is_apart());
    operator.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_beside_a_service_is_gone_at_once() {
    let app = TestApp::start().await;
    let upload = app.upload("ann%20smith.csv", CSV).await;
    let operator = beside(&app).await;
    let found = operator.find_person("ANN smith").await.unwrap();
    assert_eq!((found.uploads.len(), found.records), (1, 1));
    assert!(found.uploads[0].in_name);
    let plan = operator.plan_erase(id(&upload)).await.unwrap();
    assert!(plan.objects > Some(3) && plan.runs == 1, "{plan:?}");
    let erased = operator.erase(id(&upload)).await.unwrap();
    assert!(erased.left_to_service);
    operator.close().await.unwrap();
    let path = format!("/api/v1/uploads/{}", id(&upload));
    assert_eq!(app.get(&path).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(app.get(&format!("{path}/files/original")).await.status(), StatusCode::NOT_FOUND);
}

/// Whoever takes records of a person is written down before there are any to take.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_fails_is_in_the_audit_log() {
    let app = TestApp::start().await;
    app.upload("a.csv", CSV).await;
    let operator = beside(&app).await;
    let no_folder = app.config.store.data_dir().join("csvp.sqlite").join("out");
    operator.export_person("smith", &no_folder).await.unwrap_err();
    operator.close().await.unwrap();
    let file = app.config.store.data_dir().join("csvp.sqlite");
    let meta = Meta::open(&MetaOptions::sqlite_file(file), Clock::system()).await.unwrap();
    let events = meta.list_audit_events(TenantId::DEFAULT, 0, 100).await.unwrap();
    let last = events.iter().map(|event| (event.action.as_str(), event.result.as_str())).next_back();
    assert_eq!(last, Some(("person.export", "begun")));
}
