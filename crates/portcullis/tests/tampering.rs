//! From a call to the auditor: a gate on a data directory makes calls and checkpoints; whoever owns the database then
//! changes it in every way, and the export with the public key tells.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use portcullis_schemas::integrations::mcp::tool::ItemKind;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use portcullis::embedded::{self, Embedded, EmbeddedOptions};
use portcullis::ids::RequestId;
use portcullis::operations::mcp_servers::{ApproveMcpTool, InvokeMcpTool, ListMcpTools, RegisterMcpServer};
use portcullis::operations::tenants::CreateTenant;
use portcullis::ports::{Conduct, ListedTool, McpCatalogue, ToolReply};
use portcullis::records::RawJson;
use portcullis::text::Name;
use portcullis::trail::{Checkpointer, export};
use portcullis::{CallContext, CheckpointRules, KeyEnvironment, Operation, Ports, Spine, SpineOptions};
use portcullis_testkit::fakes::{FixedToolPolicy, ScriptedEgress, ScriptedMcpClient};
use portcullis_trail::checkpoint::Checkpoint;
use portcullis_trail::export::{ExportVerifier, Trust};
use portcullis_trail::note::{SignedNote, VerifierKey};
use portcullis_vault::signing::verify_ed25519;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A data directory with two tenants, some calls and three checkpoints, closed; and what an auditor keeps of it.
struct Audited {
    folder: TempDir,
    keys: Vec<VerifierKey>,
}

impl Audited {
    async fn create() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = open(folder.path()).await;
        let gate = Gate::start(&data).await;
        let first = gate.spine.bootstrap(Name::new("first").unwrap()).await.unwrap().unwrap().secret.0;
        let second =
            gate.run(&first, serde_json::from_value::<CreateTenant>(json!({ "name": "second" })).unwrap());
        let second = second.await.admin_key.secret.0;
        for round in 0..3 {
            for key in [&first, &second] {
                let tool = gate.approved_tool(key, round).await;
                for _ in 0..3 {
                    gate.invoke(key, &tool).await;
                }
            }
            assert_eq!(checkpoint(&data).await, Some(round));
        }
        let public_keys = data.ports().checkpoints.unwrap().signer.public_keys();
        let keys = public_keys.into_iter().map(|key| VerifierKey::new(CheckpointRules::ORIGIN, key).unwrap());
        let keys = keys.collect();
        drop(gate);
        data.close().await;
        Self { folder, keys }
    }

    /// Does this to the database, as its owner can: the tripwires are cut first.
    async fn tampered(&self, statements: &[&str]) {
        let options = portcullis_drivers::database::DatabaseOptions::default();
        let url = format!("sqlite://{}/portcullis.db", self.folder.path().display());
        let database = portcullis_drivers::database::Database::open(&url, options).await.unwrap();
        let mut cut: Vec<String> = Vec::new();
        for table in ["audit_events", "checkpoints", "checkpoint_spans"] {
            cut.extend(["update", "delete", "replace"].map(|name| format!("DROP TRIGGER {table}_no_{name}")));
        }
        for statement in cut.iter().map(String::as_str).chain(statements.iter().copied()) {
            database.writer().execute_unprepared(statement).await.unwrap();
        }
        database.close().await;
    }

    async fn export(&self) -> Vec<u8> {
        let data = open(self.folder.path()).await;
        let mut text = Vec::new();
        let done = export(&*data.ports().store, None, &mut |lines| {
            text.extend_from_slice(lines);
            Ok(())
        })
        .await;
        data.close().await;
        done.unwrap();
        text
    }

    /// The newest checkpoint that the gate kept outside of the database.
    fn kept(&self) -> Vec<Checkpoint> {
        let text =
            fs::read_to_string(self.folder.path().join("checkpoints/000000000002.checkpoint")).unwrap();
        let note: SignedNote = text.parse().unwrap();
        vec![Checkpoint::open(&note, &self.keys, verify_ed25519).unwrap()]
    }

    fn findings(&self, export: &[u8], checkpoints: Vec<Checkpoint>) -> Vec<String> {
        let keys = self.keys.clone();
        let mut verifier =
            ExportVerifier::new(Trust { keys, verify: verify_ed25519, checkpoints, heads: Vec::new() });
        let lines = export.strip_suffix(b"\n").unwrap_or(export).split(|byte| *byte == b'\n');
        let mut findings: Vec<_> = lines.flat_map(|line| verifier.push(line)).collect();
        findings.extend(verifier.finish().0);
        findings.iter().map(ToString::to_string).collect()
    }

    /// Whether the gate still signs on this database, after something new was recorded.
    async fn signs_on(&self) -> Result<Option<u64>, String> {
        let data = open(self.folder.path()).await;
        let gate = Gate::start(&data).await;
        // Without a key nobody is let in, so what is new is written through the store.
        let tenant = {
            let mut work = data.ports().store.read().await.unwrap();
            let page = portcullis::paging::PageRequest::new(None, None);
            let tenants = work.tenants().list(&page).await.unwrap().items;
            tenants.into_iter().map(|tenant| tenant.tenant_id).min().unwrap()
        };
        let event = portcullis_testkit::fixtures::event(
            &portcullis_testkit::ids::UniqueIds::new(),
            portcullis::records::AuditEventType::McpServerRegistered,
            0,
        );
        let mut work = data.ports().store.begin().await.unwrap();
        work.audit_log().append(&tenant, &[event]).await.unwrap();
        work.commit().await.unwrap();
        let checkpointer = Checkpointer::new(&data.ports(), CheckpointRules::default()).unwrap();
        let made = checkpointer.make_now().await.map_err(|error| error.to_string());
        drop(gate);
        data.close().await;
        made
    }
}

