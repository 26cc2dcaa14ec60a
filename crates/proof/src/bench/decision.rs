//! The decision alone, in this process: policy, schema, pin, limits. And the verification of a trail.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use color_eyre::eyre::{OptionExt, Result, ensure};
use portcullis_engines::integrations::approvals::ApprovalStanding;
use portcullis_engines::integrations::mcp::arguments::{ArgumentJudge, PreparedArguments};
use portcullis_engines::integrations::mcp::decision::{
    CallFacts, Circumstances, CredentialVerdict, Decision, decide, policy_request,
};
use portcullis_engines::policies::cedar::CedarToolPolicy;
use portcullis_schemas::integrations::mcp::invocation::CallMethod;
use portcullis_schemas::json::RawJson;
use portcullis_schemas::policies::TenantPolicySet;
use portcullis_schemas::policies::ports::ToolPolicy;
use portcullis_schemas::principal::Scope;
use portcullis_schemas::tenants::ConfigVersion;
use portcullis_testkit::fixtures;
use portcullis_testkit::ids::UniqueIds;
use portcullis_trail::chain::{ChainVerifier, GENESIS, Part, StoredRecord, seal_record};
use serde_json::{Value, json};

const DECISIONS: usize = 20_000;
const RECORDS: u64 = 50_000;

/// Median and 99th percentile of deciding one call that is let through, with this many policies.
pub(super) async fn decision(policies: usize) -> Result<(Duration, Duration)> {
    let ids = UniqueIds::new();
    let tenant = fixtures::tenant(1);
    let server = Arc::new(fixtures::server(&ids, &tenant, "bench", 0));
    let mut tool = fixtures::tool(&ids, &server, "get_forecast");
    let schema = json!({
        "type": "object",
        "properties": { "city": { "type": "string", "maxLength": 100 }, "days": { "type": "integer" } },
        "required": ["city"],
        "additionalProperties": false,
    });
    tool.definition = RawJson::from_text(json!({ "name": tool.name, "inputSchema": schema }).to_string())?;
    let tool = Arc::new(tool);
    let text = |n| match n {
        0 => "permit(principal, action, resource);".to_owned(),
        n => format!("forbid(principal, action, resource) when {{ resource.name == \"other_{n}\" }};"),
    };
    let written = |n| fixtures::policy(&ids, &tenant, &format!("p{n}"), &text(n), 0);
    let set = TenantPolicySet { version: 1, policies: (0..policies).map(written).collect() };
    let ctx = fixtures::call_context(&ids, fixtures::principal(&ids, &tenant, &[Scope::Invoke]));
    let (engine, judge) = (CedarToolPolicy::new(), ArgumentJudge::new());
    let arguments = json!({ "city": "Zurich", "days": 3 }).as_object().cloned().unwrap_or_default();
    let how = Circumstances { run_id: None, toolset: None, flows: tool.flows };
    let mut times = Vec::with_capacity(DECISIONS);
    for _ in 0..DECISIONS {
        let arguments = arguments.clone();
        let started = Instant::now();
        let prepared = PreparedArguments::new(arguments)?;
        let request = policy_request(&ctx, &server, &tool, how);
        let facts = CallFacts {
            round: Ok(()),
            decided_on: ConfigVersion(1),
            policy: engine.evaluate(&tenant, &set, &request).await,
            arguments: judge.judge(&tool, CallMethod::CallTool, &prepared),
            server: Arc::clone(&server),
            tool: Arc::clone(&tool),
            list_is_stale: false,
            frozen: None,
            credential: CredentialVerdict::NotNeeded,
            approval: ApprovalStanding::NotAsked,
        };
        let decided = black_box(decide(&facts));
        times.push(started.elapsed());
        ensure!(matches!(decided, Decision::Allow { .. }), "the call is let through");
    }
    times.sort_unstable();
    Ok((times[times.len() / 2], times[times.len() * 99 / 100]))
}

/// Records of a chain verified in a second, from their stored bytes, on one core.
pub(super) fn verification() -> Result<f64> {
    let mut records = Vec::new();
    let mut previous = GENESIS;
    for sequence in 1..=RECORDS {
        let record = record(sequence, &previous.to_string());
        let members = record.as_object().ok_or_eyre("expected an object")?;
        let parts = members.iter().map(|(name, value)| (name.as_str(), Part::Value(value)));
        let (hash, record) = seal_record(parts.collect())?;
        records.push(record);
        previous = hash;
    }
    let started = Instant::now();
    let mut chain = ChainVerifier::new("ten_bench");
    for record in &records {
        chain.push_stored(&StoredRecord::read(record)?)?;
    }
    ensure!(chain.finish()?.records == RECORDS, "the chain holds");
    Ok(RECORDS as f64 / started.elapsed().as_secs_f64())
}

/// An event of the size that calls leave.
fn record(sequence: u64, previous: &str) -> Value {
    json!({
        "tenant_id": "ten_bench", "sequence": sequence, "previous_hash": previous,
        "event_id": "evt_01jd0000000000000000000000", "event_type": "tool_invocation.completed",
        "occurred_at": "2026-11-22T10:00:00.000000Z",
        "actor": { "name": "bench", "key_id": "key_01jd0000000000000000000000", "actor_type": "machine" },
        "request_id": "req_01jd0000000000000000000000",
        "subject": {
            "invocation_id": "inv_01jd0000000000000000000000",
            "server_id": "mcp_01jd0000000000000000000000",
            "tool_id": "tool_01jd0000000000000000000000",
        },
        "facts": {
            "duration_ms": 3, "outcome": "success", "output_bytes": 120, "policy_version": 1,
            "input_hash": "a".repeat(64), "output_hash": "b".repeat(64), "risk_level": "low",
        },
    })
}
