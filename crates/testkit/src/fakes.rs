//! Ports of the outside under a test's control: what they answer is scripted, what they were asked is kept.

mod dispatch;
mod egress;
mod emitter;
mod mcp_client;
mod policy;
mod signer;
mod vault;

pub use dispatch::RecordingDispatchAudit;
pub use egress::{ScriptedEgress, ScriptedResponse};
pub use emitter::PlainEmitter;
pub use mcp_client::{Exchange, ExchangeKind, ScriptedMcpClient};
pub use policy::{FixedToolPolicy, KeywordToolPolicy};
pub use signer::PlainSigner;
pub use vault::PlainVault;
