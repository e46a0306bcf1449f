//! What every backend of objects promises.

use std::io::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::ObjectStoreExt as _;

use super::BlobSetup;
use crate::blob::{Blobs, BlockingBlobWriter, ObjectKey, ObjectPrefix, RunFile};
use crate::error::{Entity, StoreError};
use crate::model::{RunId, TenantId, UploadId};

/// Larger than any object of the suites.
const AT_MOST: u64 = 64 * 1024 * 1024;

fn original() -> ObjectKey {
    ObjectKey::Original { tenant: TenantId::DEFAULT, upload: UploadId::generate() }
}

fn run_file(upload: UploadId, run: RunId, file: RunFile) -> ObjectKey {
    ObjectKey::RunFile { tenant: TenantId::DEFAULT, upload, run, file }
}

fn content(len: usize) -> Bytes {
    // A pattern whose period is prime, so that a block in the wrong place is noticed.
    (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect()
}

async fn write(blobs: &Blobs, key: ObjectKey, bytes: &Bytes, chunk: usize) {
    let mut writer = blobs.writer(key);
    for start in (0..bytes.len()).step_by(chunk) {
        writer.write(bytes.slice(start..(start + chunk).min(bytes.len()))).await.unwrap();
    }
    assert_eq!(writer.written_bytes(), bytes.len() as u64);
    assert_eq!(writer.finish().await.unwrap(), bytes.len() as u64);
}

async fn read(blobs: &Blobs, key: &ObjectKey, start: u64, len: Option<u64>) -> Vec<u8> {
    let stream = blobs.read(key, start, len).await.unwrap();
    stream
        .try_fold(Vec::new(), |mut all, bytes| async move {
            all.extend_from_slice(&bytes);
            Ok(all)
        })
        .await
        .unwrap()
}

/// Sizes around every buffer of the writers.
pub async fn bytes_come_back_whatever_the_chunks<F: Future<Output = BlobSetup>>(
    open: impl Fn(Option<u64>) -> F,
) {
    let setup = open(None).await;
    let mut used = 0;
    for (len, chunk) in [
        (0, 1),
        (1, 1),
        (1_000, 7),
        (65_535, 10_000),
        (65_536, 65_536),
        (65_537, 65_536),
        (1_000_000, 8_191),
        (9_000_000, 700_000),
        (20_000_000, 3_000_000),
    ] {
        let (key, bytes) = (original(), content(len));
        write(&setup.blobs, key, &bytes, chunk).await;
        assert_eq!(setup.blobs.size(&key).await.unwrap(), len as u64);
        assert!(setup.blobs.read_all(&key, AT_MOST).await.unwrap() == bytes, "{len} bytes by {chunk}");
        used += len as u64;
        assert_eq!(setup.blobs.used_bytes(), used);
    }
    assert_eq!((setup.leftovers)(), 0);
}

/// A reader sees the whole object or none.
pub async fn nothing_is_visible_before_finish<F: Future<Output = BlobSetup>>(
    open: impl Fn(Option<u64>) -> F,
) {
    let setup = open(None).await;
    let key = original();
    let mut writer = setup.blobs.writer(key);
    writer.write(content(10_000_000)).await.unwrap();
    writer.write(content(1)).await.unwrap();
    assert!(matches!(setup.blobs.size(&key).await, Err(StoreError::NotFound(_))));
    assert_eq!(setup.blobs.list(&ObjectPrefix::All).await.unwrap(), []);
    writer.finish().await.unwrap();
    assert_eq!(setup.blobs.list(&ObjectPrefix::All).await.unwrap(), [(key, 10_000_001)]);
}

/// Also when it is dropped while bytes are on their way.
pub async fn dropped_writer_leaves_nothing<F: Future<Output = BlobSetup>>(open: impl Fn(Option<u64>) -> F) {
    let setup = open(None).await;
    for len in [0, 10, 100_000, 9_000_000] {
        let key = original();
        let mut writer = setup.blobs.writer(key);
        writer.write(content(len)).await.unwrap();
        drop(writer);
        let mut writer = setup.blobs.blocking_writer(key).unwrap();
        let written = tokio::task::spawn_blocking(move || writer.write_all(&content(len)));
        written.await.unwrap().unwrap();
        assert!(matches!(setup.blobs.size(&key).await, Err(StoreError::NotFound(_))));
    }
    assert_eq!(setup.blobs.used_bytes(), 0);
    assert_eq!(setup.blobs.list(&ObjectPrefix::All).await.unwrap(), []);
    // A write that was under way when its writer was dropped ends by itself; nothing waits for it.
    while (setup.leftovers)() > 0 {
        tokio::task::yield_now().await;
    }
}

/// Ranges as HTTP needs them.
pub async fn ranges_are_cut_at_the_end<F: Future<Output = BlobSetup>>(open: impl Fn(Option<u64>) -> F) {
    let setup = open(None).await;
    let (key, bytes) = (original(), content(300_000));
    setup.blobs.put(key, bytes.clone()).await.unwrap();
    for (start, len) in [
        (0, None),
        (0, Some(0)),
        (0, Some(1)),
        (299_999, None),
        (100_000, Some(150_000)),
        (250_000, Some(u64::MAX)),
    ] {
        let first = usize::try_from(start).unwrap();
        let end = len
            .map_or(bytes.len(), |len| first.saturating_add(usize::try_from(len).unwrap()).min(bytes.len()));
        assert!(read(&setup.blobs, &key, start, len).await == bytes[first..end], "{start} {len:?}");
    }
    assert_eq!(read(&setup.blobs, &key, 300_000, None).await, b"");
    let beyond = setup.blobs.read(&key, 300_001, None).await.err().unwrap();
    assert!(matches!(beyond, StoreError::Range { start: 300_001, size_bytes: 300_000 }));
    assert!(matches!(setup.blobs.read_all(&key, 299_999).await, Err(StoreError::Internal(_))));
}

/// `NotFound` carries the key.
pub async fn missing_objects_are_named<F: Future<Output = BlobSetup>>(open: impl Fn(Option<u64>) -> F) {
    let setup = open(None).await;
    let key = original();
    let missing = |error: StoreError| matches!(error, StoreError::NotFound(Entity::Object(k)) if k == key);
    assert!(missing(setup.blobs.size(&key).await.unwrap_err()));
    assert!(missing(setup.blobs.read(&key, 0, None).await.err().unwrap()));
    assert!(missing(setup.blobs.delete(&key).await.unwrap_err()));
    let upload = ObjectPrefix::Upload { tenant: TenantId::DEFAULT, upload: key.upload() };
    assert_eq!(setup.blobs.delete_prefix(&upload).await.unwrap(), 0);
}

/// A second attempt of a job writes the same keys again.
pub async fn replacing_counts_once<F: Future<Output = BlobSetup>>(open: impl Fn(Option<u64>) -> F) {
    let setup = open(None).await;
    let key = original();
    setup.blobs.put(key, content(100_000)).await.unwrap();
    setup.blobs.put(key, content(10)).await.unwrap();
    assert_eq!(setup.blobs.used_bytes(), 10);
    write(&setup.blobs, key, &content(9_000_000), 1_000_000).await;
    assert_eq!(setup.blobs.used_bytes(), 9_000_000);
    assert_eq!(setup.blobs.size(&key).await.unwrap(), 9_000_000);
}

/// An object with a hole must never appear, whatever the caller does after a failure.
pub async fn broken_writer_cannot_finish<F: Future<Output = BlobSetup>>(open: impl Fn(Option<u64>) -> F) {
    let setup = open(Some(20_000_000)).await;
    let key = original();
    let mut writer = setup.blobs.writer(key);
    writer.write(content(100)).await.unwrap();
    writer.write(content(20_000_000)).await.unwrap_err();
    assert!(writer.write(content(1)).await.is_err());
    assert!(matches!(writer.finish().await, Err(StoreError::Internal(_))));
    let mut writer = setup.blobs.blocking_writer(key).unwrap();
    let finished = tokio::task::spawn_blocking(move || {
        writer.write_all(&content(20_000_001)).unwrap_err();
        writer.finish()
    });
    assert!(matches!(finished.await.unwrap(), Err(StoreError::Internal(_))));
    // A write that is dropped while it waits, as a timeout does it.
    let mut writer = setup.blobs.writer(key);
    for _ in 0..2 {
        writer.write(content(9_000_000)).await.unwrap();
    }
    let mut dropped = Box::pin(writer.write(content(1_900_000)));
    let ready =
        std::future::poll_fn(|context| std::task::Poll::Ready(dropped.as_mut().poll(context).is_ready()))
            .await;
    drop(dropped);
    assert_eq!(writer.finish().await.is_ok(), ready, "it is finished whole or not at all");
    if !ready {
        assert!(matches!(setup.blobs.size(&key).await, Err(StoreError::NotFound(_))));
    }
}

/// Full is an error that heals, and reading goes on meanwhile.
pub async fn ceiling_holds<F: Future<Output = BlobSetup>>(open: impl Fn(Option<u64>) -> F) {
    let setup = open(Some(1_000)).await;
    let kept = original();
    setup.blobs.put(kept, content(600)).await.unwrap();
    let mut writer = setup.blobs.writer(original());
    writer.write(content(400)).await.unwrap();
    let full = writer.write(content(1)).await.unwrap_err();
    assert!(matches!(full, StoreError::Full { used_bytes: 1_000, max_bytes: Some(1_000) }));
    assert_eq!(full.to_string(), "store is full: 1000 bytes are used, the limit is 1000");
    drop(writer);
    assert_eq!(setup.blobs.read_all(&kept, AT_MOST).await.unwrap().len(), 600);
    let mut writer = setup.blobs.blocking_writer(original()).unwrap();
    let refused =
        tokio::task::spawn_blocking(move || writer.write_all(&content(401))).await.unwrap().unwrap_err();
    assert!(matches!(StoreError::from_io(refused), StoreError::Full { max_bytes: Some(1_000), .. }));
    setup.blobs.delete(&kept).await.unwrap();
    setup.blobs.put(original(), content(1_000)).await.unwrap();
    assert_eq!(setup.blobs.used_bytes(), 1_000);
}

/// An upload goes with all its runs, a run goes alone.
pub async fn deleting_a_prefix_spares_its_neighbours<F: Future<Output = BlobSetup>>(
    open: impl Fn(Option<u64>) -> F,
) {
    let setup = open(None).await;
    let (tenant, upload) = (TenantId::DEFAULT, UploadId::generate());
    let (first, second) = (RunId::generate(), RunId::generate());
    let original_key = ObjectKey::Original { tenant, upload };
    let neighbour = original();
    for key in [original_key, neighbour] {
        setup.blobs.put(key, content(100)).await.unwrap();
    }
    for run in [first, second] {
        for &file in RunFile::ALL {
            setup.blobs.put(run_file(upload, run, file), content(10)).await.unwrap();
        }
    }
    let files = RunFile::ALL.len() as u64;
    let freed = setup.blobs.delete_prefix(&ObjectPrefix::Run { tenant, upload, run: first }).await.unwrap();
    assert_eq!(freed, 10 * files);
    let left = setup.blobs.list(&ObjectPrefix::Upload { tenant, upload }).await.unwrap();
    assert_eq!(left.len(), 1 + RunFile::ALL.len());
    // The place can be used again at once.
    setup.blobs.put(run_file(upload, first, RunFile::PlanJson), content(5)).await.unwrap();
    let freed = setup.blobs.delete_prefix(&ObjectPrefix::Upload { tenant, upload }).await.unwrap();
    assert_eq!(freed, 100 + 10 * files + 5);
    assert_eq!(setup.blobs.list(&ObjectPrefix::All).await.unwrap(), [(neighbour, 100)]);
    assert_eq!(setup.blobs.used_bytes(), 100);
}

/// The engine runs on threads of its own.
pub async fn threads_write_and_read<F: Future<Output = BlobSetup>>(open: impl Fn(Option<u64>) -> F) {
    let setup = open(None).await;
    let (key, bytes) = (original(), content(3_000_000));
    let mut writer = setup.blobs.blocking_writer(key).unwrap();
    let expected = bytes.clone();
    let sizes = tokio::task::spawn_blocking(move || {
        for chunk in bytes.chunks(10_001) {
            writer.write_all(chunk).unwrap();
        }
        assert_eq!(writer.written_bytes(), 3_000_000);
        writer.finish().unwrap()
    });
    assert_eq!(sizes.await.unwrap(), 3_000_000);
    let blobs = setup.blobs.clone();
    tokio::task::spawn_blocking(move || {
        let mut found = Vec::new();
        std::io::copy(&mut blobs.blocking_reader(&key, 1_234_567).unwrap(), &mut found).unwrap();
        assert!(found == expected[1_234_567..]);
        assert!(matches!(blobs.blocking_reader(&key, 3_000_001), Err(StoreError::Range { .. })));
        assert!(matches!(blobs.blocking_reader(&original(), 0), Err(StoreError::NotFound(_))));
    })
    .await
    .unwrap();
}

/// A run publishes its files together.
pub async fn several_files_at_once<F: Future<Output = BlobSetup>>(open: impl Fn(Option<u64>) -> F) {
    let setup = open(None).await;
    let (upload, run) = (UploadId::generate(), RunId::generate());
    let small = RunFile::ALL.iter().map(|&file| (run_file(upload, run, file), content(file.as_str().len())));
    setup.blobs.put_all(small.collect()).await.unwrap();
    for &file in RunFile::ALL {
        let len = file.as_str().len() as u64;
        assert_eq!(setup.blobs.size(&run_file(upload, run, file)).await.unwrap(), len);
    }
    let second = RunId::generate();
    let writers: Vec<_> = RunFile::ALL
        .iter()
        .map(|&file| setup.blobs.blocking_writer(run_file(upload, second, file)).unwrap())
        .collect();
    let sizes = tokio::task::spawn_blocking(move || {
        let mut writers = writers;
        for (i, writer) in writers.iter_mut().enumerate() {
            writer.write_all(&content(100_000 * i)).unwrap();
        }
        BlockingBlobWriter::finish_all(writers).unwrap()
    });
    let sizes = sizes.await.unwrap();
    assert_eq!(sizes, (0..RunFile::ALL.len() as u64).map(|i| 100_000 * i).collect::<Vec<_>>());
    let listed =
        setup.blobs.list(&ObjectPrefix::Run { tenant: TenantId::DEFAULT, upload, run: second }).await;
    assert_eq!(
        listed.unwrap().iter().map(|(_, size_bytes)| size_bytes).sum::<u64>(),
        sizes.iter().sum::<u64>()
    );
}

/// Query engines read the same bytes by themselves.
pub async fn common_interface_sees_the_same<F: Future<Output = BlobSetup>>(open: impl Fn(Option<u64>) -> F) {
    let setup = open(None).await;
    let (key, bytes) = (original(), content(200_000));
    setup.blobs.put(key, bytes.clone()).await.unwrap();
    let store = setup.blobs.object_store();
    assert!(store.get(&key.path()).await.unwrap().bytes().await.unwrap() == bytes);
    assert!(store.get_range(&key.path(), 100..70_000).await.unwrap() == bytes[100..70_000]);
    assert_eq!(store.head(&key.path()).await.unwrap().size, 200_000);
    let listed = store.list_with_delimiter(None).await.unwrap();
    assert_eq!(listed.objects.len(), 0);
    assert_eq!(listed.common_prefixes, [object_store::path::Path::from(TenantId::DEFAULT.to_string())]);
    let (other, copy) = (original().path(), original().path());
    let mut upload = store.put_multipart(&other).await.unwrap();
    // Object stores take no smaller part but the last one.
    let large = content(6_500_000);
    let parts = [large.slice(..6_000_000), large.slice(6_000_000..)].map(|part| upload.put_part(part.into()));
    futures::future::try_join_all(parts).await.unwrap();
    upload.complete().await.unwrap();
    store.copy(&other, &copy).await.unwrap();
    assert!(store.get(&copy).await.unwrap().bytes().await.unwrap() == large);
    store.delete(&key.path()).await.unwrap();
    let gone = store.head(&key.path()).await;
    assert!(matches!(gone, Err(object_store::Error::NotFound { .. })));
    let mut upload = store.put_multipart(&key.path()).await.unwrap();
    upload.put_part(bytes.into()).await.unwrap();
    upload.abort().await.unwrap();
    drop(upload);
    assert!(store.head(&key.path()).await.is_err());
    assert_eq!((setup.leftovers)(), 0);
}

/// Many at once, in the same and in other directories, while others are removed.
pub async fn parallel_writers_do_not_meet<F: Future<Output = BlobSetup>>(open: impl Fn(Option<u64>) -> F) {
    let setup = open(None).await;
    let blobs = Arc::new(setup.blobs);
    let (upload, run) = (UploadId::generate(), RunId::generate());
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..64_usize {
        let blobs = Arc::clone(&blobs);
        tasks.spawn(async move {
            let key = original();
            let bytes = content(i * 3_000);
            write(&blobs, key, &bytes, 5_000).await;
            let file = RunFile::ALL[i % RunFile::ALL.len()];
            blobs.put(run_file(upload, run, file), content(50)).await.unwrap();
            assert!(blobs.read_all(&key, AT_MOST).await.unwrap() == bytes);
            if i.is_multiple_of(2) {
                let prefix = ObjectPrefix::Upload { tenant: TenantId::DEFAULT, upload: key.upload() };
                assert_eq!(blobs.delete_prefix(&prefix).await.unwrap(), bytes.len() as u64);
            }
        });
    }
    tasks.join_all().await;
    let kept = (0..64).filter(|i| i % 2 == 1).map(|i| i * 3_000).sum::<u64>();
    let listed = blobs.list(&ObjectPrefix::All).await.unwrap();
    assert_eq!(listed.len(), 32 + RunFile::ALL.len());
    assert_eq!(
        listed.iter().map(|(_, size_bytes)| size_bytes).sum::<u64>(),
        kept + 50 * RunFile::ALL.len() as u64
    );
    assert_eq!((setup.leftovers)(), 0);
}

/// A request may be dropped at any await: what is then in the store is whole objects, and the count is right.
pub async fn caller_who_goes_away_breaks_nothing<F: Future<Output = BlobSetup>>(
    open: impl Fn(Option<u64>) -> F,
) {
    let setup = open(None).await;
    let bytes = content(400_000);
    for polls in 0..40_u32 {
        let mut upload = Box::pin(write(&setup.blobs, original(), &bytes, 50_000));
        let mut left = polls;
        std::future::poll_fn(|context| {
            let done = upload.as_mut().poll(context).is_ready();
            left = left.saturating_sub(1);
            if done || left == 0 { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        drop(upload);
    }
    // Work that had begun ends by itself; then only whole objects are counted.
    loop {
        let listed = setup.blobs.list(&ObjectPrefix::All).await.unwrap();
        assert!(listed.iter().all(|(_, size_bytes)| *size_bytes == 400_000));
        if (setup.leftovers)() == 0 && setup.blobs.used_bytes() == listed.len() as u64 * 400_000 {
            break;
        }
        tokio::task::yield_now().await;
    }
}

/// Several requests of an object store, each with a slow and a fast reader.
pub async fn long_objects_are_read_in_any_ranges<F: Future<Output = BlobSetup>>(
    open: impl Fn(Option<u64>) -> F,
) {
    let setup = open(None).await;
    let (key, bytes) = (original(), content(25_000_000));
    write(&setup.blobs, key, &bytes, 1_300_000).await;
    for (start, len) in [
        (0, None),
        (2_097_151, Some(2)),
        (2_097_152, Some(2_097_152)),
        (3_000_000, Some(9_999_999)),
        (24_999_999, None),
    ] {
        let first = usize::try_from(start).unwrap();
        let end = len.map_or(bytes.len(), |len| first + usize::try_from(len).unwrap());
        assert!(read(&setup.blobs, &key, start, len).await == bytes[first..end], "{start} {len:?}");
    }
    // A reader that is dropped in the middle holds nothing up.
    let mut stream = setup.blobs.read(&key, 0, None).await.unwrap();
    stream.try_next().await.unwrap().unwrap();
    drop(stream);
    assert_eq!(setup.blobs.delete(&key).await.ok(), Some(()));
    assert_eq!((setup.leftovers)(), 0);
}

/// Attempts of one job that overlap: whole objects only, the last one stays.
pub async fn one_key_written_by_many_is_one_of_them<F: Future<Output = BlobSetup>>(
    open: impl Fn(Option<u64>) -> F,
) {
    let setup = open(None).await;
    let key = original();
    let sizes = [10_usize, 70_000, 9_000_000];
    let writes = (0..9).map(|i| {
        let blobs = setup.blobs.clone();
        async move { write(&blobs, key, &content(sizes[i % 3]), 60_000).await }
    });
    futures::future::join_all(writes).await;
    let found = setup.blobs.read_all(&key, AT_MOST).await.unwrap();
    assert!(sizes.contains(&found.len()), "{} bytes", found.len());
    assert!(found == content(found.len()));
    assert_eq!(setup.blobs.list(&ObjectPrefix::All).await.unwrap().len(), 1);
}

/// Object stores give a thousand names at a time.
pub async fn lists_are_complete_beyond_a_thousand<F: Future<Output = BlobSetup>>(
    open: impl Fn(Option<u64>) -> F,
) {
    let setup = open(None).await;
    let upload = UploadId::generate();
    let mut objects = Vec::new();
    for _ in 0..140 {
        let run = RunId::generate();
        objects.extend(RunFile::ALL.iter().map(|&file| (run_file(upload, run, file), content(3))));
    }
    let expected = objects.len();
    assert!(expected > 1_000);
    setup.blobs.put_all(objects).await.unwrap();
    let listed = setup.blobs.list(&ObjectPrefix::All).await.unwrap();
    let names: std::collections::HashSet<ObjectKey> = listed.iter().map(|(key, _)| *key).collect();
    assert_eq!((listed.len(), names.len()), (expected, expected));
    let prefix = ObjectPrefix::Upload { tenant: TenantId::DEFAULT, upload };
    assert_eq!(setup.blobs.delete_prefix(&prefix).await.unwrap(), 3 * expected as u64);
    assert_eq!(setup.blobs.list(&ObjectPrefix::All).await.unwrap(), []);
}
