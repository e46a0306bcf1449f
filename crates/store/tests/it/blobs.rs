//! The common suite over both kinds of backends.

mod local {
    use csvp_store::Blobs;
    use csvp_store::contract::BlobSetup;

    async fn open(max_bytes: Option<u64>) -> BlobSetup {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open_local(dir.path(), max_bytes).await.unwrap();
        let temp = dir.path().join(".tmp");
        let leftovers = Box::new(move || std::fs::read_dir(&temp).unwrap().count());
        BlobSetup { blobs, leftovers, keep: Box::new(dir) }
    }

    csvp_store::blob_contract!(open);
}

mod memory {
    use std::sync::Arc;

    use csvp_store::Blobs;
    use csvp_store::contract::BlobSetup;
    use object_store::memory::InMemory;

    async fn open(max_bytes: Option<u64>) -> BlobSetup {
        let blobs = Blobs::over(Arc::new(InMemory::new()), max_bytes).await.unwrap();
        BlobSetup { blobs, leftovers: Box::new(|| 0), keep: Box::new(()) }
    }

    csvp_store::blob_contract!(open);
}
