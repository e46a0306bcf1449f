//! A database that hangs: a backup or a restore ends in time and has not happened.

use std::sync::Arc;
use std::time::{Duration, Instant};

use csvp_store::backup::{self, BackupError};
use csvp_store::{Clock, Meta, MetaOptions, StoreError};
use csvp_testkit::servers::{Postgres, Relay};

use super::{Store, to_write};

const SECOND: Duration = Duration::from_secs(1);
/// What the limits of the tests come to, and what it takes to work on two processors.
const PATIENCE: Duration = Duration::from_secs(20);

async fn open(url: String, longest: Duration) -> Meta {
    let options = MetaOptions::postgres(url).with_acquire_timeout(SECOND).with_statement_timeout(SECOND);
    Meta::open(&options.with_longest_statement(longest), Clock::system()).await.unwrap()
}

/// From now on it takes ten minutes to read an upload.
fn slow_down(server: &Postgres, url: &str) {
    let sql = "ALTER TABLE uploads RENAME TO uploads_themselves; \
               CREATE VIEW uploads AS SELECT * FROM uploads_themselves WHERE (SELECT 1 FROM pg_sleep(600)) = 1";
    server.psql(database_of(url), sql).unwrap();
}

fn database_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_takes_too_long_ends() {
    let server = Postgres::start();
    let url = server.new_database();
    let store = Store { meta: open(url.clone(), SECOND).await, ..Store::remote(&server).await };
    store.meta.migrate().await.unwrap();
    slow_down(&server, &url);
    let (dir, begun) = (tempfile::tempdir().unwrap(), Instant::now());
    let place = to_write(dir.path()).await;
    let refused = backup::create(&store.meta, &store.blobs, &place).await.unwrap_err();
    assert!(matches!(refused, BackupError::Store(StoreError::Unavailable(_))), "{refused:?}");
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    assert_eq!(backup::list(&place).await.unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_into_a_database_that_hangs_ends() {
    let (dir, from) = (tempfile::tempdir().unwrap(), Store::local().await);
    from.finished("a.csv", b"a\n1\n").await;
    let place = to_write(dir.path()).await;
    backup::create(&from.meta, &from.blobs, &place).await.unwrap();
    let server = Postgres::start();
    let url = server.new_database();
    let into = Store { meta: open(url.clone(), SECOND).await, ..Store::remote(&server).await };
    into.meta.migrate().await.unwrap();
    let sql = "CREATE FUNCTION slow() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(600); END $$; \
               CREATE EVENT TRIGGER slow ON ddl_command_start EXECUTE FUNCTION slow()";
    server.psql(database_of(&url), sql).unwrap();
    let begun = Instant::now();
    let refused = into.restore(&place).await.unwrap_err();
    assert!(matches!(refused, BackupError::Store(StoreError::Unavailable(_))), "{refused:?}");
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    assert_eq!(into.facts().await.uploads, []);
    server.psql(database_of(&url), "DROP EVENT TRIGGER slow").unwrap();
    into.restore(&place).await.unwrap();
}

/// The server has its limit too, but is not heard any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_swallows_the_rows_is_waited_for_in_bounds_only() {
    let server = Arc::new(Postgres::start());
    let relay = Relay::to([([127, 0, 0, 1], server.port()).into()]);
    let url = server.new_database();
    let through = url.replace(&format!(":{}/", server.port()), &format!(":{}/", relay.address().port()));
    let store = Store { meta: open(through, 5 * SECOND).await, ..Store::remote(&server).await };
    store.meta.migrate().await.unwrap();
    slow_down(&server, &url);
    let dir = tempfile::tempdir().unwrap();
    let place = to_write(dir.path()).await;
    let sleeps = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    let silence = async {
        let begun = Instant::now();
        loop {
            // Beside the backup, which goes on meanwhile.
            let (server, url) = (Arc::clone(&server), url.clone());
            let found = tokio::task::spawn_blocking(move || server.psql(database_of(&url), sleeps));
            if found.await.unwrap().unwrap().trim() == "1" {
                break;
            }
            assert!(begun.elapsed() < PATIENCE, "the backup never came to the uploads");
        }
        relay.set_silent(true);
        Instant::now()
    };
    let (refused, begun) = tokio::join!(backup::create(&store.meta, &store.blobs, &place), silence);
    let refused = refused.unwrap_err();
    assert!(matches!(refused, BackupError::Store(StoreError::Unavailable(_))), "{refused:?}");
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
}