async fn open(folder: &Path) -> Embedded {
    embedded::open(EmbeddedOptions::new(folder)).await.unwrap()
}

async fn checkpoint(data: &Embedded) -> Option<u64> {
    Checkpointer::new(&data.ports(), CheckpointRules::default()).unwrap().make_now().await.unwrap()
}

/// A spine in front of an upstream that answers everything.
struct Gate {
    spine: Spine,
    upstream: Arc<ScriptedMcpClient>,
}

impl Gate {
    async fn start(data: &Embedded) -> Self {
        let upstream = Arc::new(ScriptedMcpClient::new());
        let ports = Ports {
            mcp: upstream.clone(),
            policy: Arc::new(FixedToolPolicy::allow()),
            egress: Arc::new(ScriptedEgress::allowing(&["https://mcp.example"])),
            // The test makes the checkpoints itself, when it wants them.
            checkpoints: None,
            ..data.ports()
        };
        let spine = Spine::new(ports, SpineOptions::new(KeyEnvironment::new("test").unwrap())).unwrap();
        Self { spine, upstream }
    }

    async fn run<Op: Operation>(&self, key: &str, request: Op) -> Op::Output {
        let principal = self.spine.authenticate(key).await.unwrap();
        let ctx = CallContext::new(principal, RequestId::generate(&*self.spine.ports().ids));
        self.spine.run(ctx, request).await.unwrap()
    }

    async fn admin<Op: Operation>(&self, key: &str, request: Value) -> Op::Output {
        self.run::<Op>(key, serde_json::from_value(request).unwrap()).await
    }

    async fn approved_tool(&self, key: &str, round: u64) -> Value {
        let definition = json!({ "name": "get_it", "inputSchema": { "type": "object" } });
        self.upstream.answer_discover(Ok(McpCatalogue {
            protocol_version: "2026-07-28".to_owned(),
            is_public: false,
            capabilities: RawJson::from_text("{\"tools\":{}}".to_owned()).unwrap(),
            tools: vec![ListedTool::Readable {
                kind: ItemKind::Tool,
                name: "get_it".to_owned(),
                definition: RawJson::from_text(definition.to_string()).unwrap(),
            }],
        }));
        let url = format!("https://mcp.example/{round}");
        let body = json!({ "name": format!("server {round}"), "url": url });
        let server = self.admin::<RegisterMcpServer>(key, body).await.server.server_id;
        let tools = self.admin::<ListMcpTools>(key, json!({ "server_id": server })).await;
        let tool = &tools.items[0];
        let approval =
            json!({ "server_id": server, "tool_id": tool.tool_id, "definition_hash": tool.definition_hash });
        self.admin::<ApproveMcpTool>(key, approval).await;
        json!({ "server_id": server, "tool_id": tool.tool_id, "arguments": {} })
    }

    async fn invoke(&self, key: &str, tool: &Value) {
        let result = RawJson::from_text("{\"content\":[]}".to_owned()).unwrap();
        self.upstream.answer_call(Ok(ToolReply {
            result,
            is_error: false,
            protocol_version: "2026-07-28".into(),
            redacted: false,
            conduct: Conduct::Fair,
        }));
        self.admin::<InvokeMcpTool>(key, tool.clone()).await;
    }
}

const FIRST: &str = "(SELECT MIN(tenant_id) FROM audit_events)";
const SECOND: &str = "(SELECT MAX(tenant_id) FROM audit_events)";

#[tokio::test]
async fn an_untouched_database_is_whole_and_signed_on() {
    let audited = Audited::create().await;
    let export = audited.export().await;
    assert_eq!(audited.findings(&export, audited.kept()), [""; 0]);
    assert_eq!(audited.signs_on().await, Ok(Some(3)));
    assert_eq!(audited.findings(&audited.export().await, audited.kept()), [""; 0]);
}

