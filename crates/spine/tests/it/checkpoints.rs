//! Checkpoints: made when due, once however many replicas look, exported whatever crashes, and never signed over what
//! does not fit.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::logs::checkpoint::KeptCheckpoint;
use portcullis_schemas::logs::event::AuditEventType;
use portcullis_schemas::logs::operations::GetTrailCheckpoint;
use portcullis_schemas::logs::ports::{CheckpointSigner, CheckpointSink};
use portcullis_spine::{CheckpointError, CheckpointPorts, CheckpointRules, Checkpointer, Ports, export};
use portcullis_testkit::fixtures;
use portcullis_testkit::memory::MemoryCheckpointSink;
use portcullis_trail::checkpoint::Checkpoint;
use portcullis_trail::export::{ExportVerifier, Finding, Report, Trust, Verdict};
use portcullis_trail::note::{SignedNote, VerifierKey};
use portcullis_vault::CheckpointKeys;
use portcullis_vault::signing::verify_ed25519;
use serde_json::json;
use zeroize::Zeroizing;

use crate::house::House;

const MINUTE: Duration = Duration::from_secs(60);

/// A house whose spine signs checkpoints.
struct Notary {
    house: House,
    sink: Arc<FlakySink>,
    signer: Arc<CheckpointKeys>,
}

impl Notary {
    async fn open() -> Self {
        let (sink, signer) = (Arc::new(FlakySink::default()), Arc::new(keys(&[1])));
        let ports = CheckpointPorts { signer: signer.clone(), sink: sink.clone() };
        let house = House::with(|all| all.checkpoints = Some(ports)).await;
        Self { house, sink, signer }
    }

    fn ports(&self) -> Ports {
        self.house.spine.ports().clone()
    }

    /// As another replica, with a sink of its own.
    fn replica(&self, sink: Arc<dyn CheckpointSink>, signer: Arc<dyn CheckpointSigner>) -> Checkpointer {
        let ports = Ports { checkpoints: Some(CheckpointPorts { signer, sink }), ..self.ports() };
        Checkpointer::new(&ports, CheckpointRules::default()).unwrap()
    }

    fn checkpointer(&self) -> Checkpointer {
        self.replica(self.sink.clone(), self.signer.clone())
    }

    async fn record(&self, tenant: &TenantId, count: i64) {
        let event = |n| fixtures::event(self.house.ids(), AuditEventType::McpServerRegistered, n);
        let events: Vec<_> = (0..count).map(event).collect();
        let mut work = self.ports().store.begin().await.unwrap();
        work.audit_log().append(tenant, &events).await.unwrap();
        work.commit().await.unwrap();
    }

    async fn lines(&self, tenants: Option<&BTreeSet<TenantId>>) -> Vec<Vec<u8>> {
        let mut text = Vec::new();
        export(&*self.ports().store, tenants, &mut |lines| {
            text.extend_from_slice(lines);
            Ok(())
        })
        .await
        .unwrap();
        text.split_inclusive(|byte| *byte == b'\n').map(|line| line[..line.len() - 1].to_vec()).collect()
    }

    fn trust(&self) -> Trust {
        let keys = self.signer.public_keys();
        let keys = keys.iter().map(|key| VerifierKey::new(CheckpointRules::ORIGIN, *key).unwrap()).collect();
        Trust { keys, verify: verify_ed25519, checkpoints: Vec::new(), heads: Vec::new() }
    }
}

/// A sink that can be out of order.
#[derive(Default)]
struct FlakySink {
    inner: MemoryCheckpointSink,
    broken: AtomicBool,
}

#[async_trait]
impl CheckpointSink for FlakySink {
    async fn keep(&self, checkpoint: &KeptCheckpoint) -> Result<(), PortError> {
        if self.broken.load(Ordering::Relaxed) {
            return Err(PortError::unavailable("the disk is full"));
        }
        self.inner.keep(checkpoint).await
    }

    async fn newest(&self) -> Result<Option<KeptCheckpoint>, PortError> {
        self.inner.newest().await
    }
}

fn keys(seeds: &[u8]) -> CheckpointKeys {
    let seed = |byte: &u8| Zeroizing::new([*byte; 32]);
    let (last, earlier) = seeds.split_last().unwrap();
    let earlier = earlier.iter().map(|byte| portcullis_vault::signing::public_key(&seed(byte)).unwrap());
    CheckpointKeys::new(earlier.collect(), seed(last)).unwrap()
}

fn verify(lines: &[Vec<u8>], trust: Trust) -> (Vec<Finding>, Report) {
    run(lines, ExportVerifier::new(trust))
}

fn run(lines: &[Vec<u8>], mut verifier: ExportVerifier) -> (Vec<Finding>, Report) {
    let mut findings: Vec<_> = lines.iter().flat_map(|line| verifier.push(line)).collect();
    let (last, report) = verifier.finish();
    findings.extend(last);
    (findings, report)
}

