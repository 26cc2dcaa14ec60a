//! What runs have touched, in the suite of the ledger and of
//! [`RunFlowStore`](portcullis_schemas::integrations::flows::ports::RunFlowStore).

use portcullis_schemas::ids::KeyId;
use portcullis_schemas::integrations::flows::{DataFlows, FlowChange, FlowLevel, RunFlows, RunKey};
use portcullis_schemas::logs::ledger::{Intent, Recorded};
use portcullis_schemas::text::RunId;

use super::ledger_scene::Scene;
use super::steps::{IDS, done};
use crate::fixtures::{self, time, valid};

const READ: DataFlows = DataFlows { private_reads: FlowLevel::Yes, ..DataFlows::NONE };
const SENT: DataFlows = DataFlows { egress: FlowLevel::Maybe, ..READ };

/// What a call makes of its run is written with its intent, if the run stands as it was judged, and is forgotten when the
/// run has rested.
pub(crate) async fn runs_are_kept_account_of(scene: &Scene<'_>) {
    a_run_goes_on_from_where_it_stands(scene).await;
    what_has_changed_is_stale(scene).await;
    runs_are_apart(scene).await;
    rested_runs_are_forgotten(scene).await;
}

async fn a_run_goes_on_from_where_it_stands(scene: &Scene<'_>) {
    let run = run(Some("goes-on"));
    assert_eq!(stored(scene, &run).await, None, "nothing is known of a run that has not begun");
    scene.receipt(&with(scene, 1, &run, None, READ)).await;
    let expected = RunFlows { flows: READ, updated_at: time(1) };
    assert_eq!(stored(scene, &run).await, Some(expected), "what a call makes of its run is written with it");
    scene.receipt(&with(scene, 2, &run, Some(READ), SENT)).await;
    assert_eq!(stored(scene, &run).await, Some(RunFlows { flows: SENT, updated_at: time(2) }), "and goes on");
}

async fn what_has_changed_is_stale(scene: &Scene<'_>) {
    let run = run(None);
    scene.receipt(&with(scene, 1, &run, None, READ)).await;
    for seen in [None, Some(SENT), Some(DataFlows::NONE)] {
        let before = scene.trail().await.len();
        let answer = done("recording", scene.record(&with(scene, 2, &run, seen, SENT)).await);
        assert!(matches!(answer, Recorded::Stale), "a run that stands otherwise than was judged: {answer:?}");
        assert_eq!(scene.trail().await.len(), before, "a stale call writes nothing");
    }
    let expected = RunFlows { flows: READ, updated_at: time(1) };
    assert_eq!(stored(scene, &run).await, Some(expected), "and leaves the run as it stands");
}

async fn runs_are_apart(scene: &Scene<'_>) {
    let named = run(Some("apart"));
    let others = [
        RunKey { run_id: None, ..named.clone() },
        RunKey { run_id: Some(valid(RunId::new("Apart"))), ..named.clone() },
        RunKey { key_id: KeyId::generate(&IDS), ..named.clone() },
    ];
    scene.receipt(&with(scene, 1, &named, None, READ)).await;
    for other in &others {
        assert_eq!(stored(scene, other).await, None, "a run is of one key and one name");
        scene.receipt(&with(scene, 1, other, None, SENT)).await;
    }
    assert_eq!(stored(scene, &named).await.map(|run| run.flows), Some(READ), "others leave it alone");
    let foreign = seen!(scene.store, "reading", unit => unit.run_flows().get(&scene.other, &named));
    assert_eq!(foreign, None, "a foreign run answers as an absent one");
}

async fn rested_runs_are_forgotten(scene: &Scene<'_>) {
    const LONG_AGO: i64 = -2000;
    let runs = ["oldest", "older", "recent"].map(|name| run(Some(name)));
    for (run, seconds) in runs.iter().zip(LONG_AGO..) {
        scene.receipt(&with(scene, seconds, run, None, READ)).await;
    }
    let forget =
        async |limit| done("forgetting", scene.ledger.forget_keys(fixtures::time(LONG_AGO + 2), limit).await);
    assert_eq!(forget(1).await, 1, "runs are counted, where no more keys were forgotten");
    assert_eq!(stored(scene, &runs[0]).await, None, "the oldest goes first");
    assert!(stored(scene, &runs[1]).await.is_some(), "no more than asked for");
    forget(10).await;
    assert_eq!(stored(scene, &runs[1]).await, None, "then the next");
    assert!(stored(scene, &runs[2]).await.is_some(), "what is younger stays");
}

fn run(name: Option<&str>) -> RunKey {
    RunKey { key_id: KeyId::generate(&IDS), run_id: name.map(|name| valid(RunId::new(name))) }
}

fn with(
    scene: &Scene<'_>,
    seconds: i64,
    run: &RunKey,
    seen: Option<DataFlows>,
    becomes: DataFlows,
) -> Intent {
    let (_, intent) = scene.call(seconds);
    Intent { flows: Some(FlowChange { run: run.clone(), seen, becomes }), ..intent }
}

async fn stored(scene: &Scene<'_>, run: &RunKey) -> Option<RunFlows> {
    seen!(scene.store, "reading a run", unit => unit.run_flows().get(&scene.tenant, run))
}
