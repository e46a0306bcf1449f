//! Objects belong to one database.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use csvp_store::{
    BindError, Blobs, Clock, Meta, MetaOptions, ObjectKey, ObjectPrefix, Origin, TenantId, UploadId,
    contract, owner,
};

async fn database(file: &Path) -> Meta {
    let meta = Meta::open(&MetaOptions::sqlite_file(file), Clock::system()).await.unwrap();
    meta.migrate().await.unwrap();
    meta
}

async fn upload(meta: &Meta, blobs: &Blobs) -> UploadId {
    let new = contract::queued("a.csv");
    let id = new.id;
    blobs.put(original(id), Bytes::from_static(b"a\n1\n")).await.unwrap();
    meta.create_upload(new).await.unwrap();
    id
}

fn original(upload: UploadId) -> ObjectKey {
    ObjectKey::Original { tenant: TenantId::DEFAULT, upload }
}

#[tokio::test]
async fn a_directory_belongs_to_the_database_that_used_it_first() {
    let dir = tempfile::tempdir().unwrap();
    let (ours, theirs) =
        (database(&dir.path().join("ours")).await, database(&dir.path().join("theirs")).await);
    let objects = dir.path().join("objects");
    let blobs = Blobs::open_local(&objects, None).await.unwrap();
    owner::check(&ours, &blobs).await.unwrap();
    assert!(!objects.join(".store").exists(), "who reads writes nothing");
    owner::bind(&ours, &blobs).await.unwrap();
    let id = ours.identity().await.unwrap();
    let mark = fs::read_to_string(objects.join(".store")).unwrap();
    assert_eq!(mark.lines().next().unwrap(), id.to_string());
    // As an earlier version has written it.
    fs::write(objects.join(".store"), format!("{id}\n")).unwrap();
    owner::bind(&ours, &blobs).await.unwrap();
    assert_eq!(fs::read_to_string(objects.join(".store")).unwrap().lines().count(), 2, "it has a turn again");
    assert_eq!(blobs.list(&ObjectPrefix::All).await.unwrap(), [], "the mark is no object");
    assert_eq!(blobs.used_bytes(), 0);
    drop(blobs);

    let blobs = Blobs::open_local(&objects, None).await.unwrap();
    owner::bind(&ours, &blobs).await.unwrap();
    owner::check(&ours, &blobs).await.unwrap();
    let refused = owner::check(&theirs, &blobs).await.unwrap_err();
    assert!(matches!(refused, BindError::OtherDatabase { .. }), "{refused:?}");
    let refused = owner::bind(&theirs, &blobs).await.unwrap_err();
    let (owner, other) = (id.to_string(), theirs.identity().await.unwrap().to_string());
    assert!(refused.to_string().contains(&owner) && refused.to_string().contains(&other), "{refused}");
    for wrong in ["something else".to_owned(), format!("{id}\nx\n"), String::new()] {
        fs::write(objects.join(".store"), wrong).unwrap();
        assert!(matches!(owner::bind(&ours, &blobs).await.unwrap_err(), BindError::Mark { .. }));
    }
}

#[tokio::test]
async fn objects_without_a_mark_go_to_a_database_that_knows_one_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let (ours, empty) = (database(&dir.path().join("ours")).await, database(&dir.path().join("empty")).await);
    let objects = dir.path().join("objects");
    let blobs = Blobs::open_local(&objects, None).await.unwrap();
    let id = upload(&ours, &blobs).await;
    // What a crash has left says nothing about whose the others are.
    blobs.put(original(UploadId::generate()), Bytes::from_static(b"left")).await.unwrap();
    for refused in [owner::bind(&empty, &blobs).await, owner::check(&empty, &blobs).await] {
        assert!(matches!(refused, Err(BindError::Unknown { .. })), "{refused:?}");
    }
    assert!(!objects.join(".store").exists());
    assert_eq!(blobs.list(&ObjectPrefix::All).await.unwrap().len(), 2, "nothing was removed");

    // Deleted, its object still there: it is known nevertheless.
    ours.delete_upload(TenantId::DEFAULT, id, &Origin::anonymous("delete")).await.unwrap();
    owner::bind(&ours, &blobs).await.unwrap();
    assert!(matches!(owner::bind(&empty, &blobs).await, Err(BindError::OtherDatabase { .. })));
}

#[tokio::test]
async fn a_database_with_uploads_is_not_given_an_empty_directory() {
    let dir = tempfile::tempdir().unwrap();
    let meta = database(&dir.path().join("meta")).await;
    let blobs = Blobs::open_local(&dir.path().join("objects"), None).await.unwrap();
    let id = upload(&meta, &blobs).await;
    let empty = Blobs::open_local(&dir.path().join("not mounted"), None).await.unwrap();
    for refused in [owner::bind(&meta, &empty).await, owner::check(&meta, &empty).await] {
        assert!(matches!(refused, Err(BindError::Missing { uploads: 1, .. })), "{refused:?}");
    }
    // A store whose uploads were all deleted holds nothing, and that is right.
    let origin = Origin::anonymous("delete");
    let deleted = meta.delete_upload(TenantId::DEFAULT, id, &origin).await.unwrap();
    blobs.delete_prefix(&deleted.objects).await.unwrap();
    meta.finish_delete(&deleted).await.unwrap();
    owner::bind(&meta, &blobs).await.unwrap();
}
