//! Those who write into a bucket of backups take turns: what one counts on, another does not remove.

use std::sync::{Arc, Mutex};

use csvp_store::backup::{self, BackupError, Place};
use futures::FutureExt as _;
use object_store::ObjectStoreExt as _;
use object_store::memory::InMemory;
use tokio::sync::{mpsc, oneshot};

use super::Store;
use crate::hooked::{Hook, Hooked};

const AGAIN: &[u8] = b"it goes and comes back\n";

async fn place(bucket: Arc<dyn object_store::ObjectStore>) -> Place {
    Place::bucket_to_write(bucket, "p", "s3://b/p").await.unwrap()
}

/// The worst moment: pruning has decided what to remove, and a backup begins that counts on just that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_pruned_is_not_counted_on_by_a_backup_that_begins() {
    let (bucket, store) = (Arc::new(InMemory::new()), Store::local().await);
    let plain = place(bucket.clone()).await;
    let gone = store.finished("again.csv", AGAIN).await;
    backup::create(&store.meta, &store.blobs, &plain).await.unwrap();
    store.delete(gone).await;
    backup::create(&store.meta, &store.blobs, &plain).await.unwrap();
    store.finished("again.csv", AGAIN).await;

    // The first removal waits for the backup.
    let (ask, mut asked) = mpsc::channel::<oneshot::Sender<()>>(1);
    let ask = Arc::new(Mutex::new(Some(ask)));
    let hook: Hook = Arc::new(move |path| {
        let is_content = path.as_ref().starts_with("p/objects/");
        let ask = if is_content { ask.lock().unwrap().take() } else { None };
        let wait = async move {
            if let Some(ask) = ask {
                let (tell, told) = oneshot::channel();
                ask.send(tell).await.unwrap();
                told.await.unwrap();
            }
            Ok(())
        };
        wait.boxed()
    });
    let hooked = place(Arc::new(Hooked { inner: bucket.clone(), before_delete: hook })).await;
    let backup = async {
        let tell = asked.recv().await.unwrap();
        let met = backup::create(&store.meta, &store.blobs, &plain).await;
        tell.send(()).unwrap();
        met
    };
    let (pruned, met) = tokio::join!(backup::prune(&hooked, 1), backup);
    let pruned = pruned.unwrap();
    assert!(pruned.contents > 0);
    assert!(matches!(met, Err(BackupError::Busy { .. })), "{met:?}");

    let made = backup::create(&store.meta, &store.blobs, &plain).await.unwrap();
    assert_eq!(made.new_objects, pruned.contents, "they are copied again");
    assert_eq!(backup::verify(&plain, None).await.unwrap().faults, []);
    assert_eq!(backup::list(&plain).await.unwrap().len(), 2);
}

/// Whoever writes refuses while another does; who reads does not mind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_writes_into_a_bucket_at_a_time() {
    let (bucket, store) = (Arc::new(InMemory::new()), Store::local().await);
    let place = place(bucket.clone()).await;
    store.finished("a.csv", b"a\n1\n").await;
    let made = backup::create(&store.meta, &store.blobs, &place).await.unwrap();
    // What a backup has left that was broken off is in nobody's way.
    let broken = format!("p/backups/{}/rows/uploads.ndjson", csvp_store::BackupId::generate());
    bucket.put(&broken.into(), "{}".into()).await.unwrap();
    // Another process has begun a moment ago.
    let other = object_store::path::Path::from("p/writers/another");
    bucket.put(&other, "{}".into()).await.unwrap();
    let refused = [
        backup::create(&store.meta, &store.blobs, &place).await.map(drop),
        backup::prune(&place, 1).await.map(drop),
        backup::repair(&place, None).await.map(drop),
    ];
    for refused in refused {
        assert!(matches!(refused, Err(BackupError::Busy { .. })), "{refused:?}");
    }
    assert_eq!(backup::verify(&place, None).await.unwrap().faults, []);
    assert_eq!(backup::list(&place).await.unwrap().len(), 1);
    bucket.delete(&other).await.unwrap();
    let pruned = backup::prune(&place, 1).await.unwrap();
    assert_eq!((pruned.backups.len(), pruned.kept), (1, vec![made.manifest.id]));
}

/// A request has an end, and what is done with a file may take longer: a list is read while its objects are copied.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_open_while_its_reader_works() {
    let hook: Hook = Arc::new(|_| async { Ok(()) }.boxed());
    let place = place(Arc::new(Hooked { inner: Arc::default(), before_delete: hook })).await;
    let (store, into) = (Store::local().await, Store::local().await);
    store.fill().await;
    backup::create(&store.meta, &store.blobs, &place).await.unwrap();
    assert_eq!(backup::verify(&place, None).await.unwrap().faults, []);
    into.restore(&place).await.unwrap();
    assert_eq!(into.facts().await.uploads.len(), store.facts().await.uploads.len());
}
