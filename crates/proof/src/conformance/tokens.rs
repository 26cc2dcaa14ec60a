//! What an operator, an admin and a person do so that the gate comes by tokens for the suite's server. All of OAuth is done
//! by the gate: here its operations are called, and a browser is a request whose `Location` is read.

use color_eyre::eyre::{ContextCompat, Result, bail, ensure, eyre};
use portcullis_server::api_client::{Answer, ApiClient};
use serde_json::{Map, Value, json};
use url::Url;

use super::offer;
use crate::plant::Gate;
use crate::redaction::raw;

/// The client id that the suite knows a document for.
const CLIENT_DOCUMENT: &str = "https://conformance-test.local/client-metadata.json";
/// How often the person begins again, for a new authorization server or for more scopes. It is the person who stops: the gate
/// refuses each call, and begins nothing by itself that would have to be bounded.
const ROUNDS: usize = 3;

/// What a scenario wants to see refused: by this operation, with this code and field.
pub(super) fn refusal_of(scenario: &str) -> Option<(&'static str, &'static str)> {
    match scenario {
        "auth/resource-mismatch" => Some(("authorization_refused", "")),
        "auth/metadata-issuer-mismatch" => Some(("issuer_mismatch", "")),
        "auth/iss-supported-missing"
        | "auth/iss-wrong-issuer"
        | "auth/iss-unexpected"
        | "auth/iss-normalized" => Some(("invalid_field", "iss")),
        "auth/scope-retry-limit" => Some(("scope_required", "")),
        _ => None,
    }
}

/// How far it came.
enum Step {
    Done,
    /// A refusal of the gate.
    Refused(Value),
}

/// Plays a scenario of authorization to its end, or to the refusal that it wants to see.
///
/// # Errors
/// When it ends in another way.
pub(super) async fn play(gate: Gate, url: &Url, scenario: &str, context: &Value) -> Result<()> {
    let wanted = refusal_of(scenario);
    let mut people = People::of(gate, url, scenario).await?;
    match (people.play(context).await?, wanted) {
        (Step::Done, None) => Ok(()),
        (Step::Refused(found), Some((code, field)))
            if found["code"] == code && (field.is_empty() || found["field"] == field) =>
        {
            Ok(())
        }
        (Step::Done, Some(wanted)) => bail!("nothing was refused, instead of {wanted:?}"),
        (Step::Refused(found), _) => bail!("refused: {found}"),
    }
}

/// One person who is all of them, with one key, and so with one account.
struct People {
    gate: Gate,
    /// The origins that the operator has waived.
    waived: Vec<String>,
    /// The path of the server.
    server: String,
    /// For the authorization.
    asks: Map<String, Value>,
}

impl People {
    async fn of(mut gate: Gate, url: &Url, scenario: &str) -> Result<Self> {
        let origin = gate.admin.origin().to_owned();
        gate.configure(&format!("[api]\npublic_url = {origin:?}\nclient_document = {CLIENT_DOCUMENT:?}\n"))?;
        gate.crash_and_restart().await?;
        let body = json!({ "name": "suite", "url": url.as_str(), "auto_discover": false });
        let registered = gate.admin.post("/integrations/mcp-servers", &body).await?.success()?;
        let id = registered["server"]["server_id"].as_str().context("no server id")?;
        let server = format!("/integrations/mcp-servers/{id}");
        let mut asks = Map::new();
        if scenario.starts_with("auth/client-credentials") {
            asks.insert("auth_type".to_owned(), json!("oauth_client_credentials"));
        }
        Ok(Self { gate, waived: vec![url.origin().ascii_serialization()], server, asks })
    }

    fn admin(&self) -> &ApiClient {
        &self.gate.admin
    }

    async fn play(&mut self, context: &Value) -> Result<Step> {
        if context["client_secret"].is_string() {
            self.know_client(context).await?;
        }
        let mut left = ROUNDS;
        loop {
            if let Step::Refused(found) = self.authorize().await? {
                return Ok(Step::Refused(found));
            }
            let refused = match self.use_it().await? {
                Step::Done => return Ok(Step::Done),
                Step::Refused(found) => found,
            };
            left -= 1;
            match refused["code"].as_str() {
                // The server takes tokens of another authorization server by now.
                Some("upstream_unauthorized") if left > 0 => {}
                Some("scope_required") if left > 0 => {
                    let scope = self.wanted(&refused).await?;
                    self.asks.insert("scope".to_owned(), json!(scope));
                }
                _ => return Ok(Step::Refused(refused)),
            }
        }
    }

    /// The scopes that a server wants: in the refusal where it was an admin's question, else in the trail, since no model is
    /// to read what a server says.
    async fn wanted(&self, refused: &Value) -> Result<String> {
        if let Some(scope) = quoted(refused) {
            return Ok(scope);
        }
        let server = self.server.rsplit('/').next().context("no server id")?;
        let path = format!("/logs/trail?subject={server}&event_type=tool_invocation.failed&limit=100");
        let events = self.admin().get(&path).await?.success()?;
        let items = events["items"].as_array().context("no events")?;
        let scope = items.iter().rev().find_map(|event| event["facts"]["scope_wanted"].as_str());
        Ok(scope.context("no scopes are named")?.to_owned())
    }

