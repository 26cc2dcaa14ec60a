//! Tool policies: what holds now, and every version that was ever written.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{PolicyId, TenantId};
use portcullis_schemas::paging::{Page, PageRequest};
use portcullis_schemas::policies::ports::ToolPolicyStore;
use portcullis_schemas::policies::{TenantPolicySet, ToolPolicyRecord};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, Select,
};

use self::row::{Column, Entity, Model};
use crate::paging::newest_first;
use crate::rows::{count, port_error, state_conflict, uncount};
use crate::tenancy::{TenantRows, owned_by};
use crate::uow::SharedTransaction;

mod row;
mod sets;
mod versions;

/// [`ToolPolicyStore`] on a transaction.
#[derive(Debug)]
pub struct SqlToolPolicies {
    tx: SharedTransaction,
}

impl SqlToolPolicies {
    pub(crate) fn new(tx: SharedTransaction) -> Self {
        Self { tx }
    }

    async fn write_first(&self, tenant: &TenantId, policy: &ToolPolicyRecord) -> Result<(), PortError> {
        let same = Entity::in_tenant(tenant).filter(Column::PolicyId.eq(policy.policy_id.as_str()));
        if same.one(self.tx.of(tenant).await?).await.map_err(port_error)?.is_some() {
            return Err(stale());
        }
        let row = Model::of(policy).into_active_model();
        Entity::insert(row).exec_without_returning(self.tx.of(tenant).await?).await.map_err(port_error)?;
        Ok(())
    }

    async fn write_next(&self, tenant: &TenantId, policy: &ToolPolicyRecord) -> Result<(), PortError> {
        let mut row = Model::of(policy).into_active_model().reset_all();
        row.created_at = ActiveValue::NotSet;
        row.deleted_at = ActiveValue::NotSet;
        let rows = Entity::update_in_tenant(tenant)
            .set(row)
            .filter(Column::PolicyId.eq(policy.policy_id.as_str()))
            .filter(Column::Version.eq(count(policy.version.saturating_sub(1))))
            .filter(Column::DeletedAt.is_null());
        match rows.exec(self.tx.of(tenant).await?).await.map_err(port_error)?.rows_affected {
            1 => Ok(()),
            _ => Err(stale()),
        }
    }

    async fn raise_set_version(&self, tenant: &TenantId) -> Result<(), PortError> {
        let first = sets::ActiveModel {
            tenant_id: ActiveValue::Set(tenant.to_string()),
            version: ActiveValue::Set(1),
        };
        let stored = Expr::col((sets::Entity, sets::Column::Version));
        let raise =
            OnConflict::column(sets::Column::TenantId).value(sets::Column::Version, stored.add(1)).to_owned();
        let row = sets::Entity::insert(first).on_conflict(raise);
        row.exec_without_returning(self.tx.of(tenant).await?).await.map_err(port_error)?;
        Ok(())
    }
}

#[async_trait]
impl ToolPolicyStore for SqlToolPolicies {
    async fn put(&mut self, tenant: &TenantId, policy: &ToolPolicyRecord) -> Result<(), PortError> {
        owned_by(tenant, &policy.tenant_id)?;
        if policy.version == 1 {
            self.write_first(tenant, policy).await?;
        } else {
            self.write_next(tenant, policy).await?;
        }
        let version = versions::Model::of(policy).into_active_model();
        versions::Entity::insert(version)
            .exec_without_returning(self.tx.of(tenant).await?)
            .await
            .map_err(port_error)?;
        self.raise_set_version(tenant).await
    }

    async fn get(&mut self, tenant: &TenantId, id: &PolicyId) -> Result<Option<ToolPolicyRecord>, PortError> {
        let rows = kept(tenant).filter(Column::PolicyId.eq(id.as_str()));
        rows.one(self.tx.of(tenant).await?).await.map_err(port_error)?.map(Model::value).transpose()
    }

    async fn find_by_name(
        &mut self,
        tenant: &TenantId,
        name: &str,
    ) -> Result<Option<ToolPolicyRecord>, PortError> {
        let rows = kept(tenant).filter(Column::Name.eq(name));
        rows.one(self.tx.of(tenant).await?).await.map_err(port_error)?.map(Model::value).transpose()
    }

    async fn list(
        &mut self,
        tenant: &TenantId,
        page: &PageRequest,
    ) -> Result<Page<ToolPolicyRecord>, PortError> {
        let rows = newest_first::<_, PolicyId>(kept(tenant), Column::PolicyId, page)?;
        let found = rows.all(self.tx.of(tenant).await?).await.map_err(port_error)?;
        let policies = found.into_iter().map(Model::value).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::from_overfetch(policies, page.limit, |policy| policy.policy_id.to_string()))
    }

    async fn delete(&mut self, tenant: &TenantId, id: &PolicyId) -> Result<(), PortError> {
        // The port gives no time; the last write's says at least that it was deleted after it.
        let rows = Entity::update_in_tenant(tenant)
            .col_expr(Column::DeletedAt, Expr::col(Column::UpdatedAt))
            .filter(Column::PolicyId.eq(id.as_str()))
            .filter(Column::DeletedAt.is_null());
        match rows.exec(self.tx.of(tenant).await?).await.map_err(port_error)?.rows_affected {
            1 => self.raise_set_version(tenant).await,
            _ => Err(state_conflict("the policy is absent or deleted")),
        }
    }

    async fn current_set(&mut self, tenant: &TenantId) -> Result<TenantPolicySet, PortError> {
        let set = sets::Entity::in_tenant(tenant)
            .limit(1)
            .one(self.tx.of(tenant).await?)
            .await
            .map_err(port_error)?;
        let rows = kept(tenant).order_by_asc(Column::PolicyId);
        let found = rows.all(self.tx.of(tenant).await?).await.map_err(port_error)?;
        Ok(TenantPolicySet {
            version: set.map_or(Ok(0), |set| uncount("tool_policy_sets.version", set.version))?,
            policies: found.into_iter().map(Model::value).collect::<Result<_, _>>()?,
        })
    }
}

fn kept(tenant: &TenantId) -> Select<Entity> {
    Entity::in_tenant(tenant).filter(Column::DeletedAt.is_null())
}

fn stale() -> PortError {
    state_conflict("the policy has another version than the one that was read, or is absent")
}
