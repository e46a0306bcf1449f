//! What is left of deleted uploads goes behind the next start, beside what cannot be removed.

use std::fs;

use csvp_store::{Clock, FirstRun, Meta, MetaOptions, NewJob, NewUpload, Origin, RunId, TenantId, UploadId};

use crate::app::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn a_leftover_that_cannot_be_removed_stops_no_start_and_no_removal() {
    let mut app = TestApp::start().await;
    let upload = app.upload("a.csv", "a,b\n1,2\n").await;
    app.stop().await;
    // As a process leaves it that dies between the rows and the objects.
    let data = app.config.store.data_dir();
    let options = MetaOptions::sqlite_file(data.join("csvp.sqlite"));
    let meta = Meta::open(&options, Clock::system()).await.unwrap();
    let stuck = TenantId::generate();
    meta.ensure_tenant(stuck, "stuck").await.unwrap();
    let new = NewUpload {
        id: UploadId::generate(),
        stored_after: meta.time_mark().await.unwrap(),
        tenant: stuck,
        name: "stuck.csv".to_owned(),
        size_bytes: 8,
        sha256: "ab".repeat(32),
        media_type: None,
        key: None,
        run: RunId::generate(),
        settings: serde_json::json!({}),
        first: FirstRun::Queued(NewJob::default()),
        origin: Origin::anonymous("test"),
    };
    let gone: UploadId = upload["id"].as_str().unwrap().parse().unwrap();
    let stuck_id = new.id;
    meta.create_upload(new).await.unwrap();
    for (tenant, id) in [(stuck, stuck_id), (TenantId::DEFAULT, gone)] {
        meta.delete_upload(tenant, id, &Origin::operator()).await.unwrap();
    }
    meta.close().await.unwrap();
    // Nothing can be below a file, so nothing can be removed there: it stands for a disk that fails.
    fs::write(data.join("objects").join(stuck.to_string()), "no directory").unwrap();

    app.restart().await;
    assert!(!app.upload_dir(&upload).exists(), "the start has removed what it could");
    assert_eq!(app.get_json("/api/v1/uploads").await["items"].as_array().map(Vec::len), Some(0));
    app.upload("b.csv", "a,b\n1,2\n").await;
    app.stop().await;
    let meta = Meta::open(&options, Clock::system()).await.unwrap();
    let left = meta.list_unfinished_deletes(0, 10).await.unwrap();
    assert_eq!(left.iter().map(|left| left.upload).collect::<Vec<_>>(), [stuck_id]);
    meta.close().await.unwrap();
}
