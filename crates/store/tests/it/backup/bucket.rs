//! Backups in a bucket, and of a bucket.

use std::time::Duration;

use csvp_store::backup::{self, BackupError, Place};
use csvp_store::{
    Blobs, Clock, Meta, MetaOptions, S3Credentials, S3Encryption, S3Keys, S3OpenError, S3Options, owner,
};
use csvp_testkit::servers::{Postgres, Seaweed};

use super::{Store, TENANT};

fn options(server: &Seaweed, bucket: &str, prefix: &str) -> S3Options {
    let (key, secret) = server.keys();
    S3Options {
        bucket: bucket.to_owned(),
        region: Seaweed::REGION.to_owned(),
        endpoint: Some(server.endpoint()),
        path_style: true,
        prefix: prefix.to_owned(),
        credentials: S3Credentials::Keys(S3Keys {
            key_id: key.to_owned(),
            secret: secret.to_owned(),
            session_token: None,
        }),
        encryption: S3Encryption::Bucket,
        ca_file: None,
        allow_http: false,
        connect_timeout: Duration::from_secs(2),
        request_timeout: Duration::from_secs(20),
        retry_deadline: Duration::from_secs(30),
    }
}

fn as_reader(options: &S3Options) -> S3Options {
    let (key, secret) = Seaweed::READER;
    let keys = S3Keys { key_id: key.to_owned(), secret: secret.to_owned(), session_token: None };
    S3Options { credentials: S3Credentials::Keys(keys), ..options.clone() }
}

/// A store as the service opens it: its bucket is bound to its database.
async fn shared(database: &Postgres, server: &Seaweed, bucket: &str) -> Store {
    server.make_bucket(bucket);
    let meta = Meta::open(&MetaOptions::postgres(database.new_database()), Clock::system()).await.unwrap();
    meta.migrate().await.unwrap();
    let blobs = Blobs::open_s3(&options(server, bucket, ""), None).await.unwrap();
    owner::bind(&meta, &blobs).await.unwrap();
    Store { meta, blobs, _dir: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_store_is_backed_up_into_a_bucket_and_restored_into_another() {
    let (database, server) = (Postgres::start(), Seaweed::start());
    let from = shared(&database, &server, "files").await;
    from.fill().await;
    server.make_bucket("backups");
    let options = options(&server, "backups", "csvp/nightly");
    let place = Place::s3_to_write(&options).await.unwrap();
    assert_eq!(place.name(), "s3://backups/csvp/nightly");
    let made = backup::create(&from.meta, &from.blobs, &place).await.unwrap();
    let again = backup::create(&from.meta, &from.blobs, &place).await.unwrap();
    assert_eq!((made.manifest.objects.lost, again.new_objects), (0, 0));

    // Who may only read can verify and restore, and leaves nothing behind.
    let reader = as_reader(&options);
    let refused = Place::s3_to_write(&reader).await.unwrap_err();
    assert!(matches!(refused, BackupError::Bucket(S3OpenError::Denied { .. })), "{refused:?}");
    let place = Place::s3_to_read(&reader).await.unwrap();
    assert_eq!(backup::verify(&place, None).await.unwrap().faults, []);
    let into = shared(&database, &server, "restored").await;
    let own = into.meta.identity().await.unwrap();
    into.restore(&place).await.unwrap();
    assert_eq!(into.facts().await.objects, from.facts().await.objects);
    // It is a store of its own: its bucket knows it, and it would not be let into that of the old one.
    assert_eq!(into.meta.identity().await.unwrap(), own);
    owner::bind(&into.meta, &into.blobs).await.unwrap();
    assert!(owner::bind(&into.meta, &from.blobs).await.is_err());
    into.finished("new.csv", b"a\n1\n").await;

    // The same backup into a store without a bucket, which may get one later.
    let local = Store::local().await;
    local.restore(&place).await.unwrap();
    let identity = local.meta.identity().await.unwrap();
    assert_ne!(identity, from.meta.identity().await.unwrap());
    assert_eq!(
        local.meta.list_audit_events(TENANT, 0, 1_000).await.unwrap().last().unwrap().action,
        "store.identify"
    );

    let pruned = backup::prune(&Place::s3_to_write(&options).await.unwrap(), 1).await.unwrap();
    assert_eq!((pruned.backups.len(), pruned.contents), (1, 0));
    assert_eq!(backup::verify(&place, None).await.unwrap().faults, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_with_other_things_is_left_alone() {
    let server = Seaweed::start();
    server.make_bucket("photos");
    let blobs = Blobs::open_s3(&options(&server, "photos", ""), None).await.unwrap();
    let key = csvp_store::ObjectKey::Original { tenant: TENANT, upload: csvp_store::UploadId::generate() };
    blobs.put(key, bytes::Bytes::from_static(b"x")).await.unwrap();
    let refused = Place::s3_to_write(&options(&server, "photos", "")).await.unwrap_err();
    assert!(matches!(refused, BackupError::Foreign { .. }), "{refused:?}");
    let refused = Place::s3_to_read(&options(&server, "photos", "none")).await.unwrap_err();
    assert!(matches!(refused, BackupError::NoBackups { .. }), "{refused:?}");
    let missing = Place::s3_to_write(&options(&server, "missing", "")).await.unwrap_err();
    assert!(matches!(missing, BackupError::Bucket(S3OpenError::NoSuchBucket { .. })), "{missing:?}");
    let missing = Place::s3_to_read(&options(&server, "missing", "")).await.unwrap_err();
    assert!(matches!(missing, BackupError::Bucket(S3OpenError::NoSuchBucket { .. })), "{missing:?}");
    Place::s3_to_write(&options(&server, "photos", "own/part")).await.unwrap();
}
