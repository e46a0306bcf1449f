//! Idempotency keys: with which request a key was sent first, so that sending it again changes nothing.

use std::collections::{BTreeMap, HashMap};

use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Set};

use super::entity::idempotency_key;
use super::{db_error, list};
use crate::error::{Entity, StoreError};
use crate::model::{IdempotencyKey, NewUpload, Sum, TenantId, UploadId, UploadRecord};

/// The fingerprint that no request has: the upload was deleted.
const OF_DELETED: &str = "";
/// What the name of a used-up key begins with; its SHA-256 follows.
const RETIRED: &str = "deleted:";

/// What keys stand for: the fingerprint of their first request, and the upload it was about.
pub(super) type Known = HashMap<(TenantId, String), (String, UploadId)>;

/// Those of the uploads' keys that were sent before.
pub(super) async fn known(db: &impl ConnectionTrait, uploads: &[&NewUpload]) -> Result<Known, StoreError> {
    let mut wanted: BTreeMap<TenantId, Vec<&str>> = BTreeMap::new();
    for new in uploads {
        if let Some(key) = &new.key {
            wanted.entry(new.tenant).or_default().push(&key.key);
        }
    }
    let mut known = Known::new();
    for (tenant, keys) in wanted {
        known.extend(load(db, tenant, &keys).await?);
    }
    Ok(known)
}

/// The upload that was made or changed by the request with this key; `None` when the key is new.
///
/// # Errors
/// `KeyReused` when that was another request.
pub(super) async fn find(
    db: &impl ConnectionTrait,
    tenant: TenantId,
    key: Option<&IdempotencyKey>,
) -> Result<Option<UploadRecord>, StoreError> {
    let Some(key) = key else { return Ok(None) };
    let known = load(db, tenant, &[&key.key]).await?;
    let Some(upload) = same_request(&known, tenant, key)? else { return Ok(None) };
    let record = list::find_any(db, upload).await?;
    record.map(Some).ok_or(StoreError::NotFound(Entity::Upload(upload)))
}

/// The upload of an equal request; `KeyReused` when the key stands for another one, or its upload was deleted.
pub(super) fn same_request(
    known: &Known,
    tenant: TenantId,
    key: &IdempotencyKey,
) -> Result<Option<UploadId>, StoreError> {
    match known.get(&(tenant, key.key.clone())) {
        None => Ok(None),
        Some((fingerprint, upload)) if *fingerprint == key.fingerprint => Ok(Some(*upload)),
        Some(_) => Err(StoreError::KeyReused),
    }
}

/// The row that remembers a request.
pub(super) fn row(
    tenant: TenantId,
    key: &IdempotencyKey,
    upload: UploadId,
    now: i64,
) -> idempotency_key::ActiveModel {
    idempotency_key::ActiveModel {
        tenant_id: Set(tenant.as_uuid()),
        key: Set(key.key.clone()),
        fingerprint: Set(key.fingerprint.clone()),
        upload_id: Set(upload.as_uuid()),
        created_at: Set(now),
    }
}

/// Remembers the request, if it has a key.
pub(super) async fn remember(
    db: &impl ConnectionTrait,
    tenant: TenantId,
    key: Option<&IdempotencyKey>,
    upload: UploadId,
    now: i64,
) -> Result<(), StoreError> {
    let Some(key) = key else { return Ok(()) };
    let row = row(tenant, key, upload, now);
    idempotency_key::Entity::insert(row).exec_without_returning(db).await.map_err(db_error)?;
    Ok(())
}

/// No request can use the keys of a deleted upload any more: a late retry would bring back what was deleted. Of the keys and
/// their requests nothing stays but a sum, as they may say something of the content.
pub(super) async fn retire(db: &impl ConnectionTrait, upload: UploadId) -> Result<(), StoreError> {
    let of_upload = idempotency_key::Column::UploadId.eq(upload.as_uuid());
    let rows = idempotency_key::Entity::find().filter(of_upload.clone()).all(db).await.map_err(db_error)?;
    if rows.is_empty() {
        return Ok(());
    }
    idempotency_key::Entity::delete_many().filter(of_upload).exec(db).await.map_err(db_error)?;
    let retired = rows.into_iter().map(|row| idempotency_key::ActiveModel {
        tenant_id: Set(row.tenant_id),
        key: Set(retired(&row.key)),
        fingerprint: Set(OF_DELETED.to_owned()),
        upload_id: Set(row.upload_id),
        created_at: Set(row.created_at),
    });
    // A row of that name is no reason to fail; it is used up as well.
    let name = [idempotency_key::Column::TenantId, idempotency_key::Column::Key];
    let used_up = [idempotency_key::Column::Fingerprint, idempotency_key::Column::UploadId];
    idempotency_key::Entity::insert_many(retired)
        .on_conflict(OnConflict::columns(name).update_columns(used_up).to_owned())
        .exec_without_returning(db)
        .await
        .map_err(db_error)?;
    Ok(())
}

/// What is left of the name of a key. No sender may use such a name, see [`IdempotencyKey::is_reserved`].
fn retired(key: &str) -> String {
    format!("{RETIRED}{}", Sum::of(key.as_bytes()))
}

impl IdempotencyKey {
    /// Whether this is the name of a key that is used up, which stands for another one: nobody may send it.
    pub fn is_reserved(key: &str) -> bool {
        key.strip_prefix(RETIRED).is_some_and(|sum| sum.parse::<Sum>().is_ok())
    }
}

async fn load(db: &impl ConnectionTrait, tenant: TenantId, keys: &[&str]) -> Result<Known, StoreError> {
    let retired: HashMap<String, &str> = keys.iter().map(|&key| (retired(key), key)).collect();
    let names = keys.iter().copied().chain(retired.keys().map(String::as_str));
    let rows = idempotency_key::Entity::find()
        .filter(idempotency_key::Column::TenantId.eq(tenant.as_uuid()))
        .filter(idempotency_key::Column::Key.is_in(names))
        .all(db)
        .await
        .map_err(db_error)?;
    let known = rows.into_iter().map(|row| {
        let key = retired.get(&row.key).map_or(row.key, |&key| key.to_owned());
        ((tenant, key), (row.fingerprint, UploadId::from_uuid(row.upload_id)))
    });
    Ok(known.collect())
}
