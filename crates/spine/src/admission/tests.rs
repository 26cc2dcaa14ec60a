//! The decision by table, the gate by one lane after another.

use std::sync::Arc;
use std::time::Duration;

use portcullis_testkit::time::TestClock;

use super::*;

const BOUNDS: Bounds = Bounds { at_once: 4, waiting: 2, all: 10, patience: Duration::from_millis(100) };
const LONG: Duration = Duration::from_secs(30);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn seen(here: usize) -> Occupancy {
    Occupancy { here, everywhere: here, held: Some(ms(100)), still: Duration::ZERO }
}

fn refused(limit: Limit, retry_after: Duration) -> Admission {
    Admission::Refuse(Refusal { limit, retry_after })
}

#[test]
fn arrivals_enter_wait_or_are_refused() {
    let second = ms(1000);
    let table = [
        ("an empty lane", seen(0), LONG, Admission::Enter),
        ("the last place", seen(3), LONG, Admission::Enter),
        ("a full lane", seen(4), LONG, Admission::Wait(ms(100))),
        ("the last to wait", seen(5), LONG, Admission::Wait(ms(100))),
        ("nobody else may wait", seen(6), LONG, refused(Limit::Lane, second)),
        ("a caller with less time", seen(4), ms(50), Admission::Wait(ms(50))),
        ("a caller with too little time", seen(4), ms(40), refused(Limit::Lane, second)),
        (
            "a place that is held long",
            Occupancy { held: Some(ms(900)), ..seen(4) },
            LONG,
            refused(Limit::Lane, second),
        ),
        (
            "the wait is said",
            Occupancy { held: Some(ms(20_000)), ..seen(4) },
            LONG,
            refused(Limit::Lane, ms(5000)),
        ),
        ("a place of unknown length", Occupancy { held: None, ..seen(5) }, LONG, Admission::Wait(ms(100))),
        (
            "a lane that stands still",
            Occupancy { held: None, still: ms(101), ..seen(4) },
            LONG,
            refused(Limit::Lane, second),
        ),
        (
            "standing still is said",
            Occupancy { still: ms(7000), ..seen(4) },
            LONG,
            refused(Limit::Lane, ms(7000)),
        ),
        (
            "but not for ever",
            Occupancy { still: ms(90_000), ..seen(4) },
            LONG,
            refused(Limit::Lane, ms(30_000)),
        ),
        ("a still lane with a place", Occupancy { still: ms(7000), ..seen(3) }, LONG, Admission::Enter),
        ("a full gate", Occupancy { everywhere: 10, ..seen(0) }, LONG, refused(Limit::Gate, second)),
    ];
    for (what, seen, longest, expected) in table {
        assert_eq!(admit(&BOUNDS, &seen, longest), expected, "{what}");
    }
}

#[test]
fn a_full_lane_is_the_tenants_and_a_full_gate_is_ours() {
    for (limit, kind) in [(Limit::Lane, ErrorKind::RateLimited), (Limit::Gate, ErrorKind::Unavailable)] {
        let error = Refusal { limit, retry_after: ms(1500) }.to_error("too many");
        assert_eq!((error.kind(), error.code()), (kind, codes::OVERLOADED));
        assert_eq!(error.retry_after(), Some(ms(1500)));
    }
}

fn gate(patience: Duration) -> (Gate<&'static str>, Arc<TestClock>) {
    let clock = Arc::new(TestClock::new());
    (Gate::new(Bounds { patience, ..BOUNDS }, clock.clone()), clock)
}

#[tokio::test]
async fn a_full_lane_leaves_the_others_alone() {
    let (gate, clock) = gate(ms(1));
    let mut slots = Vec::new();
    for _ in 0..BOUNDS.at_once {
        slots.push(gate.enter("hangs", LONG).await.unwrap());
    }
    clock.advance(ms(2));
    let refusal = gate.enter("hangs", LONG).await.unwrap_err();
    assert_eq!(refusal, Refusal { limit: Limit::Lane, retry_after: RETRY.0 });
    drop(gate.enter("other", LONG).await.unwrap());
    assert_eq!(gate.occupied(), (BOUNDS.at_once, 1));
    drop(slots);
    assert_eq!(gate.occupied(), (0, 0), "an idle lane is forgotten");
}

#[tokio::test]
async fn whoever_waits_gets_the_place_that_is_given_back() {
    let (gate, _clock) = gate(LONG);
    let mut slots = Vec::new();
    for _ in 0..BOUNDS.at_once {
        slots.push(gate.enter("a", LONG).await.unwrap());
    }
    let waiter = tokio::spawn({
        let gate = gate.clone();
        async move { gate.enter("a", LONG).await.map(drop) }
    });
    while gate.occupied().0 == BOUNDS.at_once {
        tokio::task::yield_now().await;
    }
    slots.pop();
    assert_eq!(waiter.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_wait_ends_and_leaves_nothing_behind() {
    let (gate, _clock) = gate(ms(1));
    let mut slots = Vec::new();
    for _ in 0..BOUNDS.at_once {
        slots.push(gate.enter("a", LONG).await.unwrap());
    }
    assert!(gate.enter("a", LONG).await.is_err(), "it waits in vain");
    assert_eq!(gate.occupied(), (BOUNDS.at_once, 1));
    // A waiter that is dropped is counted out as well.
    drop(tokio::time::timeout(Duration::ZERO, gate.enter("a", LONG)).await);
    assert_eq!(gate.occupied(), (BOUNDS.at_once, 1));
}

#[tokio::test]
async fn the_gate_has_a_bound_of_its_own() {
    let (gate, _clock) = gate(ms(1));
    let mut slots = Vec::new();
    for key in ["a", "b", "c"] {
        for _ in 0..BOUNDS.at_once {
            slots.extend(gate.enter(key, LONG).await);
        }
    }
    assert_eq!((slots.len(), gate.occupied()), (BOUNDS.all, (BOUNDS.all, 3)));
    assert_eq!(gate.enter("d", LONG).await.unwrap_err().limit, Limit::Gate);
}
