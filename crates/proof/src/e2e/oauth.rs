//! Tokens both ways, with an authorization server, a client and a resource server that we did not write.

use std::process::{Command, Stdio};
use std::time::Duration;

use color_eyre::eyre::{ContextCompat, Result, ensure};
use portcullis_schemas::egress::HttpMethod;
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::ApiClient;
use serde_json::{Value, json};

use super::{Options, agent_of, approve, tool_path};
use crate::plant::{Gate, Program, free_port};

/// The toolset whose endpoint the agent knows, and nothing else.
const TOOLSET: &str = "tokens";
/// How long the tokens of accounts are good for, as `token_issuer.mjs` has it.
const PORTAL_TOKEN: Duration = Duration::from_secs(5);
/// Where browsers are sent back to. Nobody listens there; the code is taken out of the address.
const REDIRECT_URI: &str = "http://127.0.0.1:9/back";

/// The authorization server `oidc-provider`; the upstream, which wants its tokens; and the gate between.
struct Scene {
    gate: Gate,
    issuer: String,
    upstream: String,
    _programs: [Program; 2],
}

/// Calls a tool with a token that the gate is let in by, through a token that the gate itself asks for.
#[expect(clippy::print_stdout, reason = "a report for people")]
pub(super) async fn run(options: &Options) -> Result<()> {
    let scene = start(options).await?;
    let Scene { gate, issuer, upstream, .. } = &scene;
    let mut tools = Vec::new();
    for (client, secret, auth) in [
        ("gateway", "the gateway: its secret, 100% +", "client_secret_basic"),
        ("poster", "the poster: its secret &=", "client_secret_post"),
    ] {
        tools.push(server(&gate.admin, issuer, upstream, client, secret, auth).await?);
        println!("ok oidc-provider gives a token to the gate by {auth}, and python mcp takes it");
    }
    let tool = tools.pop().context("two tools")?;
    let key = json!({ "name": "token agent", "scopes": ["invoke"], "issuer": issuer, "subject": "agent" });
    let key = gate.admin.post("/api-keys/token-clients", &key).await?.success()?;
    let toolset = json!({ "name": TOOLSET, "tools": [tool], "keys": [key["key_id"]] });
    gate.admin.post("/integrations/toolsets", &toolset).await?.success()?;

    let said = agent(options, gate, "agent", "the agent: its secret")?;
    ensure!(said["text"] == "poster: tools", "the agent's call came as another: {said}");
    println!("ok python mcp Client finds the issuer, gets a token and calls; upstream comes the gate's own");
    let invocations = gate.admin.get("/integrations/mcp-invocations").await?.success()?;
    let newest = &invocations["items"][0];
    ensure!(newest.to_string().contains("token agent"), "the trail names another: {newest}");

    let stranger = agent(options, gate, "stranger", "the stranger: its secret")?;
    ensure!(stranger["failed"].is_string(), "who is not registered came in: {stranger}");
    let path = format!("/api-keys/{}/revoke", key["key_id"].as_str().context("no key id")?);
    gate.admin.post(&path, &json!({})).await?.success()?;
    let revoked = agent(options, gate, "agent", "the agent: its secret")?;
    ensure!(revoked["failed"].is_string(), "who was revoked came in: {revoked}");
    println!("ok strangers and revoked clients stay out, with valid tokens");
    exchanged(options, &scene).await?;
    accounts(options, &scene).await?;
    own_secrets(options, &scene).await
}

