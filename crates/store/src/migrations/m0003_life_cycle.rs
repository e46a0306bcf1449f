//! Version 3: how data ends. Legal holds, the policy of retention with the time it is judged by, what is still to be
//! removed of an upload that stays, and originals that are no longer there.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, integer_null, text, uuid, uuid_null};

pub(super) struct LifeCycle;

impl MigrationName for LifeCycle {
    fn name(&self) -> &'static str {
        "m0003_life_cycle"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for LifeCycle {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["original_removed_at", "results_removed_at", "lost_at"] {
            let uploads = Table::alter().table("uploads").add_column(big_integer_null(column)).to_owned();
            manager.alter_table(uploads).await?;
        }
        for table in [holds(), policies(), removals()] {
            manager.create_table(table).await?;
        }
        // Uploads of a tenant by age: what a policy asks for.
        let by_age = Index::create()
            .name("uploads_age")
            .table("uploads")
            .col("tenant_id")
            .col("created_at")
            .and_where(Expr::col("deleted_at").is_null())
            .to_owned();
        manager.create_index(by_age).await
    }

    /// The transaction of `Meta::migrate` is around all migrations.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

/// Several matters may hold one upload, each under its own name.
fn holds() -> TableCreateStatement {
    Table::create()
        .table("holds")
        .col(uuid("upload_id"))
        .col(text("name"))
        .col(uuid("tenant_id"))
        .col(text("reason"))
        .col(text("held_by"))
        .col(big_integer("created_at"))
        .primary_key(Index::create().col("upload_id").col("name"))
        .foreign_key(ForeignKey::create().from("holds", "upload_id").to("uploads", "id"))
        .to_owned()
}

/// The scope is empty for all data of a tenant; a policy for a part of it will name the part.
fn policies() -> TableCreateStatement {
    Table::create()
        .table("retention_policies")
        .col(uuid("tenant_id"))
        .col(text("scope"))
        .col(integer_null("keep_original_days"))
        .col(integer_null("keep_results_days"))
        .col(big_integer("set_at"))
        // The time that is known to have come, whatever the clock says.
        .col(big_integer("known_time"))
        .primary_key(Index::create().col("tenant_id").col("scope"))
        .foreign_key(ForeignKey::create().from("retention_policies", "tenant_id").to("tenants", "id"))
        .to_owned()
}

/// Without a run it is the original that is to be removed.
fn removals() -> TableCreateStatement {
    Table::create()
        .table("removals")
        .col(uuid("id").primary_key())
        .col(uuid("tenant_id"))
        .col(uuid("upload_id"))
        .col(uuid_null("run_id"))
        .col(big_integer("created_at"))
        .foreign_key(ForeignKey::create().from("removals", "upload_id").to("uploads", "id"))
        .to_owned()
}
