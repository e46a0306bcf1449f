//! Version 4: turns, by which an older copy of a database is told from the one that the objects were last used with.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, uuid};

pub(super) struct Turns;

impl MigrationName for Turns {
    fn name(&self) -> &'static str {
        "m0004_turns"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Turns {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let turns = Table::create()
            .table("turns")
            .col(uuid("id").primary_key())
            .col(big_integer("begun_at"))
            .to_owned();
        manager.create_table(turns).await
    }

    /// The transaction of `Meta::migrate` is around all migrations.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}
