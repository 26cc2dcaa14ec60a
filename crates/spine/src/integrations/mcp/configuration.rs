//! What the store says about one call, read in one snapshot, and what is made of it for the decision.
//!
//! It may be remembered for later calls: the ledger compares the version at the moment of the record. What embedders
//! may have written (policies, vault) is asked for every call; only what was read is remembered.

use std::sync::Arc;

use portcullis_engines::integrations::approvals::ApprovalStanding;
use portcullis_engines::integrations::flows;
use portcullis_engines::integrations::mcp::arguments::PreparedArguments;
use portcullis_engines::integrations::mcp::decision::{CallFacts, Circumstances, freeze_targets};
use portcullis_schemas::Error;
use portcullis_schemas::api_keys::ApiKey;
use portcullis_schemas::controls::Freeze;
use portcullis_schemas::ids::{KeyId, ServerId, ToolId};
use portcullis_schemas::integrations::flows::{FlowChange, RunKey};
use portcullis_schemas::integrations::mcp::invocation::CallMethod;
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::logs::ledger::IntentKind;
use portcullis_schemas::policies::TenantPolicySet;
use portcullis_schemas::tenants::ConfigVersion;
use portcullis_schemas::text::RunId;

use super::freshness;
use super::target::{StoredGrants, judge_credential, read_grants};
use crate::bridges::{ApiKeysBridge, PoliciesBridge};
use crate::integrations::mcp::servers;
use crate::scene::Scene;

/// Who calls what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CallTarget {
    pub(crate) key: KeyId,
    pub(crate) server: ServerId,
    pub(crate) tool: ToolId,
}

/// What the store says about a call.
#[derive(Clone, Debug)]
pub(crate) struct CallConfiguration {
    pub(crate) version: ConfigVersion,
    pub(crate) key: Arc<ApiKey>,
    pub(crate) server: Arc<McpServer>,
    pub(crate) tool: Arc<McpTool>,
    pub(crate) frozen: Option<Freeze>,
    pub(crate) policies: Arc<TenantPolicySet>,
    pub(crate) grants: StoredGrants,
}

impl CallConfiguration {
    /// What was remembered of this call, or what the store says, and whether it was remembered.
    ///
    /// # Errors
    /// As [`CallConfiguration::load`].
    pub(crate) async fn find(scene: &Scene, target: &CallTarget) -> Result<(Arc<Self>, bool), Error> {
        match scene.calls().remembered(scene.tenant(), target) {
            // Time passes without a new version.
            Some(found) if ApiKeysBridge::require(Some(&found.key), scene.now()).is_ok() => Ok((found, true)),
            _ => Ok((Self::load(scene, target).await?, false)),
        }
    }

    /// What the store says now; it is remembered if nothing in it refuses by itself.
    ///
    /// # Errors
    /// `unauthenticated` when the key was shut out since the caller was authenticated; `not_found`;
    /// `store_unavailable`.
    pub(crate) async fn load(scene: &Scene, target: &CallTarget) -> Result<Arc<Self>, Error> {
        let tenant = scene.tenant();
        let mut work = scene.read().await?;
        let version = work.tenants().config_version(tenant).await?;
        let key = work.api_keys().get(tenant, &target.key).await?;
        let usable = ApiKeysBridge::require(key.as_ref(), scene.now());
        let key = usable.inspect_err(|_| scene.keys().forget(&target.key))?.clone();
        let server = servers::find(scene, &mut *work, &target.server).await?;
        let found = work.mcp_tools().get(tenant, &server.server_id, &target.tool).await?;
        let tool = found.ok_or_else(|| Error::not_found("tool"))?;
        let targets = freeze_targets(scene.ctx(), &server.server_id, Some(&tool.tool_id));
        let frozen = work.kill_switch().first_frozen(tenant, &targets).await?;
        let policies = work.tool_policies().current_set(tenant).await?;
        let grants = read_grants(scene, &mut *work, &server).await?;
        drop(work);
        let configuration = Self {
            version,
            key: Arc::new(key),
            server: Arc::new(server),
            tool: Arc::new(tool),
            frozen,
            policies: Arc::new(policies),
            grants,
        };
        Ok(match configuration.frozen {
            None => scene.calls().remember(tenant, target, configuration),
            Some(_) => Arc::new(configuration),
        })
    }

    /// What a call makes of its run, read anew; none if no policy looks at that.
    ///
    /// # Errors
    /// `store_unavailable`.
    pub(crate) async fn flows(
        &self,
        scene: &Scene,
        run_id: Option<&RunId>,
    ) -> Result<Option<FlowChange>, Error> {
        if !flows::are_watched(&self.policies) {
            return Ok(None);
        }
        let run = RunKey { key_id: scene.principal().key().clone(), run_id: run_id.cloned() };
        let stored = scene.read().await?.run_flows().get(scene.tenant(), &run).await?;
        Ok(Some(flows::with_call(run, stored, self.tool.flows)))
    }

    /// The facts of a call but for its approval, with the version of the server's secret if it is in the vault.
    pub(crate) async fn facts(
        &self,
        scene: &Scene,
        method: CallMethod,
        arguments: &PreparedArguments,
        how: Circumstances<'_>,
    ) -> (CallFacts, Option<u64>) {
        let (server, tool) = (&self.server, &self.tool);
        let policy = PoliciesBridge::evaluate(scene, &self.policies, server, tool, how).await;
        let credential = judge_credential(scene, &self.grants, server, IntentKind::InvokeTool);
        let facts = CallFacts {
            decided_on: self.version,
            list_is_stale: freshness::is_stale(scene, server),
            arguments: scene.arguments().judge(tool, method, arguments),
            credential: credential.verdict,
            server: Arc::clone(server),
            tool: Arc::clone(tool),
            frozen: self.frozen.clone(),
            policy,
            round: Ok(()),
            approval: ApprovalStanding::NotAsked,
        };
        (facts, credential.secret_version)
    }
}