    /// The admin has a client of the authorization server, and stores its secret.
    async fn know_client(&mut self, context: &Value) -> Result<()> {
        let issuer = match &context["issuer"] {
            // Who does not know where the client is known has the gate look first.
            Value::Null => {
                self.find().await?.map_err(|refused| eyre!("refused: {refused}"))?["issuer"].clone()
            }
            issuer => issuer.clone(),
        };
        let secret = json!({
            "name": "client", "credential_type": "custom", "secret": context["client_secret"],
        });
        let stored = self.admin().post("/integrations/credentials", &secret).await?.success()?;
        let id = stored["credential_id"].as_str().context("no credential id")?;
        let server = self.server.rsplit('/').next().context("no server id")?;
        let grants = json!({ "grants": [{ "mcp_server": server }] });
        self.admin().put(&format!("/integrations/credentials/{id}/grants"), &grants).await?.success()?;
        let client = json!({
            "issuer": issuer, "client_id": context["client_id"], "credential_ref": stored["reference"],
        });
        self.asks.insert("client".to_owned(), client);
        Ok(())
    }

    /// Has the gate find the authorization server: what it found, or why it did not.
    async fn find(&mut self) -> Result<Result<Value, Value>> {
        loop {
            let path = format!("{}/authorization", self.server);
            let answer = self.admin().post(&path, &json!(self.asks)).await?;
            match step(&answer) {
                Step::Done => return Ok(Ok(answer.json())),
                Step::Refused(found) if found["code"] == "egress_refused" => self.waive(&found).await?,
                Step::Refused(found) => return Ok(Err(found)),
            }
        }
    }

    /// Has the gate find the authorization server, and connects an account there.
    async fn authorize(&mut self) -> Result<Step> {
        let found = match self.find().await? {
            Ok(found) => found,
            Err(refused) => return Ok(Step::Refused(refused)),
        };
        ensure!(found["registration"] != "required", "nobody is registered: {found}");
        let by_browser = found["server"]["auth_type"] == "oauth_authorization_code";
        if by_browser { self.connect().await } else { Ok(Step::Done) }
    }

    /// The operator lets the gate go where it says that the way leads.
    async fn waive(&mut self, refused: &Value) -> Result<()> {
        let origin = quoted(refused).context("no origin is named")?;
        ensure!(!self.waived.contains(&origin), "{refused}, though it is waived");
        self.waived.push(origin);
        self.gate.waive(&self.waived)?;
        self.gate.crash_and_restart().await
    }

    async fn connect(&self) -> Result<Step> {
        let server = self.server.rsplit('/').next().context("no server id")?;
        let begun = json!({ "server_id": server });
        let begun = self.admin().post("/integrations/connections", &begun).await?.success()?;
        let came_back = browse(begun["authorization_url"].as_str().context("no URL")?).await?;
        Ok(step(&self.admin().post("/integrations/connections/complete", &came_back).await?))
    }

    /// Discovers the server, approves what it has, and calls it.
    async fn use_it(&self) -> Result<Step> {
        let found = self.admin().post(&format!("{}/discover", self.server), &json!({})).await?;
        if let Step::Refused(found) = step(&found) {
            return Ok(Step::Refused(found));
        }
        for tool in offer::approved(self.admin(), &self.server).await? {
            let path =
                format!("{}/tools/{}/invoke", self.server, tool["tool_id"].as_str().context("no tool id")?);
            let called = self.admin().post(&path, &json!({ "arguments": {} })).await?;
            if let Step::Refused(found) = step(&called) {
                return Ok(Step::Refused(found));
            }
        }
        Ok(Step::Done)
    }
}

fn step(answer: &Answer) -> Step {
    if (200..300).contains(&answer.status) { Step::Done } else { Step::Refused(answer.json()) }
}

/// What stands between the first backticks of a refusal.
fn quoted(refused: &Value) -> Option<String> {
    refused["detail"].as_str()?.split('`').nth(1).map(str::to_owned)
}

/// What an authorization server that asks nobody sends a browser back with.
async fn browse(url: &str) -> Result<Value> {
    let url = Url::parse(url)?;
    let host = url.host_str().context("no host")?;
    let address = format!("{host}:{}", url.port_or_known_default().context("no port")?);
    let answer = raw::get(&address, &format!("{}?{}", url.path(), url.query().unwrap_or_default())).await?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let location = answer.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("location").then(|| value.trim().to_owned())
    });
    let location = Url::parse(&location.with_context(|| format!("no way back: {answer}"))?)?;
    let members = ["state", "code", "iss", "error"];
    let pairs = location.query_pairs().filter(|(name, _)| members.contains(&name.as_ref()));
    Ok(pairs.map(|(name, value)| (name.into_owned(), json!(value))).collect::<Map<_, _>>().into())
}

/// Whether a scenario is played here.
pub(super) fn is_one(scenario: &str) -> bool {
    scenario.starts_with("auth/")
}
