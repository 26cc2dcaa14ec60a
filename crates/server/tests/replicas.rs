//! Two replicas of the server on one PostgreSQL database, over HTTP: what one of them is told, the other holds to.
//!
//! PORTCULLIS_TEST_POSTGRES_URL names a database to connect to, and a role that may create databases there; `psql` must
//! be there as well.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

use portcullis_mcp::version::ProtocolVersion;
use portcullis_schemas::egress::HttpMethod;
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::{Answer, ApiClient};
use portcullis_server::config::Settings;
use portcullis_server::demo::tools::weather;
use portcullis_server::demo::upstream::Upstream;
use portcullis_server::running::{self, Running};
use serde_json::{Value, json};
use tempfile::TempDir;

const SERVER: &str = "PORTCULLIS_TEST_POSTGRES_URL";

/// Two replicas, and an upstream with a tool that an agent may call.
struct Pair {
    replicas: [Running; 2],
    _upstream: Upstream,
    _folders: [TempDir; 3],
    _database: TestDatabase,
    admin: ApiClient,
    /// The same agent, speaking to one replica each.
    agents: [ApiClient; 2],
    agent_key: String,
    tool: Value,
}

impl Pair {
    async fn start() -> Self {
        let database = TestDatabase::create();
        let upstream = Upstream::start("weather", ProtocolVersion::V2026_07_28, weather()).await.unwrap();
        let folders = std::array::from_fn(|_| TempDir::new().unwrap());
        make_keys(&folders[2]).await;
        let settings = [&folders[0], &folders[1]].map(|folder| {
            let mut settings = Settings::new(folder.path());
            settings.listen.set_port(0);
            settings.database_url = Some(database.url.clone());
            settings.egress.waived_origins = vec![upstream.origin()];
            with_keys_of(&folders[2], settings)
        });
        let [one, other] = &settings;
        let (one, other) = tokio::join!(running::start(one), running::start(other));
        let replicas = [one.unwrap(), other.unwrap()];

        let first_keys: Vec<_> = replicas.iter().filter_map(Running::first_key).collect();
        assert_eq!(first_keys.len(), 1, "of two first starts one founds the tenant");
        let admin = client(&replicas[0], &first_keys[0].secret.0);
        let (agent_key, key) = agent_key(&admin).await;
        let tool = approved_tool(&admin, &upstream).await;
        let agents = [0, 1].map(|n| client(&replicas[n], &key));
        Self {
            _upstream: upstream,
            _folders: folders,
            _database: database,
            admin,
            agents,
            agent_key,
            tool,
            replicas,
        }
    }

    async fn call(&self, agent: &ApiClient, idempotency_key: Option<&str>) -> Answer {
        let path = format!("{}/invoke", path(&self.tool));
        let body = json!({ "arguments": { "city": "Zurich" } });
        let headers: Vec<_> = idempotency_key.iter().map(|key| ("idempotency-key", *key)).collect();
        agent.send(HttpMethod::Post, &path, Some(&body), &headers).await.unwrap()
    }

    /// How many calls were recorded; the chain must hold.
    async fn calls(&self) -> usize {
        let verified = self.admin.get("/logs/trail/verify").await.unwrap().success().unwrap();
        assert_eq!(verified["intact"], true, "{verified}");
        let page = "/logs/trail?limit=100&event_type=tool_invocation.allowed";
        self.admin.get(page).await.unwrap().success().unwrap()["items"].as_array().unwrap().len()
    }

    async fn stop(self) {
        for replica in self.replicas {
            replica.shutdown().await.unwrap();
        }
    }
}

fn client(replica: &Running, key: &str) -> ApiClient {
    ApiClient::new(&replica.url(), Secret::new(key.to_owned())).unwrap()
}

/// Settings with the keys that a first start on SQLite has made in that folder; replicas share them.
fn with_keys_of(keys: &TempDir, mut settings: Settings) -> Settings {
    settings.master_key_file = Some(keys.path().join("master.key"));
    settings.trail.signing_key_file = Some(keys.path().join("signing.key"));
    settings
}

/// A first start on SQLite.
async fn make_keys(folder: &TempDir) {
    let mut settings = Settings::new(folder.path());
    settings.listen.set_port(0);
    running::start(&settings).await.unwrap().shutdown().await.unwrap();
}

/// Id and text.
async fn agent_key(admin: &ApiClient) -> (String, String) {
    let body = json!({ "name": "agent", "scopes": ["invoke"] });
    let created = admin.post("/api-keys", &body).await.unwrap().success().unwrap();
    (text(&created["key"]["key_id"]), text(&created["secret"]))
}

async fn approved_tool(admin: &ApiClient, upstream: &Upstream) -> Value {
    let body = json!({ "name": "weather", "url": upstream.url() });
    let registered = admin.post("/integrations/mcp-servers", &body).await.unwrap().success().unwrap();
    let server = text(&registered["server"]["server_id"]);
    let tools = admin.get(&format!("/integrations/mcp-servers/{server}/tools")).await.unwrap();
    let tools = tools.success().unwrap();
    let tool = tools["items"].as_array().unwrap().iter().find(|tool| tool["name"] == "get_forecast").unwrap();
    let body = json!({ "definition_hash": tool["definition_hash"] });
    admin.post(&format!("{}/approve", path(tool)), &body).await.unwrap().success().unwrap();
    let policy = json!({ "name": "all", "description": "", "text": "permit(principal, action, resource);" });
    admin.put("/policies", &policy).await.unwrap().success().unwrap();
    tool.clone()
}

