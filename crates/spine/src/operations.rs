//! Every operation and its handler: one line each.

use portcullis_schemas::api_keys::operations as api_keys;
use portcullis_schemas::controls::operations as controls;
use portcullis_schemas::incidents::operations as incidents;
use portcullis_schemas::integrations::approvals::operations as approvals;
use portcullis_schemas::integrations::connections::operations as connections;
use portcullis_schemas::integrations::credentials::operations as credentials;
use portcullis_schemas::integrations::mcp::invocation::CallMethod;
use portcullis_schemas::integrations::mcp::operations as mcp;
use portcullis_schemas::integrations::toolsets::operations as toolsets;
use portcullis_schemas::logs::operations as logs;
use portcullis_schemas::operation::Operation;
use portcullis_schemas::policies::operations as policies;
use portcullis_schemas::tenants::operations as tenants;

use crate::registry::{OperationRegistry, RegistryError};

/// Registers all handlers.
///
/// # Errors
/// [`RegistryError`] when the registry is frozen or a name is taken.
pub fn register(registry: &mut OperationRegistry) -> Result<(), RegistryError> {
    register_integrations(registry)?;
    registry.on::<policies::PutToolPolicy>(crate::policies::put_policy)?;
    registry.on::<policies::GetToolPolicy>(crate::policies::get_policy)?;
    registry.on::<policies::ListToolPolicies>(crate::policies::list_policies)?;
    registry.on::<policies::DeleteToolPolicy>(crate::policies::delete_policy)?;
    registry.on::<policies::ValidateToolPolicy>(crate::policies::validate_policy)?;
    registry.on::<policies::ListPolicyTemplates>(crate::policies::list_templates)?;
    registry.on::<controls::ThrowKillSwitch>(crate::controls::freeze)?;
    registry.on::<controls::ReleaseKillSwitch>(crate::controls::unfreeze)?;
    registry.on::<controls::GetKillSwitch>(crate::controls::get_status)?;
    registry.on::<incidents::ListIncidents>(crate::incidents::list_incidents)?;
    registry.on::<incidents::GetIncident>(crate::incidents::get_incident)?;
    registry.on::<incidents::AcknowledgeIncident>(crate::incidents::acknowledge_incident)?;
    registry.on::<incidents::ResolveIncident>(crate::incidents::resolve_incident)?;
    registry.on::<logs::ListTrailEvents>(crate::logs::list_events)?;
    registry.on::<logs::VerifyTrail>(crate::logs::verify_trail)?;
    registry.on::<logs::GetTrailCheckpoint>(crate::logs::get_checkpoint)?;
    registry.on::<api_keys::CreateApiKey>(crate::api_keys::create_key)?;
    registry.on::<api_keys::RegisterTokenClient>(crate::api_keys::register_token_client)?;
    registry.on::<api_keys::ListApiKeys>(crate::api_keys::list_keys)?;
    registry.on::<api_keys::FreezeApiKey>(crate::api_keys::freeze_key)?;
    registry.on::<api_keys::UnfreezeApiKey>(crate::api_keys::unfreeze_key)?;
    registry.on::<api_keys::RevokeApiKey>(crate::api_keys::revoke_key)?;
    registry.on::<tenants::CreateTenant>(crate::tenants::create_tenant)?;
    registry.on::<tenants::ListTenants>(crate::tenants::list_tenants)?;
    registry.on::<tenants::GetTenant>(crate::tenants::get_tenant)
}

/// Whether an operation is a governed call, of a tool or of what else a server lists, by whatever name. Such a call looks at the kill switch itself, with
/// server and tool, so that the refusal is in the trail; and it honours `Idempotency-Key`. Other operations refuse the
/// header: their names and versions make a repeat harmless, and one that is taken and not honoured would be a lie.
pub fn is_tool_call(operation: &str) -> bool {
    method_of(operation).is_some()
}

/// What a governed call asks of its upstream; [`mcp::InvokeMcpTool`] asks that of what is no tool, too.
pub(crate) fn method_of(operation: &str) -> Option<CallMethod> {
    match operation {
        mcp::InvokeMcpTool::NAME | toolsets::CallOfferedTool::NAME => Some(CallMethod::CallTool),
        toolsets::GetOfferedPrompt::NAME => Some(CallMethod::GetPrompt),
        toolsets::ReadOfferedResource::NAME => Some(CallMethod::ReadResource),
        toolsets::CompleteOfferedArgument::NAME => Some(CallMethod::Complete),
        _ => None,
    }
}