/// Each is found by an auditor who has the public key and the newest checkpoint.
#[tokio::test]
async fn every_change_of_the_database_is_found() {
    let changed = format!(
        "UPDATE audit_events SET record = replace(record, 'occurred_at\":\"2', 'occurred_at\":\"3') WHERE tenant_id = {FIRST} AND sequence = 9"
    );
    let deleted = format!("DELETE FROM audit_events WHERE tenant_id = {FIRST} AND sequence = 9");
    let moved_up = format!(
        "UPDATE audit_events SET sequence = sequence - 1000001 + 1000000 WHERE tenant_id = {FIRST} AND sequence > 9"
    );
    let lift = format!(
        "UPDATE audit_events SET sequence = sequence + 1000000 WHERE tenant_id = {FIRST} AND sequence > 9"
    );
    let lower = format!(
        "UPDATE audit_events SET sequence = sequence - 999999 WHERE tenant_id = {FIRST} AND sequence > 1000000"
    );
    let inserted = format!(
        "INSERT INTO audit_events SELECT tenant_id, 10, event_id || 'x', event_type, occurred_at, request_id, \
         previous_hash, hash, record FROM audit_events WHERE tenant_id = {FIRST} AND sequence = 9"
    );
    let swapped = format!(
        "UPDATE audit_events SET record = (SELECT o.record FROM audit_events o WHERE o.tenant_id = audit_events.tenant_id \
         AND o.sequence = 19 - audit_events.sequence) WHERE tenant_id = {FIRST} AND sequence IN (9, 10)"
    );
    let moved_tenant = format!(
        "UPDATE audit_events SET record = replace(record, {FIRST}, {SECOND}) WHERE tenant_id = {FIRST} AND sequence = 9"
    );
    let tail_cut = format!("DELETE FROM audit_events WHERE tenant_id = {SECOND} AND sequence > 9");
    let span_lost =
        "DELETE FROM checkpoint_spans WHERE first_index = (SELECT MAX(first_index) FROM checkpoint_spans)";
    let span_moved = "UPDATE checkpoint_spans SET last_sequence = last_sequence - 1 WHERE first_index = 0";
    let newest_lost = "DELETE FROM checkpoints WHERE number = 2";
    let forged = "UPDATE checkpoints SET note = replace(note, char(10) || size || char(10), char(10) || (size + 1) || char(10)) \
                  WHERE number = 1";
    let table: [(&str, Vec<&str>); 11] = [
        ("flip", vec![&changed]),
        ("delete", vec![&deleted]),
        ("delete and close the gap", vec![&deleted, &moved_up]),
        ("insert", vec![&lift, &lower, &inserted]),
        ("swap", vec![&swapped]),
        ("move to another tenant", vec![&moved_tenant]),
        ("cut the tail", vec![&tail_cut]),
        ("lose a span", vec![span_lost]),
        ("shift a span", vec![span_moved]),
        ("lose the newest checkpoint", vec![newest_lost]),
        ("forge a checkpoint", vec![forged]),
    ];
    for (what, statements) in table {
        let audited = Audited::create().await;
        let kept = audited.kept();
        audited.tampered(&statements).await;
        let findings = audited.findings(&audited.export().await, kept);
        assert!(!findings.is_empty(), "{what} must be found");
        // What was signed before is looked at where it matters for the next signature: its end, and what is kept.
        if ["cut the tail", "lose a span", "lose the newest checkpoint"].contains(&what) {
            let refused = audited.signs_on().await;
            assert!(refused.is_err(), "{what}: nothing more is signed, but: {refused:?}");
        }
    }
}

/// Unsigned records can be changed unseen until the next checkpoint; then the chain must still hold.
#[tokio::test]
async fn records_that_do_not_continue_the_signed_ones_are_never_signed() {
    let audited = Audited::create().await;
    let before = audited.signs_on().await;
    assert_eq!(before, Ok(Some(3)));
    // The signed head is rewritten, as it would be by somebody who hashes the chain anew from an earlier record on.
    let rewritten = format!(
        "UPDATE audit_events SET hash = 'ab' || substr(hash, 3) WHERE tenant_id = {FIRST} AND sequence = \
         (SELECT MAX(sequence) FROM audit_events WHERE tenant_id = {FIRST})"
    );
    audited.tampered(&[&rewritten]).await;
    let refused = audited.signs_on().await.unwrap_err();
    assert!(refused.contains("previous hash does not link"), "{refused}");
}

/// A roll-back of everything but what was kept elsewhere.
#[tokio::test]
async fn a_database_that_was_put_back_whole_is_found_and_signed_no_more() {
    let audited = Audited::create().await;
    let old = tempfile::tempdir().unwrap();
    let copy = old.path().join("portcullis.db");
    let file = audited.folder.path().join("portcullis.db");
    fs::copy(&file, &copy).unwrap();
    assert_eq!(audited.signs_on().await, Ok(Some(3)));
    let newest =
        fs::read_to_string(audited.folder.path().join("checkpoints/000000000003.checkpoint")).unwrap();
    let newest = Checkpoint::open(&newest.parse().unwrap(), &audited.keys, verify_ed25519).unwrap();
    for stale in ["portcullis.db-wal", "portcullis.db-shm"] {
        let _ = fs::remove_file(audited.folder.path().join(stale));
    }
    fs::copy(&copy, &file).unwrap();
    let findings = audited.findings(&audited.export().await, vec![newest]);
    assert_eq!(findings.len(), 1);
    assert!(findings[0].contains("newest records are missing"), "{findings:?}");
    let refused = audited.signs_on().await.unwrap_err();
    assert!(refused.contains("put back to an older state"), "{refused}");
}
