//! Appending: heads are read once, events chained in memory, all rows written together.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::logs::event::AuditEventDraft;
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect};

use super::chain::{Head, seal};
use super::rows::event;
use super::subjects::Blocks;
use crate::bulk::Script;
use crate::database::Session;
use crate::rows::{port_error, uncount};
use crate::tenancy::TenantRows;

/// Collects events of one transaction, for any number of tenants.
///
/// Nobody else may append to these tenants' chains between [`Appender::open`] and the commit. The tenants' locks see
/// to that (SQLite: the write lock). Behind them stands the primary key: of two writers the second one's rows are
/// refused.
#[derive(Debug)]
pub(crate) struct Appender {
    heads: BTreeMap<TenantId, Head>,
    events: Vec<event::Model>,
    blocks: Blocks,
}

impl Appender {
    /// Reads the heads of these tenants' chains.
    pub(crate) async fn open<C: ConnectionTrait>(
        connection: &C,
        tenants: impl IntoIterator<Item = &TenantId> + Send,
    ) -> Result<Self, PortError> {
        let tenants: BTreeSet<TenantId> = tenants.into_iter().cloned().collect();
        let mut heads = BTreeMap::new();
        for tenant in tenants {
            let head = read_head(connection, &tenant).await?;
            heads.insert(tenant, head);
        }
        Ok(Self::at(heads))
    }

    /// Goes on from these heads, which were read in the same transaction.
    pub(crate) fn at(heads: BTreeMap<TenantId, Head>) -> Self {
        Self { heads, events: Vec::new(), blocks: Blocks::default() }
    }

    /// Puts events at the end of the tenant's chain, in order. Writes nothing yet.
    ///
    /// # Errors
    /// When an event has no canonical form, or the tenant was not named at [`Appender::open`].
    pub(crate) fn append(&mut self, tenant: &TenantId, drafts: &[AuditEventDraft]) -> Result<(), PortError> {
        let unopened = || PortError::corrupt("events of a tenant whose chain was not opened");
        let head = self.heads.get_mut(tenant).ok_or_else(unopened)?;
        for draft in drafts {
            let (row, next) = seal(tenant, head, draft)?;
            self.blocks.add(tenant, row.sequence);
            self.events.push(row);
            *head = next;
        }
        Ok(())
    }

    /// Runs the script and, after it, writes what was appended.
    ///
    /// # Errors
    /// As [`Script::run`].
    pub(crate) async fn write_after(
        self,
        mut script: Script,
        session: &dyn Session,
    ) -> Result<(), PortError> {
        script.insert(self.events);
        script.run(session).await?;
        self.blocks.index(session).await
    }
}

async fn read_head<C: ConnectionTrait>(connection: &C, tenant: &TenantId) -> Result<Head, PortError> {
    let newest: Option<(i64, String)> = event::Entity::in_tenant(tenant)
        .select_only()
        .column(event::Column::Sequence)
        .column(event::Column::Hash)
        .order_by_desc(event::Column::Sequence)
        .limit(1)
        .into_tuple()
        .one(connection)
        .await
        .map_err(port_error)?;
    let Some((sequence, hash)) = newest else { return Ok(Head::genesis()) };
    Ok(Head::after(uncount("sequence", sequence)?, hash))
}
