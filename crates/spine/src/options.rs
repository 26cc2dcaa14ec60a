//! Settings of the spine.

use std::time::Duration;

use portcullis_schemas::api_keys::tokens::TokenSettings;
use portcullis_schemas::ids::ServerId;
use portcullis_schemas::integrations::mcp::operations::{
    CheckMcpServerHealth, DiscoverMcpAuthorization, DiscoverMcpTools, RegisterMcpServer,
};
use portcullis_schemas::integrations::toolsets::operations::{
    ListOfferedTools, OpenToolset, SearchOfferedTools,
};
use portcullis_schemas::operation::Operation;

pub use portcullis_engines::api_keys::key_text::KeyEnvironment;
pub use portcullis_engines::logs::checkpoints::CheckpointRules;

use crate::admission::Bounds;
use crate::operations::is_tool_call;

/// How long an agent waits to hear what it is offered. A thousand tools take a fraction of a second.
const OFFERS: Duration = Duration::from_secs(10);

/// Settings that an operator may change. The defaults are those of the limits in ARCHITECTURE.md.
#[derive(Clone, Debug)]
pub struct SpineOptions {
    /// The `<env>` part of new API keys, so that one can tell a test key from a live one.
    pub environment: KeyEnvironment,
    /// The longest that a tool call may take. Default 30 s, at most 300 s.
    pub call_deadline: Duration,
    /// The longest that a discovery may take. Default 60 s.
    pub discovery_deadline: Duration,
    /// The longest that a health check may take. Default 10 s.
    pub health_deadline: Duration,
    /// After which time a server's list of tools is read anew, at the next call that would be let through, or when an agent
    /// looks at it. Default 15 min.
    pub list_refresh: Duration,
    /// How old a list may grow before calls of its tools are refused. Default 24 h.
    pub list_max_age: Duration,
    /// Servers that are listened to for changes of their lists at a time, a quarter of them of one tenant; 0 listens to none.
    /// Default 256.
    pub listeners: usize,
    /// Whether tools get arguments that their input schemas do not declare. Default false.
    pub undeclared_arguments: bool,
    /// Calls and other exchanges of a tenant with one MCP server at a time; 0 counts as 1. Default 32.
    pub server_calls: usize,
    /// How many more may wait for one of these. Default 32.
    pub server_queue: usize,
    /// The longest that they may wait; who would wait for more than half of it is refused at once. Default 200 ms.
    pub queue_wait: Duration,
    /// Requests at a time, of all tenants; 0 counts as 1. Default 1024.
    pub requests: usize,
    /// Requests of one tenant at a time; 0 counts as 1. Default 512, so that no tenant takes the room of all.
    pub tenant_requests: usize,
    /// How long idempotency keys are kept with the answers of their requests; a request under an older key is a new one.
    /// The states of rounds that were used are kept with them, for twenty minutes at least. Default 24 h.
    pub keep_keys: Duration,
    /// How long a call waits for its approval, and a granted approval for its call; over, it counts as denied. Default
    /// 1 h.
    pub approval_lifetime: Duration,
    /// When checkpoints of the trail are made, and in which name. Default every 60 s, or 1000 records.
    pub checkpoints: CheckpointRules,
    /// Whose access tokens are let in besides API keys. Default nobody's.
    pub tokens: Option<TokenSettings>,
    /// The origin under which people reach this server, as `https://gw.example`: browsers that connect accounts are sent
    /// back to its [`CALLBACK`]. Default none; then each server's settings say where to.
    pub public_url: Option<String>,
    /// Where the document stands that tells authorization servers who we are (Client ID Metadata Documents), if somebody
    /// else serves it. Default [`CLIENT_DOCUMENT`] below `public_url`, if that is reached by `https`.
    pub client_document: Option<String>,
}

/// Path of the page on which a person connects an account at this server.
#[must_use]
pub fn connection_page(server: &ServerId) -> String {
    format!("/connections/{server}")
}

/// Where toolsets are reached, each by its name.
pub const MOUNT: &str = "/mcp/";
/// Path of the page that browsers are sent back to; below it stands the same page for each server.
pub const CALLBACK: &str = "/connections/callback";
/// Path of the document that says who we are.
pub const CLIENT_DOCUMENT: &str = "/connections/client.json";

impl SpineOptions {
    /// The default limits, with this environment.
    pub fn new(environment: KeyEnvironment) -> Self {
        Self {
            environment,
            call_deadline: Duration::from_secs(30),
            discovery_deadline: Duration::from_secs(60),
            health_deadline: Duration::from_secs(10),
            list_refresh: Duration::from_secs(15 * 60),
            list_max_age: Duration::from_secs(24 * 60 * 60),
            listeners: 256,
            undeclared_arguments: false,
            server_calls: 32,
            server_queue: 32,
            queue_wait: Duration::from_millis(200),
            requests: 1024,
            tenant_requests: 512,
            keep_keys: Duration::from_secs(24 * 60 * 60),
            approval_lifetime: Duration::from_secs(60 * 60),
            checkpoints: CheckpointRules::default(),
            tokens: None,
            public_url: None,
            client_document: None,
        }
    }

    /// Where browsers are sent back to that we have sent as the client of our document.
    pub fn callback(&self) -> Option<String> {
        self.public_url.as_ref().map(|origin| format!("{origin}{CALLBACK}"))
    }

    /// Where browsers are sent back to else, unless a server's settings name another address: to each server its own.
    pub fn callback_of(&self, server: &ServerId) -> Option<String> {
        self.callback().map(|callback| format!("{callback}/{server}"))
    }

    /// Our client id where authorization servers take documents. It must be reached by `https`.
    pub fn client_id(&self) -> Option<String> {
        let own = || self.public_url.as_ref().map(|origin| format!("{origin}{CLIENT_DOCUMENT}"));
        self.client_document.clone().or_else(own).filter(|url| url.starts_with("https://"))
    }

    /// Bounds of the lanes of MCP servers.
    pub(crate) fn server_bounds(&self) -> Bounds {
        Bounds {
            at_once: self.server_calls.max(1),
            waiting: self.server_queue,
            all: self.requests.max(1),
            patience: self.queue_wait,
        }
    }

    /// Bounds of the lanes of tenants. Nobody waits there: a request that waits is one that is held in memory.
    pub(crate) fn tenant_bounds(&self) -> Bounds {
        Bounds {
            at_once: self.tenant_requests.max(1),
            waiting: 0,
            all: self.requests.max(1),
            patience: Duration::ZERO,
        }
    }

    /// How long an operation may take; the caller's own deadline bounds it besides.
    pub(crate) fn deadline_of(&self, operation: &str) -> Option<Duration> {
        match operation {
            call if is_tool_call(call) => Some(self.call_deadline),
            DiscoverMcpTools::NAME | RegisterMcpServer::NAME | DiscoverMcpAuthorization::NAME => {
                Some(self.discovery_deadline)
            }
            CheckMcpServerHealth::NAME => Some(self.health_deadline),
            OpenToolset::NAME | ListOfferedTools::NAME | SearchOfferedTools::NAME => Some(OFFERS),
            _ => None,
        }
    }
}
