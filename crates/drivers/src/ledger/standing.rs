//! How the tenants and the settled intents of a batch stand: the end of each chain, the version of each configuration,
//! and which intents are open. One statement for all of it.

use std::collections::BTreeSet;

use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::tenants::ConfigVersion;
use sea_orm::{Statement, Value};

use super::judge::OpenIntent;
use crate::bulk::padded;
use crate::database::{Row, Session};
use crate::logs::Head;
use crate::rows::{port_error, tenant as stored_tenant, uncount};
use crate::tenants::UNCONFIGURED;

/// The newest event is found by the end of the primary key, whatever the length of the chain.
const TENANTS: &str = "SELECT CAST(0 AS BIGINT), asked.tenant_id, e.hash, v.version, e.sequence FROM asked \
    LEFT JOIN tenant_config_versions AS v ON v.tenant_id = asked.tenant_id \
    LEFT JOIN audit_events AS e ON e.tenant_id = asked.tenant_id AND e.sequence = \
    (SELECT MAX(newest.sequence) FROM audit_events AS newest WHERE newest.tenant_id = asked.tenant_id)";
const INTENTS: &str = "SELECT 1, tenant_id, intent_id, CAST(CASE WHEN claimed THEN 1 ELSE 0 END AS BIGINT), \
    CAST(NULL AS BIGINT) FROM open_intents WHERE intent_id IN ";
/// First column of [`INTENTS`].
const INTENT: i64 = 1;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Standing {
    pub(super) tenants: Vec<TenantStanding>,
    pub(super) open: Vec<(String, OpenIntent)>,
}

/// A tenant of a batch.
#[derive(Debug)]
pub(super) struct TenantStanding {
    pub(super) tenant: TenantId,
    pub(super) version: ConfigVersion,
    pub(super) head: Head,
}

/// Reads how these tenants stand, and which of these intents are open; the transaction has the tenants' locks.
pub(super) async fn read(
    session: &dyn Session,
    tenants: &BTreeSet<&TenantId>,
    settled: &BTreeSet<&str>,
) -> Result<Standing, PortError> {
    let mut standing = Standing::default();
    if tenants.is_empty() {
        return Ok(standing);
    }
    let asked = padded(tenants.iter().map(|tenant| tenant.as_str()).collect::<Vec<_>>());
    let settled = padded(settled.iter().copied().collect::<Vec<_>>());
    let mut sql =
        format!("WITH asked (tenant_id) AS (VALUES {}) {TENANTS}", places(1, asked.len(), "($", ")"));
    if !settled.is_empty() {
        let places = places(asked.len() + 1, settled.len(), "$", "");
        sql.push_str(&format!(" UNION ALL {INTENTS} ({places})"));
    }
    let values = asked.into_iter().chain(settled).map(Value::from);
    let query = Statement::from_sql_and_values(session.engine(), sql, values);
    for row in session.query(query).await.map_err(port_error)? {
        standing.add(&row)?;
    }
    Ok(standing)
}

impl Standing {
    fn add(&mut self, row: &Row) -> Result<(), PortError> {
        let (tenant, text) = (row.text(1)?, row.text_if(2)?);
        let (first, second) = (row.number_if(3)?, row.number_if(4)?);
        if row.number(0)? == INTENT {
            let claimed = first == Some(1);
            self.open.push((text.unwrap_or_default(), OpenIntent { tenant, claimed }));
            return Ok(());
        }
        let version = first.map_or(Ok(UNCONFIGURED), |version| {
            uncount("tenant_config_versions.version", version).map(ConfigVersion)
        })?;
        let head = match (second, text) {
            (Some(sequence), Some(hash)) => Head::after(uncount("audit_events.sequence", sequence)?, hash),
            _ => Head::genesis(),
        };
        self.tenants.push(TenantStanding { tenant: stored_tenant(&tenant)?, version, head });
        Ok(())
    }
}

/// Numbered places for `count` values, each between `before` and `after`.
fn places(first: usize, count: usize, before: &str, after: &str) -> String {
    let places: Vec<String> = (first..first + count).map(|place| format!("{before}{place}{after}")).collect();
    places.join(", ")
}