fn path(tool: &Value) -> String {
    format!("/integrations/mcp-servers/{}/tools/{}", text(&tool["server_id"]), text(&tool["tool_id"]))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn what_one_replica_is_told_the_other_holds_to() {
    let pair = Pair::start().await;
    for agent in &pair.agents {
        assert_eq!(pair.call(agent, None).await.status, 200);
    }

    let target = json!({ "target": { "kind": "tenant" }, "reason": "test" });
    pair.admin.post("/controls/killswitch/freeze", &target).await.unwrap().success().unwrap();
    for agent in &pair.agents {
        assert_eq!(pair.call(agent, None).await.json()["code"], "frozen", "from the next call on");
    }
    pair.admin.post("/controls/killswitch/unfreeze", &target).await.unwrap().success().unwrap();
    assert_eq!(pair.call(&pair.agents[1], None).await.status, 200);

    let tool = path(&pair.tool);
    pair.admin.post(&format!("{tool}/disable"), &json!({})).await.unwrap().success().unwrap();
    assert_ne!(pair.call(&pair.agents[1], None).await.status, 200);

    let key = format!("/api-keys/{}/revoke", pair.agent_key);
    pair.admin.post(&key, &json!({})).await.unwrap().success().unwrap();
    for agent in &pair.agents {
        assert_eq!(pair.call(agent, None).await.status, 401);
    }
    assert_eq!(pair.calls().await, 3);
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn an_idempotency_key_reaches_the_upstream_once_over_both() {
    let pair = std::sync::Arc::new(Pair::start().await);
    let tasks: Vec<_> = (0..40)
        .map(|n| {
            let pair = pair.clone();
            tokio::spawn(async move { pair.call(&pair.agents[n % 2], Some("once")).await })
        })
        .collect();
    let mut results = Vec::new();
    for task in tasks {
        let answer = task.await.unwrap();
        match answer.status {
            200 => results.push(answer.text),
            status => assert_eq!(status, 409, "{}", answer.text),
        }
    }
    let replay = pair.call(&pair.agents[1], Some("once")).await;
    assert_eq!(replay.status, 200);
    assert!(
        results.iter().all(|result| *result == replay.text),
        "every answer is the first one: {results:?}"
    );
    assert_eq!(pair.calls().await, 1);
    std::sync::Arc::into_inner(pair).unwrap().stop().await;
}

/// The way of an operator: the owner migrates and gives rights, the server runs as a writer, who cannot touch the trail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn a_writer_role_serves_and_cannot_change_the_trail() {
    let database = TestDatabase::create();
    let role = format!("{}_writer", database.name);
    psql(&database.url, &format!("CREATE ROLE {role} LOGIN"));
    let _role = TestRole { database: &database, role: &role };
    let folder = TempDir::new().unwrap();
    let mut settings = Settings::new(folder.path());
    settings.listen.set_port(0);
    make_keys(&folder).await;
    let mut settings = with_keys_of(&folder, settings);
    let mut url = url::Url::parse(&database.url).unwrap();
    url.set_username(&role).unwrap();
    settings.database_url = Some(url.into());

    let error = format!("{:#}", running::start(&settings).await.unwrap_err());
    assert!(error.contains("start this version once as the schema's owner"), "{error}");
    portcullis(&["database", "migrate", "--database-url", &database.url]);
    psql(&database.url, &portcullis(&["database", "grants", &role]));

    let running = running::start(&settings).await.unwrap();
    let admin = client(&running, &running.first_key().unwrap().secret.0);
    let verified = admin.get("/logs/trail/verify").await.unwrap().success().unwrap();
    assert_eq!((&verified["intact"], &verified["events"]), (&json!(true), &json!(1)));
    running.shutdown().await.unwrap();
    for statement in
        ["UPDATE audit_events SET record = '{}'", "DELETE FROM audit_events", "TRUNCATE audit_events"]
    {
        let refused = run_psql(settings.database_url.as_ref().unwrap(), statement);
        assert!(
            String::from_utf8_lossy(&refused.stderr).contains("permission denied"),
            "{statement}: {refused:?}"
        );
    }
}

/// What the binary says; it must succeed.
fn portcullis(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_portcullis")).args(arguments).env_clear().output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A role that is gone, with its rights, before its database is.
struct TestRole<'d> {
    database: &'d TestDatabase,
    role: &'d str,
}

impl Drop for TestRole<'_> {
    fn drop(&mut self) {
        psql(&self.database.url, &format!("DROP OWNED BY {0}; DROP ROLE {0}", self.role));
    }
}

/// A database that is gone when this is dropped.
struct TestDatabase {
    url: String,
    server: String,
    name: String,
}

impl TestDatabase {
    fn create() -> Self {
        let server = std::env::var(SERVER).unwrap_or_else(|_| panic!("{SERVER} names no server"));
        let unique = TempDir::with_prefix("").unwrap();
        let unique = unique.path().file_name().unwrap().to_str().unwrap().to_lowercase();
        let name = format!("pcl_replicas_{}_{unique}", std::process::id());
        psql(&server, &format!("CREATE DATABASE {name}"));
        let mut url = url::Url::parse(&server).unwrap();
        url.set_path(&name);
        Self { url: url.into(), server, name }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        psql(&self.server, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

fn psql(server: &str, statement: &str) {
    let output = run_psql(server, statement);
    assert!(output.status.success() || std::thread::panicking(), "psql: {statement}: {output:?}");
}

fn run_psql(server: &str, statement: &str) -> Output {
    Command::new("psql").args(["--quiet", server, "--command", statement]).output().unwrap()
}
