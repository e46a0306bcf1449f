//! The way in for operating commands: what works beside a running service, and what is refused.

use csvp_server::ServeError;
use csvp_server::operate::{Access, Operator};

use crate::app::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_running_service_rows_may_change_and_objects_may_not() {
    let mut app = TestApp::start().await;
    app.upload("a.csv", "a,b\n1,2\n").await;
    Operator::open(&app.config, Access::Read).await.unwrap().close().await.unwrap();
    let beside = Operator::open(&app.config, Access::Beside).await.unwrap();
    assert!(!beside.owns_objects());
    beside.close().await.unwrap();
    let alone = Operator::open(&app.config, Access::Alone).await.unwrap_err();
    assert!(matches!(alone, ServeError::DataDirBusy { .. }), "{alone}");
    let new = Operator::open(&app.config, Access::New).await.unwrap_err();
    assert!(matches!(new, ServeError::DataDirBusy { .. }), "{new}");
    app.stop().await;
    let beside = Operator::open(&app.config, Access::Beside).await.unwrap();
    assert!(beside.owns_objects(), "nobody else holds them");
    beside.close().await.unwrap();
    Operator::open(&app.config, Access::Alone).await.unwrap().close().await.unwrap();
    // Whether there is anything in it is found out by who restores.
    Operator::open(&app.config, Access::New).await.unwrap().close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_made_only_when_it_is_to_be_new() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = csvp_server::Config::default();
    config.store.data_dir = dir.path().join("data").to_str().unwrap().to_owned();
    for access in [Access::Read, Access::Beside, Access::Alone] {
        let error = Operator::open(&config, access).await.unwrap_err();
        assert!(matches!(error, ServeError::NoStore { .. }), "{error}");
        assert!(!dir.path().join("data").exists(), "a mistyped directory is not made");
    }
    Operator::open(&config, Access::New).await.unwrap().close().await.unwrap();
    Operator::open(&config, Access::Read).await.unwrap().close().await.unwrap();
}
