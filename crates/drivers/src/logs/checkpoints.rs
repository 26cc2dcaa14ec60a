//! Checkpoints of all tenants' records in the database, within a unit of work.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::logs::checkpoint::{ChainCoverage, CheckpointSpan, StoredCheckpoint};
use portcullis_schemas::logs::ports::CheckpointStore;
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement};

use super::checkpoint_rows::{checkpoint, span};
use crate::bulk::Script;
use crate::rows::{count, from_json, port_error, tenant as stored_tenant, to_json, uncount};
use crate::tenancy::TenantRows;
use crate::uow::SharedTransaction;

/// Every chain with its newest record, and the newest span of it. It steps from tenant to tenant in the index, so it
/// costs a few look-ups for each tenant, however many records there are. Both engines read it alike.
const COVERAGE: &str = "\
    WITH RECURSIVE chains (tenant_id) AS (\
        SELECT MIN(tenant_id) FROM audit_events \
        UNION ALL \
        SELECT (SELECT MIN(e.tenant_id) FROM audit_events e WHERE e.tenant_id > chains.tenant_id) \
        FROM chains WHERE chains.tenant_id IS NOT NULL\
    ) \
    SELECT c.tenant_id, \
        (SELECT MAX(e.sequence) FROM audit_events e WHERE e.tenant_id = c.tenant_id), \
        s.last_sequence, s.last_hash \
    FROM chains c LEFT JOIN checkpoint_spans s ON s.tenant_id = c.tenant_id AND s.first_sequence = \
        (SELECT MAX(n.first_sequence) FROM checkpoint_spans n WHERE n.tenant_id = c.tenant_id) \
    WHERE c.tenant_id IS NOT NULL ORDER BY 1";

/// [`CheckpointStore`] on a transaction.
#[derive(Debug)]
pub struct SqlCheckpoints {
    tx: SharedTransaction,
}

impl SqlCheckpoints {
    pub(crate) fn new(tx: SharedTransaction) -> Self {
        Self { tx }
    }
}

#[async_trait]
impl CheckpointStore for SqlCheckpoints {
    async fn newest(&mut self) -> Result<Option<StoredCheckpoint>, PortError> {
        let newest = checkpoint::Entity::find().order_by_desc(checkpoint::Column::Number);
        let row = newest.one(self.tx.connection()).await.map_err(port_error)?;
        row.map(checkpoint_of).transpose()
    }

    async fn list(&mut self, from: u64, limit: u16) -> Result<Vec<StoredCheckpoint>, PortError> {
        let rows = checkpoint::Entity::find()
            .filter(checkpoint::Column::Number.gte(count(from)))
            .order_by_asc(checkpoint::Column::Number)
            .limit(u64::from(limit));
        let rows = rows.all(self.tx.connection()).await.map_err(port_error)?;
        rows.into_iter().map(checkpoint_of).collect()
    }

    async fn spans(&mut self, from_index: u64, limit: u16) -> Result<Vec<CheckpointSpan>, PortError> {
        let rows = span::Entity::find()
            .filter(span::Column::FirstIndex.gte(count(from_index)))
            .order_by_asc(span::Column::FirstIndex)
            .limit(u64::from(limit));
        let rows = rows.all(self.tx.connection()).await.map_err(port_error)?;
        rows.into_iter().map(span_of).collect()
    }

    async fn coverage(&mut self) -> Result<Vec<ChainCoverage>, PortError> {
        let connection = self.tx.connection();
        let query = Statement::from_string(connection.get_database_backend(), COVERAGE);
        let rows = connection.query_all_raw(query).await.map_err(port_error)?;
        let chain = |(tenant, head, covered, covered_hash): ChainRow| {
            Ok(ChainCoverage {
                tenant: stored_tenant(&tenant)?,
                head: uncount("sequence", head)?,
                covered: uncount("last_sequence", covered.unwrap_or(0))?,
                covered_hash,
            })
        };
        rows.iter().map(|row| chain(row.try_get_many_by_index().map_err(port_error)?)).collect()
    }

    async fn covered(&mut self, tenant: &TenantId) -> Result<Option<CheckpointSpan>, PortError> {
        let newest = span::Entity::in_tenant(tenant).order_by_desc(span::Column::FirstSequence);
        let row = newest.one(self.tx.of_record(tenant).await?).await.map_err(port_error)?;
        row.map(span_of).transpose()
    }

    /// No tenant is locked: what is covered is committed already, and of two replicas the primary keys let one through.
    async fn append(
        &mut self,
        checkpoint: &StoredCheckpoint,
        spans: &[CheckpointSpan],
    ) -> Result<(), PortError> {
        let row = checkpoint::Model {
            number: count(checkpoint.number),
            size: count(checkpoint.size),
            root: checkpoint.root.clone(),
            note: checkpoint.note.clone(),
            frontier: to_json(&checkpoint.frontier)?,
            created_at: checkpoint.created_at.as_micros(),
        };
        let spans = spans.iter().map(|span| span::Model {
            tenant_id: span.tenant.as_str().to_owned(),
            first_sequence: count(span.first_sequence),
            last_sequence: count(span.last_sequence),
            last_hash: span.last_hash.clone(),
            first_index: count(span.first_index),
        });
        let spans: Vec<_> = spans.collect();
        let connection = self.tx.connection();
        let mut script = Script::on(connection);
        script.insert(vec![row]);
        script.insert(spans);
        script.run_as_first(connection).await
    }
}

type ChainRow = (String, i64, Option<i64>, Option<String>);

fn checkpoint_of(row: checkpoint::Model) -> Result<StoredCheckpoint, PortError> {
    Ok(StoredCheckpoint {
        number: uncount("number", row.number)?,
        size: uncount("size", row.size)?,
        root: row.root,
        note: row.note,
        frontier: from_json("frontier", &row.frontier)?,
        created_at: Timestamp::from_micros(row.created_at),
    })
}

fn span_of(row: span::Model) -> Result<CheckpointSpan, PortError> {
    Ok(CheckpointSpan {
        first_index: uncount("first_index", row.first_index)?,
        tenant: stored_tenant(&row.tenant_id)?,
        first_sequence: uncount("first_sequence", row.first_sequence)?,
        last_sequence: uncount("last_sequence", row.last_sequence)?,
        last_hash: row.last_hash,
    })
}
