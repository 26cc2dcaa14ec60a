//! A suite that passes on everything proves nothing: each must find the broken wiring that it is there for.

use std::sync::Arc;

use portcullis_schemas::ids::TenantId;
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::mcp::wire::McpFailure;
use portcullis_schemas::logs::ports::Ledger;
use portcullis_schemas::policies::ports::ToolPolicy;
use portcullis_schemas::policies::{PolicyOutcome, PolicyProblem, TenantPolicySet, ToolPolicyRequest};
use portcullis_schemas::text::PolicyText;
use portcullis_schemas::{PortError, codes};
use portcullis_testkit::broken::{
    BrokenEmitter, BrokenLedger, ForgetfulSink, LeakyStore, SilentLedger, StaleSigner, StuckStore,
    TrustingLedger,
};
use portcullis_testkit::conformance::{self, PolicyTexts, violation};
use portcullis_testkit::entropy::FailingEntropy;
use portcullis_testkit::fakes::{FixedToolPolicy, KeywordToolPolicy, PlainSigner, ScriptedMcpClient};
use portcullis_testkit::memory::MemoryStore;

/// The promise that a suite found broken; panics when it passed.
async fn found(suite: impl Future<Output = ()> + Send) -> String {
    violation(suite).await.expect("the suite must fail on a broken wiring")
}

fn contains(text: &str, words: &str) {
    assert!(text.contains(words), "expected a violation about {words:?}, found: {text}");
}

#[tokio::test]
async fn every_store_suite_finds_reads_without_the_tenant() {
    let leaky = LeakyStore::reads;
    let store = leaky();
    contains(&found(conformance::mcp_server_store(&store)).await, "a foreign server");
    let store = leaky();
    contains(&found(conformance::mcp_tool_store(&store, &store.ledger())).await, "a foreign tool");
    let store = leaky();
    contains(
        &found(conformance::mcp_invocation_store(&store, &store.ledger())).await,
        "a foreign invocation",
    );
    let store = leaky();
    contains(&found(conformance::toolset_store(&store)).await, "a foreign toolset");
    let store = leaky();
    contains(&found(conformance::approval_store(&store, &store.ledger())).await, "a foreign approval");
    let store = leaky();
    contains(&found(conformance::run_flow_store(&store, &store.ledger())).await, "a foreign run");
    let store = leaky();
    contains(&found(conformance::connection_store(&store)).await, "a foreign connection");
    let store = leaky();
    contains(&found(conformance::credential_store(&store, &store)).await, "a foreign credential");
    let store = leaky();
    contains(&found(conformance::tool_policy_store(&store)).await, "a foreign policy");
    let store = leaky();
    contains(&found(conformance::kill_switch_store(&store)).await, "own freezes only");
    let store = leaky();
    contains(&found(conformance::incident_store(&store)).await, "a foreign incident");
    let store = leaky();
    contains(&found(conformance::api_key_store(&store)).await, "a foreign key");
    let store = leaky();
    contains(&found(conformance::audit_log(&store, &MemoryStore::verify_chain())).await, "own events only");
    let store = leaky();
    contains(&found(conformance::checkpoint_store(&store)).await, "own spans only");
    let store = leaky();
    contains(&found(conformance::ledger(&store, &store.ledger())).await, "the frozen target");
}

#[tokio::test]
async fn the_checkpoint_suites_find_what_an_auditor_could_not_rely_on() {
    contains(&found(conformance::checkpoint_sink(&ForgetfulSink::new())).await, "the highest number");
    contains(
        &found(conformance::checkpoint_signer(&StaleSigner, &PlainSigner::verify)).await,
        "the last key signs",
    );
    contains(
        &found(conformance::checkpoint_signer(&PlainSigner::new(&[]), &PlainSigner::verify)).await,
        "at least one key",
    );
}

#[tokio::test]
async fn every_store_suite_finds_writes_without_the_tenant() {
    let leaky = LeakyStore::writes;
    let store = leaky();
    contains(&found(conformance::mcp_server_store(&store)).await, "an update of a foreign server");
    let store = leaky();
    contains(
        &found(conformance::mcp_tool_store(&store, &store.ledger())).await,
        "an upsert of a foreign tool",
    );
    let store = leaky();
    contains(&found(conformance::toolset_store(&store)).await, "an update of a foreign toolset");
    let store = leaky();
    contains(
        &found(conformance::approval_store(&store, &store.ledger())).await,
        "a decision on a foreign approval",
    );
    let store = leaky();
    contains(&found(conformance::connection_store(&store)).await, "a foreign write");
    let store = leaky();
    contains(&found(conformance::credential_store(&store, &store)).await, "a foreign write");
    let store = leaky();
    contains(&found(conformance::tool_policy_store(&store)).await, "a foreign write");
    let store = leaky();
    contains(&found(conformance::kill_switch_store(&store)).await, "released from here");
    let store = leaky();
    contains(&found(conformance::incident_store(&store)).await, "an update of a foreign incident");
    let store = leaky();
    contains(&found(conformance::api_key_store(&store)).await, "a foreign write");
    let store = leaky();
    contains(&found(conformance::ledger(&store, &store.ledger())).await, "a receipt of another tenant");
}

