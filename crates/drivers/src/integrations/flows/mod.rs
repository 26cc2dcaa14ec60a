//! What runs have touched: read within a unit of work, and compared and written by the ledger.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::integrations::flows::ports::RunFlowStore;
use portcullis_schemas::integrations::flows::{RunFlows, RunKey};
use sea_orm::{ColumnTrait, QueryFilter};

use self::row::{Column, Entity, Model, run_text};
use crate::rows::port_error;
use crate::tenancy::TenantRows;
use crate::uow::SharedTransaction;

mod row;
mod written;

pub(crate) use self::row::run_text as stored_run;
pub(crate) use self::written::{StoredRun, forget_runs, read_runs, write_runs};

/// [`RunFlowStore`] on a transaction.
#[derive(Debug)]
pub struct SqlRunFlows {
    tx: SharedTransaction,
}

impl SqlRunFlows {
    pub(crate) fn new(tx: SharedTransaction) -> Self {
        Self { tx }
    }
}

#[async_trait]
impl RunFlowStore for SqlRunFlows {
    async fn get(&mut self, tenant: &TenantId, run: &RunKey) -> Result<Option<RunFlows>, PortError> {
        let rows = Entity::in_tenant(tenant)
            .filter(Column::KeyId.eq(run.key_id.as_str()))
            .filter(Column::RunId.eq(run_text(run)));
        let found = rows.one(self.tx.of_record(tenant).await?).await.map_err(port_error)?;
        found.as_ref().map(Model::value).transpose()
    }
}
