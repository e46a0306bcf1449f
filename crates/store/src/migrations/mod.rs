//! The one list of schema changes, for every database, forward only.
//!
//! A migration that has been released is never edited: a further one changes what it made. Each must be safe while
//! the version before it is still running (add first, take away a release later). All pending migrations run in one
//! transaction that holds the write lock, so a crash leaves the old schema and two processes cannot race.

use sea_orm_migration::prelude::*;

mod m0001_first;
mod m0002_keys_and_replaced;
mod m0003_life_cycle;
mod m0004_turns;

/// The list, for `Meta::migrate`.
pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_first::First),
            Box::new(m0002_keys_and_replaced::KeysAndReplaced),
            Box::new(m0003_life_cycle::LifeCycle),
            Box::new(m0004_turns::Turns),
        ]
    }

    fn migration_table_name() -> DynIden {
        "schema_migrations".into_iden()
    }
}

/// The names of all migrations, the first one first: how a backup says which schema its rows have.
pub(crate) fn names() -> Vec<String> {
    Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}
