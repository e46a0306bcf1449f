//! Probes, metrics, start and stop.

use csvp_server::{ServeError, Server};
use reqwest::{Body, Method};

use crate::app::{TestApp, table};

#[tokio::test(flavor = "multi_thread")]
async fn the_operations_port_has_probes_and_metrics_only() {
    let app = TestApp::start_with(|config| config.server.operations = "127.0.0.1:0".to_owned()).await;
    let operations = app.operations.unwrap();
    for path in ["live", "ready", "health", "metrics"] {
        let response = app.client.get(format!("http://{operations}/{path}")).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(app.get(&format!("/{path}")).await.status(), 200, "{path}");
    }
    let page = app.client.get(format!("http://{operations}/api/v1/uploads")).send().await.unwrap();
    assert_eq!(page.status(), 404);
}

/// Whoever watches the process is not to take a stop for a crash.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_told_until_its_end() {
    let mut app = TestApp::start_with(|config| config.server.operations = "127.0.0.1:0".to_owned()).await;
    let operations = app.operations.unwrap();
    let (sender, body) = futures::channel::mpsc::unbounded::<Result<&str, std::io::Error>>();
    sender.unbounded_send(Ok("a,b\n")).unwrap();
    let upload = app.request(Method::POST, "/api/v1/uploads?name=a.csv").body(Body::wrap_stream(body)).send();
    let upload = tokio::spawn(upload);
    app.eventually("start of the upload", async |app| {
        app.get("/metrics").await.text().await.unwrap().contains("csvp_uploads_receiving 1")
    })
    .await;

    app.begin_stop();
    app.eventually("end of new connections", async |app| {
        tokio::net::TcpStream::connect(app.address).await.is_err()
    })
    .await;
    let asked = async |path: &str| {
        app.client.get(format!("http://{operations}/{path}")).send().await.unwrap().status().as_u16()
    };
    assert_eq!((asked("live").await, asked("ready").await), (200, 503));
    sender.unbounded_send(Ok("1,2\n")).unwrap();
    drop(sender);
    assert_eq!(upload.await.unwrap().unwrap().status(), 201);
    app.stop().await;
    assert!(tokio::net::TcpStream::connect(operations).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_have_the_documented_names() {
    let app = TestApp::start().await;
    app.upload("a.csv", table(200, true)).await;
    let text = app.get("/metrics").await.text().await.unwrap();
    for line in [
        "http_requests_total{method=\"POST\",route=\"/api/v1/uploads\",status=\"201\"} 1",
        "http_request_duration_seconds_count{method=\"POST\",route=\"/api/v1/uploads\",status=\"201\"} 1",
        "file_uploads_total{outcome=\"accepted\",face=\"full\"} 1",
        "csv_processing_duration_seconds_count{way=\"request\"} 1",
        "csvp_records_total{outcome=\"accepted\"} 198",
        "csvp_records_total{outcome=\"rejected\"} 2",
        "csvp_problems_total{code=\"field-count\"} 2",
        "csvp_store_limit_bytes 107374182400",
        "process_resident_memory_bytes ",
    ] {
        assert!(text.contains(line), "no `{line}` in\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_is_told_what_to_do() {
    let app = TestApp::start().await;
    let mut config = app.config.clone();
    config.server.port = app.address.port();
    let busy = Server::start(config.clone()).await.unwrap_err();
    assert!(matches!(busy, ServeError::PortBusy { free: Some(_), .. }), "{busy}");
    config.server.port = 0;
    let locked = Server::start(config).await.unwrap_err();
    assert!(matches!(locked, ServeError::DataDirBusy { .. }), "{locked}");
    assert!(locked.hints()[0].contains("CSVP_STORE__DATA_DIR"));
}

#[tokio::test(flavor = "multi_thread")]
async fn leftovers_of_a_crash_are_removed_at_the_start() {
    let mut app = TestApp::start().await;
    let upload = app.upload("a.csv", "a,b\n1,2\n").await;
    app.stop().await;
    let objects = app.objects();
    let [pack] = objects.as_slice() else { panic!("a small upload is one file: {objects:?}") };
    let uploads = pack.parent().unwrap();
    let orphan = uploads.join(uuid::Uuid::now_v7().to_string());
    std::fs::create_dir_all(&orphan).unwrap();
    std::fs::write(orphan.join("original"), "never acknowledged").unwrap();
    app.restart().await;
    assert_eq!(app.objects(), objects);
    assert_eq!(app.get_json(upload["links"]["self"].as_str().unwrap()).await["id"], upload["id"]);
}
