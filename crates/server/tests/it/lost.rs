//! Originals that changed behind the back of the service: nothing is made of them, and what was made before stays.

use std::path::Path;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{TestApp, table};

async fn reprocess(app: &TestApp, upload: &Value) -> Value {
    let path = format!("{}/reprocess", upload["links"]["self"].as_str().unwrap());
    let queued = app.request(Method::POST, &path).json(&json!({})).send().await.unwrap();
    assert_eq!(queued.status(), StatusCode::ACCEPTED);
    app.finished(&queued.json().await.unwrap()).await
}

async fn report(app: &TestApp, upload: &Value) -> String {
    let path = format!("{}/report", upload["links"]["self"].as_str().unwrap());
    app.get(&path).await.text().await.unwrap()
}

/// Checks that the run has failed for its original, and that the upload has what it had.
async fn assert_kept(app: &TestApp, before: &Value, after: &Value, found: &str) {
    assert_eq!((&after["state"], &after["error"]["code"]), (&"failed".into(), &"original-lost".into()));
    let detail = after["error"]["detail"].as_str().unwrap();
    assert!(detail.contains(found) && detail.contains("csvp fsck --deep"), "{detail}");
    assert_eq!(after["files"], before["files"]);
    assert_eq!(after["summary"], before["summary"]);
    let runs = app.upload_dir(before).join("runs");
    app.eventually("removal of the files of the failed run", async |_| count(&runs) == 1).await;
}

fn count(dir: &Path) -> usize {
    std::fs::read_dir(dir).unwrap().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_original_gives_no_results_and_takes_none_away() {
    let app = TestApp::start_with(|config| {
        config.processing.attempts = 1;
        config.store.keep_replaced = csvp_server::config::Seconds::new(0);
    })
    .await;
    // Large enough to be a file of its own.
    let upload = app.finished(&app.upload("a.csv", table(20_000, false)).await).await;
    assert_eq!(upload["state"], "completed");
    let sound_report = report(&app, &upload).await;
    let original = app.upload_dir(&upload).join("original");
    let bytes = std::fs::read(&original).unwrap();

    let mut rotten = bytes.clone();
    *rotten.last_mut().unwrap() ^= 1;
    let cases = [
        (Some(rotten), "expected SHA-256 "),
        (Some(bytes[..bytes.len() / 2].to_vec()), "bytes, found "),
        (Some([bytes.as_slice(), b"1,more,1.50,2024-01-01\n"].concat()), "bytes, found "),
        (None, "found no object"),
    ];
    for (damaged, found) in cases {
        match damaged {
            Some(damaged) => std::fs::write(&original, damaged).unwrap(),
            None => std::fs::remove_file(&original).unwrap(),
        }
        let after = reprocess(&app, &upload).await;
        assert_kept(&app, &upload, &after, found).await;
        assert_eq!(report(&app, &upload).await, sound_report);
    }

    // It is not marked as lost: with the right bytes back all is well.
    std::fs::write(&original, bytes).unwrap();
    let after = reprocess(&app, &upload).await;
    assert_eq!((&after["state"], &after["error"]), (&"completed".into(), &Value::Null));
    assert_eq!(after["summary"], upload["summary"]);
}

/// A small one is looked at before the answer, a large one breaks off before its end.
#[tokio::test(flavor = "multi_thread")]
async fn altered_bytes_are_not_served_as_what_was_sent() {
    let app = TestApp::start().await;
    let path =
        |upload: &Value, name: &str| format!("{}/files/{name}", upload["links"]["self"].as_str().unwrap());
    let large = app.finished(&app.upload("large.csv", table(20_000, false)).await).await;
    let file = app.upload_dir(&large).join("original");
    let mut bytes = std::fs::read(&file).unwrap();
    assert_eq!(app.get(&path(&large, "original")).await.bytes().await.unwrap(), bytes);
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    assert!(app.get(&path(&large, "original")).await.bytes().await.is_err());

    let small = app.upload("small.csv", "a,b\n1,2\n").await;
    let other = app.upload("other.csv", "a,b\n1,3\n").await;
    let pack = |upload: &Value| app.upload_dir(upload).with_extension("zip");
    let sound = std::fs::read(pack(&small)).unwrap();
    let mut altered = sound.clone();
    let at = altered.windows(4).position(|window| window == b"1,2\n").unwrap();
    altered[at] = b'7';
    for (content, results) in [(altered, 200), (std::fs::read(pack(&other)).unwrap(), 404)] {
        std::fs::write(pack(&small), content).unwrap();
        let answer = app.get(&path(&small, "original")).await;
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "internal");
        let results_are = app.get(&path(&small, "clean.csv")).await.status();
        assert!(results_are == results || results_are == 500, "{results_are}");
    }
    std::fs::write(pack(&small), sound).unwrap();
    assert_eq!(app.get(&path(&small, "original")).await.text().await.unwrap(), "a,b\n1,2\n");
}
