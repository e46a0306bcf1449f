//! Version 2: idempotency keys in a table of their own, so that every request that changes something can have one.
//!
//! Keys of version 1 are dropped: what else was sent with them is not known any more, and a key only matters for the
//! moments in which its sender retries.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, text, uuid};

pub(super) struct IdempotencyKeys;

impl MigrationName for IdempotencyKeys {
    fn name(&self) -> &'static str {
        "m0002_idempotency_keys"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for IdempotencyKeys {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
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
        let by_upload = Index::create()
            .name("idempotency_keys_upload")
            .table("idempotency_keys")
            .col("upload_id")
            .to_owned();
        manager.create_index(by_upload).await
    }

    /// The transaction of `Meta::migrate` is around all migrations.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}