/// Two callers with tokens of their own, which are exchanged for what the upstream takes.
#[expect(clippy::print_stdout, reason = "a report for people")]
async fn exchanged(options: &Options, scene: &Scene) -> Result<()> {
    let Scene { gate, issuer, upstream, .. } = scene;
    let settings = json!({
        "auth_type": "oauth_token_exchange",
        "oauth": {
            "token_endpoint": format!("{issuer}/token"),
            "client_id": "exchanger",
            "scope": "tools",
            "resource": format!("{upstream}/mcp"),
            "subject_token_type": "access_token",
        },
    });
    let path = register(&gate.admin, upstream, "exchanger", "the exchanger: its secret", settings).await?;
    let refused = gate.admin.post(&format!("{path}/discover"), &json!({})).await?;
    super::expect_code(&refused, 409, "access_token_required")?;
    let mut callers = Vec::new();
    for (name, secret) in
        [("gateway", "the gateway: its secret, 100% +"), ("stranger", "the stranger: its secret")]
    {
        let key = json!({
            "name": format!("exchanged {name}"), "scopes": ["invoke", "admin"], "issuer": issuer, "subject": name,
        });
        gate.admin.post("/api-keys/token-clients", &key).await?.success()?;
        let token = token_of(options, issuer, [name, secret], gate.admin.origin(), "invoke admin")?;
        callers.push((name, gate.admin.with_key(Secret::new(token))));
    }
    let tool = permitted(&callers[0].1, &path).await?;
    for (name, caller) in callers.iter().chain(&callers) {
        let called = caller.post(&format!("{tool}/invoke"), &json!({ "arguments": {} })).await?.success()?;
        ensure!(called["result"]["content"][0]["text"] == format!("{name}: tools"), "{name}: {called}");
    }
    let refused = gate.admin.post(&format!("{tool}/invoke"), &json!({ "arguments": {} })).await?;
    super::expect_code(&refused, 409, "access_token_required")?;
    println!(
        "ok two callers' tokens are exchanged at oidc-provider (RFC 8693), and upstream comes each as themselves"
    );
    Ok(())
}

/// Two callers connect accounts of their own, each with a browser, and act with them.
#[expect(clippy::print_stdout, reason = "a report for people")]
async fn accounts(options: &Options, scene: &Scene) -> Result<()> {
    let Scene { gate, issuer, upstream, .. } = scene;
    let settings = json!({
        "auth_type": "oauth_authorization_code",
        "oauth": {
            "token_endpoint": format!("{issuer}/token"),
            "authorization_endpoint": format!("{issuer}/auth"),
            "issuer": issuer,
            "names_issuer": true,
            "redirect_uri": REDIRECT_URI,
            "client_id": "portal",
            "scope": "tools",
            "resource": format!("{upstream}/mcp"),
        },
    });
    let path = register(&gate.admin, upstream, "portal", "the portal: its secret", settings).await?;
    connect(options, &gate.admin, &path, "alice").await?;
    let tool = permitted(&gate.admin, &path).await?;
    let bob = agent_of(&gate.admin).await?;
    let refused = bob.post(&format!("{tool}/invoke"), &json!({ "arguments": {} })).await?;
    super::expect_code(&refused, 409, "connection_required")?;
    connect(options, &bob, &path, "bob").await?;
    for round in 0..2 {
        if round > 0 {
            // The first tokens are over: without renewal the server would refuse them.
            tokio::time::sleep(PORTAL_TOKEN + Duration::from_secs(1)).await;
        }
        for (caller, name) in [(&gate.admin, "alice"), (&bob, "bob")] {
            let called =
                caller.post(&format!("{tool}/invoke"), &json!({ "arguments": {} })).await?.success()?;
            ensure!(called["result"]["content"][0]["text"] == format!("{name}: tools"), "{name}: {called}");
        }
    }
    println!("ok two callers log in at oidc-provider and act as themselves, with tokens that are renewed");
    let removed = bob.send(HttpMethod::Delete, &format!("{path}/connection"), None, &[]).await?.success()?;
    ensure!(removed["is_connected"] == false, "{removed}");
    let refused = bob.post(&format!("{tool}/invoke"), &json!({ "arguments": {} })).await?;
    super::expect_code(&refused, 409, "connection_required")
}

