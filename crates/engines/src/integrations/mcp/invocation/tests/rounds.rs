//! Calls whose server asks before it answers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_schemas::ids::ApprovalId;
use portcullis_schemas::integrations::mcp::input::InputKind;
use portcullis_schemas::json::RawJson;
use portcullis_schemas::logs::ledger::Repeated;

use super::*;
use crate::integrations::mcp::rounds::{
    Binding, Continued, LIFETIME, MOST_ROUNDS, RoundProblem, RoundState, Rounds,
};

const ASKS: &str = r#"{"resultType":"input_required","inputRequests":{"it":{"method":"roots/list"}},"requestState":"s\u0074"}"#;

fn binding() -> Binding {
    Binding { request: "b".repeat(64), configuration: "c".repeat(64) }
}

fn askable(world: &World) -> GovernedCall {
    let accepts = vec![InputKind::Roots];
    let rounds = Rounds { accepts, binding: binding(), continued: None };
    GovernedCall { rounds, ..call(world) }
}

fn going_on(world: &World, number: u32) -> GovernedCall {
    let state = RoundState {
        number,
        invocation_id: InvocationId::generate(&world.ids),
        binding: binding(),
        expires_at: fixtures::time(900),
        asked: vec!["it".to_owned()],
        server_state: Some(RawJson::from_text(r#""st""#.to_owned()).unwrap()),
        approval_id: Some(ApprovalId::generate(&world.ids)),
    };
    let responses = Some(RawJson::from_text(r#"{"it":{"roots":[]}}"#.to_owned()).unwrap());
    let continued = Some(Continued { state, responses });
    let call = askable(world);
    GovernedCall { rounds: Rounds { continued, ..call.rounds }, ..call }
}

/// What the state that was given out says; the bench seals by turning bytes round.
fn opened(result: &InvokeToolResult) -> RoundState {
    let result: serde_json::Value = serde_json::from_str(result.result.as_str()).unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(result["requestState"].as_str().unwrap()).unwrap();
    bytes.reverse();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn a_question_is_recorded_as_one_before_it_is_handed_on() {
    let (bench, world) = (Bench::new(), World::new());
    *bench.reply.lock().unwrap() = Some(Ok(reply(ASKS, false)));
    let result = invoke(&bench, askable(&world)).await.unwrap();
    let state = opened(&result);
    assert_eq!((state.number, state.asked), (2, vec!["it".to_owned()]));
    assert_eq!(state.invocation_id, result.invocation_id);
    assert_eq!(state.server_state.unwrap().as_str(), r#""s\u0074""#, "byte for byte");
    assert_eq!(state.expires_at, bench.clock.now().plus(LIFETIME));
    let settlements = bench.settlements.lock().unwrap();
    let row = settlements[0].invocation.as_ref().unwrap();
    assert_eq!(
        (row.outcome, row.asked.as_deref()),
        (InvocationOutcome::Success, Some(&[InputKind::Roots][..]))
    );
    assert_eq!(
        row.output_bytes,
        Some(result.result.as_str().len() as u64),
        "the record is of what is handed on"
    );
    assert!(row.facts.round.is_none());
}

#[tokio::test]
async fn a_further_round_names_the_one_before_and_uses_no_approval_up() {
    let (bench, world) = (Bench::new(), World::new());
    *bench.reply.lock().unwrap() = Some(Ok(reply(r#"{"content":[]}"#, false)));
    let mut call = going_on(&world, 2);
    let before = call.rounds.continued.as_ref().unwrap().state.clone();
    let id = before.approval_id.clone().unwrap();
    Arc::make_mut(&mut call.facts.tool).approval = ApprovalRule::Required;
    call.facts.approval = ApprovalStanding::Carried(id.clone());
    invoke(&bench, call).await.unwrap();
    let intents = bench.intents.lock().unwrap();
    assert_eq!(intents[0].approval, None);
    let settlements = bench.settlements.lock().unwrap();
    let facts = &settlements[0].invocation.as_ref().unwrap().facts;
    assert_eq!(facts.approval_id, Some(id), "but the record names it");
    let round = facts.round.as_ref().unwrap();
    assert_eq!((round.number, &round.continues), (2, &before.invocation_id));
    assert_eq!(round.responses_hash.as_ref().unwrap().len(), 64);
}

#[tokio::test]
async fn a_state_that_cannot_be_sealed_or_leads_on_without_end_is_a_failure_on_record() {
    let world = World::new();
    let table = [
        (Bench::failing_at("seal:round"), askable(&world), None),
        (Bench::new(), going_on(&world, MOST_ROUNDS), Some(codes::STATE_REFUSED)),
    ];
    for (bench, call, code) in table {
        *bench.reply.lock().unwrap() = Some(Ok(reply(ASKS, false)));
        let error = invoke(&bench, call).await.unwrap_err();
        assert!(code.is_none_or(|code| code == error.code()), "{error}");
        let settlements = bench.settlements.lock().unwrap();
        let row = settlements[0].invocation.as_ref().unwrap();
        assert_eq!((row.outcome, &row.asked, &row.output_hash), (InvocationOutcome::Failure, &None, &None));
    }
}

#[tokio::test]
async fn a_question_that_may_not_be_asked_is_refused_and_heard_of() {
    let (bench, world) = (Bench::new(), World::new());
    let asks = ASKS.replace("roots/list", "sampling/createMessage");
    *bench.reply.lock().unwrap() = Some(Ok(reply(&asks, false)));
    let error = invoke(&bench, askable(&world)).await.unwrap_err();
    assert_eq!(error.code(), codes::UPSTREAM_PROTOCOL, "{error}");
    let asks = ASKS.replace(r#""roots/list""#, r#""sampling/createMessage","params":{"messages":[]}"#);
    *bench.reply.lock().unwrap() = Some(Ok(reply(&asks, false)));
    let error = invoke(&bench, askable(&world)).await.unwrap_err();
    assert_eq!(error.code(), codes::INPUT_REFUSED, "{error}");
    let settlements = bench.settlements.lock().unwrap();
    let incident = settlements[1].incident.as_ref().unwrap();
    assert_eq!((incident.cause, incident.severity), (IncidentCause::UpstreamConduct, IncidentSeverity::High));
}

#[tokio::test]
async fn a_state_that_nobody_gave_out_is_heard_of() {
    let world = World::new();
    let table = [
        (RoundProblem::Unreadable, true),
        (RoundProblem::OtherRequest, true),
        (RoundProblem::Expired, false),
    ];
    for (problem, is_heard_of) in table {
        let bench = Bench::new();
        let mut call = going_on(&world, 2);
        call.facts.round = Err(problem);
        let error = invoke(&bench, call).await.unwrap_err();
        assert_eq!(error.code(), codes::REQUEST_STATE_REFUSED);
        let refusals = bench.refusals.lock().unwrap();
        let incident = refusals[0].incident.as_ref();
        let heard = incident.map(|incident| (incident.cause, incident.severity));
        let expected = is_heard_of.then_some((IncidentCause::StateForged, IncidentSeverity::High));
        assert_eq!(heard, expected, "{problem:?}");
    }
}

#[tokio::test]
async fn a_round_that_was_not_sent_says_to_make_the_call_anew() {
    let world = World::new();
    for (call, words) in [(going_on(&world, 2), "make the call anew"), (call(&world), "it may be repeated")] {
        let bench = Bench::new();
        let failure = McpFailure::new(codes::UPSTREAM_UNREACHABLE, "no connection", false);
        *bench.reply.lock().unwrap() = Some(Err(failure));
        let error = invoke(&bench, call).await.unwrap_err();
        assert!(error.public().ends_with(words), "{error}");
    }
}

#[tokio::test]
async fn a_kept_question_is_given_again_for_as_long_as_it_can_be_answered() {
    let (bench, world) = (Bench::new(), World::new());
    *bench.reply.lock().unwrap() = Some(Ok(reply(ASKS, false)));
    let asked = invoke(&bench, claimed(askable(&world), &world)).await.unwrap();
    let kept = bench.settlements.lock().unwrap()[0].answer.clone().unwrap();
    *bench.recorded.lock().unwrap() = Some(Recorded::Repeated(Repeated::Ended(kept.clone())));
    bench.clock.advance(LIFETIME - Duration::from_secs(1));
    assert_eq!(invoke(&bench, askable(&world)).await.unwrap().result, asked.result);
    bench.clock.advance(Duration::from_secs(1));
    for (call, words) in [(askable(&world), "with a new key"), (going_on(&world, 2), "make the call anew")] {
        *bench.recorded.lock().unwrap() = Some(Recorded::Repeated(Repeated::Ended(kept.clone())));
        let error = invoke(&bench, call).await.unwrap_err();
        assert_eq!(error.code(), codes::ANSWER_NOT_KEPT);
        assert!(error.public().ends_with(words), "{error}");
    }
}

#[tokio::test]
async fn nobody_is_told_to_declare_what_no_admin_lets_a_server_ask() {
    let (bench, world) = (Bench::new(), World::new());
    let failure = McpFailure::new(codes::ROOTS_REQUIRED, "needs `roots`", false);
    *bench.reply.lock().unwrap() = Some(Err(failure.clone()));
    let error = invoke(&bench, call(&world)).await.unwrap_err();
    assert_eq!(error.code(), codes::UPSTREAM_ERROR, "{error}");
    assert!(error.public().contains("agent_input"), "{error}");
    let mut named = call(&world);
    Arc::make_mut(&mut named.facts.server).agent_input = vec![InputKind::Roots];
    *bench.reply.lock().unwrap() = Some(Err(failure));
    assert_eq!(invoke(&bench, named).await.unwrap_err().code(), codes::ROOTS_REQUIRED);
}

#[tokio::test]
async fn a_question_is_one_however_it_is_written() {
    let world = World::new();
    let ask = |text: &str| text.replace("roots/list", "tools/call");
    let escaped = ask(&ASKS.replace("input_required", r"input\u005frequired"));
    let named = ask(&ASKS.replace("resultType", r"result\u0054ype"));
    let hidden = ask(&ASKS.replace("resultType", "resultType\u{200b}"));
    for (text, code) in [
        (&escaped, codes::INPUT_REFUSED),
        (&named, codes::INPUT_REFUSED),
        (&hidden, codes::UPSTREAM_PROTOCOL),
    ] {
        for call in [askable(&world), call(&world)] {
            let bench = Bench::new();
            *bench.reply.lock().unwrap() = Some(Ok(reply(text, false)));
            let error = invoke(&bench, call).await.unwrap_err();
            assert_eq!(error.code(), code, "{text}: {error}");
        }
    }
    let bench = Bench::new();
    let escaped = ASKS.replace("input_required", r"input\u005frequired");
    *bench.reply.lock().unwrap() = Some(Ok(reply(&escaped, false)));
    let result = invoke(&bench, askable(&world)).await.unwrap();
    assert_eq!(opened(&result).number, 2, "sealed, as every question");
}

#[tokio::test]
async fn a_state_that_was_used_with_other_answers_is_refused() {
    let (bench, world) = (Bench::new(), World::new());
    *bench.recorded.lock().unwrap() = Some(Recorded::Repeated(Repeated::Mismatch));
    let error = invoke(&bench, going_on(&world, 2)).await.unwrap_err();
    assert_eq!((error.code(), bench.count("client:call")), (codes::REQUEST_STATE_REFUSED, 0));
}
