//! An MCP server of the official Rust SDK, for the end-to-end suite. Usage: rmcp-server PORT

use std::error::Error;

use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{ServerCapabilities, ServerConfig};
use rmcp::{ServerHandler, schemars, tool, tool_handler, tool_router};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Summands {
    a: i32,
    b: i32,
}

#[derive(Clone)]
struct Fixture {
    tools: ToolRouter<Self>,
}

#[tool_router]
impl Fixture {
    #[tool(description = "Adds two numbers.")]
    fn get_sum(&self, Parameters(Summands { a, b }): Parameters<Summands>) -> String {
        (a + b).to_string()
    }
}

#[tool_handler(router = self.tools)]
impl ServerHandler for Fixture {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    rmcp_server::serve(Fixture { tools: Fixture::tool_router() }).await
}
