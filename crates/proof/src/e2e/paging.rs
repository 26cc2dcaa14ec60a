//! A toolset of more tools than a page holds, listed to its end by a client that we did not write.

use color_eyre::eyre::{ContextCompat, Result, ensure};
use portcullis_server::api_client::ApiClient;
use serde_json::json;

use super::clients::{self, Call};
use super::servers::ITEMS;
use super::{Options, all_tools, key_of_agent, release};

const TOOLSET: &str = "many";

#[expect(clippy::print_stdout, reason = "a report for people")]
pub(super) async fn run(options: &Options, admin: &ApiClient, agent: &ApiClient, origin: &str) -> Result<()> {
    let body = json!({ "name": TOOLSET, "url": format!("{origin}/mcp") });
    let registered = admin.post("/integrations/mcp-servers", &body).await?.success()?;
    let id = registered["server"]["server_id"].as_str().context("no server id")?;
    let server = format!("/integrations/mcp-servers/{id}");
    let mut entries = Vec::new();
    for tool in all_tools(admin, &server).await? {
        let (name, tool_id) =
            (tool["name"].as_str().context("no name")?, tool["tool_id"].as_str().context("no id")?);
        if !name.starts_with("get_item_") {
            continue;
        }
        let approval = json!({ "definition_hash": tool["definition_hash"] });
        admin.post(&format!("{server}/tools/{tool_id}/approve"), &approval).await?.success()?;
        entries.push(json!({ "server_id": id, "tool_id": tool_id, "name": name }));
    }
    let body = json!({ "name": TOOLSET, "tools": entries, "keys": [key_of_agent(admin).await?] });
    admin.post("/integrations/toolsets", &body).await?.success()?;

    let expected: Vec<String> = (0..ITEMS).map(|number| format!("get_item_{number:03}")).collect();
    let last = ITEMS - 1;
    let calls = [Call { tool: format!("get_item_{last:03}"), arguments: json!({}) }];
    for mode in ["auto", "legacy"] {
        let endpoint = format!("{}/mcp/{TOOLSET}", agent.origin());
        let said = clients::python(options, agent, &endpoint, mode, &calls)?;
        ensure!(said.tools == expected, "{mode}: {:?}", said.tools);
        ensure!(said.pages == 2, "{mode}: {} pages", said.pages);
        ensure!(said.calls[0].text == format!("item {last}"), "{mode}: {:?}", said.calls);
        println!("ok PyPI mcp Client, {mode}: {ITEMS} tools on {} pages, and a call of the last", said.pages);
    }
    release(admin, &server).await
}
