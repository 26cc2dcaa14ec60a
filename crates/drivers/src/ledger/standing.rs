//! How each tenant of a batch stands: the end of its chain, and the version of its configuration. One statement for
//! all of them.

use std::collections::BTreeSet;

use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::tenants::ConfigVersion;
use sea_orm::{ConnectionTrait, Statement, Value};

use crate::bulk::padded;
use crate::logs::Head;
use crate::rows::{port_error, tenant as stored_tenant, uncount};
use crate::tenants::UNCONFIGURED;

/// The newest event is found by the end of the primary key, whatever the length of the chain.
const QUERY: &str = "SELECT asked.tenant_id, v.version, e.sequence, e.hash FROM asked \
    LEFT JOIN tenant_config_versions AS v ON v.tenant_id = asked.tenant_id \
    LEFT JOIN audit_events AS e ON e.tenant_id = asked.tenant_id AND e.sequence = \
    (SELECT MAX(newest.sequence) FROM audit_events AS newest WHERE newest.tenant_id = asked.tenant_id)";

/// A tenant of a batch.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) tenant: TenantId,
    pub(super) version: ConfigVersion,
    pub(super) head: Head,
}

/// Reads how these tenants stand; the transaction has their locks.
pub(super) async fn read<C: ConnectionTrait>(
    connection: &C,
    tenants: &BTreeSet<&TenantId>,
) -> Result<Vec<Standing>, PortError> {
    if tenants.is_empty() {
        return Ok(Vec::new());
    }
    let asked = padded(tenants.iter().map(|tenant| tenant.as_str()).collect::<Vec<_>>());
    let places: Vec<String> = (1..=asked.len()).map(|place| format!("(${place})")).collect();
    let sql = format!("WITH asked (tenant_id) AS (VALUES {}) {QUERY}", places.join(", "));
    let values = asked.into_iter().map(Value::from);
    let query = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    let mut standings = Vec::with_capacity(tenants.len());
    for row in connection.query_all_raw(query).await.map_err(port_error)? {
        let (tenant, version, sequence, hash): (String, Option<i64>, Option<i64>, Option<String>) =
            row.try_get_many_by_index().map_err(port_error)?;
        let version = version.map_or(Ok(UNCONFIGURED), |version| {
            uncount("tenant_config_versions.version", version).map(ConfigVersion)
        })?;
        let head = match (sequence, hash) {
            (Some(sequence), Some(hash)) => Head::after(uncount("audit_events.sequence", sequence)?, hash),
            _ => Head::genesis(),
        };
        standings.push(Standing { tenant: stored_tenant(&tenant)?, version, head });
    }
    Ok(standings)
}
