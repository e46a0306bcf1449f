//! Downloads: whole, in part, unchanged.

use reqwest::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE,
};
use reqwest::{Method, StatusCode};

use crate::app::{TestApp, problem, table};

#[tokio::test(flavor = "multi_thread")]
async fn every_listed_file_can_be_fetched() {
    let app = TestApp::start().await;
    let upload = app.upload("orders.csv", table(300, true)).await;
    let files = upload["files"].as_array().unwrap();
    let names: Vec<&str> = files.iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "original",
            "clean.parquet",
            "clean.csv",
            "clean.ndjson",
            "rejects.csv",
            "problems.csv",
            "report.json"
        ]
    );
    for file in files {
        let response = app.get(file["href"].as_str().unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], file["media_type"].as_str().unwrap());
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert!(response.headers()["content-security-policy"].to_str().unwrap().contains("sandbox"));
        assert!(
            response.headers()[CONTENT_DISPOSITION]
                .to_str()
                .unwrap()
                .starts_with("attachment; filename=\"orders.")
        );
        let size = file["size_bytes"].as_u64().unwrap();
        assert_eq!(response.headers()[CONTENT_LENGTH], size.to_string());
        assert_eq!(response.bytes().await.unwrap().len() as u64, size, "{file}");
    }
    let csv = app.get(&format!("{}/files/clean.csv", upload["links"]["self"].as_str().unwrap())).await;
    let csv = csv.text().await.unwrap();
    assert_eq!(csv.lines().count(), 298, "a header and 297 accepted records");
    assert!(csv.starts_with("id,name,price,day\n0,name 0,0.00,2024-01-01\n"), "{csv:.60}");
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_and_conditions() {
    let app = TestApp::start().await;
    let text = table(50, false);
    let upload = app.upload("a.csv", text.clone()).await;
    let path = format!("{}/files/original", upload["links"]["self"].as_str().unwrap());
    let whole = app.request(Method::HEAD, &path).send().await.unwrap();
    assert_eq!(whole.headers()[CONTENT_LENGTH], text.len().to_string());
    assert_eq!(whole.headers()[ACCEPT_RANGES], "bytes");
    let etag = whole.headers()[ETAG].to_str().unwrap().to_owned();
    assert_eq!(etag, format!("\"{}\"", upload["sha256"].as_str().unwrap()));

    let part = app.request(Method::GET, &path).header(RANGE, "bytes=3-9").send().await.unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()[CONTENT_RANGE], format!("bytes 3-9/{}", text.len()));
    assert_eq!(part.text().await.unwrap(), text[3..10]);
    let tail = app
        .request(Method::GET, &path)
        .header(RANGE, "bytes=-5")
        .header(IF_RANGE, &etag)
        .send()
        .await
        .unwrap();
    assert_eq!(tail.text().await.unwrap(), text[text.len() - 5..]);
    let other = app
        .request(Method::GET, &path)
        .header(RANGE, "bytes=-5")
        .header(IF_RANGE, "\"x\"")
        .send()
        .await
        .unwrap();
    assert_eq!(other.status(), StatusCode::OK);
    let same = app.request(Method::GET, &path).header(IF_NONE_MATCH, &etag).send().await.unwrap();
    assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
    let beyond = app.request(Method::GET, &path).header(RANGE, "bytes=999999-").send().await.unwrap();
    problem(beyond, 416, "range-not-satisfiable").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_shown_and_never_trusted() {
    let app = TestApp::start().await;
    for (sent, name) in [
        ("..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("a%00b.csv", "ab.csv"),
        ("x%0D%0ASet-Cookie:%20a=b.csv", "xSet-Cookie: a=b.csv"),
        ("Gr%C3%B6%C3%9Fe.csv", "Größe.csv"),
    ] {
        let upload = app.upload(sent, "a,b\n1,2\n").await;
        assert_eq!(upload["name"], name);
        let response =
            app.get(&format!("{}/files/original", upload["links"]["self"].as_str().unwrap())).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.headers().get("set-cookie").is_none());
        assert!(response.headers()[CONTENT_DISPOSITION].to_str().unwrap().starts_with("attachment; "));
    }
    let long = app.upload(&"%F0%9F%93%88".repeat(1024), "a,b\n1,2\n").await;
    assert_eq!(long["name"].as_str().unwrap().chars().count(), 255);
    assert!(app.objects().iter().all(|path| !path.to_str().unwrap().contains("passwd")));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_not_there_say_why() {
    let app = TestApp::start().await;
    let upload = app.upload("a.csv", "a,b\n1,2\n").await;
    let files = format!("{}/files", upload["links"]["self"].as_str().unwrap());
    let body = problem(app.get(&format!("{files}/rejects.csv")).await, 404, "file-not-found").await;
    assert_eq!(body["detail"], "there is no `rejects.csv`: no record was rejected");
    problem(app.get(&format!("{files}/plan.json")).await, 404, "file-not-found").await;
    problem(app.get(&format!("{files}/..%2F..%2Fcsvp.sqlite")).await, 404, "file-not-found").await;
    problem(app.get("/api/v1/uploads/not-a-uuid").await, 404, "upload-not-found").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_can_insist_on_a_version() {
    let app = TestApp::start().await;
    let upload = app.upload("a.csv", "a,b\n1,2\n").await;
    let path = format!("{}/files/clean.csv", upload["links"]["self"].as_str().unwrap());
    let tag = app.get(&path).await.headers()["etag"].to_str().unwrap().to_owned();
    let get = async |headers: &[(&'static str, String)]| {
        let mut request = app.request(Method::GET, &path);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        request.send().await.unwrap()
    };
    let other = "\"other\"".to_owned();
    for same in [tag.clone(), "*".to_owned(), format!("{other}, {tag}")] {
        assert_eq!(get(&[("If-Match", same)]).await.status(), 200);
    }
    let both = get(&[("If-Match", other.clone()), ("If-Match", tag.clone())]).await;
    assert_eq!(both.status(), 200, "a list may stand on several lines");
    // A weak tag never matches strongly, and 412 goes before 304.
    for gone in [other.clone(), format!("W/{tag}")] {
        let refused = get(&[("If-Match", gone), ("If-None-Match", tag.clone())]).await;
        problem(refused, 412, "precondition-failed").await;
    }
    assert_eq!(get(&[("If-Match", tag.clone()), ("If-None-Match", format!("W/{tag}"))]).await.status(), 304);
    assert_eq!(get(&[("If-None-Match", other)]).await.status(), 200);
}
