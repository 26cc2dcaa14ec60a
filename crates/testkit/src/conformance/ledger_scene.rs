//! A tenant with a server, a tool and an instance that calls it, for suites of the ledger.

use portcullis_schemas::PortError;
use portcullis_schemas::ids::{InstanceId, InvocationId, TenantId};
use portcullis_schemas::integrations::mcp::invocation::{
    InvocationFacts, InvocationOutcome, McpToolInvocation,
};
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::logs::event::AuditEvent;
use portcullis_schemas::logs::ledger::{Intent, IntentReceipt, Recorded, Settlement};
use portcullis_schemas::logs::ports::{EventFilter, Ledger};
use portcullis_schemas::store::Store;
use portcullis_schemas::tenants::ConfigVersion;

use super::steps::{IDS, done, reading, two_tenants};
use crate::fixtures::{self, time};

/// Until when the instance of a scene is alive; later than every time of the suites.
const ALIVE_UNTIL: i64 = 1_000_000;

pub(crate) struct Scene<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) ledger: &'a dyn Ledger,
    pub(crate) tenant: TenantId,
    pub(crate) other: TenantId,
    pub(crate) tool: McpTool,
    pub(crate) instance: InstanceId,
}

impl<'a> Scene<'a> {
    pub(crate) async fn set(store: &'a dyn Store, ledger: &'a dyn Ledger) -> Self {
        let (tenant, other) = two_tenants(store).await;
        let server = fixtures::seed_server(store, &IDS, &tenant).await;
        let tool = fixtures::seed_tool(store, &IDS, &server, "search").await;
        let instance = InstanceId::generate(&IDS);
        done("renewing a lease", ledger.renew_lease(&instance, time(ALIVE_UNTIL)).await);
        Self { store, ledger, tenant, other, tool, instance }
    }

    /// A call of the tool, received at `seconds`, and the intent to make it.
    pub(crate) fn call(&self, seconds: i64) -> (InvocationFacts, Intent) {
        let facts = fixtures::invocation_facts(&IDS, &self.tool, seconds);
        let intent = fixtures::intent(&IDS, &self.instance, &facts);
        (facts, intent)
    }

    pub(crate) async fn record(&self, intent: &Intent) -> Result<Recorded, PortError> {
        self.ledger.record(&self.tenant, intent.clone()).await
    }

    /// The version of the tenant's configuration that is committed.
    pub(crate) async fn version(&self) -> ConfigVersion {
        seen!(self.store, "reading a version", unit => unit.tenants().config_version(&self.tenant))
    }

    /// Records an intent that must get its receipt.
    pub(crate) async fn receipt(&self, intent: &Intent) -> IntentReceipt {
        match done("recording an intent", self.record(intent).await) {
            Recorded::Receipt(receipt) => receipt,
            other => panic!("the intent must get a receipt, but the ledger answered {other:?}"),
        }
    }

    /// The end of this call.
    pub(crate) fn settlement(
        &self,
        intent: &Intent,
        facts: &InvocationFacts,
        outcome: InvocationOutcome,
    ) -> Settlement {
        let row = fixtures::invocation(&self.tenant, facts.clone(), outcome);
        fixtures::settlement(&IDS, &intent.intent_id, row)
    }

    pub(crate) async fn settle(
        &self,
        receipt: &IntentReceipt,
        settlement: &Settlement,
    ) -> Result<(), PortError> {
        self.ledger.settle(receipt, settlement.clone()).await
    }

    /// The whole trail of the tenant, oldest first.
    pub(crate) async fn trail(&self) -> Vec<AuditEvent> {
        let mut unit = reading(self.store).await;
        let filter = EventFilter::default();
        let mut events = walked!(100, request => unit.audit_log().list(&self.tenant, &filter, &request));
        events.reverse();
        events
    }

    pub(crate) async fn invocation(&self, id: &InvocationId) -> Option<McpToolInvocation> {
        seen!(self.store, "reading an invocation", unit => unit.mcp_invocations().get(&self.tenant, id))
    }

    /// The tool as it stands now.
    pub(crate) async fn tool_now(&self) -> McpTool {
        let (server, id) = (&self.tool.server_id, &self.tool.tool_id);
        let tool =
            seen!(self.store, "reading a tool", unit => unit.mcp_tools().get(&self.tenant, server, id));
        tool.unwrap_or_else(|| panic!("the tool that was called is gone"))
    }
}