/// Two callers give secrets of their own, which the upstream takes as they are.
#[expect(clippy::print_stdout, reason = "a report for people")]
async fn own_secrets(options: &Options, scene: &Scene) -> Result<()> {
    let Scene { gate, issuer, upstream, .. } = scene;
    let body = json!({
        "name": "own", "url": format!("{upstream}/mcp?as=own"), "auth_type": "bearer",
        "credential_ref": "connection://caller", "auto_discover": false,
    });
    let registered = gate.admin.post("/integrations/mcp-servers", &body).await?.success()?;
    let id = registered["server"]["server_id"].as_str().context("no server id")?;
    let path = format!("/integrations/mcp-servers/{id}");
    let connection = format!("{path}/connection");
    let give = async |caller: &ApiClient, client, secret| {
        let token = token_of(options, issuer, [client, secret], &format!("{upstream}/mcp"), "tools")?;
        let connected = caller.put(&connection, &json!({ "secret": token })).await?.success()?;
        ensure!(connected["is_connected"] == true && !connected.to_string().contains(&token), "{connected}");
        Ok(())
    };
    give(&gate.admin, "gateway", "the gateway: its secret, 100% +").await?;
    let tool = permitted(&gate.admin, &path).await?;
    let agent = json!({ "name": "agent with a token", "scopes": ["invoke"] });
    let agent = gate.admin.post("/api-keys", &agent).await?.success()?;
    let agent = gate.admin.with_key(Secret::new(agent["secret"].as_str().context("no key")?.to_owned()));
    let refused = agent.post(&format!("{tool}/invoke"), &json!({ "arguments": {} })).await?;
    super::expect_code(&refused, 409, "connection_required")?;
    give(&agent, "poster", "the poster: its secret &=").await?;
    for (caller, name) in [(&gate.admin, "gateway"), (&agent, "poster"), (&gate.admin, "gateway")] {
        let called = caller.post(&format!("{tool}/invoke"), &json!({ "arguments": {} })).await?.success()?;
        ensure!(called["result"]["content"][0]["text"] == format!("{name}: tools"), "{name}: {called}");
    }
    println!("ok two callers give tokens of their own, and python mcp sees each as themselves");
    Ok(())
}

