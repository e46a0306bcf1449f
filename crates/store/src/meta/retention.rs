//! Retention: the policy of a tenant, what is due by it, and ending that.
//!
//! A policy is judged by two times, and nothing is due before both have come: the one that is known to have come, see
//! `known_time` in [`crate::model::PolicyRecord`], and the clock. The known time is moved by those who have watched time pass,
//! never beyond the clock, and by a person who says that the clock is right. A clock that jumps ahead is so held back by
//! the known time, and a known time that a person took from a wrong clock by the right one.

use std::collections::{BTreeSet, HashMap};

use sea_orm::sea_query::{Condition, Expr, OnConflict, SimpleExpr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect, Select, Set,
};
use uuid::Uuid;

use super::entity::{audit_event, removal, retention_policy, run, upload};
use super::inspect::Inspected;
use super::rows::to_json;
use super::{Meta, db_error, delete, holds, inspect, list, rows};
use crate::error::StoreError;
use crate::model::{
    DAY_US, Due, Ended, Ending, Origin, PolicyRecord, Removal, RetentionPolicy, RunId, StoredFile, TenantId,
    UploadId,
};

/// The policy for all data of a tenant; parts of it will have scopes of their own.
const WHOLE_TENANT: &str = "";

impl Meta {
    /// The policy of a tenant, if there is one.
    pub async fn retention(&self, tenant: TenantId) -> Result<Option<PolicyRecord>, StoreError> {
        self.read(policy(self.reader(), tenant)).await
    }

    /// Sets the policy of a tenant. The first one begins with the time of the clock as the known time; one that is set anew
    /// keeps the known time as it is.
    pub async fn set_retention(
        &self,
        tenant: TenantId,
        policy: RetentionPolicy,
        origin: &Origin,
    ) -> Result<(), StoreError> {
        let days = |days: Option<u32>| days.map(|days| i32::try_from(days).unwrap_or(i32::MAX));
        self.write(|transaction, now| async move {
            let transaction = &*transaction;
            use retention_policy::Column;
            let again = OnConflict::columns([Column::TenantId, Column::Scope])
                .update_columns([Column::KeepOriginalDays, Column::KeepResultsDays, Column::SetAt])
                .to_owned();
            let row = retention_policy::ActiveModel {
                tenant_id: Set(tenant.as_uuid()),
                scope: Set(WHOLE_TENANT.to_owned()),
                keep_original_days: Set(days(policy.keep_original_days)),
                keep_results_days: Set(days(policy.keep_results_days)),
                set_at: Set(now),
                known_time: Set(now),
            };
            retention_policy::Entity::insert(row)
                .on_conflict(again)
                .exec_without_returning(transaction)
                .await
                .map_err(db_error)?;
            audit(transaction, tenant, "retention.set", "done", origin, now).await
        })
        .await
    }

    /// Writes down that someone has looked through all data of a tenant.
    pub async fn audit_tenant(
        &self,
        tenant: TenantId,
        action: &str,
        result: &str,
        origin: &Origin,
    ) -> Result<(), StoreError> {
        self.write(|transaction, now| async move {
            audit(&transaction, tenant, action, result, origin, now).await
        })
        .await
    }

    /// Takes the policy of a tenant away: everything is kept.
    pub async fn clear_retention(&self, tenant: TenantId, origin: &Origin) -> Result<(), StoreError> {
        self.write(|transaction, now| async move {
            let transaction = &*transaction;
            let cleared = retention_policy::Entity::delete_many()
                .filter(retention_policy::Column::TenantId.eq(tenant.as_uuid()))
                .exec(transaction)
                .await
                .map_err(db_error)?;
            if cleared.rows_affected > 0 {
                audit(transaction, tenant, "retention.clear", "done", origin, now).await?;
            }
            Ok(())
        })
        .await
    }

    /// Says that this time has come, for a process that has watched time pass. It counts up to what the clock says; an earlier
    /// time changes nothing.
    pub async fn advance_known_time(&self, tenant: TenantId, time: i64) -> Result<(), StoreError> {
        self.write(|transaction, now| async move {
            let time = std::cmp::min(time, now);
            let earlier = retention_policy::Column::KnownTime.lt(time);
            set_known_time(&transaction, tenant, time, Some(earlier)).await
        })
        .await
    }

    /// Says that the clock is right, for a person who has looked at it. That takes back what was said of a wrong one, too.
    pub async fn trust_clock(&self, tenant: TenantId, origin: &Origin) -> Result<(), StoreError> {
        self.write(|transaction, now| async move {
            let transaction = &*transaction;
            set_known_time(transaction, tenant, now, None).await?;
            audit(transaction, tenant, "retention.clock", "done", origin, now).await
        })
        .await
    }

