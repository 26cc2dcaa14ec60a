//! A server that hangs, drops its connections, falls silent, or does not confirm; and a replica that hangs itself.

use std::sync::Arc;
use std::time::Duration;

use portcullis_drivers::database::{Database, DatabaseOptions, OpenError};
use portcullis_schemas::logs::ports::Ledger;
use portcullis_schemas::store::Store;
use portcullis_schemas::{PortErrorKind, codes};
use portcullis_testkit::fixtures;
use sea_orm::ConnectionTrait;

use super::proxy::Proxy;
use crate::engine::Engine;
use crate::scene::Scene;

/// More than a caller may have to wait, for a machine that is busy; far less than a connection that hangs.
const SOON: Duration = Duration::from_secs(3);

/// A scene whose own connections go through a proxy, and one that is connected directly.
async fn behind_a_proxy() -> (Scene, Proxy, Arc<Scene>) {
    let direct = Scene::on(Engine::Postgres).await;
    let proxy = Proxy::before(&direct.home.url).await;
    let options = DatabaseOptions { readers: 2, ..DatabaseOptions::default() };
    let scene = Arc::new(direct.replica_at(&proxy.url, options).await);
    scene.recorded().await;
    (direct, proxy, scene)
}

async fn reads(scene: &Scene) -> bool {
    let Ok(mut unit) = scene.store.read().await else { return false };
    unit.kill_switch().list(&scene.tenant).await.is_ok()
}

/// A few refusals may follow an outage, while dead connections are told from living ones.
async fn is_served_again(scene: &Scene) {
    let mut served = (false, false);
    for _ in 0..10 {
        served.0 = served.0 || scene.ledger.record(&scene.tenant, scene.intent()).await.is_ok();
        served.1 = served.1 || reads(scene).await;
    }
    assert_eq!(served, (true, true), "recorded and read again");
    scene.recorded().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn a_server_that_answers_late_is_waited_for_at_open() {
    let direct = Scene::on(Engine::Postgres).await;
    let proxy = Proxy::before(&direct.home.url).await;
    let open = |wait| {
        let options = DatabaseOptions { wait: Duration::from_millis(wait), ..DatabaseOptions::default() };
        let url = proxy.url.clone();
        async move { Database::open(&url, options).await }
    };
    proxy.hold_all();
    let hangs = open(50).await.unwrap_err();
    assert!(matches!(hangs, OpenError::Connect(_)), "no start waits for ever: {hangs}");
    assert!(proxy.made() > 1, "and none gives up at once");

    let before = proxy.made();
    let opening = tokio::spawn(open(500));
    while proxy.made() < before + 2 {
        assert!(!opening.is_finished(), "it gave up");
        tokio::task::yield_now().await;
    }
    proxy.release();
    opening.await.unwrap().expect("it answers by now").close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn a_server_that_hangs_refuses_soon_and_serves_again() {
    let (direct, proxy, scene) = behind_a_proxy().await;
    let mut in_use = scene.store.begin().await.unwrap();
    proxy.hold_all();
    // More often than there are connections: each is refused, none is left hanging.
    for round in 0..3 {
        let record = tokio::time::timeout(SOON, scene.ledger.record(&scene.tenant, scene.intent()));
        let error = record.await.unwrap_or_else(|_| panic!("record {round} hangs")).unwrap_err();
        assert_eq!(error.code(), codes::AUDIT_UNAVAILABLE);
        assert!(!tokio::time::timeout(SOON, reads(&scene)).await.expect("a read hangs"));
        assert!(tokio::time::timeout(SOON, scene.store.begin()).await.expect("a begin hangs").is_err());
    }
    let looked = tokio::time::timeout(SOON, in_use.kill_switch().list(&scene.tenant)).await;
    looked.expect("a unit of work hangs").unwrap_err();
    drop(in_use);
    proxy.release();
    is_served_again(&scene).await;
    assert!(direct.verified().await >= 4, "the chain is whole");
}

/// As when a server's machine is lost and another takes its name over: nobody says that old connections are dead.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn connections_that_fell_silent_are_replaced() {
    let (direct, proxy, scene) = behind_a_proxy().await;
    // More often than there are connections: no silent one keeps its place.
    for _ in 0..3 {
        proxy.hold_those_of_now().await;
        is_served_again(&scene).await;
    }
    assert!(direct.verified().await >= 4, "the chain is whole");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn a_server_that_ended_every_session_is_used_at_once() {
    let scene = Scene::on(Engine::Postgres).await;
    scene.recorded().await;
    let admin = sea_orm::Database::connect(scene.home.url.as_str()).await.unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    admin.execute_unprepared(end).await.unwrap();
    scene.recorded().await;
    assert!(reads(&scene).await);
    assert_eq!(scene.verified().await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn a_commit_that_is_not_confirmed_is_left_to_recovery() {
    let (direct, proxy, scene) = behind_a_proxy().await;
    let far = fixtures::time(1_000);
    scene.ledger.renew_lease(&scene.instance, far).await.unwrap();
    let intent = scene.intent();
    let id = intent.intent_id.clone();

    proxy.cut_commits(true);
    let error = scene.ledger.record(&scene.tenant, intent).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (PortErrorKind::Timeout, codes::AUDIT_UNAVAILABLE));
    let mut unit = scene.store.begin().await.unwrap();
    let key = fixtures::api_key(&scene.ids, &scene.tenant, "agent", 0);
    unit.api_keys().insert(&scene.tenant, &key).await.unwrap();
    assert_eq!(unit.commit().await.unwrap_err().kind(), PortErrorKind::Timeout);
    proxy.cut_commits(false);

    // Both were kept. The intent's caller does not act, so recovery gets it, although its replica is alive.
    let mut unit = direct.store.read().await.unwrap();
    assert!(unit.api_keys().get(&scene.tenant, &key.key.key_id).await.unwrap().is_some());
    scene.ledger.renew_lease(&scene.instance, far).await.unwrap();
    let found = direct.ledger.abandoned(fixtures::time(2), 10).await.unwrap();
    assert!(found.iter().any(|intent| intent.intent_id == id), "{found:?}");
}

/// A sequence is not taken back with its transaction, so the trigger fails the first insert only.
#[tokio::test]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn a_transaction_that_the_server_gave_up_is_tried_again() {
    let scene = Scene::on(Engine::Postgres).await;
    for (round, code) in (1..).zip(["40001", "40P01"]) {
        let sql = format!(
            "CREATE SEQUENCE tries_{round};
             CREATE FUNCTION fail_{round}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF nextval('tries_{round}') = 1 THEN RAISE EXCEPTION 'given up' USING ERRCODE = '{code}'; END IF;
                 RETURN NEW;
             END $$;
             CREATE TRIGGER fail_{round} BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION fail_{round}()"
        );
        scene.database.writer().execute_unprepared(&sql).await.unwrap();
        scene.recorded().await;
        assert_eq!(scene.verified().await, 2 * round, "{code}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn a_replica_that_hangs_in_a_unit_of_work_loses_its_turn() {
    let scene = Scene::on(Engine::Postgres).await;
    let hanging = scene.replica().await.occupied().await;
    let mut recorded = false;
    for _ in 0..20 {
        recorded = recorded || scene.ledger.record(&scene.tenant, scene.intent()).await.is_ok();
    }
    assert!(recorded, "the server ends its session after five times its patience");
    hanging.commit().await.unwrap_err();
}