#[tokio::test]
async fn a_checkpoint_is_made_when_it_is_due() {
    let notary = Notary::open().await;
    let (checkpointer, tenant) = (notary.checkpointer(), notary.house.tenant.clone());
    assert_eq!(checkpointer.look().await.unwrap(), None, "there is nothing to sign");
    notary.record(&tenant, 3).await;
    assert_eq!(checkpointer.look().await.unwrap(), Some(0), "the first record is signed at once");
    notary.record(&tenant, 999).await;
    notary.house.clock.advance(MINUTE - Duration::from_secs(1));
    assert_eq!(checkpointer.look().await.unwrap(), None);
    notary.house.clock.advance(Duration::from_secs(1));
    assert_eq!(checkpointer.look().await.unwrap(), Some(1), "a minute later");
    notary.record(&tenant, 1000).await;
    assert_eq!(checkpointer.look().await.unwrap(), Some(2), "or a thousand records later");
    notary.house.clock.advance(MINUTE * 60);
    assert_eq!(checkpointer.look().await.unwrap(), None, "without new records there is none");
    assert_eq!(checkpointer.make_now().await.unwrap(), None);
    notary.record(&tenant, 1).await;
    assert_eq!(checkpointer.make_now().await.unwrap(), Some(3), "unless somebody asks");
    assert_eq!(notary.sink.inner.notes().len(), 4);
    let (findings, report) = verify(&notary.lines(None).await, notary.trust());
    assert_eq!((findings, report.records, report.checkpoints), (vec![], 2003, 4));
}

#[tokio::test]
async fn of_several_replicas_one_makes_each_checkpoint_and_all_keep_it() {
    let notary = Notary::open().await;
    let second = fixtures::seed_tenant(&*notary.ports().store, notary.house.ids()).await;
    let sinks: Vec<_> = (0..4).map(|_| Arc::new(MemoryCheckpointSink::new())).collect();
    let replicas: Vec<_> =
        sinks.iter().map(|sink| notary.replica(sink.clone(), notary.signer.clone())).collect();
    for round in 0..10 {
        notary.record(&notary.house.tenant, 7).await;
        notary.record(&second, round + 1).await;
        let looks = replicas.iter().map(|replica| {
            let replica = replica.clone();
            tokio::spawn(async move { replica.make_now().await.unwrap() })
        });
        let mut made = Vec::new();
        for look in looks.collect::<Vec<_>>() {
            made.extend(look.await.unwrap());
        }
        assert_eq!(made, [u64::try_from(round).unwrap()], "one replica makes it");
    }
    for (replica, sink) in replicas.iter().zip(&sinks) {
        replica.look().await.unwrap();
        assert_eq!(sink.notes(), sinks[0].notes());
        assert_eq!(sink.notes().len(), 10);
    }
    let (findings, report) = verify(&notary.lines(None).await, notary.trust());
    assert_eq!((findings, report.checkpoints, report.tenants), (vec![], 10, 2));
}

#[tokio::test]
async fn what_a_crash_kept_from_the_sink_is_exported_later() {
    let notary = Notary::open().await;
    let checkpointer = notary.checkpointer();
    notary.record(&notary.house.tenant, 1).await;
    notary.sink.broken.store(true, Ordering::Relaxed);
    assert!(matches!(checkpointer.look().await, Err(CheckpointError::Port(_))));
    assert_eq!(notary.sink.inner.notes().len(), 0);
    notary.record(&notary.house.tenant, 5000).await;
    assert!(checkpointer.look().await.is_err(), "nothing more is signed while nothing can be exported");
    let mut work = notary.ports().store.read().await.unwrap();
    assert_eq!(work.checkpoints().newest().await.unwrap().unwrap().number, 0);
    drop(work);
    notary.sink.broken.store(false, Ordering::Relaxed);
    assert_eq!(checkpointer.look().await.unwrap(), Some(1));
    assert_eq!(notary.sink.inner.notes().len(), 2);
}

#[tokio::test]
async fn nothing_is_signed_once_the_database_was_put_back() {
    let (before, after) = (Notary::open().await, Notary::open().await);
    let sink = before.sink.clone();
    before.record(&before.house.tenant, 2).await;
    before.checkpointer().make_now().await.unwrap();
    after.record(&after.house.tenant, 1).await;
    let put_back = after.replica(sink.clone(), after.signer.clone());
    let error = put_back.make_now().await.unwrap_err().to_string();
    assert!(error.contains("put back to an older state"), "{error}");
    let elsewhere = after.replica(Arc::new(MemoryCheckpointSink::new()), after.signer.clone());
    elsewhere.make_now().await.unwrap();
    let error = put_back.make_now().await.unwrap_err().to_string();
    assert!(error.contains("another one in the database"), "{error}");
    assert_eq!(sink.inner.notes().len(), 1);
}

