//! Every suite passes on what this crate offers in memory.

use std::sync::Arc;

use portcullis_schemas::text::PolicyText;
use portcullis_testkit::conformance::{self, PolicyTexts};
use portcullis_testkit::entropy::CountingEntropy;
use portcullis_testkit::fakes::{
    KeywordToolPolicy, PlainEmitter, PlainSigner, PlainVault, RecordingDispatchAudit, ScriptedEgress,
    ScriptedMcpClient,
};
use portcullis_testkit::hashing::TestKeyedHash;
use portcullis_testkit::ids::{SequentialIds, UniqueIds};
use portcullis_testkit::memory::{MemoryCheckpointSink, MemorySealedSecrets, MemoryStore};
use portcullis_testkit::settings::{FixedKeySource, MapEnvironment};
use portcullis_testkit::time::TestClock;
use serde_json::Value;

fn keywords() -> PolicyTexts {
    let text = |word: &str| PolicyText::new(word).expect("a text");
    PolicyTexts {
        permit: text("permit"),
        forbid: text("forbid"),
        failing: text("fail"),
        invalid: text("gibberish"),
    }
}

#[tokio::test]
async fn stores_in_memory() {
    let store = MemoryStore::new();
    // Twice: suites must not mind what is there.
    for _ in 0..2 {
        conformance::all_stores(&store, &store.ledger(), &store, &MemoryStore::verify_chain()).await;
    }
}

#[tokio::test]
async fn another_record_hash_chains_as_well() {
    let store = MemoryStore::with_record_hash(|record| format!("{:064x}", record.to_string().len()));
    let links_only =
        |events: &[Value]| match events.windows(2).find(|pair| pair[1]["previous_hash"] != pair[0]["hash"]) {
            Some(_) => Err("broken link".to_owned()),
            None => Ok(()),
        };
    // A verifier that looks at links only is itself found wanting.
    let violation = conformance::violation(conformance::audit_log(&store, &links_only)).await;
    assert_eq!(violation.as_deref(), Some("the verifier must find a changed fact"));
}

#[tokio::test]
async fn checkpoints() {
    let sink = MemoryCheckpointSink::new();
    for _ in 0..2 {
        conformance::checkpoint_sink(&sink).await;
    }
    assert_eq!(sink.notes().len(), 6);
    conformance::checkpoint_signer(&PlainSigner::new(&[7]), &PlainSigner::verify).await;
    conformance::checkpoint_signer(&PlainSigner::new(&[1, 2, 3]), &PlainSigner::verify).await;
}

#[tokio::test]
async fn policies() {
    conformance::tool_policy(&KeywordToolPolicy, &keywords()).await;
}

#[tokio::test]
async fn vault() {
    let sealed = Arc::new(MemorySealedSecrets::new());
    let vault = PlainVault::new(sealed.clone());
    conformance::credential_vault(&vault, &sealed).await;
    conformance::answer_seal(&vault).await;
}

#[tokio::test]
async fn egress() {
    conformance::egress(&ScriptedEgress::allowing(&["https://allowed.example"])).await;
}

#[tokio::test]
async fn emitter() {
    conformance::audit_emitter(&PlainEmitter::new(
        Arc::new(SequentialIds::new()),
        Arc::new(TestClock::new()),
    ))
    .await;
}

#[tokio::test]
async fn mcp_client() {
    conformance::mcp_client(&ScriptedMcpClient::refused(100)).await;
}

#[tokio::test]
async fn dispatch_audit() {
    let audit = RecordingDispatchAudit::new();
    conformance::dispatch_audit(&audit).await;
    assert_eq!(audit.records().len(), 24);
}

#[tokio::test]
async fn runtime() {
    conformance::clock(&TestClock::new()).await;
    conformance::id_source(&SequentialIds::new()).await;
    conformance::id_source(&UniqueIds::new()).await;
    conformance::entropy(&CountingEntropy::new()).await;
    conformance::keyed_hash(&TestKeyedHash).await;
    conformance::key_source(&FixedKeySource::new(1, [7; 32])).await;
    conformance::environment(&MapEnvironment::new([("SET", "value")]), "SET").await;
}
