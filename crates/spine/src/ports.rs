//! Everything that the spine needs from outside, in one exhaustive struct: a new port breaks embedders at compile
//! time, on purpose.

use std::fmt;
use std::sync::Arc;

use portcullis_schemas::egress::Egress;
use portcullis_schemas::integrations::credentials::ports::CredentialVault;
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::logs::ports::{
    AnswerSeal, CheckpointSigner, CheckpointSink, DispatchAudit, Ledger, MCPAuditEmitterPort,
};
use portcullis_schemas::policies::ports::ToolPolicy;
use portcullis_schemas::runtime::{Clock, Entropy, IdSource, KeyedHash};
use portcullis_schemas::store::Store;

/// The implementations behind the spine. The facade and the server have ready-made fillings.
#[derive(Clone)]
pub struct Ports {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn IdSource>,
    /// Randomness, for key secrets.
    pub entropy: Arc<dyn Entropy>,
    /// Keyed hashes, for the trail and for API keys.
    pub hasher: Arc<dyn KeyedHash>,
    /// Seals answers that are kept for repeats.
    pub answers: Arc<dyn AnswerSeal>,
    /// Units of work.
    pub store: Arc<dyn Store>,
    /// The write-ahead trail of effects.
    pub ledger: Arc<dyn Ledger>,
    /// What signs checkpoints of the trail, and where they are kept; `None` makes none.
    pub checkpoints: Option<CheckpointPorts>,
    /// Secrets.
    pub vault: Arc<dyn CredentialVault>,
    /// The policy engine.
    pub policy: Arc<dyn ToolPolicy>,
    /// The events of tool calls.
    pub emitter: Arc<dyn MCPAuditEmitterPort>,
    /// Hears of every dispatch.
    pub dispatch_audit: Arc<dyn DispatchAudit>,
    /// The way out; used here to judge URLs before they are stored.
    pub egress: Arc<dyn Egress>,
    /// Talks to MCP servers.
    pub mcp: Arc<dyn McpClient>,
}

/// What checkpoints of the trail need.
#[derive(Clone)]
pub struct CheckpointPorts {
    /// Signs them. Replicas on one database have the same keys.
    pub signer: Arc<dyn CheckpointSigner>,
    /// Keeps them outside of the database.
    pub sink: Arc<dyn CheckpointSink>,
}

impl fmt::Debug for CheckpointPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CheckpointPorts(..)")
    }
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ports(..)")
    }
}
