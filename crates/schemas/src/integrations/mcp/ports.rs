//! Ports of MCP integration: stores within a unit of work, and the client that talks to servers.

use async_trait::async_trait;

use super::invocation::{InvocationOutcome, McpToolInvocation};
use super::listening::ListWatch;
use super::server::{McpServer, McpServerStatus};
use super::tool::{ItemKind, McpTool, ToolStatus};
use super::wire::{Dispatch, McpCatalogue, McpFailure, McpHealth, McpTarget, ToolCall, ToolReply};
use crate::PortError;
use crate::ids::{InvocationId, ServerId, TenantId, ToolId};
use crate::paging::{Page, PageRequest};
use crate::text::RunId;

/// Servers of a tenant, within a unit of work. Foreign ids answer as absent ones.
#[async_trait]
pub trait McpServerStore: Send {
    /// Adds a server.
    ///
    /// # Errors
    /// `Conflict` with code `already_exists` when name or URL is taken by one that is not deleted.
    async fn insert(&mut self, tenant: &TenantId, server: &McpServer) -> Result<(), PortError>;

    /// One server, deleted ones included.
    async fn get(&mut self, tenant: &TenantId, id: &ServerId) -> Result<Option<McpServer>, PortError>;

    /// The server with this canonical URL that is not deleted.
    async fn find_by_url(&mut self, tenant: &TenantId, url: &str) -> Result<Option<McpServer>, PortError>;

    /// Servers newest first, in these states only.
    async fn list(
        &mut self,
        tenant: &TenantId,
        states: &[McpServerStatus],
        page: &PageRequest,
    ) -> Result<Page<McpServer>, PortError>;

    /// Writes a server whose stored version is `server.version - 1`.
    ///
    /// # Errors
    /// `Conflict` with code `state_conflict` when the stored version differs; `already_exists` as `insert`.
    async fn update(&mut self, tenant: &TenantId, server: &McpServer) -> Result<(), PortError>;
}

/// Tools of a tenant's servers, within a unit of work.
#[async_trait]
pub trait McpToolStore: Send {
    /// Adds or replaces tools by `(server_id, kind, name)`; counters are left alone. Doing it twice changes nothing more.
    async fn upsert(&mut self, tenant: &TenantId, tools: &[McpTool]) -> Result<(), PortError>;

    /// One tool of one server.
    async fn get(
        &mut self,
        tenant: &TenantId,
        server: &ServerId,
        id: &ToolId,
    ) -> Result<Option<McpTool>, PortError>;

    /// All tools of a server, by name and kind; at most as many as discovery admits.
    async fn all_of(&mut self, tenant: &TenantId, server: &ServerId) -> Result<Vec<McpTool>, PortError>;

    /// A page of a server's tools, by name and kind.
    async fn list(
        &mut self,
        tenant: &TenantId,
        server: &ServerId,
        filter: &ToolFilter,
        page: &PageRequest,
    ) -> Result<Page<McpTool>, PortError>;
}

/// Which tools to list; all conditions hold together.
#[derive(Clone, Copy, Debug, Default)]
pub struct ToolFilter {
    /// Of this kind.
    pub kind: Option<ItemKind>,
    /// In this state.
    pub status: Option<ToolStatus>,
}

/// Which invocations to list; all conditions hold together.
#[derive(Clone, Debug, Default)]
pub struct InvocationFilter {
    /// Of this server.
    pub server: Option<ServerId>,
    /// Of this run.
    pub run: Option<RunId>,
    /// With this outcome.
    pub outcome: Option<InvocationOutcome>,
}

/// Reads invocations. They are written by the ledger alone.
#[async_trait]
pub trait McpInvocationStore: Send {
    /// One invocation.
    async fn get(
        &mut self,
        tenant: &TenantId,
        id: &InvocationId,
    ) -> Result<Option<McpToolInvocation>, PortError>;

    /// A page, newest first.
    async fn list(
        &mut self,
        tenant: &TenantId,
        filter: &InvocationFilter,
        page: &PageRequest,
    ) -> Result<Page<McpToolInvocation>, PortError>;
}

/// Talks to MCP servers over the egress. Every method needs a [`Dispatch`], and so a durable intent.
///
/// Dropping a future cancels the exchange: a modern server sees its stream close, a legacy one gets
/// `notifications/cancelled`.
#[async_trait]
pub trait McpClient: Send + Sync {
    /// Finds the era, then lists all tools, and prompts and resources where the server declares them. Probes anew,
    /// whatever was cached.
    async fn discover(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        dispatch: &Dispatch,
    ) -> Result<McpCatalogue, McpFailure>;

    /// Legacy: `ping`, and `initialize` if that is refused. Modern: `server/discover`.
    async fn check_health(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        dispatch: &Dispatch,
    ) -> Result<McpHealth, McpFailure>;

    /// Calls a tool, or asks what else the call's method says, once. A call that may have been acted on is never repeated.
    async fn call_tool(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        call: &ToolCall,
        dispatch: &Dispatch,
    ) -> Result<ToolReply, McpFailure>;

    /// Tells the watch when the server says that one of these lists has changed, and once when it begins to be heard. Ends
    /// at the deadline, or when the server ends its stream.
    ///
    /// # Errors
    /// When the server cannot be heard, or does more than tell of its lists.
    async fn listen(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        watch: &ListWatch,
        dispatch: &Dispatch,
    ) -> Result<(), McpFailure>;

    /// Forgets what is kept of a server: era, sessions, connections, calls that wait for answers.
    async fn forget(&self, tenant: &TenantId, server: &ServerId);
}
