//! Legal holds: what is held is not deleted by anybody.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Set};

use super::entity::{audit_event, hold};
use super::{Meta, db_error, list, rows};
use crate::error::{Entity, StoreError};
use crate::model::{Hold, Origin, TenantId, UploadId};

impl Meta {
    /// Holds an upload for a matter. Doing it again changes nothing; `Conflict` when the matter holds the upload already for
    /// another reason or person: a hold is evidence, and says for ever what it said.
    pub async fn set_hold(&self, tenant: TenantId, wanted: &Hold, origin: &Origin) -> Result<(), StoreError> {
        self.write(|transaction, now| async move {
            let transaction = &*transaction;
            list::get(transaction, tenant, wanted.upload).await?;
            let known = hold::Entity::find_by_id((wanted.upload.as_uuid(), wanted.name.clone()));
            if let Some(known) = known.one(transaction).await.map_err(db_error)? {
                let is_same = (&known.reason, &known.held_by) == (&wanted.reason, &wanted.held_by);
                return if is_same {
                    Ok(())
                } else {
                    Err(StoreError::Conflict(Entity::Upload(wanted.upload)))
                };
            }
            let row = hold::ActiveModel {
                upload_id: Set(wanted.upload.as_uuid()),
                name: Set(wanted.name.clone()),
                tenant_id: Set(tenant.as_uuid()),
                reason: Set(wanted.reason.clone()),
                held_by: Set(wanted.held_by.clone()),
                created_at: Set(now),
            };
            hold::Entity::insert(row).exec_without_returning(transaction).await.map_err(db_error)?;
            let result = format!("held for `{}` by `{}`", wanted.name, wanted.held_by);
            let audit = rows::audit_row(now, tenant, origin, "hold.set", wanted.upload, &result);
            audit_event::Entity::insert(audit).exec_without_returning(transaction).await.map_err(db_error)?;
            Ok(())
        })
        .await
    }

    /// Ends the hold of a matter. `Conflict` when the matter does not hold the upload.
    pub async fn release_hold(
        &self,
        tenant: TenantId,
        upload: UploadId,
        name: &str,
        origin: &Origin,
    ) -> Result<(), StoreError> {
        self.write(|transaction, now| async move {
            let transaction = &*transaction;
            list::get(transaction, tenant, upload).await?;
            let released = hold::Entity::delete_many()
                .filter(hold::Column::UploadId.eq(upload.as_uuid()))
                .filter(hold::Column::Name.eq(name))
                .exec(transaction)
                .await
                .map_err(db_error)?;
            if released.rows_affected == 0 {
                return Err(StoreError::Conflict(Entity::Upload(upload)));
            }
            let result = format!("released from `{name}`");
            let audit = rows::audit_row(now, tenant, origin, "hold.release", upload, &result);
            audit_event::Entity::insert(audit).exec_without_returning(transaction).await.map_err(db_error)?;
            Ok(())
        })
        .await
    }

    /// All holds of a tenant, the first one first.
    pub async fn list_holds(&self, tenant: TenantId) -> Result<Vec<Hold>, StoreError> {
        let find = hold::Entity::find()
            .filter(hold::Column::TenantId.eq(tenant.as_uuid()))
            .order_by_asc(hold::Column::CreatedAt)
            .order_by_asc(hold::Column::UploadId)
            .order_by_asc(hold::Column::Name)
            .all(self.reader());
        let rows = self.read(async { find.await.map_err(db_error) }).await?;
        Ok(rows.into_iter().map(to_hold).collect())
    }
}

fn to_hold(row: hold::Model) -> Hold {
    Hold {
        upload: UploadId::from_uuid(row.upload_id),
        name: row.name,
        reason: row.reason,
        held_by: row.held_by,
        created_at: row.created_at,
    }
}

/// The holds of these uploads, the first one first.
pub(super) async fn of_uploads(
    db: &impl ConnectionTrait,
    ids: &[UploadId],
) -> Result<HashMap<UploadId, Vec<Hold>>, StoreError> {
    let ids: Vec<_> = ids.iter().map(|id| id.as_uuid()).collect();
    let mut holds: HashMap<UploadId, Vec<Hold>> = HashMap::new();
    if ids.is_empty() {
        return Ok(holds);
    }
    let rows = hold::Entity::find()
        .filter(hold::Column::UploadId.is_in(ids))
        .order_by_asc(hold::Column::CreatedAt)
        .order_by_asc(hold::Column::Name)
        .all(db)
        .await
        .map_err(db_error)?;
    for hold in rows.into_iter().map(to_hold) {
        holds.entry(hold.upload).or_default().push(hold);
    }
    Ok(holds)
}

/// `Held` when a matter holds the upload.
pub(super) async fn refuse_held(db: &impl ConnectionTrait, id: UploadId) -> Result<(), StoreError> {
    match of_uploads(db, &[id]).await?.remove(&id).and_then(|holds| holds.into_iter().next()) {
        Some(hold) => Err(StoreError::Held { upload: id, hold: hold.name }),
        None => Ok(()),
    }
}
