//! The suite of [`McpInvocationStore`](portcullis_schemas::integrations::mcp::ports::McpInvocationStore).

use portcullis_schemas::ids::{InstanceId, InvocationId, TenantId, ToolsetId};
use portcullis_schemas::integrations::mcp::invocation::{
    CallMethod, CalledThrough, InvocationFacts, InvocationOutcome, McpToolInvocation,
};
use portcullis_schemas::integrations::mcp::ports::InvocationFilter;
use portcullis_schemas::integrations::toolsets::ExposedName;
use portcullis_schemas::logs::ledger::Recorded;
use portcullis_schemas::logs::ports::Ledger;
use portcullis_schemas::store::Store;
use portcullis_schemas::text::RunId;

use super::steps::{IDS, done, reading, two_tenants};
use crate::fixtures::{self, valid};

/// Invocations are kept whole, filtered by server, run and outcome, listed newest first, and seen by their tenant only.
pub async fn mcp_invocation_store(store: &dyn Store, ledger: &dyn Ledger) {
    let (tenant, other) = two_tenants(store).await;
    let rows = written(store, ledger, &tenant).await;
    for row in &rows {
        let found = get(store, &tenant, &row.facts.invocation_id).await;
        assert_eq!(found.as_ref(), Some(row), "an invocation is kept whole");
    }
    assert_eq!(get(store, &tenant, &InvocationId::generate(&IDS)).await, None, "an absent one is none");
    filters_and_pages(store, &tenant, &rows).await;
    isolates_tenants(store, &other, &rows[0]).await;
}

/// Eight calls of two servers, all refused but one that was cancelled, every second one of a run; oldest first.
async fn written(store: &dyn Store, ledger: &dyn Ledger, tenant: &TenantId) -> Vec<McpToolInvocation> {
    let mut tools = Vec::new();
    for name in ["one", "two"] {
        let server = fixtures::seed_server(store, &IDS, tenant).await;
        tools.push(fixtures::seed_tool(store, &IDS, &server, name).await);
    }
    let mut rows = Vec::new();
    for n in 0..8_u32 {
        let tool = &tools[usize::from(n >= 5)];
        let facts = InvocationFacts {
            run_id: (n % 2 == 0).then(|| valid(RunId::new("run-7"))),
            step_index: (n % 2 == 0).then_some(n),
            through: (n == 3).then(|| CalledThrough {
                toolset_id: ToolsetId::generate(&IDS),
                toolset_version: 7,
                name: valid(ExposedName::new("find.one")),
            }),
            method: CallMethod::ALL[n as usize % CallMethod::ALL.len()],
            input_preview: (n != 1).then(|| r#"{"path":"string"}"#.to_owned()),
            policy_reason: Some("no policy permits this call".to_owned()),
            ..fixtures::invocation_facts(&IDS, tool, i64::from(n))
        };
        let outcome = if n == 6 { InvocationOutcome::Cancelled } else { InvocationOutcome::Blocked };
        let row = fixtures::invocation(tenant, facts, outcome);
        write(ledger, tenant, &row).await;
        rows.push(row);
    }
    rows
}

/// Writes a row as the gate does: a refusal, or an intent and its settlement.
async fn write(ledger: &dyn Ledger, tenant: &TenantId, row: &McpToolInvocation) {
    if row.outcome == InvocationOutcome::Blocked {
        return done("refusing a call", ledger.refuse(tenant, fixtures::refusal(&IDS, row.clone())).await);
    }
    let intent = fixtures::intent(&IDS, &InstanceId::generate(&IDS), &row.facts);
    let settlement = fixtures::settlement(&IDS, &intent.intent_id, row.clone());
    let Recorded::Receipt(receipt) = done("recording an intent", ledger.record(tenant, intent).await) else {
        panic!("an intent must get a receipt")
    };
    done("settling", ledger.settle(&receipt, settlement).await);
}

async fn filters_and_pages(store: &dyn Store, tenant: &TenantId, rows: &[McpToolInvocation]) {
    let run = valid(RunId::new("run-7"));
    let server = rows[0].facts.server_id.clone();
    let of_server = InvocationFilter { server: Some(server.clone()), ..InvocationFilter::default() };
    let of_run = InvocationFilter { run: Some(run.clone()), ..InvocationFilter::default() };
    let cancelled =
        InvocationFilter { outcome: Some(InvocationOutcome::Cancelled), ..InvocationFilter::default() };
    let all_three = InvocationFilter {
        server: Some(server.clone()),
        run: Some(run.clone()),
        outcome: Some(InvocationOutcome::Blocked),
    };
    let is_of_server = |row: &McpToolInvocation| row.facts.server_id == server;
    let is_of_run = |row: &McpToolInvocation| row.facts.run_id.as_ref() == Some(&run);
    let table: [(&str, InvocationFilter, Vec<bool>); 5] = [
        ("all", InvocationFilter::default(), rows.iter().map(|_| true).collect()),
        ("of a server", of_server, rows.iter().map(is_of_server).collect()),
        ("of a run", of_run, rows.iter().map(is_of_run).collect()),
        (
            "cancelled",
            cancelled,
            rows.iter().map(|row| row.outcome == InvocationOutcome::Cancelled).collect(),
        ),
        ("all conditions", all_three, rows.iter().map(|row| is_of_server(row) && is_of_run(row)).collect()),
    ];
    let mut unit = reading(store).await;
    for (what, filter, wanted) in table {
        let listed = walked!(3, request => unit.mcp_invocations().list(tenant, &filter, &request));
        let chosen = rows.iter().zip(wanted).filter(|(_, wanted)| *wanted).map(|(row, _)| row.clone());
        let newest_first: Vec<_> = chosen.rev().collect();
        assert_eq!(listed, newest_first, "invocations {what}, newest first, each once");
    }
}

async fn isolates_tenants(store: &dyn Store, other: &TenantId, row: &McpToolInvocation) {
    let found = get(store, other, &row.facts.invocation_id).await;
    assert_eq!(found, None, "a foreign invocation answers as an absent one");
    let mut unit = reading(store).await;
    let by_server =
        InvocationFilter { server: Some(row.facts.server_id.clone()), ..InvocationFilter::default() };
    let by_run = InvocationFilter { run: row.facts.run_id.clone(), ..InvocationFilter::default() };
    for filter in [InvocationFilter::default(), by_server, by_run] {
        let listed = walked!(2, request => unit.mcp_invocations().list(other, &filter, &request));
        assert!(listed.is_empty(), "a list holds own invocations only");
    }
}

async fn get(store: &dyn Store, tenant: &TenantId, id: &InvocationId) -> Option<McpToolInvocation> {
    seen!(store, "reading an invocation", unit => unit.mcp_invocations().get(tenant, id))
}