#[tokio::test]
async fn a_tail_cut_of_what_is_signed_is_told_at_the_next_look() {
    let notary = Notary::open().await;
    let second = fixtures::seed_tenant(&*notary.ports().store, notary.house.ids()).await;
    let checkpointer = notary.checkpointer();
    notary.record(&notary.house.tenant, 9).await;
    notary.record(&second, 2).await;
    checkpointer.make_now().await.unwrap();
    notary.house.memory.cut(&notary.house.tenant, 5).await;
    let told = checkpointer.look().await.unwrap_err().to_string();
    assert!(told.contains("its records up to 9 are signed, but the newest one is 5"), "{told}");
    notary.house.memory.cut(&notary.house.tenant, 0).await;
    let told = checkpointer.look().await.unwrap_err().to_string();
    assert!(told.contains("11 records are signed, but its spans and records cover 2"), "{told}");
    notary.record(&second, 1).await;
    assert!(checkpointer.make_now().await.is_err(), "and nothing more is signed");
    assert_eq!(notary.sink.inner.notes().len(), 1);
}

#[tokio::test]
async fn what_is_signed_goes_out_although_its_records_are_gone() {
    let notary = Notary::open().await;
    notary.record(&notary.house.tenant, 9).await;
    notary.sink.broken.store(true, Ordering::Relaxed);
    notary.checkpointer().make_now().await.unwrap_err();
    notary.sink.broken.store(false, Ordering::Relaxed);
    notary.house.memory.cut(&notary.house.tenant, 5).await;
    let told = notary.checkpointer().look().await.unwrap_err().to_string();
    assert!(told.contains("its records up to 9 are signed"), "{told}");
    assert_eq!(notary.sink.inner.notes().len(), 1, "what the database is held against");
}

#[tokio::test]
async fn a_new_key_signs_after_the_old_one_and_a_foreign_one_never() {
    let notary = Notary::open().await;
    notary.record(&notary.house.tenant, 1).await;
    notary.checkpointer().make_now().await.unwrap();
    notary.record(&notary.house.tenant, 1).await;
    let foreign = notary.replica(notary.sink.clone(), Arc::new(keys(&[9])));
    let error = foreign.make_now().await.unwrap_err().to_string();
    assert!(error.contains("not signed by a trusted key"), "{error}");
    let rotated = notary.replica(notary.sink.clone(), Arc::new(keys(&[1, 2])));
    assert_eq!(rotated.make_now().await.unwrap(), Some(1));
    let (findings, _) = verify(&notary.lines(None).await, notary.trust());
    assert_eq!(findings.len(), 2, "the old key alone does not cover the end: {findings:?}");
    let signer = Arc::new(keys(&[1, 2]));
    let (findings, report) = verify(&notary.lines(None).await, Notary { signer, ..notary }.trust());
    assert_eq!((findings, report.checkpoints), (vec![], 2));
}

#[tokio::test]
async fn a_long_backlog_becomes_several_checkpoints() {
    let notary = Notary::open().await;
    notary.record(&notary.house.tenant, 20_500).await;
    assert_eq!(notary.checkpointer().make_now().await.unwrap(), Some(1));
    let (findings, report) = verify(&notary.lines(None).await, notary.trust());
    assert_eq!((findings, report.records), (vec![], 20_500));
}

#[tokio::test]
async fn an_export_of_one_tenant_shows_it_alone_and_holds_its_head() {
    let notary = Notary::open().await;
    let second = fixtures::seed_tenant(&*notary.ports().store, notary.house.ids()).await;
    for _ in 0..3 {
        notary.record(&second, 4).await;
        notary.record(&notary.house.tenant, 3).await;
        notary.checkpointer().make_now().await.unwrap();
    }
    let told = notary.house.admin::<GetTrailCheckpoint>(json!({})).await.unwrap();
    assert_eq!((told.number, told.size, told.events), (2, 21, 9));
    let lines = notary.lines(Some(&BTreeSet::from([notary.house.tenant.clone()]))).await;
    let shown = String::from_utf8(lines.concat()).unwrap();
    assert!(shown.contains(notary.house.tenant.as_str()) && !shown.contains(second.as_str()));
    let note: SignedNote = told.note.parse().unwrap();
    let mut trust = notary.trust();
    trust.checkpoints = vec![Checkpoint::open(&note, &trust.keys, trust.verify).unwrap()];
    trust.heads = vec![portcullis_trail::export::TenantHead {
        tenant: notary.house.tenant.to_string(),
        sequence: told.events,
        hash: told.head.parse().unwrap(),
    }];
    let expected = BTreeSet::from([notary.house.tenant.to_string()]);
    let (findings, report) = run(&lines, ExportVerifier::of_tenants(trust, expected));
    assert_eq!((findings, report.records, report.hidden), (vec![], 9, 12));
    assert_eq!(report.verdict, Verdict::WholeToHeads, "it ends at the head that the tenant was told");
}

#[tokio::test]
async fn before_the_first_checkpoint_there_is_none_to_get() {
    let notary = Notary::open().await;
    let error = notary.house.admin::<GetTrailCheckpoint>(json!({})).await.unwrap_err();
    assert_eq!(error.code(), portcullis_schemas::codes::NOT_FOUND);
}

#[tokio::test]
async fn the_background_makes_them() {
    let notary = Notary::open().await;
    notary.record(&notary.house.tenant, 1).await;
    let _background = notary.house.spine.start_background().await.unwrap();
    let made = async {
        while notary.sink.inner.notes().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(MINUTE, made).await.expect("the first look makes one");
}
