//! A start with a database that does not belong to the objects changes nothing.

use std::fs;

use csvp_server::operate::{Access, Operator};
use csvp_server::{ServeError, Server};
use csvp_store::BindError;
use csvp_testkit::servers::{Postgres, Seaweed};
use reqwest::Method;

use crate::app::TestApp;
use crate::s3::use_bucket;

/// A service that has stopped, with one upload in its store.
async fn stopped() -> TestApp {
    let mut app = TestApp::start().await;
    app.upload("a.csv", "a,b\n1,2\n").await;
    app.stop().await;
    assert!(!app.objects().is_empty());
    app
}

async fn refused(app: &TestApp) -> BindError {
    let before = app.objects();
    let error = Server::start(app.config.clone()).await.unwrap_err();
    assert!(!error.hints().is_empty());
    assert_eq!(app.objects(), before, "every object is still there");
    for access in [Access::Read, Access::Beside, Access::Alone, Access::New] {
        let error = Operator::open(&app.config, access).await.unwrap_err();
        assert!(matches!(error, ServeError::Bind(_)), "{access:?}: {error}");
    }
    assert_eq!(app.objects(), before, "every object is still there");
    match error {
        ServeError::Bind(error) => error,
        error => panic!("{error:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_database_is_not_replaced_by_an_empty_one() {
    let mut app = stopped().await;
    let data = app.config.store.data_dir();
    let kept = data.join("kept");
    fs::create_dir(&kept).unwrap();
    let of_database = |name: &str| name.starts_with("csvp.sqlite");
    let files = |dir: &std::path::Path| -> Vec<String> {
        let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| of_database(name)).collect()
    };
    for name in files(&data) {
        fs::rename(data.join(&name), kept.join(&name)).unwrap();
    }
    let error = refused(&app).await;
    assert!(matches!(error, BindError::OtherDatabase { .. }), "{error}");
    // The same without a mark, as an earlier version has left it.
    let mark = fs::read(data.join("objects/.store")).unwrap();
    fs::remove_file(data.join("objects/.store")).unwrap();
    let error = refused(&app).await;
    assert!(matches!(error, BindError::Unknown { .. }), "{error}");

    // The right database, without a mark: it is bound.
    for name in files(&data) {
        fs::remove_file(data.join(&name)).unwrap();
    }
    for name in files(&kept) {
        fs::rename(kept.join(&name), data.join(&name)).unwrap();
    }
    app.restart().await;
    let database = |mark: &[u8]| String::from_utf8_lossy(mark).lines().next().unwrap().to_owned();
    assert_eq!(database(&fs::read(data.join("objects/.store")).unwrap()), database(&mark));
    assert_eq!(app.get_json("/api/v1/uploads").await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_is_not_given_another_database_by_its_settings() {
    let server = Postgres::start();
    let mut app = stopped().await;
    app.config.database.url = server.new_database().parse().unwrap();
    let error = refused(&app).await;
    assert!(matches!(error, BindError::OtherDatabase { .. }), "{error}");
    app.config.database = csvp_server::Config::default().database;
    app.restart().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_that_are_not_mounted_are_not_taken_for_lost() {
    let mut app = stopped().await;
    let data = app.config.store.data_dir();
    fs::rename(data.join("objects"), data.join("elsewhere")).unwrap();
    fs::create_dir(data.join("objects")).unwrap();
    let error = refused(&app).await;
    assert!(matches!(error, BindError::Missing { uploads: 1, .. }), "{error}");
    fs::remove_dir_all(data.join("objects")).unwrap();
    fs::rename(data.join("elsewhere"), data.join("objects")).unwrap();
    app.restart().await;
    // A store whose uploads were all deleted starts.
    let list = app.get_json("/api/v1/uploads").await;
    let path = list["items"][0]["links"]["self"].as_str().unwrap().to_owned();
    assert_eq!(app.request(Method::DELETE, &path).send().await.unwrap().status(), 204);
    app.assert_empty().await;
    app.restart().await;
    app.stop().await;
    fs::remove_dir_all(data.join("objects")).unwrap();
    app.restart().await;
}

/// Two machines with a directory each would take what the other has for lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_and_a_directory_are_for_one_process() {
    let server = Postgres::start();
    let url = server.new_database();
    let mut app = TestApp::start_with(|config| config.database.url = url.parse().unwrap()).await;
    app.upload("a.csv", "a,b\n1,2\n").await;
    let dir = tempfile::tempdir().unwrap();
    let mut other = app.config.clone();
    other.store.data_dir = dir.path().display().to_string();
    let error = Server::start(other.clone()).await.unwrap_err();
    assert!(matches!(error, ServeError::DatabaseBusy { .. }), "{error}");
    assert!(!error.hints().is_empty());
    // As long as the other one lives; then the objects say that they are missing.
    app.stop().await;
    let error = Server::start(other).await.unwrap_err();
    assert!(matches!(error, ServeError::Bind(BindError::Missing { .. })), "{error}");
    app.restart().await;
}

/// What came since would be taken for leftovers. Whoever says that it is to go takes the mark away.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_of_the_database_removes_nothing() {
    let mut app = stopped().await;
    let data = app.config.store.data_dir();
    fs::copy(data.join("csvp.sqlite"), data.join("older")).unwrap();
    app.restart().await;
    app.upload("b.csv", "a,b\n3,4\n").await;
    app.stop().await;
    fs::rename(data.join("csvp.sqlite"), data.join("newer")).unwrap();
    fs::copy(data.join("older"), data.join("csvp.sqlite")).unwrap();
    let error = refused(&app).await;
    assert!(matches!(error, BindError::Older { .. }), "{error}");

    fs::rename(data.join("newer"), data.join("csvp.sqlite")).unwrap();
    app.restart().await;
    let uploads =
        async |app: &TestApp| app.get_json("/api/v1/uploads").await["items"].as_array().unwrap().len();
    assert_eq!(uploads(&app).await, 2);
    app.stop().await;
    fs::rename(data.join("older"), data.join("csvp.sqlite")).unwrap();
    fs::remove_file(data.join("objects/.store")).unwrap();
    app.restart().await;
    assert_eq!(uploads(&app).await, 1);
}

/// The lock of a directory says nothing about a bucket.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copied_directory_does_not_take_the_bucket_of_the_first() {
    let server = Seaweed::start();
    server.make_bucket("files");
    let endpoint = server.endpoint();
    let mut app = TestApp::start_with(|config| use_bucket(config, &endpoint, &server)).await;
    app.upload("a.csv", "a,b\n1,2\n").await;
    app.stop().await;
    let copy = tempfile::tempdir().unwrap();
    let database = app.config.store.data_dir().join("csvp.sqlite");
    fs::copy(database, copy.path().join("csvp.sqlite")).unwrap();
    app.restart().await;
    let upload = app.upload("b.csv", "a,b\n3,4\n").await;
    let mut other = app.config.clone();
    other.store.data_dir = copy.path().display().to_string();
    let error = Server::start(other).await.unwrap_err();
    assert!(matches!(error, ServeError::Bind(BindError::Older { .. })), "{error}");
    assert!(!error.hints().is_empty());
    let original = format!("{}/files/original", upload["links"]["self"].as_str().unwrap());
    assert_eq!(app.get(&original).await.text().await.unwrap(), "a,b\n3,4\n");
}
