//! The kill switch: what is frozen.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::controls::ports::KillSwitchStore;
use portcullis_schemas::controls::{Freeze, FreezeTarget};
use portcullis_schemas::ids::TenantId;
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

use self::freezes::{Column, Entity, Model};
use crate::rows::port_error;
use crate::tenancy::{TenantRows, owned_by};
use crate::uow::SharedTransaction;

pub(crate) mod freezes;

/// Most freezes that a list gives.
const LISTED: u64 = 1000;

/// [`KillSwitchStore`] on a transaction.
#[derive(Debug)]
pub struct SqlKillSwitch {
    tx: SharedTransaction,
}

impl SqlKillSwitch {
    pub(crate) fn new(tx: SharedTransaction) -> Self {
        Self { tx }
    }
}

#[async_trait]
impl KillSwitchStore for SqlKillSwitch {
    async fn freeze(&mut self, tenant: &TenantId, freeze: &Freeze) -> Result<(), PortError> {
        owned_by(tenant, &freeze.tenant_id)?;
        let row = Entity::insert(Model::of(freeze).into_active_model());
        let key = [Column::TenantId, Column::TargetKind, Column::TargetId];
        let first = row.on_conflict_do_nothing_on(key);
        first.exec_without_returning(self.tx.of(tenant).await?).await.map_err(port_error)?;
        Ok(())
    }

    async fn unfreeze(&mut self, tenant: &TenantId, target: &FreezeTarget) -> Result<bool, PortError> {
        let row = Entity::delete_in_tenant(tenant).filter(is_target(target));
        let removed = row.exec(self.tx.of(tenant).await?).await.map_err(port_error)?;
        Ok(removed.rows_affected > 0)
    }

    async fn list(&mut self, tenant: &TenantId) -> Result<Vec<Freeze>, PortError> {
        let rows = Entity::in_tenant(tenant)
            .order_by_desc(Column::FrozenAt)
            .order_by_asc(Column::TargetKind)
            .order_by_asc(Column::TargetId)
            .limit(LISTED);
        let found = rows.all(self.tx.of(tenant).await?).await.map_err(port_error)?;
        found.into_iter().map(Model::value).collect()
    }

    async fn first_frozen(
        &mut self,
        tenant: &TenantId,
        targets: &[FreezeTarget],
    ) -> Result<Option<Freeze>, PortError> {
        if targets.is_empty() {
            return Ok(None);
        }
        let any = targets.iter().fold(Condition::any(), |any, target| any.add(is_target(target)));
        let found =
            Entity::in_tenant(tenant).filter(any).all(self.tx.of(tenant).await?).await.map_err(port_error)?;
        let mut frozen = found.into_iter().map(Model::value).collect::<Result<Vec<_>, _>>()?;
        let place = |freeze: &Freeze| targets.iter().position(|target| *target == freeze.target);
        frozen.sort_by_key(place);
        Ok(frozen.into_iter().next())
    }
}

fn is_target(target: &FreezeTarget) -> Condition {
    Condition::all().add(Column::TargetKind.eq(target.kind())).add(Column::TargetId.eq(target.id()))
}
