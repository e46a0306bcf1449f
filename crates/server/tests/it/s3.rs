//! The service over a bucket: everything that a directory does, from the first byte to the last one removed.

use csvp_server::Config;
use csvp_server::config::Seconds;
use csvp_server::operate::{self, Access, Operator};
use csvp_testkit::servers::Seaweed;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::app::{TestApp, problem, table};

pub(crate) fn use_bucket(config: &mut Config, endpoint: &str, server: &Seaweed) {
    let (key, secret) = server.keys();
    config.s3.bucket = "files".to_owned();
    config.s3.prefix = "csvp/test".to_owned();
    config.s3.endpoint = endpoint.to_owned();
    config.s3.path_style = true;
    config.s3.access_key_id = key.to_owned();
    config.s3.secret_access_key = secret.parse().unwrap();
    config.s3.request_timeout = Seconds::new(20);
}

/// Names of all objects of the bucket, but that of the mark which says whose they are.
fn objects(server: &Seaweed) -> Vec<String> {
    let list = server.request("GET", "/files?list-type=2");
    let keys = list.split("<Key>").skip(1).map(|rest| rest.split("</Key>").next().unwrap_or_default());
    keys.filter(|key| !key.ends_with("/csvp-store.json")).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_live_in_a_bucket() {
    let server = Seaweed::start();
    server.make_bucket("files");
    let endpoint = server.endpoint();
    let mut app = TestApp::start_with(|config| {
        use_bucket(config, &endpoint, &server);
        config.upload.inline_size.0 = 1 << 20;
    })
    .await;
    // In the request, in the request by parts of the body, and by a job over several parts of an object.
    let mut uploads = Vec::new();
    for records in [3, 20_000, 700_000] {
        let text = table(records, true);
        let upload = app.finished(&app.upload("t.csv", text.clone()).await).await;
        assert_eq!((&upload["state"], &upload["summary"]["records"]), (&"completed".into(), &records.into()));
        let files = format!("{}/files", upload["links"]["self"].as_str().unwrap());
        let original = app.get(&format!("{files}/original")).await;
        assert!(original.text().await.unwrap() == text, "{records} records came back changed");
        let tail = app.request(Method::GET, &format!("{files}/original")).header("range", "bytes=-17");
        assert!(text.ends_with(&tail.send().await.unwrap().text().await.unwrap()));
        let clean = app.get(&format!("{files}/clean.csv")).await.text().await.unwrap();
        assert!(clean.starts_with("id,name,price,day\r\n") || clean.starts_with("id,name,price,day\n"));
        uploads.push(upload);
    }
    let page = format!("{}/records?offset=699990&limit=5", uploads[2]["links"]["self"].as_str().unwrap());
    assert_eq!(app.get_json(&page).await["records"].as_array().map(Vec::len), Some(5));
    assert!(objects(&server).iter().all(|key| key.starts_with("csvp/test/")), "{:?}", objects(&server));
    assert_eq!(app.objects(), Vec::<std::path::PathBuf>::new(), "nothing is in the data directory");
    simple_face_tells_the_bucket(&app, &server).await;
    let again =
        app.request(Method::POST, &format!("{}/reprocess", uploads[2]["links"]["self"].as_str().unwrap()));
    let again: Value =
        again.json(&json!({ "dialect": { "delimiter": "," } })).send().await.unwrap().json().await.unwrap();
    assert_eq!(app.finished(&again).await["run"]["number"], 2);

    app.restart().await;
    for upload in &uploads {
        let path = upload["links"]["self"].as_str().unwrap();
        assert_eq!(app.get_json(path).await["state"], "completed");
        assert_eq!(app.request(Method::DELETE, path).send().await.unwrap().status(), 204);
    }
    let left = app.get_json("/api/v1/uploads").await["items"].as_array().unwrap().clone();
    for upload in left {
        app.request(Method::DELETE, upload["links"]["self"].as_str().unwrap()).send().await.unwrap();
    }
    app.eventually("removal of all objects", async |_| objects(&server).is_empty()).await;
    let refused = app.post("/api/v1/uploads", vec![0_u8; 30_000_000]).await;
    problem(refused, 400, "not-csv").await;
    app.eventually("removal of its parts", async |_| objects(&server).is_empty() && parts(&server) == 0)
        .await;
}

fn parts(server: &Seaweed) -> usize {
    server.request("GET", "/files?uploads=").matches("<UploadId>").count()
}

async fn simple_face_tells_the_bucket(app: &TestApp, server: &Seaweed) {
    let form = Form::new().part("csvFile", Part::text("a,b\n1,2\n").file_name("a.csv"));
    let answer = app.request(Method::POST, "/api/upload").multipart(form).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    let location = answer["data"]["s3Location"].as_str().unwrap();
    let key = location.strip_prefix("s3://files/").unwrap();
    assert!(objects(server).contains(&key.to_owned()), "{location}");
    assert_eq!(app.get_json("/api/status").await["s3Status"], "connected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_cannot_be_used_stops_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.server.port = 0;
    config.server.operations = "off".to_owned();
    config.store.data_dir = dir.path().to_str().unwrap().to_owned();
    config.s3.bucket = "files".to_owned();
    config.s3.path_style = true;
    config.s3.access_key_id = "key".to_owned();
    config.s3.secret_access_key = "secret".parse().unwrap();
    config.s3.retry_deadline = Seconds::new(1);
    config.s3.endpoint = format!("http://127.0.0.1:{}", csvp_testkit::servers::free_port());
    let error = csvp_server::Server::start(config.clone()).await.unwrap_err();
    assert_eq!(error.to_string(), format!("no S3 server answers at `{}`", config.s3.endpoint));
    assert!(error.hints().join(" ").contains("s3.endpoint"), "{:?}", error.hints());
}

/// Who only reads is given a key that can do no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_that_read_need_no_right_to_write() {
    let server = Seaweed::start();
    server.make_bucket("files");
    let endpoint = server.endpoint();
    let mut app = TestApp::start_with(|config| use_bucket(config, &endpoint, &server)).await;
    app.upload("a.csv", table(3, true)).await;
    app.stop().await;
    let all = || server.request("GET", "/files?list-type=2").matches("<Key>").count();
    let before = all();
    let mut config = app.config.clone();
    let (key, secret) = Seaweed::READER;
    config.s3.access_key_id = key.to_owned();
    config.s3.secret_access_key = secret.parse().unwrap();
    let reader = Operator::open(&config, Access::Read).await.unwrap();
    let backups = tempfile::tempdir().unwrap();
    let target = backups.path().join("made").display().to_string();
    let place = operate::place_to_write(&config, Some(&target)).await.unwrap();
    let made = reader.backup(&place).await.unwrap();
    assert!(made.manifest.objects.list.lines > 1 && made.lost.is_empty(), "{made:?}");
    reader.close().await.unwrap();
    let refused = Operator::open(&config, Access::Beside).await.unwrap_err();
    assert!(refused.to_string().contains("denied when it tried to write an object"), "{refused}");
    assert_eq!(all(), before);
}
