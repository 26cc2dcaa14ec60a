//! Tables of states and where they lead.

use portcullis_schemas::PortErrorKind;
use portcullis_schemas::ids::{KeyId, ServerId, TenantId, ToolsetId};
use portcullis_schemas::integrations::toolsets::ExposedName;
use portcullis_schemas::logs::ledger::SealedAnswer;
use portcullis_schemas::principal::{ActorType, Principal, Scope};
use portcullis_schemas::text::UrlText;
use portcullis_testkit::fixtures::{self, tenant, time};

use super::*;
use crate::integrations::mcp::samples::World;

/// Shows what it seals, and opens it for its tenant alone.
struct Labelled;

impl AnswerSeal for Labelled {
    fn seal_answer(&self, _: &TenantId, _: &[u8]) -> Result<SealedAnswer, PortError> {
        Err(PortError::unavailable("no answer is kept here"))
    }

    fn open_answer(&self, _: &TenantId, _: &SealedAnswer) -> Result<Vec<u8>, PortError> {
        Err(PortError::unavailable("no answer is kept here"))
    }

    fn seal_round(&self, tenant: &TenantId, state: &[u8]) -> Result<Vec<u8>, PortError> {
        Ok([tenant.as_str().as_bytes(), b"|", state].concat())
    }

    fn open_round(&self, tenant: &TenantId, sealed: &[u8]) -> Result<Vec<u8>, PortError> {
        let label = [tenant.as_str().as_bytes(), b"|"].concat();
        let foreign = || PortError::new(PortErrorKind::Corrupt, codes::STORE_CORRUPT, "not sealed here");
        sealed.strip_prefix(label.as_slice()).map(<[u8]>::to_vec).ok_or_else(foreign)
    }
}

/// Has not the key that a state names.
struct KeyAway;

impl AnswerSeal for KeyAway {
    fn seal_answer(&self, tenant: &TenantId, answer: &[u8]) -> Result<SealedAnswer, PortError> {
        Labelled.seal_answer(tenant, answer)
    }

    fn open_answer(&self, tenant: &TenantId, sealed: &SealedAnswer) -> Result<Vec<u8>, PortError> {
        Labelled.open_answer(tenant, sealed)
    }

    fn seal_round(&self, _: &TenantId, _: &[u8]) -> Result<Vec<u8>, PortError> {
        Err(PortError::unavailable("there is no key"))
    }

    fn open_round(&self, _: &TenantId, _: &[u8]) -> Result<Vec<u8>, PortError> {
        Err(PortError::unavailable("there is no key"))
    }
}

