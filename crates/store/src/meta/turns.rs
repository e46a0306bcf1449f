//! Turns of the objects: the database writes down a new one before the mark of the objects names it. A copy of the database
//! that is older than the mark does not know its turn.

use sea_orm::{EntityTrait, QueryOrder, Set};
use uuid::Uuid;

use super::entity::turn;
use super::{Meta, db_error};
use crate::error::StoreError;

impl Meta {
    /// Begins a turn; it is durable when this returns.
    pub(crate) async fn begin_turn(&self) -> Result<Uuid, StoreError> {
        self.write(|transaction, now| async move {
            let id = Uuid::now_v7();
            let row = turn::ActiveModel { id: Set(id), begun_at: Set(now) };
            turn::Entity::insert(row).exec_without_returning(&*transaction).await.map_err(db_error)?;
            Ok(id)
        })
        .await
    }

    /// Whether this database, or the one that it is a copy of, has begun a turn.
    pub(crate) async fn knows_turn(&self, id: Uuid) -> Result<bool, StoreError> {
        let find = turn::Entity::find_by_id(id).one(self.reader());
        self.read(async { find.await.map_err(db_error) }).await.map(|found| found.is_some())
    }

    /// When the last turn began, in microseconds.
    pub(crate) async fn last_turn_at(&self) -> Result<Option<i64>, StoreError> {
        let last = turn::Entity::find().order_by_desc(turn::Column::BegunAt).one(self.reader());
        Ok(self.read(async { last.await.map_err(db_error) }).await?.map(|turn| turn.begun_at))
    }
}
