//! A tenant that has one thing of every kind.

use std::collections::BTreeMap;

use color_eyre::eyre::{ContextCompat, Result};
use portcullis_api::ROUTES;
use portcullis_mcp::version::ProtocolVersion;
use portcullis_schemas::ids::{
    ApprovalId, CredentialId, IncidentId, InvocationId, KeyId, PolicyId, ServerId, TenantId, ToolId,
    ToolsetId,
};
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::ApiClient;
use portcullis_server::demo::{tools, upstream::Upstream};
use portcullis_testkit::ids::UniqueIds;
use serde_json::{Value, json};

use crate::permitted::PermittedTool;

/// Ids by the names that path patterns use.
pub(super) type Ids = BTreeMap<&'static str, String>;

/// The tenant.
pub(super) struct Tenant {
    pub(super) admin: ApiClient,
    pub(super) ids: Ids,
}

pub(super) async fn upstream() -> Result<Upstream> {
    Upstream::start("weather", ProtocolVersion::V2026_07_28, tools::weather()).await
}

/// Ids that nothing has.
pub(super) fn random_ids() -> Ids {
    let ids = UniqueIds::new();
    Ids::from([
        ("server_id", ServerId::generate(&ids).to_string()),
        ("tool_id", ToolId::generate(&ids).to_string()),
        ("invocation_id", InvocationId::generate(&ids).to_string()),
        ("credential_id", CredentialId::generate(&ids).to_string()),
        ("policy_id", PolicyId::generate(&ids).to_string()),
        ("key_id", KeyId::generate(&ids).to_string()),
        ("incident_id", IncidentId::generate(&ids).to_string()),
        ("tenant_id", TenantId::generate(&ids).to_string()),
        ("toolset_id", ToolsetId::generate(&ids).to_string()),
        ("approval_id", ApprovalId::generate(&ids).to_string()),
    ])
}

impl Tenant {
    /// Founds it, and has its admin make one of each.
    pub(super) async fn found(operator: &ApiClient, name: &str, upstream: &Upstream) -> Result<Self> {
        let made = operator.post("/tenants", &json!({ "name": name })).await?.success()?;
        let admin = operator.with_key(Secret::new(text(&made["admin_key"]["secret"])?));
        let tool = PermittedTool::admit(&admin, &upstream.url(), "get_forecast").await?;
        let mut places = tool.path.split('/').skip(3).step_by(2);
        let (server, tool_id) =
            (places.next().context("no server id")?, places.next().context("no tool id")?);
        let invoked = tool.invoke(&json!({ "arguments": { "city": "Bern" } }), &[]).await?.success()?;
        let mark = format!("/integrations/mcp-servers/{server}/tools/{tool_id}/approval");
        admin.put(&mark, &json!({ "approval": "required" })).await?.success()?;
        let waiting = tool.invoke(&json!({ "arguments": { "city": "Basel" } }), &[]).await?.success()?;
        let credential = json!({ "name": "c", "credential_type": "bearer", "secret": "s" });
        let credential = admin.post("/integrations/credentials", &credential).await?.success()?;
        let policies = admin.get("/policies").await?.success()?;
        let key = admin.post("/api-keys", &json!({ "name": "k", "scopes": ["read"] })).await?.success()?;
        let toolset = json!({ "name": "t", "tools": [{ "server_id": server, "tool_id": tool_id }] });
        let toolset = admin.post("/integrations/toolsets", &toolset).await?.success()?;
        // A changed definition breaks the pin, and that is an incident.
        upstream.change_one_byte("get_forecast");
        admin.post(&format!("/integrations/mcp-servers/{server}/discover"), &json!({})).await?.success()?;
        let incidents = admin.get("/incidents").await?.success()?;
        let ids = Ids::from([
            ("server_id", server.to_owned()),
            ("tool_id", tool_id.to_owned()),
            ("invocation_id", text(&invoked["invocation_id"])?),
            ("credential_id", text(&credential["credential_id"])?),
            ("policy_id", text(&policies["items"][0]["policy_id"])?),
            ("key_id", text(&key["key"]["key_id"])?),
            ("incident_id", text(&incidents["items"][0]["incident_id"])?),
            ("tenant_id", text(&made["tenant"]["tenant_id"])?),
            ("toolset_id", text(&toolset["toolset_id"])?),
            ("approval_id", text(&waiting["approval_id"])?),
        ]);
        Ok(Self { admin, ids })
    }

    /// Everything that it can read of its things.
    pub(super) async fn view(&self) -> Result<Vec<(String, u16, String)>> {
        let reads =
            ROUTES.iter().filter(|route| route.operation.contains(".get_") && route.path.contains('{'));
        let mut seen = Vec::new();
        for route in reads {
            let mut path = route.path.to_owned();
            for member in route.path_members() {
                path = path.replace(&format!("{{{member}}}"), &self.ids[member]);
            }
            let answer = self.admin.get(&path).await?;
            let mut body = answer.json();
            if let Some(members) = body.as_object_mut() {
                members.retain(|name, _| name != "request_id");
            }
            seen.push((path, answer.status, body.to_string()));
        }
        Ok(seen)
    }
}

fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().context("expected a text in the answer of the gate")?.to_owned())
}
