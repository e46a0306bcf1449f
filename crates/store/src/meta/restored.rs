//! What has to change in rows that have just come from a backup, before anybody may use them.

use sea_orm::{DatabaseTransaction, EntityTrait, Set};

use uuid::Uuid;

use super::entity::audit_event;
use super::{db_error, delete, identity, jobs, list, rows};
use crate::error::StoreError;
use crate::model::{BackupId, Origin, TenantId, UploadId};

/// Makes the rows those of a living store: jobs wait for its workers, uploads that were deleted while they were copied are
/// gone, and the audit log says where it comes from. It is another store than that of the backup, which may still live: it
/// keeps the identity that its empty database had, to which its bucket is bound.
pub(crate) async fn settle(
    db: &DatabaseTransaction,
    backup: BackupId,
    deleted: &[(TenantId, UploadId)],
    own: Option<Uuid>,
    now: i64,
) -> Result<(), StoreError> {
    let origin = Origin { actor: "restore".to_owned(), request_id: None };
    jobs::requeue_all(db, now).await?;
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
    match (own, identity::known(db).await?) {
        // Neither store has a bucket: nobody asks.
        (None, None) => Ok(()),
        (own, _) => identity::set(db, own.unwrap_or_else(Uuid::now_v7), now).await,
    }
}
