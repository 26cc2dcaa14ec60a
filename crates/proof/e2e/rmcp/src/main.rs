//! An MCP server of the official Rust SDK, for the end-to-end suite. Usage: rmcp-server PORT

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{ServerCapabilities, ServerConfig};
use rmcp::{Peer, RoleServer, ServerHandler, schemars, tool, tool_handler, tool_router};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Summands {
    a: i32,
    b: i32,
}

#[derive(Clone)]
struct Fixture {
    tools: ToolRouter<Self>,
    /// Of all sessions.
    has_learnt: Arc<AtomicBool>,
}

#[tool_router]
impl Fixture {
    /// All tools that it has by now.
    fn known(&self) -> ToolRouter<Self> {
        let mut tools = self.tools.clone();
        if !self.has_learnt.load(Ordering::SeqCst) {
            tools.remove_route("get_learnt");
        }
        tools
    }

    #[tool(description = "Learns one more tool, and tells who listens.")]
    async fn get_lesson(&self, peer: Peer<RoleServer>) -> String {
        self.has_learnt.store(true, Ordering::SeqCst);
        match peer.notify_tool_list_changed().await {
            Ok(()) => "learnt".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[tool(description = "Has been learnt.")]
    fn get_learnt(&self) -> String {
        "item 0".to_owned()
    }

    #[tool(description = "Adds two numbers.")]
    fn get_sum(&self, Parameters(Summands { a, b }): Parameters<Summands>) -> String {
        (a + b).to_string()
    }
}

#[tool_handler(router = self.known())]
impl ServerHandler for Fixture {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().enable_tool_list_changed().build())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    rmcp_server::serve(Fixture { tools: Fixture::tool_router(), has_learnt: Arc::default() }).await
}
