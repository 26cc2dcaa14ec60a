//! What the store says of a whole server, and what is made of it for the decision whether one of its tools may be
//! offered: the facts of a call that has no arguments yet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use portcullis_engines::integrations::approvals::ApprovalStanding;
use portcullis_engines::integrations::mcp::decision::{
    CallFacts, Circumstances, Decision, decide, freeze_targets,
};
use portcullis_schemas::Error;
use portcullis_schemas::controls::Freeze;
use portcullis_schemas::ids::{ServerId, ToolId};
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::integrations::toolsets::ToolsetName;
use portcullis_schemas::logs::ledger::IntentKind;
use portcullis_schemas::policies::TenantPolicySet;
use portcullis_schemas::store::UnitOfWork;
use portcullis_schemas::tenants::ConfigVersion;

use super::freshness;
use super::target::{StoredGrants, judge_credential, read_grants};
use crate::bridges::PoliciesBridge;
use crate::scene::Scene;

/// Up to so many tools of a server are read one by one; for more, all that it has are read at once.
const FEW: usize = 16;

/// What all servers of a tenant have in common for who looks at a toolset, read from one snapshot.
pub(crate) struct TenantConfiguration {
    toolset: ToolsetName,
    version: ConfigVersion,
    policies: TenantPolicySet,
    freezes: Vec<Freeze>,
}

/// A server with its tools.
pub(crate) struct ServerOffers {
    server: Arc<McpServer>,
    grants: StoredGrants,
    tools: BTreeMap<ToolId, Arc<McpTool>>,
}

impl TenantConfiguration {
    /// Reads it.
    ///
    /// # Errors
    /// `store_unavailable`.
    pub(crate) async fn read(
        scene: &Scene,
        work: &mut dyn UnitOfWork,
        toolset: &ToolsetName,
    ) -> Result<Self, Error> {
        let tenant = scene.tenant();
        Ok(Self {
            toolset: toolset.clone(),
            version: work.tenants().config_version(tenant).await?,
            policies: work.tool_policies().current_set(tenant).await?,
            freezes: work.kill_switch().list(tenant).await?,
        })
    }

    /// Whether a call of this tool by this caller would be let through, were its arguments right, and approved if it must
    /// be.
    pub(crate) async fn offers(&self, scene: &Scene, from: &ServerOffers, tool: &Arc<McpTool>) -> bool {
        let facts = self.facts(scene, from, tool).await;
        matches!(decide(&facts), Decision::Allow { .. } | Decision::NeedsApproval(_))
    }

    /// Whether a call of this tool would have its server's list read anew first.
    pub(crate) async fn is_due(&self, scene: &Scene, from: &ServerOffers, tool: &Arc<McpTool>) -> bool {
        freshness::is_aged(scene, &from.server)
            && freshness::is_due(scene, &self.facts(scene, from, tool).await)
    }

    async fn facts(&self, scene: &Scene, from: &ServerOffers, tool: &Arc<McpTool>) -> CallFacts {
        let server = &from.server;
        let targets = freeze_targets(scene.ctx(), &server.server_id, Some(&tool.tool_id));
        let how = Circumstances { run_id: None, toolset: Some(&self.toolset), flows: tool.flows };
        CallFacts {
            decided_on: self.version,
            list_is_stale: freshness::is_stale(scene, server),
            frozen: self.freezes.iter().find(|freeze| targets.contains(&freeze.target)).cloned(),
            policy: PoliciesBridge::evaluate(scene, &self.policies, server, tool, how).await,
            arguments: Ok(()),
            credential: judge_credential(scene, &from.grants, server, IntentKind::InvokeTool).verdict,
            round: Ok(()),
            approval: ApprovalStanding::NotAsked,
            server: Arc::clone(server),
            tool: Arc::clone(tool),
        }
    }
}

impl ServerOffers {
    /// Reads a server with these of its tools; none if it is deleted.
    ///
    /// # Errors
    /// `store_unavailable`.
    pub(crate) async fn read(
        scene: &Scene,
        work: &mut dyn UnitOfWork,
        id: &ServerId,
        wanted: &BTreeSet<&ToolId>,
    ) -> Result<Option<Self>, Error> {
        let found = work.mcp_servers().get(scene.tenant(), id).await?;
        let Some(server) = found.filter(|server| server.deleted_at.is_none()) else { return Ok(None) };
        let grants = read_grants(scene, work, &server).await?;
        let mut tools = BTreeMap::new();
        if wanted.len() > FEW {
            let all = work.mcp_tools().all_of(scene.tenant(), id).await?;
            let selected = all.into_iter().filter(|tool| wanted.contains(&tool.tool_id));
            tools.extend(selected.map(|tool| (tool.tool_id.clone(), Arc::new(tool))));
        } else {
            for tool in wanted {
                let found = work.mcp_tools().get(scene.tenant(), id, tool).await?;
                tools.extend(found.map(|tool| (tool.tool_id.clone(), Arc::new(tool))));
            }
        }
        Ok(Some(Self { server: Arc::new(server), grants, tools }))
    }

    /// The server itself.
    pub(crate) fn server(&self) -> &Arc<McpServer> {
        &self.server
    }

    /// One of its tools.
    pub(crate) fn tool(&self, id: &ToolId) -> Option<&Arc<McpTool>> {
        self.tools.get(id)
    }
}
