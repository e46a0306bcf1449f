//! Which database this is. Objects are bound to it: what it does not know is removed from there, so they
//! must never be used with another database by mistake.

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use super::delete::IDS_PER_QUERY;
use super::entity::{audit_event, upload};
use super::{Meta, db_error, rows};
use crate::error::StoreError;
use crate::model::{Origin, TenantId, UploadId};

/// The event that tells it. The newest of its kind counts: it goes where the log goes, into backups too, and a store that
/// was restored is another one than that of the backup.
pub(crate) const ACTION: &str = "store.identify";

impl Meta {
    /// The id of this database; made when it is asked for first. A copy has the same.
    pub async fn identity(&self) -> Result<Uuid, StoreError> {
        self.write(|transaction, now| async move {
            let transaction = &*transaction;
            if let Some(known) = known(transaction).await? {
                return Ok(known);
            }
            set(transaction, Uuid::now_v7(), now).await?;
            // Another process may have been first.
            known(transaction)
                .await?
                .ok_or_else(|| StoreError::impossible("an event was written and is not there"))
        })
        .await
    }

    /// The same without making one.
    pub async fn known_identity(&self) -> Result<Option<Uuid>, StoreError> {
        self.read(known(self.reader())).await
    }

    /// Uploads whose originals should be in the store.
    pub(crate) async fn uploads_with_original(&self) -> Result<u64, StoreError> {
        let count = upload::Entity::find()
            .filter(upload::Column::DeletedAt.is_null())
            .filter(upload::Column::OriginalRemovedAt.is_null())
            .filter(upload::Column::LostAt.is_null())
            .count(self.reader());
        self.read(async { count.await.map_err(db_error) }).await
    }

    /// Bytes of the originals that should be in the store.
    pub async fn original_bytes(&self) -> Result<u64, StoreError> {
        let sum = upload::Entity::find()
            .select_only()
            .column_as(upload::Column::SizeBytes.sum().cast_as("BIGINT"), "bytes")
            .filter(upload::Column::DeletedAt.is_null())
            .filter(upload::Column::OriginalRemovedAt.is_null())
            .into_tuple()
            .one(self.reader());
        let found: Option<Option<i64>> = self.read(async { sum.await.map_err(db_error) }).await?;
        Ok(u64::try_from(found.flatten().unwrap_or(0)).unwrap_or(0))
    }

    /// Whether one of these uploads was ever acknowledged here. Deleted ones keep their rows, so they count.
    pub(crate) async fn knows_any(&self, ids: &[UploadId]) -> Result<bool, StoreError> {
        for ids in ids.chunks(IDS_PER_QUERY) {
            let ids = ids.iter().map(|id| id.as_uuid());
            let any = upload::Entity::find().filter(upload::Column::Id.is_in(ids)).one(self.reader());
            if self.read(async { any.await.map_err(db_error) }).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Makes this the identity of the database.
pub(super) async fn set(db: &impl ConnectionTrait, identity: Uuid, now: i64) -> Result<(), StoreError> {
    let any = UploadId::generate();
    let mut event = rows::audit_row(now, TenantId::DEFAULT, &Origin::worker(), ACTION, any, "made");
    event.subject = sea_orm::Set(identity.to_string());
    audit_event::Entity::insert(event).exec_without_returning(db).await.map_err(db_error)?;
    Ok(())
}

/// The identity, if it was asked for before.
pub(crate) async fn known(db: &impl ConnectionTrait) -> Result<Option<Uuid>, StoreError> {
    let newest = audit_event::Entity::find()
        .filter(audit_event::Column::TenantId.eq(TenantId::DEFAULT.as_uuid()))
        .filter(audit_event::Column::Action.eq(ACTION))
        .order_by_desc(audit_event::Column::Seq)
        .one(db)
        .await
        .map_err(db_error)?;
    let Some(event) = newest else { return Ok(None) };
    let id = event.subject.parse();
    id.map(Some).map_err(|_| StoreError::impossible(format!("`{}` is no id of a database", event.subject)))
}
