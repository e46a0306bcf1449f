//! Runs that a newer one has replaced: remembered for a while, for readers that have begun, then forgotten.

use std::time::Duration;

use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::entity::{job, run, upload};
use super::{Meta, db_error, dialect};
use crate::clock::micros;
use crate::error::StoreError;
use crate::model::{Job, ReplacedRun, RunId, TenantId, UploadId};

impl Meta {
    /// Runs that were replaced at least `kept_for` ago, the first one first, from behind the first `skip` on.
    pub async fn list_replaced_runs(
        &self,
        kept_for: Duration,
        skip: u64,
        limit: u64,
    ) -> Result<Vec<ReplacedRun>, StoreError> {
        let find = async {
            let db = self.reader();
            let before = dialect::now(db, self.clock()).await?.saturating_sub(micros(kept_for));
            run::Entity::find()
                .select_only()
                .columns([run::Column::TenantId, run::Column::UploadId, run::Column::Id])
                .filter(run::Column::ReplacedAt.lte(before))
                .order_by_asc(run::Column::ReplacedAt)
                .order_by_asc(run::Column::Id)
                .offset(skip)
                .limit(limit)
                .into_tuple()
                .all(db)
                .await
        };
        let found: Vec<(Uuid, Uuid, Uuid)> = self.read(async { find.await.map_err(db_error) }).await?;
        let replaced = found.into_iter().map(|(tenant, upload, run)| ReplacedRun {
            tenant: TenantId::from_uuid(tenant),
            upload: UploadId::from_uuid(upload),
            run: RunId::from_uuid(run),
        });
        Ok(replaced.collect())
    }

    /// Says that the objects of a replaced run are gone; its row and its job go too. Calling it again changes nothing.
    pub async fn forget_run(&self, replaced: &ReplacedRun) -> Result<(), StoreError> {
        let id = replaced.run.as_uuid();
        self.write(|transaction, _| async move {
            let transaction = &*transaction;
            job::Entity::delete_many()
                .filter(job::Column::RunId.eq(id))
                .exec(transaction)
                .await
                .map_err(db_error)?;
            run::Entity::delete_many()
                .filter(run::Column::Id.eq(id))
                .filter(run::Column::ReplacedAt.is_not_null())
                .exec(transaction)
                .await
                .map_err(db_error)?;
            Ok(())
        })
        .await
    }
}

/// Marks the runs of an upload that nobody is shown any more, now that the run of this job has ended.
pub(super) async fn mark(db: &impl ConnectionTrait, job: &Job, now: i64) -> Result<(), StoreError> {
    let of_upload = upload::Column::Id.eq(job.upload.as_uuid());
    let served = Query::select()
        .column(upload::Column::CurrentRun)
        .from(upload::Entity)
        .and_where(of_upload)
        .and_where(upload::Column::CurrentRun.is_not_null())
        .to_owned();
    run::Entity::update_many()
        .col_expr(run::Column::ReplacedAt, Expr::value(now))
        .filter(run::Column::UploadId.eq(job.upload.as_uuid()))
        .filter(run::Column::Id.ne(job.run.as_uuid()))
        .filter(run::Column::Id.not_in_subquery(served))
        .filter(run::Column::ReplacedAt.is_null())
        .exec(db)
        .await
        .map_err(db_error)?;
    Ok(())
}
