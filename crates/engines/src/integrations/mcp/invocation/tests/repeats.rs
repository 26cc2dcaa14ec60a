//! Repeats of a call under its idempotency key.

use portcullis_schemas::logs::ledger::{Repeated, SealedAnswer};

use super::*;

#[tokio::test]
async fn a_repeat_gets_the_same_answer_or_the_same_failure() {
    for failing in [None, Some("client:call")] {
        let bench = failing.map_or_else(Bench::new, Bench::failing_at);
        let world = World::new();
        let first = invoke(&bench, claimed(call(&world), &world)).await;
        let answer = bench.settlements.lock().unwrap()[0].answer.clone().unwrap();
        *bench.recorded.lock().unwrap() = Some(Recorded::Repeated(Repeated::Ended(answer)));
        let calls = bench.count("client:call");
        let second = invoke(&bench, claimed(call(&world), &world)).await;
        assert_eq!(bench.count("client:call"), calls, "it is not run again");
        match (first, second) {
            (Ok(first), Ok(second)) => assert_eq!(first, second),
            (Err(first), Err(second)) => {
                let told = |error: &Error| (error.kind(), error.code(), error.public().to_owned());
                assert_eq!(told(&first), told(&second));
                assert_eq!(first.reference(), second.reference());
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn repeats_without_an_answer_say_why() {
    let corrupt = Repeated::Ended(SealedAnswer(b"nonsense".to_vec()));
    let table = [
        (Repeated::InFlight, "idempotency_in_flight", ErrorKind::Conflict),
        (Repeated::Mismatch, "idempotency_mismatch", ErrorKind::Unprocessable),
        (Repeated::OutcomeUnknown, "outcome_unknown", ErrorKind::Conflict),
        (corrupt, "store_corrupt", ErrorKind::Internal),
    ];
    for (repeated, code, kind) in table {
        let (bench, world) = (Bench::new(), World::new());
        *bench.recorded.lock().unwrap() = Some(Recorded::Repeated(repeated));
        let error = invoke(&bench, claimed(call(&world), &world)).await.unwrap_err();
        assert_eq!((error.code().as_str(), error.kind(), bench.count("client:call")), (code, kind, 0));
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_given_once() {
    let (bench, world) = (Bench::new(), World::new());
    let text = "x".repeat(256 * 1024);
    *bench.reply.lock().unwrap() = Some(Ok(reply(&json!(text).to_string(), false)));
    let first = invoke(&bench, claimed(call(&world), &world)).await.unwrap();
    let kept = bench.settlements.lock().unwrap()[0].answer.clone().unwrap();
    assert!(kept.0.len() < 1024, "{} bytes", kept.0.len());
    *bench.recorded.lock().unwrap() = Some(Recorded::Repeated(Repeated::Ended(kept)));
    let error = invoke(&bench, claimed(call(&world), &world)).await.unwrap_err();
    assert_eq!((error.code(), error.kind()), (codes::ANSWER_NOT_KEPT, ErrorKind::Conflict));
    assert_eq!(error.reference(), Some(("invocation_id", first.invocation_id.as_str())));
    assert_eq!(bench.count("client:call"), 1, "it is not run again");
}

#[tokio::test]
async fn a_seal_that_fails_costs_the_repeat_not_the_answer() {
    let (bench, world) = (Bench::failing_at("seal"), World::new());
    assert!(invoke(&bench, claimed(call(&world), &world)).await.is_ok());
    assert_eq!(bench.settlements.lock().unwrap()[0].answer, None);
}

#[tokio::test]
async fn a_withheld_result_is_withheld_from_the_repeat_too() {
    let (bench, world) = (Bench::failing_at("emit:completed"), World::new());
    assert!(invoke(&bench, claimed(call(&world), &world)).await.is_err());
    let answer = bench.settlements.lock().unwrap()[0].answer.clone().unwrap();
    *bench.recorded.lock().unwrap() = Some(Recorded::Repeated(Repeated::Ended(answer)));
    let error = invoke(&bench, claimed(call(&world), &world)).await.unwrap_err();
    assert_eq!(error.code(), codes::OUTCOME_UNRECORDED);
}