fn register_integrations(registry: &mut OperationRegistry) -> Result<(), RegistryError> {
    use crate::integrations::mcp::{authorization, discovery, health, invocations, invoke, servers, tools};
    registry.on::<mcp::RegisterMcpServer>(servers::register_server)?;
    registry.on::<mcp::GetMcpServer>(servers::get_server)?;
    registry.on::<mcp::ListMcpServers>(servers::list_servers)?;
    registry.on::<mcp::UpdateMcpServer>(servers::update_server)?;
    registry.on::<mcp::EnableMcpServer>(servers::enable_server)?;
    registry.on::<mcp::DisableMcpServer>(servers::disable_server)?;
    registry.on::<mcp::DeleteMcpServer>(servers::delete_server)?;
    registry.on::<mcp::DiscoverMcpTools>(discovery::discover_tools)?;
    registry.on::<mcp::DiscoverMcpAuthorization>(authorization::discover_authorization)?;
    registry.on::<mcp::CheckMcpServerHealth>(health::health_check)?;
    registry.on::<mcp::ListMcpTools>(tools::list_tools)?;
    registry.on::<mcp::GetMcpTool>(tools::get_tool)?;
    registry.on::<mcp::ApproveMcpTool>(tools::approve_tool)?;
    registry.on::<mcp::EnableMcpTool>(tools::enable_tool)?;
    registry.on::<mcp::DisableMcpTool>(tools::disable_tool)?;
    registry.on::<mcp::SetMcpToolRiskLevel>(tools::set_tool_risk_level)?;
    registry.on::<mcp::SetMcpToolApproval>(tools::set_tool_approval)?;
    registry.on::<mcp::SetMcpToolFlows>(tools::set_tool_flows)?;
    registry.on::<mcp::InvokeMcpTool>(invoke::invoke_tool)?;
    registry.on::<mcp::GetMcpInvocations>(invocations::get_invocations)?;
    registry.on::<mcp::GetMcpInvocation>(invocations::get_invocation)?;
    register_toolsets(registry)?;
    register_approvals(registry)?;
    register_connections(registry)?;
    use crate::integrations::credentials as handlers;
    registry.on::<credentials::StoreCredential>(handlers::store_credential)?;
    registry.on::<credentials::EncryptCredential>(handlers::encrypt_credential)?;
    registry.on::<credentials::ListCredentials>(handlers::list_credentials)?;
    registry.on::<credentials::RotateCredential>(handlers::rotate_credential)?;
    registry.on::<credentials::SetCredentialGrants>(handlers::set_credential_grants)?;
    registry.on::<credentials::DeleteCredential>(handlers::delete_credential)
}

fn register_approvals(registry: &mut OperationRegistry) -> Result<(), RegistryError> {
    use crate::integrations::approvals as handlers;
    registry.on::<approvals::ListApprovals>(handlers::list_approvals)?;
    registry.on::<approvals::GetApproval>(handlers::get_approval)?;
    registry.on::<approvals::GrantApproval>(handlers::grant_approval)?;
    registry.on::<approvals::DenyApproval>(handlers::deny_approval)
}

fn register_connections(registry: &mut OperationRegistry) -> Result<(), RegistryError> {
    use crate::integrations::mcp::connections as handlers;
    use crate::integrations::mcp::own_secrets::connect_with_secret;
    registry.on::<connections::BeginConnection>(handlers::begin_connection)?;
    registry.on::<connections::CompleteConnection>(handlers::complete_connection)?;
    registry.on::<connections::ConnectWithSecret>(connect_with_secret)?;
    registry.on::<connections::GetConnection>(handlers::get_connection)?;
    registry.on::<connections::RemoveConnection>(handlers::remove_connection)
}

fn register_toolsets(registry: &mut OperationRegistry) -> Result<(), RegistryError> {
    use crate::integrations::toolsets as handlers;
    use crate::integrations::toolsets::{call, offer};
    registry.on::<toolsets::CreateToolset>(handlers::create_toolset)?;
    registry.on::<toolsets::GetToolset>(handlers::get_toolset)?;
    registry.on::<toolsets::ListToolsets>(handlers::list_toolsets)?;
    registry.on::<toolsets::UpdateToolset>(handlers::update_toolset)?;
    registry.on::<toolsets::DeleteToolset>(handlers::delete_toolset)?;
    registry.on::<toolsets::OpenToolset>(offer::open_toolset)?;
    registry.on::<toolsets::ListOfferedTools>(offer::list_offered_tools)?;
    registry.on::<toolsets::SearchOfferedTools>(offer::search_offered_tools)?;
    registry.on::<toolsets::CallOfferedTool>(call::call_offered_tool)?;
    registry.on::<toolsets::GetOfferedPrompt>(call::get_offered_prompt)?;
    registry.on::<toolsets::ReadOfferedResource>(call::read_offered_resource)?;
    registry.on::<toolsets::CompleteOfferedArgument>(call::complete_offered_argument)
}