/// What a client gets of the issuer in its own name, for this resource.
fn token_of(
    options: &Options,
    issuer: &str,
    client: [&str; 2],
    resource: &str,
    scope: &str,
) -> Result<String> {
    let mut command = Command::new(&options.python);
    command.arg(options.beside("token_of.py")).arg(issuer).args(client).args([resource, scope]);
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output()?;
    ensure!(output.status.success(), "{} gets no token", client[0]);
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Connects an account, as the person whose it is would.
async fn connect(options: &Options, caller: &ApiClient, server: &str, login: &str) -> Result<()> {
    let id = server.rsplit('/').next().context("no server id")?;
    let begun = caller.post("/integrations/connections", &json!({ "server_id": id })).await?.success()?;
    let mut command = Command::new(&options.python);
    command.arg(options.beside("browser.py")).arg(begun["authorization_url"].as_str().context("no URL")?);
    let output = command.args([REDIRECT_URI, login]).stdin(Stdio::null()).stderr(Stdio::null()).output()?;
    let came_back: Value = serde_json::from_slice(&output.stdout)?;
    let connected = caller.post("/integrations/connections/complete", &came_back).await?.success()?;
    ensure!(connected["is_connected"] == true, "{connected}");
    let again = caller.post("/integrations/connections/complete", &came_back).await?;
    super::expect_code(&again, 400, "invalid_field")
}

async fn start(options: &Options) -> Result<Scene> {
    let (issuer_port, upstream_port) = (free_port()?, free_port()?);
    let issuer = format!("http://127.0.0.1:{issuer_port}");
    let upstream = format!("http://127.0.0.1:{upstream_port}");
    let mut gate = Gate::start(&options.binary, &[issuer.clone(), upstream.clone()]).await?;
    let resource = gate.admin.origin().to_owned();
    let tenants = gate.admin.get("/tenants").await?.success()?;
    let tenant = tenants["items"][0]["tenant_id"].as_str().context("no tenant")?;
    gate.configure(&format!(
        "[tokens]\nresource = {resource:?}\n[[tokens.issuers]]\nissuer = {issuer:?}\n\
         [[tokens.issuers.rules]]\ntenant = {tenant:?}\n"
    ))?;
    gate.crash_and_restart().await?;

    let mut command = Command::new("node");
    command
        .arg(options.beside("token_issuer.mjs"))
        .arg(options.node.canonicalize()?)
        .arg(issuer_port.to_string());
    command.args([format!("{resource}/mcp/{TOOLSET}"), resource.clone(), format!("{upstream}/mcp")]);
    let op = Program::listening(command, issuer_port).await?;
    let mut command = Command::new(&options.python);
    command.arg(options.beside("mcp_server_oauth.py")).args([upstream_port.to_string(), issuer.clone()]);
    let resource_server = Program::listening(command, upstream_port).await?;
    Ok(Scene { gate, issuer, upstream, _programs: [op, resource_server] })
}

/// Registers the upstream as seen by one client of the issuer; the tool for a toolset. Another server's URL may not be the
/// same, so each has a query of its own.
async fn server(
    admin: &ApiClient,
    issuer: &str,
    upstream: &str,
    client: &str,
    secret: &str,
    auth: &str,
) -> Result<Value> {
    let settings = json!({
        "auth_type": "oauth_client_credentials",
        "oauth": {
            "token_endpoint": format!("{issuer}/token"),
            "client_id": client,
            "client_auth": auth,
            "scope": "tools",
            "resource": format!("{upstream}/mcp"),
        },
    });
    let path = register(admin, upstream, client, secret, settings).await?;
    let tool = permitted(admin, &path).await?;
    let called = admin.post(&format!("{tool}/invoke"), &json!({ "arguments": {} })).await?.success()?;
    ensure!(called["result"]["content"][0]["text"] == format!("{client}: tools"), "{called}");
    let id = path.rsplit('/').next().context("no server id")?;
    let tool_id = tool.rsplit('/').next().context("no tool id")?;
    Ok(json!({ "server_id": id, "tool_id": tool_id, "name": "whoami" }))
}

/// A server that may use this secret of a client.
async fn register(
    admin: &ApiClient,
    upstream: &str,
    client: &str,
    secret: &str,
    settings: Value,
) -> Result<String> {
    let credential = json!({ "name": client, "credential_type": "custom", "secret": secret });
    let credential = admin.post("/integrations/credentials", &credential).await?.success()?;
    let mut body = json!({
        "name": client,
        "url": format!("{upstream}/mcp?as={client}"),
        "credential_ref": credential["reference"],
        "auto_discover": false,
    });
    for (name, value) in settings.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    let registered = admin.post("/integrations/mcp-servers", &body).await?.success()?;
    let id = registered["server"]["server_id"].as_str().context("no server id")?;
    let credential = credential["credential_id"].as_str().context("no credential id")?;
    let grants = json!({ "grants": [{ "mcp_server": id }] });
    admin.put(&format!("/integrations/credentials/{credential}/grants"), &grants).await?.success()?;
    Ok(format!("/integrations/mcp-servers/{id}"))
}

/// The server's tool, once it is found, approved and permitted.
async fn permitted(admin: &ApiClient, server: &str) -> Result<String> {
    admin.post(&format!("{server}/discover"), &json!({})).await?.success()?;
    let tool = tool_path(admin, server, "get_caller").await?;
    approve(admin, &tool).await?;
    let policy = "permit (principal, action == Action::\"call_tool\", resource);";
    admin.put("/policies", &json!({ "name": "all", "text": policy })).await?.success()?;
    Ok(tool)
}

/// What the agent says.
fn agent(options: &Options, gate: &Gate, client: &str, secret: &str) -> Result<Value> {
    let mut command = Command::new(&options.python);
    command.arg(options.beside("oauth_agent.py")).arg(format!("{}/mcp/{TOOLSET}", gate.admin.origin()));
    command.args([client, secret, "whoami", "{}"]);
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output()?;
    Ok(serde_json::from_slice(&output.stdout)?)
}
