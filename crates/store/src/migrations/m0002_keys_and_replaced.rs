//! Version 2: idempotency keys in a table of their own, so that every request that changes something can have one; and
//! when a run was replaced, so that what it left can be removed a while later.
//!
//! Keys of version 1 are dropped: what else was sent with them is not known any more, and a key only matters for the
//! moments in which its sender retries.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, text, uuid};

pub(super) struct KeysAndReplaced;

impl MigrationName for KeysAndReplaced {
    fn name(&self) -> &'static str {
        "m0002_keys_and_replaced"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for KeysAndReplaced {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        idempotency_keys(manager).await?;
        replaced_runs(manager).await
    }

    /// The transaction of `Meta::migrate` is around all migrations.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

async fn idempotency_keys(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager.drop_index(Index::drop().name("uploads_idempotency_key").table("uploads").to_owned()).await?;
    let uploads = Table::alter().table("uploads").drop_column("idempotency_key").to_owned();
    manager.alter_table(uploads).await?;
    let keys = Table::create()
        .table("idempotency_keys")
        .col(uuid("tenant_id"))
        .col(text("key"))
        .col(text("fingerprint"))
        .col(uuid("upload_id"))
        .col(big_integer("created_at"))
        .primary_key(Index::create().col("tenant_id").col("key"))
        .foreign_key(ForeignKey::create().from("idempotency_keys", "upload_id").to("uploads", "id"))
        .to_owned();
    manager.create_table(keys).await?;
    // Keys go with their upload.
    let by_upload =
        Index::create().name("idempotency_keys_upload").table("idempotency_keys").col("upload_id").to_owned();
    manager.create_index(by_upload).await
}

async fn replaced_runs(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let runs = Table::alter().table("runs").add_column(big_integer_null("replaced_at")).to_owned();
    manager.alter_table(runs).await?;
    // Replaced runs that are still there: few, so the index is small.
    let replaced = Index::create()
        .name("runs_replaced")
        .table("runs")
        .col("replaced_at")
        .and_where(Expr::col("replaced_at").is_not_null())
        .to_owned();
    manager.create_index(replaced).await?;
    let served = |column: &'static str| {
        Query::select().column(column).from("uploads").and_where(Expr::col(column).is_not_null()).to_owned()
    };
    let old = Query::update()
        .table("runs")
        .value("replaced_at", 0)
        .and_where(Expr::col("id").not_in_subquery(served("current_run")))
        .and_where(Expr::col("id").not_in_subquery(served("latest_run")))
        .to_owned();
    manager.execute(old).await
}