#[tokio::test]
async fn the_ledger_suite_finds_failing_and_silent_ledgers() {
    for (fails, what) in [(0, "a ledger that works"), (1, "settling must work"), (2, "refusing must work")] {
        let store = MemoryStore::new();
        let ledger = BrokenLedger::new(Arc::new(store.ledger()));
        ledger.fail_record(fails == 0);
        ledger.fail_settle(fails == 1);
        ledger.fail_refuse(fails == 2);
        contains(&found(conformance::ledger(&store, &ledger)).await, what);
    }
    let store = MemoryStore::new();
    let silent = SilentLedger::new(Arc::new(store.ledger()));
    contains(&found(conformance::ledger(&store, &silent)).await, "the invocation's row is there");
    contains(&found(conformance::mcp_invocation_store(&store, &silent)).await, "kept whole");
}

#[tokio::test]
async fn suites_find_versions_that_stand_still_and_a_ledger_that_does_not_compare_them() {
    contains(&found(conformance::tenant_store(&StuckStore::new())).await, "another version");
    let store = MemoryStore::new();
    let trusting = TrustingLedger::new(Arc::new(store.ledger()));
    contains(&found(conformance::ledger(&store, &trusting)).await, "must be stale when a tool has changed");
}

#[tokio::test]
async fn the_ledger_suite_finds_approvals_that_are_never_used_up() {
    let store = MemoryStore::new();
    let trusting = TrustingLedger::of_approvals(Arc::new(store.ledger()));
    contains(&found(conformance::ledger(&store, &trusting)).await, "its use is on record");
}

#[tokio::test]
async fn the_run_flow_suite_finds_runs_that_nobody_keeps_account_of() {
    let store = MemoryStore::new();
    let trusting = TrustingLedger::of_runs(Arc::new(store.ledger()));
    contains(&found(conformance::run_flow_store(&store, &trusting)).await, "is written with it");
}

#[tokio::test]
async fn a_broken_ledger_works_again_when_its_switch_is_reset() {
    let store = MemoryStore::new();
    let ledger = BrokenLedger::new(Arc::new(store.ledger()));
    ledger.fail_record(true);
    assert!(ledger.ready().await.is_err());
    ledger.fail_record(false);
    conformance::ledger(&store, &ledger).await;
}

#[tokio::test]
async fn the_policy_suite_finds_what_permits_or_decides_nothing() {
    let text = |word: &str| PolicyText::new(word).unwrap();
    let texts = PolicyTexts {
        permit: text("permit"),
        forbid: text("forbid"),
        failing: text("fail"),
        invalid: text("?"),
    };
    let always = FixedToolPolicy::allow();
    contains(
        &found(conformance::tool_policy(&always, &texts)).await,
        "without a policy nothing is permitted",
    );
    let never = FixedToolPolicy::deny();
    contains(&found(conformance::tool_policy(&never, &texts)).await, "permits everything permits");
    let failing = FixedToolPolicy::failing();
    contains(&found(conformance::tool_policy(&failing, &texts)).await, "deciding without a policy");
    contains(&found(conformance::tool_policy(&CarelessToolPolicy, &texts)).await, "what is none");
}

/// Decides as if there were nothing but tools.
struct CarelessToolPolicy;

#[async_trait::async_trait]
impl ToolPolicy for CarelessToolPolicy {
    async fn evaluate(
        &self,
        tenant: &TenantId,
        policies: &TenantPolicySet,
        request: &ToolPolicyRequest,
    ) -> Result<PolicyOutcome, PortError> {
        let request = ToolPolicyRequest { kind: ItemKind::Tool, ..request.clone() };
        KeywordToolPolicy.evaluate(tenant, policies, &request).await
    }

    async fn validate(&self, tenant: &TenantId, text: &PolicyText) -> Vec<PolicyProblem> {
        KeywordToolPolicy.validate(tenant, text).await
    }
}

#[tokio::test]
async fn the_client_suite_finds_a_refusal_that_claims_or_tells_too_much() {
    let rows = [
        (codes::UPSTREAM_ERROR, "refused", false, "an exchange with"),
        (codes::EGRESS_REFUSED, "refused", true, "has not acted"),
        (codes::EGRESS_REFUSED, "no way to https://127.0.0.1/mcp", false, "neither URL nor credential"),
        (codes::EGRESS_REFUSED, "refused with Bearer sesame", false, "neither URL nor credential"),
    ];
    for (code, detail, may_have_acted, broken) in rows {
        let client = ScriptedMcpClient::new();
        client.answer_discover(Err(McpFailure::new(code, detail, may_have_acted)));
        contains(&found(conformance::mcp_client(&client)).await, broken);
    }
}

#[tokio::test]
async fn suites_find_an_emitter_and_an_entropy_that_fail() {
    contains(&found(conformance::audit_emitter(&BrokenEmitter)).await, "requested must work");
    contains(&found(conformance::entropy(&FailingEntropy)).await, "must work");
}