    /// What is due at a time, the upload that came first first; at most `limit` of them from behind `after` on. What is held
    /// or in work is listed too, and says so.
    pub async fn list_due(
        &self,
        tenant: TenantId,
        policy: RetentionPolicy,
        time: i64,
        after: Option<(i64, UploadId)>,
        limit: u64,
    ) -> Result<Vec<Due>, StoreError> {
        let before = |days: Option<u32>| days.map(|days| time.saturating_sub(i64::from(days) * DAY_US));
        let mut any = Condition::any();
        if let Some(before) = before(policy.keep_original_days) {
            let column = upload::Column::OriginalRemovedAt;
            any = any.add(upload::Column::CreatedAt.lte(before).and(column.is_null()));
        }
        if let Some(before) = before(policy.keep_results_days) {
            let column = upload::Column::ResultsRemovedAt;
            any = any.add(upload::Column::CreatedAt.lte(before).and(column.is_null()));
        }
        if any.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = upload::Entity::find()
            .filter(upload::Column::TenantId.eq(tenant.as_uuid()))
            .filter(upload::Column::DeletedAt.is_null())
            .filter(any)
            .order_by_asc(upload::Column::CreatedAt)
            .order_by_asc(upload::Column::Id)
            .limit(limit);
        if let Some((created_at, id)) = after {
            let later = upload::Column::CreatedAt.gt(created_at);
            let same = upload::Column::CreatedAt.eq(created_at).and(upload::Column::Id.gt(id.as_uuid()));
            query = query.filter(later.or(same));
        }
        let look = async {
            let found = query.all(self.reader()).await.map_err(db_error)?;
            let found = inspect::inspect(self.reader(), found).await?;
            let ids: Vec<UploadId> = found.iter().map(|it| it.upload.id).collect();
            let held = holds::of_uploads(self.reader(), &ids).await?;
            Ok((found, held))
        };
        let (found, mut held) = self.read(look).await?;
        let due = found.into_iter().filter_map(|inspected| {
            let (ending, since) = ending(policy, &inspected, time)?;
            let holds = held.remove(&inspected.upload.id).unwrap_or_default();
            Some(due(inspected, ending, since, holds.into_iter().map(|hold| hold.name).collect()))
        });
        Ok(due.collect())
    }

    /// Ends what a policy, as it was when it was judged, says is due: the rows say so, and the objects are to be removed. The
    /// policy in force, the clock, holds, and a run that is going on are looked at in the same transaction. Once a policy was
    /// cleared or set anew, nothing ends by the earlier one.
    pub async fn end_by_policy(
        &self,
        tenant: TenantId,
        judged: &PolicyRecord,
        id: UploadId,
        ending: Ending,
        origin: &Origin,
    ) -> Result<Ended, StoreError> {
        let ended = self
            .write(|transaction, now| async move {
                let transaction = &*transaction;
                if !in_force(transaction, tenant, judged).await? {
                    return Ok(Ended::PolicyChanged);
                }
                let record = list::get(transaction, tenant, id).await?;
                holds::refuse_held(transaction, id).await?;
                let upload = &record.upload;
                if !has_come(judged, upload.created_at, ending, now) {
                    return Ok(Ended::NotYet);
                }
                if ending == Ending::Upload {
                    delete::delete_rows(transaction, &record, now).await?;
                } else if !upload.state.is_final() {
                    return Ok(Ended::Busy);
                } else if ending == Ending::Original {
                    if upload.original_removed_at.is_some() {
                        return Ok(Ended::Gone);
                    }
                    set_removed(transaction, id, upload::Column::OriginalRemovedAt, now).await?;
                    remove_later(transaction, tenant, id, None, now).await?;
                } else {
                    if upload.results_removed_at.is_some() {
                        return Ok(Ended::Gone);
                    }
                    set_removed(transaction, id, upload::Column::ResultsRemovedAt, now).await?;
                    end_runs(transaction, tenant, id, upload.latest_run, now).await?;
                }
                let audit = rows::audit_row(now, tenant, origin, "upload.retention", id, ending.as_str());
                audit_event::Entity::insert(audit)
                    .exec_without_returning(transaction)
                    .await
                    .map_err(db_error)?;
                Ok(Ended::Done)
            })
            .await;
        match ended {
            Err(StoreError::Held { hold, .. }) => Ok(Ended::Held(hold)),
            Err(StoreError::NotFound(_)) => Ok(Ended::Gone),
            ended => ended,
        }
    }