fn state(world: &World) -> RoundState {
    RoundState {
        number: 2,
        invocation_id: InvocationId::generate(&world.ids),
        binding: Binding { request: "b".repeat(64), configuration: "c".repeat(64) },
        expires_at: time(600),
        asked: vec!["sure".to_owned(), "who".to_owned()],
        server_state: Some(RawJson::from_text(r#""st\u00e4te""#.to_owned()).unwrap()),
        approval_id: None,
    }
}

fn answers(state: &str, responses: Option<RawJson>) -> AgentAnswers {
    AgentAnswers { state: state.to_owned(), responses }
}

#[test]
fn a_state_comes_back_whole_and_with_the_answers_to_what_was_asked() {
    let world = World::new();
    let (ctx, given) = (world.ctx(), state(&world));
    let text = given.seal(&Labelled, &ctx).unwrap();
    let odd = r#"{"other":{"a":1},"who":{ "n":1.10,"big":123456789012345678901234567890 },"SURE":{}}"#;
    let responses = RawJson::from_text(odd.to_owned()).unwrap();
    let opened = Continued::open(&Labelled, &ctx, &answers(&text, Some(responses))).unwrap();
    assert_eq!(opened.state, given);
    let kept = opened.responses.unwrap();
    assert_eq!(
        kept.as_str(),
        r#"{"who":{ "n":1.10,"big":123456789012345678901234567890 }}"#,
        "byte for byte"
    );
    for nothing in ["{}", r#"{"other":{}}"#, "[]", "3"] {
        let responses = RawJson::from_text(nothing.to_owned()).unwrap();
        let opened = Continued::open(&Labelled, &ctx, &answers(&text, Some(responses))).unwrap();
        assert!(opened.responses.is_none(), "{nothing}");
    }
}

#[test]
fn what_was_not_given_out_opens_as_nothing() {
    let world = World::new();
    let ctx = world.ctx();
    let open = |text: &str| Continued::open(&Labelled, &ctx, &answers(text, None)).map(|opened| opened.state);
    let sealed =
        |bytes: &[u8]| URL_SAFE_NO_PAD.encode(Labelled.seal_round(ctx.principal.tenant(), bytes).unwrap());
    let foreign = URL_SAFE_NO_PAD
        .encode(Labelled.seal_round(&tenant(9), &serde_json::to_vec(&state(&world)).unwrap()).unwrap());
    let tampered = format!("{}-TAMPERED", state(&world).seal(&Labelled, &ctx).unwrap());
    let mut more = serde_json::to_value(state(&world)).unwrap();
    more["more"] = true.into();
    for bad in [
        String::new(),
        "no base64!".to_owned(),
        foreign,
        tampered,
        sealed(b"{}"),
        sealed(br#"{"result":{"invocation_id":"inv_x"}}"#),
        sealed(more.to_string().as_bytes()),
        "A".repeat(AgentAnswers::MAX_STATE + 4),
    ] {
        assert_eq!(open(&bad), Err(RoundProblem::Unreadable), "{bad:.99}");
    }
    let good = state(&world).seal(&Labelled, &ctx).unwrap();
    let many =
        RawJson::from_text(format!(r#"{{"who":"{}"}}"#, "a".repeat(AgentAnswers::MAX_RESPONSES))).unwrap();
    let flooded = Continued::open(&Labelled, &ctx, &answers(&good, Some(many)));
    assert_eq!(flooded.map(|_| ()), Err(RoundProblem::Unreadable), "whoever brings it");
}

#[test]
fn nothing_is_printed_of_what_people_and_servers_say() {
    let world = World::new();
    let responses = RawJson::from_text(r#"{"who":"SECRET"}"#.to_owned()).ok();
    let server_state = RawJson::from_text(r#""SECRET""#.to_owned()).ok();
    let continued = Some(Continued { state: RoundState { server_state, ..state(&world) }, responses });
    let shown = format!("{:?}", Rounds { continued, ..Rounds::default() });
    assert!(!shown.contains("SECRET"), "{shown}");
}

#[test]
fn a_state_leads_to_its_own_request_and_for_ten_minutes() {
    let state = state(&World::new());
    let own = &state.binding;
    let other = Binding { request: "d".repeat(64), ..own.clone() };
    let changed = Binding { configuration: "d".repeat(64), ..own.clone() };
    let table = [
        (own, 0, Ok(())),
        (own, 599, Ok(())),
        (own, 600, Err(RoundProblem::Expired)),
        (&other, 0, Err(RoundProblem::OtherRequest)),
        (&other, 900, Err(RoundProblem::OtherRequest)),
        (&changed, 0, Err(RoundProblem::Changed)),
        (&Binding::default(), 0, Err(RoundProblem::OtherRequest)),
    ];
    for (binding, seconds, expected) in table {
        assert_eq!(judge(&state, binding, time(seconds)), expected, "{binding:?} {seconds}");
    }
    let forgeries = [RoundProblem::Unreadable, RoundProblem::OtherRequest];
    let honest = [RoundProblem::NoKey, RoundProblem::Changed, RoundProblem::Expired, RoundProblem::Used];
    assert!(forgeries.into_iter().all(RoundProblem::is_forgery));
    assert!(!honest.into_iter().any(RoundProblem::is_forgery), "nobody is blamed for what others do");
}

#[test]
fn no_two_requests_share_a_binding() {
    let world = World::new();
    let ctx = world.ctx();
    let caller = |key: &KeyId, actor: &str| {
        let principal = Principal::verified(
            world.tenant.clone(),
            key.clone(),
            actor,
            ActorType::Machine,
            [Scope::Invoke],
        );
        fixtures::call_context(&world.ids, principal)
    };
    let other_key = caller(&KeyId::generate(&world.ids), ctx.principal.actor());
    let other_actor = caller(ctx.principal.key(), "another");
    let (one, other) = (world.tool("one"), world.tool("other"));
    let mut repinned = one.clone();
    repinned.pinned_hash = Some("f".repeat(64));
    let run = RunId::new("run-1").unwrap();
    let (moved, asking) = (
        McpServer { url: UrlText::new("https://other.example/mcp").unwrap(), ..world.server.clone() },
        McpServer { agent_input: vec![InputKind::Roots], ..world.server.clone() },
    );
    let mut elsewhere = one.clone();
    elsewhere.server_id = ServerId::generate(&world.ids);
    let toolset = ToolsetId::generate(&world.ids);
    let through = |id: &ToolsetId, name: &str| CalledThrough {
        toolset_id: id.clone(),
        toolset_version: 1,
        name: ExposedName::new(name).unwrap(),
    };
    let (named, renamed) = (through(&toolset, "read"), through(&toolset, "write"));
    let other_set = through(&ToolsetId::generate(&world.ids), "read");
    let plain = Bound {
        ctx: &ctx,
        server: &world.server,
        method: CallMethod::CallTool,
        tool: &one,
        arguments: b"{}",
        through: None,
        run_id: None,
    };
    let variants = [
        plain,
        Bound { ctx: &other_key, ..plain },
        Bound { ctx: &other_actor, ..plain },
        Bound { server: &moved, ..plain },
        Bound { server: &asking, ..plain },
        Bound { method: CallMethod::Complete, ..plain },
        Bound { tool: &other, ..plain },
        Bound { tool: &repinned, ..plain },
        Bound { tool: &elsewhere, ..plain },
        Bound { arguments: b"{\"a\":1}", ..plain },
        Bound { through: Some(&named), ..plain },
        Bound { through: Some(&renamed), ..plain },
        Bound { through: Some(&other_set), ..plain },
        Bound { run_id: Some(&run), ..plain },
    ];
    let binding = |bound: &Bound<'_>| Binding::of(bound, |bytes| URL_SAFE_NO_PAD.encode(bytes));
    let all: std::collections::BTreeSet<_> = variants.iter().map(binding).collect();
    assert_eq!(all.len(), variants.len());
    let again = (one.clone(), world.server.clone());
    let same = Bound { tool: &again.0, server: &again.1, ..plain };
    assert_eq!(binding(&plain), binding(&same), "the same request, the same binding");
    for changed in [Bound { server: &moved, ..plain }, Bound { tool: &repinned, ..plain }] {
        assert_eq!(binding(&changed).request, binding(&plain).request, "the agent asks for the same");
    }
}

#[test]
fn a_key_that_is_away_is_nobodys_forgery() {
    let world = World::new();
    let away = Continued::open(&KeyAway, &world.ctx(), &answers("AAAA", None));
    assert_eq!(away.map(|_| ()), Err(RoundProblem::NoKey));
}
