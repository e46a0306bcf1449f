//! What has to change in rows that have just come from a backup, before anybody may use them.

use sea_orm::{DatabaseTransaction, EntityTrait, IntoActiveModel as _, Set};
use sea_orm_migration::SchemaManager;

use uuid::Uuid;

use super::entity::{audit_event, turn};
use super::{db_error, delete, identity, jobs, list, rows};
use crate::error::StoreError;
use crate::model::{BackupId, Origin, TenantId, UploadId};

/// What an empty database has to do with the place of its objects, which are not those of the backup.
#[derive(Debug, Default)]
pub(crate) struct Own {
    identity: Option<Uuid>,
    turns: Vec<turn::Model>,
}

impl Own {
    /// Of a database that has the tables of any version.
    pub(crate) async fn read(db: &DatabaseTransaction) -> Result<Self, StoreError> {
        let has_turns = SchemaManager::new(db).has_table("turns").await.map_err(db_error)?;
        let turns = if has_turns { turn::Entity::find().all(db).await.map_err(db_error)? } else { vec![] };
        Ok(Self { identity: identity::known(db).await?, turns })
    }
}

/// Makes the rows those of a living store: jobs wait for its workers, uploads that were deleted while they were copied are
/// gone, and the audit log says where it comes from. It is another store than that of the backup, which may still live: it
/// keeps the identity and the turns that its empty database had, which the mark of its objects names.
pub(crate) async fn settle(
    db: &DatabaseTransaction,
    backup: BackupId,
    deleted: &[(TenantId, UploadId)],
    own: Own,
    now: i64,
) -> Result<(), StoreError> {
    let origin = Origin { actor: "restore".to_owned(), request_id: None };
    jobs::requeue_all(db, now).await?;
    turn::Entity::delete_many().exec(db).await.map_err(db_error)?;
    if !own.turns.is_empty() {
        let turns = own.turns.into_iter().map(turn::Model::into_active_model);
        turn::Entity::insert_many(turns).exec_without_returning(db).await.map_err(db_error)?;
    }
    for &(tenant, upload) in deleted {
        let mut record = list::get(db, tenant, upload).await?;
        // What held it when the picture was taken had let go of it when it was deleted.
        record.holds.clear();
        delete::delete_rows(db, &record, now).await?;
        let audit = rows::audit_row(now, tenant, &origin, "upload.delete", upload, "deleted");
        audit_event::Entity::insert(audit).exec_without_returning(db).await.map_err(db_error)?;
    }
    let mut event =
        rows::audit_row(now, TenantId::DEFAULT, &origin, "store.restore", UploadId::generate(), "restored");
    event.subject = Set(backup.to_string());
    audit_event::Entity::insert(event).exec_without_returning(db).await.map_err(db_error)?;
    match (own.identity, identity::known(db).await?) {
        // Neither store has a bucket: nobody asks.
        (None, None) => Ok(()),
        (identity, _) => identity::set(db, identity.unwrap_or_else(Uuid::now_v7), now).await,
    }
}
