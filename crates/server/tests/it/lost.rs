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
