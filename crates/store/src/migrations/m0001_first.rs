//! Version 1: tenants, uploads, runs, jobs, audit events.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, integer, json, json_null, text, text_null, uuid, uuid_null,
};

use crate::model::TenantId;

pub(super) struct First;

impl MigrationName for First {
    fn name(&self) -> &'static str {
        "m0001_first"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for First {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [tenants(), uploads(), runs(), jobs(), audit_events()] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        let default_tenant = Query::insert()
            .into_table("tenants")
            .columns(["id", "name", "created_at"])
            .values_panic([TenantId::DEFAULT.as_uuid().into(), "default".into(), 0_i64.into()])
            .to_owned();
        manager.execute(default_tenant).await
    }

    /// The transaction of `Meta::migrate` is around all migrations.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

fn tenants() -> TableCreateStatement {
    Table::create()
        .table("tenants")
        .col(uuid("id").primary_key())
        .col(text("name"))
        .col(big_integer("created_at"))
        .to_owned()
}

fn uploads() -> TableCreateStatement {
    Table::create()
        .table("uploads")
        .col(uuid("id").primary_key())
        .col(uuid("tenant_id"))
        .col(text("name"))
        .col(big_integer("size_bytes"))
        .col(text("sha256"))
        .col(text_null("media_type"))
        .col(text("state"))
        .col(big_integer("created_at"))
        .col(big_integer_null("finished_at"))
        .col(big_integer_null("processing_us"))
        .col(uuid_null("current_run"))
        .col(uuid("latest_run"))
        .col(text_null("idempotency_key"))
        .col(big_integer_null("deleted_at"))
        .col(big_integer_null("purged_at"))
        .foreign_key(&mut reference("uploads", "tenant_id", "tenants"))
        .to_owned()
}

fn runs() -> TableCreateStatement {
    Table::create()
        .table("runs")
        .col(uuid("id").primary_key())
        .col(uuid("tenant_id"))
        .col(uuid("upload_id"))
        .col(integer("number"))
        .col(json("settings"))
        .col(text("state"))
        .col(big_integer_null("started_at"))
        .col(big_integer_null("finished_at"))
        .col(json_null("summary"))
        .col(json_null("error"))
        .col(json("files"))
        .col(json("progress"))
        .foreign_key(&mut reference("runs", "tenant_id", "tenants"))
        .foreign_key(&mut reference("runs", "upload_id", "uploads"))
        .to_owned()
}

fn jobs() -> TableCreateStatement {
    Table::create()
        .table("jobs")
        .col(uuid("id").primary_key())
        .col(uuid("tenant_id"))
        .col(text("kind"))
        .col(uuid("upload_id"))
        .col(uuid("run_id"))
        .col(text("state"))
        .col(integer("priority"))
        .col(big_integer("created_at"))
        .col(big_integer("run_at"))
        .col(integer("attempts"))
        .col(integer("max_attempts"))
        .col(big_integer_null("lease_until"))
        .col(big_integer("lease_token"))
        .col(text_null("worker"))
        .col(big_integer_null("heartbeat_at"))
        .col(json("progress"))
        .col(boolean("cancel_requested"))
        .col(text_null("error"))
        .col(big_integer_null("finished_at"))
        .foreign_key(&mut reference("jobs", "tenant_id", "tenants"))
        .foreign_key(&mut reference("jobs", "upload_id", "uploads"))
        .foreign_key(&mut reference("jobs", "run_id", "runs"))
        .to_owned()
}

fn audit_events() -> TableCreateStatement {
    Table::create()
        .table("audit_events")
        .col(big_integer("seq").auto_increment().primary_key())
        .col(uuid("tenant_id"))
        .col(big_integer("at"))
        .col(text("actor"))
        .col(text("action"))
        .col(text("subject"))
        .col(text("result"))
        .col(text_null("request_id"))
        .foreign_key(&mut reference("audit_events", "tenant_id", "tenants"))
        .to_owned()
}

/// Each index names the query that needs it.
fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        // Lists, newest first.
        index("uploads_list", "uploads", &["tenant_id", "id"]),
        // Lists of one state, and the counts of the status page without touching the rows.
        index("uploads_state", "uploads", &["tenant_id", "state", "id"]),
        // Safe retries: one upload for each key of a tenant.
        index("uploads_idempotency_key", "uploads", &["tenant_id", "idempotency_key"])
            .unique()
            .and_where(Expr::col("idempotency_key").is_not_null())
            .to_owned(),
        // Deleted uploads whose objects are still there: few, so the index is small.
        index("uploads_deleted", "uploads", &["deleted_at"])
            .and_where(Expr::col("deleted_at").is_not_null())
            .and_where(Expr::col("purged_at").is_null())
            .to_owned(),
        // Runs of an upload; the number is given once.
        index("runs_upload", "runs", &["upload_id", "number"]).unique().to_owned(),
        // The next job of a tenant, in the order in which it is claimed.
        Index::create()
            .name("jobs_next")
            .table("jobs")
            .col("tenant_id")
            .col("state")
            .col(("priority", IndexOrder::Desc))
            .col("run_at")
            .col("id")
            .to_owned(),
        // Leases that have ended.
        index("jobs_lease", "jobs", &["state", "lease_until"]),
        // The job of an upload or run.
        index("jobs_upload", "jobs", &["upload_id"]),
        index("jobs_run", "jobs", &["run_id"]),
        index("audit_events_tenant", "audit_events", &["tenant_id", "seq"]),
    ]
}

fn reference(table: &'static str, column: &'static str, to: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().from(table, column).to(to, "id").to_owned()
}

fn index(name: &'static str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name).table(table);
    for column in columns {
        index.col(*column);
    }
    index.to_owned()
}
