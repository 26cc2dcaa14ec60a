//! What every implementation of a port must do, one suite per port.
//!
//! A suite panics with the promise that is broken. Suites of stores bring their own tenants with fresh ids, so they
//! run on a store that holds other data, and again on one that they have run on before. They never go on with a unit
//! of work after an error, because a database may have given its transaction up.

#[macro_use]
mod steps;

mod answer_seal;
mod api_key_store;
mod approval_store;
mod audit_emitter;
mod audit_log;
mod checkpoint_signer;
mod checkpoint_sink;
mod checkpoint_store;
mod connection_store;
mod credential_store;
mod credential_vault;
mod dispatch_audit;
mod egress;
mod incident_store;
mod kill_switch_store;
mod ledger;
mod ledger_approvals;
mod ledger_concurrency;
mod ledger_flows;
mod ledger_idempotency;
mod ledger_recovery;
mod ledger_scene;
mod ledger_stale;
mod mcp_client;
mod mcp_invocation_store;
mod mcp_server_store;
mod mcp_tool_store;
mod run_flow_store;
mod runtime;
mod tenant_config;
mod tenant_store;
mod tool_policy;
mod tool_policy_store;
mod toolset_store;
mod unit_of_work;

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use portcullis_schemas::integrations::credentials::ports::SealedSecretStore;
use portcullis_schemas::logs::ports::Ledger;
use portcullis_schemas::store::Store;

pub use answer_seal::answer_seal;
pub use api_key_store::api_key_store;
pub use approval_store::approval_store;
pub use audit_emitter::audit_emitter;
pub use audit_log::{ChainVerifier, audit_log};
pub use checkpoint_signer::{SignatureVerifier, checkpoint_signer};
pub use checkpoint_sink::checkpoint_sink;
pub use checkpoint_store::checkpoint_store;
pub use connection_store::connection_store;
pub use credential_store::credential_store;
pub use credential_vault::credential_vault;
pub use dispatch_audit::dispatch_audit;
pub use egress::egress;
pub use incident_store::incident_store;
pub use kill_switch_store::kill_switch_store;
pub use ledger::ledger;
pub use ledger_concurrency::ledger_concurrency;
pub use mcp_client::mcp_client;
pub use mcp_invocation_store::mcp_invocation_store;
pub use mcp_server_store::mcp_server_store;
pub use mcp_tool_store::mcp_tool_store;
pub use run_flow_store::run_flow_store;
pub use runtime::{clock, entropy, environment, id_source, key_source, keyed_hash};
pub use tenant_store::tenant_store;
pub use tool_policy::{PolicyTexts, tool_policy};
pub use tool_policy_store::tool_policy_store;
pub use toolset_store::toolset_store;
pub use unit_of_work::unit_of_work;

/// Every suite of persistence, one after the other.
pub async fn all_stores(
    store: &dyn Store,
    ledger_port: &dyn Ledger,
    sealed: &dyn SealedSecretStore,
    verify: &ChainVerifier<'_>,
) {
    unit_of_work(store).await;
    tenant_store(store).await;
    api_key_store(store).await;
    mcp_server_store(store).await;
    mcp_tool_store(store, ledger_port).await;
    toolset_store(store).await;
    connection_store(store).await;
    credential_store(store, sealed).await;
    tool_policy_store(store).await;
    kill_switch_store(store).await;
    incident_store(store).await;
    audit_log(store, verify).await;
    checkpoint_store(store).await;
    ledger(store, ledger_port).await;
    approval_store(store, ledger_port).await;
    run_flow_store(store, ledger_port).await;
    ledger_concurrency(store, ledger_port).await;
    mcp_invocation_store(store, ledger_port).await;
}

/// Runs a suite and returns the promise that it found broken; `None` when it passed. For tests that show that a suite
/// notices a broken wiring.
pub async fn violation(suite: impl Future<Output = ()> + Send) -> Option<String> {
    let mut suite = pin!(suite);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| suite.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(())) => Poll::Ready(None),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Poll::Ready(Some(text.unwrap_or_else(|| "a panic without words".to_owned())))
        }
    })
    .await
}