    /// Objects of uploads that stay, which are still to be removed, the oldest first, from behind the first `skip` on.
    pub async fn list_removals(&self, skip: u64, limit: u64) -> Result<Vec<Removal>, StoreError> {
        let find = removal::Entity::find().order_by_asc(removal::Column::Id).offset(skip).limit(limit);
        let find = find.all(self.reader());
        let rows = self.read(async { find.await.map_err(db_error) }).await?;
        let removals = rows.into_iter().map(|row| Removal {
            id: row.id,
            tenant: TenantId::from_uuid(row.tenant_id),
            upload: UploadId::from_uuid(row.upload_id),
            run: row.run_id.map(RunId::from_uuid),
        });
        Ok(removals.collect())
    }

    /// Says that these objects are gone.
    pub async fn finish_removal(&self, removal: &Removal) -> Result<(), StoreError> {
        self.write(|transaction, _| async move {
            removal::Entity::delete_by_id(removal.id).exec(&*transaction).await.map_err(db_error)?;
            Ok(())
        })
        .await
    }
}

pub(super) async fn policy(
    db: &impl ConnectionTrait,
    tenant: TenantId,
) -> Result<Option<PolicyRecord>, StoreError> {
    Ok(find_policy(tenant).one(db).await.map_err(db_error)?.map(to_record))
}

/// Whether what was judged by this record is still due: the same policy, and no earlier time. The row is locked, so that
/// a policy that is changed meanwhile comes either before this transaction or after it.
async fn in_force(
    db: &DatabaseTransaction,
    tenant: TenantId,
    judged: &PolicyRecord,
) -> Result<bool, StoreError> {
    let row = find_policy(tenant).lock_shared().one(db).await.map_err(db_error)?;
    let holds = |now: PolicyRecord| now.policy == judged.policy && now.known_time >= judged.known_time;
    Ok(row.map(to_record).is_some_and(holds))
}

fn find_policy(tenant: TenantId) -> Select<retention_policy::Entity> {
    retention_policy::Entity::find()
        .filter(retention_policy::Column::TenantId.eq(tenant.as_uuid()))
        .filter(retention_policy::Column::Scope.eq(WHOLE_TENANT))
}

fn to_record(row: retention_policy::Model) -> PolicyRecord {
    let days = |days: Option<i32>| days.map(|days| u32::try_from(days).unwrap_or(0));
    PolicyRecord {
        policy: RetentionPolicy {
            keep_original_days: days(row.keep_original_days),
            keep_results_days: days(row.keep_results_days),
        },
        set_at: row.set_at,
        known_time: row.known_time,
    }
}

async fn set_known_time(
    db: &DatabaseTransaction,
    tenant: TenantId,
    time: i64,
    only_if: Option<SimpleExpr>,
) -> Result<(), StoreError> {
    retention_policy::Entity::update_many()
        .col_expr(retention_policy::Column::KnownTime, Expr::value(time))
        .filter(retention_policy::Column::TenantId.eq(tenant.as_uuid()))
        .filter(Condition::all().add_option(only_if))
        .exec(db)
        .await
        .map_err(db_error)?;
    Ok(())
}

/// The known time of each of these tenants that has a policy.
pub(super) async fn known_times(
    db: &impl ConnectionTrait,
    tenants: impl Iterator<Item = TenantId>,
) -> Result<HashMap<TenantId, i64>, StoreError> {
    let tenants: BTreeSet<Uuid> = tenants.map(TenantId::as_uuid).collect();
    let rows: Vec<(Uuid, i64)> = retention_policy::Entity::find()
        .select_only()
        .column(retention_policy::Column::TenantId)
        .column(retention_policy::Column::KnownTime)
        .filter(retention_policy::Column::TenantId.is_in(tenants))
        .filter(retention_policy::Column::Scope.eq(WHOLE_TENANT))
        .into_tuple()
        .all(db)
        .await
        .map_err(db_error)?;
    Ok(rows.into_iter().map(|(tenant, time)| (TenantId::from_uuid(tenant), time)).collect())
}

/// Whether this is due by the known time it was judged by, and by the present clock.
fn has_come(judged: &PolicyRecord, created_at: i64, ending: Ending, now: i64) -> bool {
    let has_come = |due: Option<i64>| due.is_some_and(|due| due <= judged.time(now));
    let original = has_come(judged.policy.original_due(created_at));
    let results = has_come(judged.policy.results_due(created_at));
    match ending {
        Ending::Original => original,
        Ending::Results => results,
        Ending::Upload => original && results,
    }
}

