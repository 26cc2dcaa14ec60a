//! The names are a contract, the decorators are their ports still, and labels stay few.

use std::collections::BTreeSet;
use std::future::{pending, ready};

use portcullis_schemas::logs::ports::{DispatchAudit, DispatchRecord};
use portcullis_schemas::operation::{Authority, Effect};
use portcullis_testkit::conformance;
use portcullis_testkit::fakes::{RecordingDispatchAudit, ScriptedMcpClient};
use portcullis_testkit::fixtures;
use portcullis_testkit::ids::UniqueIds;
use portcullis_testkit::memory::{MemoryCheckpointSink, MemoryStore};
use portcullis_testkit::time::TestClock;

use super::catalogue::{
    CallLabels, DispatchLabels, ExchangeLabels, IncidentLabels, RaisedLabels, WriteLabels,
};
use super::watch::{Watch, WatchedAudit, WatchedClient, WatchedLedger, WatchedSink};
use super::*;
use crate::embedded::{self, EmbeddedOptions};
use crate::text::Name;
use crate::trail::Checkpointer;
use crate::{CheckpointRules, KeyEnvironment, Spine, SpineOptions};

fn watch(metrics: &Metrics) -> Watch {
    Watch { catalogue: Arc::clone(&metrics.catalogue), clock: Arc::new(TestClock::new()) }
}

/// The text without values and without the buckets' bounds.
fn shape(text: &str) -> String {
    let mut seen = BTreeSet::new();
    let lines = text.lines().filter_map(|line| match line.strip_prefix('#') {
        Some(_) => Some(line.to_owned()),
        None => line.rsplit_once(' ').map(|(name, _)| name.split(",le=").next().unwrap_or(name).to_owned()),
    });
    lines.filter(|line| seen.insert(line.clone())).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_names_are_a_contract() {
    let metrics = Metrics::new();
    let catalogue = &metrics.catalogue;
    catalogue.calls.get_or_create(&CallLabels { outcome: "success", code: "ok" }).inc();
    let operation = "integrations.mcp_servers.invoke_tool".to_owned();
    catalogue.dispatches.get_or_create(&DispatchLabels { operation, code: "ok" }).inc();
    let exchange = ExchangeLabels { exchange: "call", era: "modern", code: "ok" };
    catalogue.exchange_seconds.get_or_create(&exchange).observe(0.1);
    let write = WriteLabels { write: "intent", result: "written" };
    catalogue.ledger_wait_seconds.get_or_create(&write).observe(0.1);
    let raised = RaisedLabels { severity: "high", cause: "pin_broken" };
    catalogue.incidents_raised.get_or_create(&raised).inc();
    catalogue.incidents.get_or_create(&IncidentLabels { severity: "high", status: "open" }).set(1);
    metrics.answered("GET", "/healthz", 200);
    insta::assert_snapshot!(shape(&metrics.text()));
}

#[tokio::test]
async fn a_watched_ledger_is_a_ledger() {
    let (metrics, store) = (Metrics::new(), MemoryStore::new());
    let ledger = WatchedLedger { inner: Arc::new(store.ledger()), watch: watch(&metrics) };
    conformance::ledger(&store, &ledger).await;
    conformance::ledger_concurrency(&store, &ledger).await;
    assert!(
        metrics.text().contains("portcullis_calls_total{outcome=\"success\",code=\"ok\"}"),
        "{}",
        metrics.text()
    );
}

#[tokio::test]
async fn a_watched_client_is_a_client() {
    let metrics = Metrics::new();
    let client = WatchedClient { inner: Arc::new(ScriptedMcpClient::refused(100)), watch: watch(&metrics) };
    conformance::mcp_client(&client).await;
    let text = metrics.text();
    let refused = "portcullis_upstream_exchange_seconds_count{exchange=\"call\",era=\"unknown\",code=\"egress_refused\"}";
    assert!(text.contains(refused), "{text}");
    assert!(text.contains("portcullis_upstream_in_flight 0"), "{text}");
}

#[tokio::test]
async fn an_exchange_that_is_called_off_is_counted_too() {
    let metrics = Metrics::new();
    let client = WatchedClient { inner: Arc::new(ScriptedMcpClient::new()), watch: watch(&metrics) };
    let mut exchange = Box::pin(client.exchange("call", |(): &()| "modern", pending()));
    tokio::select! {
        biased;
        _ = &mut exchange => panic!("nothing answers it"),
        () = ready(()) => {}
    }
    assert!(metrics.text().contains("portcullis_upstream_in_flight 1"));
    drop(exchange);
    let text = metrics.text();
    let called_off =
        "portcullis_upstream_exchange_seconds_count{exchange=\"call\",era=\"unknown\",code=\"cancelled\"} 1";
    assert!(text.contains(called_off), "{text}");
    assert!(text.contains("portcullis_upstream_in_flight 0"), "{text}");
}

#[tokio::test]
async fn a_watched_audit_is_an_audit() {
    let metrics = Metrics::new();
    let audit = WatchedAudit {
        inner: Arc::new(RecordingDispatchAudit::new()),
        catalogue: Arc::clone(&metrics.catalogue),
    };
    conformance::dispatch_audit(&audit).await;
    let text = metrics.text();
    let unknown = "portcullis_dispatches_total{operation=\"unknown\",code=\"operation_unknown\"} 4";
    assert!(text.contains(unknown), "{text}");
}

#[tokio::test]
async fn a_watched_sink_is_a_sink() {
    let metrics = Metrics::new();
    let sink = WatchedSink {
        inner: Arc::new(MemoryCheckpointSink::new()),
        catalogue: Arc::clone(&metrics.catalogue),
    };
    conformance::checkpoint_sink(&sink).await;
    // The suite has it refuse some.
    assert!(value_of(&metrics.text(), "portcullis_checkpoint_sink_failures_total") > 0);
}

#[tokio::test]
async fn texts_of_callers_are_no_labels() {
    let metrics = Metrics::new();
    let audit = WatchedAudit {
        inner: Arc::new(RecordingDispatchAudit::new()),
        catalogue: Arc::clone(&metrics.catalogue),
    };
    for number in 0..1000 {
        let record = DispatchRecord {
            operation: format!("made.up.{number}\"}}\n"),
            authority: None,
            effect: None,
            actor: fixtures::actor(&UniqueIds::new()),
            request_id: "req_01jd0000000000000000000000".to_owned(),
            error_code: Some(format!("made_up_{number}")),
            duration_micros: 1,
            upstream_micros: None,
        };
        audit.record(&fixtures::tenant(1), &record).await;
        metrics.answered(&format!("M{number}"), "unknown", 404);
    }
    let text = metrics.text();
    assert!(!text.contains("made"), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("portcullis_dispatches_total")).count(), 1);
    assert_eq!(text.lines().filter(|line| line.starts_with("portcullis_http_requests_total")).count(), 1);
}

