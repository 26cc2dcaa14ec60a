//! What is there after a cut, asked of the gate itself.

use std::collections::BTreeSet;

use color_eyre::eyre::{ContextCompat, Result};
use portcullis_server::api_client::ApiClient;

use super::load::Acknowledged;

/// The events of a call that succeeded.
const EVENTS: [&str; 3] =
    ["tool_invocation.allowed", "tool_invocation.completed", "tool_invocation.requested"];

/// The one that is recorded before the call.
const INTENT: &str = "tool_invocation.allowed";

/// How many of these are not there: a call without its invocation or its three events, a key that is not listed.
pub(super) async fn missing(admin: &ApiClient, acknowledged: &Acknowledged) -> Result<u64> {
    let mut missing = 0;
    for call in &acknowledged.calls {
        let invocation = admin.get(&format!("/integrations/mcp-invocations/{call}")).await?.json();
        let mut events = events(admin, call).await?;
        events.sort_unstable();
        missing += u64::from(invocation["outcome"] != "success" || events != EVENTS);
    }
    if !acknowledged.keys.is_empty() {
        let listed = ids(admin, "/api-keys", "key_id").await?;
        missing += acknowledged.keys.iter().filter(|key| !listed.contains(*key)).count() as u64;
    }
    Ok(missing)
}

/// How many of these calls, named by their runs, were never let through as far as the trail says.
pub(super) async fn without_intent(admin: &ApiClient, nonces: &[String]) -> Result<u64> {
    let mut missing = 0;
    for nonce in nonces {
        missing += u64::from(!events(admin, nonce).await?.iter().any(|event| event == INTENT));
    }
    Ok(missing)
}

/// How many of these invocations and keys are on no list; for many at once.
pub(super) async fn unlisted(admin: &ApiClient, acknowledged: &Acknowledged) -> Result<u64> {
    let calls = ids(admin, "/integrations/mcp-invocations", "invocation_id").await?;
    let keys = ids(admin, "/api-keys", "key_id").await?;
    let lost =
        |ids: &[String], there: &BTreeSet<String>| ids.iter().filter(|id| !there.contains(*id)).count();
    Ok((lost(&acknowledged.calls, &calls) + lost(&acknowledged.keys, &keys)) as u64)
}

/// Whether the tenant's chain holds.
pub(super) async fn trail_is_intact(admin: &ApiClient) -> Result<bool> {
    Ok(admin.get("/logs/trail/verify").await?.json()["intact"] == true)
}

/// The types of the events about this id; none if the gate does not know who asks.
async fn events(admin: &ApiClient, id: &str) -> Result<Vec<String>> {
    let answer = admin.get(&format!("/logs/trail?subject={id}")).await?;
    let found = match answer.status {
        401 => return Ok(Vec::new()),
        _ => answer.success()?,
    };
    let items = found["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(items.iter().filter_map(|item| item["event_type"].as_str().map(ToOwned::to_owned)).collect())
}

async fn ids(admin: &ApiClient, list: &str, id: &str) -> Result<BTreeSet<String>> {
    let mut ids = BTreeSet::new();
    let mut next = format!("{list}?limit=100");
    loop {
        let page = admin.get(&next).await?.success()?;
        let items = page["items"].as_array().context("expected a page")?;
        ids.extend(items.iter().filter_map(|item| item[id].as_str().map(ToOwned::to_owned)));
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("{list}?limit=100&cursor={cursor}"),
            None => return Ok(ids),
        }
    }
}
