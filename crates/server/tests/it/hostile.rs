//! Bodies that lie, break off, swell or are no CSV: the right status, a clear message, nothing left, the server alive.

use serde_json::json;

use crate::app::{TestApp, problem, table};

fn post(length: usize, body: &str) -> Vec<u8> {
    let head = "POST /api/v1/uploads?name=a.csv HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    format!("{head}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_shorter_than_it_says_is_not_kept() {
    let app = TestApp::start().await;
    for size in [10, 400_000] {
        let body = "a,b\n".repeat(size / 4);
        app.raw(post(body.len() + 100, &body), true).await;
    }
    app.assert_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_may_come_once_come_once() {
    let app = TestApp::start().await;
    for header in ["Host: localhost", "Idempotency-Key: a"] {
        let head =
            format!("POST /api/v1/uploads HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: b\r\n{header}\r\n");
        let request = format!("{head}Connection: close\r\nContent-Length: 4\r\n\r\na,b\n");
        let answer = app.raw(request.into_bytes(), false).await;
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("expected one header"), "{answer}");
    }
    app.assert_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_longer_than_it_says_ends_where_it_said() {
    let app = TestApp::start().await;
    let answer = app.raw(post(8, "a,b\n1,2\n3,4\n5,6\n"), false).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(answer.contains("\"size_bytes\":8"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_leaves_nothing() {
    let app = TestApp::start().await;
    for sent in [100, 1_000_000] {
        let address = app.address;
        let bytes = post(50_000_000, &"a,b\n".repeat(sent / 4));
        tokio::task::spawn_blocking(move || {
            use std::io::Write as _;
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            stream.write_all(&bytes).unwrap();
        })
        .await
        .unwrap();
    }
    app.eventually("end of both uploads", async |app| {
        let metrics = app.get("/metrics").await.text().await.unwrap();
        metrics.contains("file_uploads_total{outcome=\"refused\",face=\"full\"}")
            || metrics.contains("csvp_uploads_receiving 0")
    })
    .await;
    app.assert_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_multipart_body_is_not_kept() {
    let app = TestApp::start().await;
    for body in [
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\na,b\n1,2\n",
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\na,b\n1,2\n\r\n--x",
        "no boundary here",
        "",
    ] {
        let request = app.request(reqwest::Method::POST, "/api/v1/uploads");
        let request = request.header("Content-Type", "multipart/form-data; boundary=x").body(body);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 400, "{body}");
    }
    let none =
        app.request(reqwest::Method::POST, "/api/v1/uploads").header("Content-Type", "multipart/form-data");
    problem(none.body("x").send().await.unwrap(), 400, "request-invalid").await;
    let two = "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\na,b\n1,2\n\r\n\
               --x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\na,b\n1,2\n\r\n--x--\r\n";
    let two = app
        .request(reqwest::Method::POST, "/api/v1/uploads")
        .header("Content-Type", "multipart/form-data; boundary=x")
        .body(two);
    problem(two.send().await.unwrap(), 400, "request-invalid").await;
    app.assert_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_multipart_body_holds_little_beside_the_file() {
    let app = TestApp::start().await;
    let send = async |body: String| {
        let request = app.request(reqwest::Method::POST, "/api/v1/uploads");
        // A stream has no length, so nothing can be refused before it is read.
        let pieces = body
            .into_bytes()
            .chunks(60_000)
            .map(<[u8]>::to_vec)
            .map(Ok::<_, std::io::Error>)
            .collect::<Vec<_>>();
        let body = reqwest::Body::wrap_stream(futures::stream::iter(pieces));
        request.header("Content-Type", "multipart/form-data; boundary=x").body(body).send().await.unwrap()
    };
    let part = |name: &str, content: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
    };
    let file = part("file", "a,b\n1,2\n");
    let large = "y".repeat(3 << 20);
    for body in [
        part(&large, "") + &file,
        part("note", &large) + &file,
        file.clone() + &part("note", &large),
        part("note", "").repeat(101) + &file,
        file.clone() + &part("note", "").repeat(100),
    ] {
        let refused = problem(send(body + "--x--\r\n").await, 400, "request-invalid").await;
        assert!(refused["detail"].as_str().unwrap().starts_with("expected at most"), "{refused}");
    }
    app.assert_empty().await;
    let zeros = part("file", &"\0".repeat(5 << 20)) + "--x--\r\n";
    problem(send(zeros).await, 400, "not-csv").await;
    let whole = part("note", "").repeat(100) + &part("file", &table(200_000, false)) + "--x--\r\n";
    assert!(send(whole).await.status().is_success(), "the file itself may be large");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_while_sending_still_reads_why() {
    let app = TestApp::start_with(|config| config.upload.max_size.0 = 1 << 20).await;
    // More than the buffers of a connection hold, so that a server that stops reading breaks it.
    let body = "a,b\n".repeat(8 << 20 >> 2);
    for (target, host, status) in [
        ("/api/v1/uploads?name=a.csv", "localhost", 413),
        ("/api/v1/nothing", "localhost", 404),
        ("/api/v1/uploads", "elsewhere.example", 400),
        ("/api/upload", "localhost", 400),
    ] {
        let head = format!("POST {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        let sized = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        let chunked =
            format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        for request in [sized, chunked] {
            let answer = app.raw(request.into_bytes(), false).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{target}: {answer:?}");
        }
        // Who asks first is not asked to send what nobody wants.
        let asking = format!("{head}Expect: 100-continue\r\nContent-Length: {}\r\n\r\n", body.len());
        let answer = app.raw(asking.into_bytes(), false).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{target}: {answer:?}");
    }
    app.assert_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_csv_is_refused() {
    let app = TestApp::start().await;
    let body = problem(app.post("/api/v1/uploads?name=a.csv", "").await, 400, "not-csv").await;
    assert_eq!(body["detail"], "the file is empty; send the table as CSV text");
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0\0\0\x01\0\x08\x06\0\0\0\\r\xa8f".to_vec();
    problem(app.post("/api/v1/uploads?name=a.csv", png.clone()).await, 400, "not-csv").await;
    let mut large = png;
    large.resize(3 << 20, 0xab);
    problem(app.post("/api/v1/uploads?name=a.csv", large).await, 400, "not-csv").await;
    app.assert_empty().await;

    let header = app.upload("h.csv", "id,name\n").await;
    assert_eq!(
        (&header["state"], &header["summary"]["records"]),
        (&json!("completed"), &json!(0)),
        "{header}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_have_a_limit_told_or_not() {
    let app = TestApp::start_with(|config| config.upload.max_size.0 = 1 << 20).await;
    let text = table(60_000, false);
    let told = problem(app.post("/api/v1/uploads", text.clone()).await, 413, "upload-too-large").await;
    assert_eq!((&told["limit_bytes"], &told["received_bytes"]), (&json!(1 << 20), &json!(text.len())));
    let pieces = futures::stream::iter(
        text.into_bytes().chunks(10_000).map(<[u8]>::to_vec).map(Ok::<_, std::io::Error>).collect::<Vec<_>>(),
    );
    let untold = app.post("/api/v1/uploads", reqwest::Body::wrap_stream(pieces)).await;
    assert_eq!(problem(untold, 413, "upload-too-large").await["limit_bytes"], 1 << 20);
    app.assert_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_store_says_so_and_recovers() {
    let app = TestApp::start_with(|config| config.store.max_disk.0 = 400_000).await;
    let first = app.upload("a.csv", table(2_000, false)).await;
    problem(app.post("/api/v1/uploads", table(8_000, false)).await, 507, "storage-full").await;
    problem(app.post("/api/v1/uploads", table(30_000, false)).await, 507, "storage-full").await;
    assert_eq!(app.get_json("/api/v1/uploads").await["items"].as_array().unwrap().len(), 1);
    let path = first["links"]["self"].as_str().unwrap();
    assert_eq!(app.get(&format!("{path}/files/original")).await.text().await.unwrap(), table(2_000, false));
    app.request(reqwest::Method::DELETE, path).send().await.unwrap();
    app.upload("b.csv", table(2_000, false)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_body_is_cut_off() {
    let app =
        TestApp::start_with(|config| config.upload.timeout = csvp_server::config::Seconds::new(1)).await;
    let answer = app.raw(post(1000, "a,b\n"), false).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("the body did not arrive within 1s"), "{answer}");
    app.assert_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_never_end_are_cut_off() {
    let app = TestApp::start_with(|config| {
        config.server.header_timeout = csvp_server::config::Seconds::new(1);
    })
    .await;
    for head in ["", "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "] {
        let began = std::time::Instant::now();
        app.raw(head.as_bytes().to_vec(), false).await;
        assert!(began.elapsed().as_secs() < 8, "the connection stayed open");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_columns_are_refused_with_their_limit() {
    let app = TestApp::start().await;
    let header: Vec<String> = (0..100_000).map(|i| format!("c{i}")).collect();
    let text = format!("{}\n{}\n", header.join(","), vec!["1"; 100_000].join(","));
    let upload = app.upload("wide.csv", text).await;
    assert_eq!(upload["state"], "refused", "{upload}");
    let report = app.get_json(upload["links"]["report"].as_str().unwrap()).await;
    assert_eq!(report["problems"]["by_code"][0]["code"], "limit-columns");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_no_http_do_no_harm() {
    let app = TestApp::start().await;
    for bytes in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(1 << 20)).into_bytes(),
        b"POST /api/v1/uploads HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec(),
        b"POST /api/v1/uploads HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde".to_vec(),
    ] {
        app.raw(bytes, true).await;
    }
    app.assert_empty().await;
}