#[tokio::test]
async fn what_no_checkpoint_covers_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let data = embedded::open(EmbeddedOptions::new(folder.path())).await.unwrap();
    let spine = Spine::new(data.ports(), SpineOptions::new(KeyEnvironment::new("test").unwrap())).unwrap();
    spine.bootstrap(Name::new("first").unwrap()).await.unwrap();
    let text = data.scrape(Metrics::new()).text().await;
    let records = value_of(&text, "portcullis_trail_uncovered_records");
    assert!(records > 0, "{text}");
    assert_eq!(value_of(&text, "portcullis_checkpoint_timestamp_seconds"), 0);

    let checkpointer = Checkpointer::new(&data.ports(), CheckpointRules::default()).unwrap();
    checkpointer.make_now().await.unwrap();
    let text = data.scrape(Metrics::new()).text().await;
    assert_eq!(value_of(&text, "portcullis_trail_uncovered_records"), 0);
    assert_eq!(value_of(&text, "portcullis_checkpoint_records"), records);
    let now = data.ports().clock.now().as_micros() / 1_000_000;
    let made = value_of(&text, "portcullis_checkpoint_timestamp_seconds");
    assert!((now - 60..=now).contains(&made), "{made} is not shortly before {now}");
    drop(spine);
    data.close().await;
}

fn value_of(text: &str, name: &str) -> i64 {
    let line = text.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn what_the_gate_adds_is_the_time_without_the_upstream() {
    let metrics = Metrics::new();
    let audit = WatchedAudit {
        inner: Arc::new(RecordingDispatchAudit::new()),
        catalogue: Arc::clone(&metrics.catalogue),
    };
    // A refusal, a listing and two calls: only calls that reached their upstream say what the gate adds.
    let invoke = "integrations.mcp_servers.invoke_tool";
    for (operation, upstream_micros) in [
        (invoke, None),
        ("integrations.mcp_servers.discover_tools", Some(5)),
        (invoke, Some(9_000)),
        (invoke, Some(20_000)),
    ] {
        let record = DispatchRecord {
            operation: operation.to_owned(),
            authority: Some(Authority::Invoke),
            effect: Some(Effect::Call),
            actor: fixtures::actor(&UniqueIds::new()),
            request_id: "req_01jd0000000000000000000000".to_owned(),
            error_code: None,
            duration_micros: 10_000,
            upstream_micros,
        };
        audit.record(&fixtures::tenant(1), &record).await;
    }
    let text = metrics.text();
    assert!(text.contains("portcullis_call_added_seconds_sum 0.001\n"), "{text}");
    assert!(text.contains("portcullis_call_added_seconds_count 2\n"), "{text}");
    assert!(text.contains("portcullis_call_added_seconds_bucket{le=\"0.0005\"} 1\n"), "{text}");
}
