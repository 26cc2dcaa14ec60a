//! By what the database knows the master keys that were used on it. Of no tenant: all secrets are sealed under the same keys.

use std::collections::BTreeMap;

use portcullis_schemas::PortError;
use sea_orm::ActiveValue::Set;
use sea_orm::DbBackend;
use sea_orm::entity::prelude::*;

use super::Database;
use crate::rows::{port_error, stored, uncount};

/// Held by who adds: `keys_add` in ASCII. Others wait for it, and see what was added.
const ADDING: &str = "SELECT pg_advisory_xact_lock(7738725071134483556)";

/// Fingerprints by the ids of their keys.
pub type KnownKeys = BTreeMap<u8, [u8; 32]>;

/// The master keys of a database, by their ids; read and written at open, outside of a unit of work.
#[derive(Clone, Debug)]
pub struct SqlKeyFingerprints {
    database: Database,
}

impl SqlKeyFingerprints {
    /// On this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// All that are known.
    ///
    /// # Errors
    /// When the database cannot be read, or holds what no version has written.
    pub async fn known(&self) -> Result<KnownKeys, PortError> {
        read(self.database.reader()).await
    }

    /// Adds those whose ids are not known yet, if nothing is said against all that is known then; else nothing. Of two
    /// processes that add at once the second judges what the first has added.
    ///
    /// # Errors
    /// When the database cannot be read or written to. Within: what was said against it.
    pub async fn add<E>(
        &self,
        fingerprints: &KnownKeys,
        judge: impl FnOnce(&KnownKeys) -> Result<(), E>,
    ) -> Result<Result<(), E>, PortError> {
        let rows = fingerprints.iter().map(|(&id, fingerprint)| ActiveModel {
            key_id: Set(i64::from(id)),
            fingerprint: Set(fingerprint.to_vec()),
        });
        let insert = Entity::insert_many(rows).on_conflict_do_nothing_on([Column::KeyId]);
        let tx = self.database.begin_write().await?;
        if tx.connection().get_database_backend() == DbBackend::Postgres {
            tx.connection().execute_unprepared(ADDING).await.map_err(port_error)?;
        }
        insert.exec_without_returning(tx.connection()).await.map_err(port_error)?;
        let judged = judge(&read(tx.connection()).await?);
        match &judged {
            Ok(()) => tx.commit().await?,
            Err(_) => tx.rollback().await?,
        }
        Ok(judged)
    }
}

async fn read<C: ConnectionTrait>(connection: &C) -> Result<KnownKeys, PortError> {
    let rows = Entity::find().all(connection).await.map_err(port_error)?;
    rows.into_iter().map(Model::value).collect()
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "master_key_fingerprints")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    key_id: i64,
    fingerprint: Vec<u8>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    fn value(self) -> Result<(u8, [u8; 32]), PortError> {
        let fingerprint = <[u8; 32]>::try_from(self.fingerprint);
        Ok((uncount("key_id", self.key_id)?, stored("fingerprint", fingerprint)?))
    }
}