/// What of an upload is due, and since when.
fn ending(policy: RetentionPolicy, inspected: &Inspected, time: i64) -> Option<(Ending, i64)> {
    let upload = &inspected.upload;
    let original = policy.original_due(upload.created_at).filter(|due| *due <= time);
    let results = policy.results_due(upload.created_at).filter(|due| *due <= time);
    match (original, results) {
        (Some(original), Some(results)) => Some((Ending::Upload, std::cmp::max(original, results))),
        (Some(since), None) if upload.original_removed_at.is_none() => Some((Ending::Original, since)),
        (None, Some(since)) if upload.results_removed_at.is_none() => Some((Ending::Results, since)),
        _ => None,
    }
}

fn due(inspected: Inspected, ending: Ending, since: i64, holds: Vec<String>) -> Due {
    let upload = inspected.upload;
    let files = inspected.current.map(|run| run.files).unwrap_or_default();
    let results: u64 = files.iter().map(|stored: &StoredFile| stored.size_bytes).sum();
    let original = if upload.has_original() { upload.size_bytes } else { 0 };
    let bytes = match ending {
        Ending::Original => original,
        Ending::Results => results,
        Ending::Upload => original + results,
    };
    Due {
        upload: upload.id,
        name: upload.name,
        created_at: upload.created_at,
        since,
        ending,
        bytes,
        holds,
        is_busy: !upload.state.is_final(),
    }
}

async fn set_removed(
    db: &DatabaseTransaction,
    id: UploadId,
    column: upload::Column,
    now: i64,
) -> Result<(), StoreError> {
    upload::Entity::update_many()
        .col_expr(column, Expr::value(now))
        .filter(upload::Column::Id.eq(id.as_uuid()))
        .exec(db)
        .await
        .map_err(db_error)?;
    Ok(())
}

/// Nothing of the runs is shown any more, and all their files go; the rows of all but the newest go later too.
async fn end_runs(
    db: &DatabaseTransaction,
    tenant: TenantId,
    id: UploadId,
    latest: RunId,
    now: i64,
) -> Result<(), StoreError> {
    let runs: Vec<Uuid> = run::Entity::find()
        .select_only()
        .column(run::Column::Id)
        .filter(run::Column::UploadId.eq(id.as_uuid()))
        .into_tuple()
        .all(db)
        .await
        .map_err(db_error)?;
    for run in runs {
        remove_later(db, tenant, id, Some(run), now).await?;
    }
    run::Entity::update_many()
        .col_expr(run::Column::Files, Expr::value(to_json(&Vec::<StoredFile>::new())?))
        .col_expr(run::Column::Summary, Expr::value(None::<serde_json::Value>))
        .filter(run::Column::UploadId.eq(id.as_uuid()))
        .exec(db)
        .await
        .map_err(db_error)?;
    run::Entity::update_many()
        .col_expr(run::Column::ReplacedAt, Expr::value(now))
        .filter(run::Column::UploadId.eq(id.as_uuid()))
        .filter(run::Column::Id.ne(latest.as_uuid()))
        .filter(run::Column::ReplacedAt.is_null())
        .exec(db)
        .await
        .map_err(db_error)?;
    upload::Entity::update_many()
        .col_expr(upload::Column::CurrentRun, Expr::value(None::<Uuid>))
        .filter(upload::Column::Id.eq(id.as_uuid()))
        .exec(db)
        .await
        .map_err(db_error)?;
    Ok(())
}

async fn remove_later(
    db: &DatabaseTransaction,
    tenant: TenantId,
    upload: UploadId,
    run: Option<Uuid>,
    now: i64,
) -> Result<(), StoreError> {
    let row = removal::ActiveModel {
        id: Set(Uuid::now_v7()),
        tenant_id: Set(tenant.as_uuid()),
        upload_id: Set(upload.as_uuid()),
        run_id: Set(run),
        created_at: Set(now),
    };
    removal::Entity::insert(row).exec_without_returning(db).await.map_err(db_error)?;
    Ok(())
}

/// An event about all data of a tenant.
async fn audit(
    db: &DatabaseTransaction,
    tenant: TenantId,
    action: &str,
    result: &str,
    origin: &Origin,
    now: i64,
) -> Result<(), StoreError> {
    let row = audit_event::ActiveModel {
        subject: Set(tenant.to_string()),
        ..rows::audit_row(now, tenant, origin, action, UploadId::from_uuid(tenant.as_uuid()), result)
    };
    audit_event::Entity::insert(row).exec_without_returning(db).await.map_err(db_error)?;
    Ok(())
}
