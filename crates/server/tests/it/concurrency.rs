//! Many uploads at once: all are taken, or told when to come back.

use std::sync::Arc;

use futures::StreamExt as _;
use serde_json::Value;

use crate::app::{TestApp, table};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_thousand_uploads_at_once() {
    let app = Arc::new(TestApp::start().await);
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let all = futures::stream::iter(0..3_000).map(|i| {
        let app = Arc::clone(&app);
        async move {
            let mut text = format!("id,n\n{i},x\n");
            text.push_str(&"1,2\n".repeat(250));
            let upload: Value =
                app.post(&format!("/api/v1/uploads?name={i}.csv"), text).await.json().await.unwrap();
            assert_eq!(upload["state"], "completed", "{upload}");
        }
    });
    all.buffer_unordered(3_000).collect::<Vec<()>>().await;
    assert_eq!(app.get_json("/api/status").await["stats"]["totalUploads"], 3_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_its_limits_the_server_says_when_to_come_back() {
    let app = TestApp::start_with(|config| {
        (config.upload.parallel, config.upload.waiting) = (1, 0);
    })
    .await;
    let app = Arc::new(app);
    let (sender, receiver) = futures::channel::mpsc::unbounded::<Result<Vec<u8>, std::io::Error>>();
    sender.unbounded_send(Ok(b"a,b\n".to_vec())).unwrap();
    let holding = tokio::spawn({
        let app = Arc::clone(&app);
        async move { app.post("/api/v1/uploads", reqwest::Body::wrap_stream(receiver)).await }
    });
    app.eventually("start of the first upload", async |app| {
        app.get("/metrics").await.text().await.unwrap().contains("csvp_uploads_receiving 1")
    })
    .await;
    let second = app.post("/api/v1/uploads", table(1, false)).await;
    assert_eq!((second.status().as_u16(), &second.headers()["retry-after"]), (503, &"5".parse().unwrap()));
    sender.unbounded_send(Ok(b"1,2\n".to_vec())).unwrap();
    drop(sender);
    assert_eq!(holding.await.unwrap().status(), 201);
    app.upload("again.csv", table(1, false)).await;
}
