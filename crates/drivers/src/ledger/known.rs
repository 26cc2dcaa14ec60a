//! Reads what the verdicts of a batch depend on: one statement for each kind of fact, none if no value asks for it.
//!
//! Tuples are looked up by their columns apart, which may find more than was asked for; the pure side matches exactly.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_schemas::PortError;
use portcullis_schemas::controls::FreezeTarget;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::logs::ledger::{IdempotencyClaim, Intent, SealedAnswer};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect, QueryTrait};

use super::job::Work;
use super::judge::{ClaimKey, End, FirstRequest, Known, run_of};
use super::rows::claim;
use super::standing;
use crate::bulk::padded;
use crate::database::Session;
use crate::integrations::approvals::read_usable;
use crate::integrations::flows::read_runs;
use crate::logs::Head;

/// Everything that judging `works` needs, and the heads of their tenants' chains.
pub(super) async fn read(
    session: &dyn Session,
    works: &[&Work],
) -> Result<(Known, BTreeMap<TenantId, Head>), PortError> {
    let mut known = Known::default();
    let tenants = works.iter().filter_map(|work| work.tenant()).collect();
    let settled = works.iter().filter_map(|work| match work {
        Work::Settle { settlement, .. } => Some(settlement.intent_id.as_str()),
        _ => None,
    });
    let standing = standing::read(session, &tenants, &settled.collect()).await?;
    let mut heads = BTreeMap::new();
    for tenant in standing.tenants {
        known.set_version(tenant.tenant.clone(), tenant.version);
        heads.insert(tenant.tenant, tenant.head);
    }
    for (intent, open) in standing.open {
        known.add_open(intent, open);
    }
    read_frozen(session, works, &mut known).await?;
    read_claims(session, works, &mut known).await?;
    read_granted(session, works, &mut known).await?;
    read_flows(session, works, &mut known).await?;
    Ok((known, heads))
}

/// An intent that says what it was decided on needs no second look: a freeze makes another version.
async fn read_frozen(session: &dyn Session, works: &[&Work], known: &mut Known) -> Result<(), PortError> {
    let targets: Vec<(&TenantId, &FreezeTarget)> = intents(works)
        .filter(|(_, intent)| intent.decided_on.is_none())
        .flat_map(|(tenant, intent)| intent.freeze_targets.iter().map(move |target| (tenant, target)))
        .collect();
    if targets.is_empty() {
        return Ok(());
    }
    let query = Query::select()
        .columns(["tenant_id", "target_kind", "target_id"])
        .from("kill_switch_freezes")
        .and_where(Expr::col("tenant_id").is_in(distinct(targets.iter().map(|(tenant, _)| tenant.as_str()))))
        .and_where(Expr::col("target_id").is_in(distinct(targets.iter().map(|(_, target)| target.id()))))
        .to_owned();
    for row in session.read(&query).await? {
        known.add_frozen(row.text(0)?, row.text(1)?, row.text(2)?);
    }
    Ok(())
}

async fn read_claims(session: &dyn Session, works: &[&Work], known: &mut Known) -> Result<(), PortError> {
    let claims: Vec<(&TenantId, &IdempotencyClaim)> =
        intents(works).filter_map(|(tenant, intent)| Some((tenant, intent.idempotency.as_ref()?))).collect();
    if claims.is_empty() {
        return Ok(());
    }
    let query = claim::Entity::find()
        .select_only()
        .columns([
            claim::Column::TenantId,
            claim::Column::KeyId,
            claim::Column::Operation,
            claim::Column::IdempotencyKey,
            claim::Column::RequestHash,
            claim::Column::State,
            claim::Column::Answer,
        ])
        .filter(claim::Column::TenantId.is_in(distinct(claims.iter().map(|(tenant, _)| tenant.as_str()))))
        .filter(claim::Column::KeyId.is_in(distinct(claims.iter().map(|(_, claim)| claim.key_id.as_str()))))
        .filter(
            claim::Column::IdempotencyKey
                .is_in(distinct(claims.iter().map(|(_, claim)| claim.idempotency_key.as_str()))),
        );
    for row in session.read(&query.into_query()).await? {
        let key = ClaimKey {
            tenant: row.text(0)?,
            key: row.text(1)?,
            operation: row.text(2)?,
            idempotency_key: row.text(3)?,
        };
        let end = end(&row.text(5)?, row.bytes_if(6)?)?;
        known.add_claim(key, FirstRequest { request_hash: row.text(4)?, end });
    }
    Ok(())
}

async fn read_granted(session: &dyn Session, works: &[&Work], known: &mut Known) -> Result<(), PortError> {
    let approvals: Vec<&str> =
        intents(works).filter_map(|(_, intent)| Some(intent.approval.as_ref()?.as_str())).collect();
    if approvals.is_empty() {
        return Ok(());
    }
    for usable in read_usable(session, approvals).await? {
        known.add_granted(usable);
    }
    Ok(())
}

async fn read_flows(session: &dyn Session, works: &[&Work], known: &mut Known) -> Result<(), PortError> {
    let runs: BTreeSet<_> =
        intents(works).filter_map(|(tenant, intent)| Some(run_of(tenant, intent.flows.as_ref()?))).collect();
    if runs.is_empty() {
        return Ok(());
    }
    for (run, flows) in read_runs(session, &runs).await? {
        known.add_run(run, flows);
    }
    Ok(())
}

fn end(state: &str, answer: Option<Vec<u8>>) -> Result<End, PortError> {
    match (state, answer) {
        (claim::IN_FLIGHT, None) => Ok(End::InFlight),
        (claim::ENDED, Some(answer)) => Ok(End::Ended(SealedAnswer(answer))),
        (claim::UNKNOWN, None) => Ok(End::Unknown),
        _ => Err(PortError::corrupt("idempotency_keys holds a state that does not fit its answer")),
    }
}

fn intents<'w>(works: &'w [&Work]) -> impl Iterator<Item = (&'w TenantId, &'w Intent)> {
    works.iter().filter_map(|work| match work {
        Work::Record { tenant, intent } => Some((tenant, &**intent)),
        _ => None,
    })
}

fn distinct<'w>(texts: impl Iterator<Item = &'w str>) -> Vec<&'w str> {
    padded(texts.collect::<BTreeSet<_>>().into_iter().collect())
}
