//! Decisions and problems, as Cedar gives them.

use portcullis_schemas::error::PortErrorKind;
use portcullis_schemas::integrations::flows::DataFlows;
use portcullis_schemas::integrations::mcp::tool::{ItemKind, RiskLevel};
use portcullis_schemas::policies::ToolPolicyRecord;
use portcullis_schemas::principal::ActorType;
use portcullis_schemas::text::Name;
use portcullis_schemas::timestamp::Timestamp;

use super::*;

mod approvals;
mod flows;

const ANY: &str = "principal, action, resource";

fn tenant() -> TenantId {
    TenantId::from_trusted("t_a").unwrap()
}

fn record(number: u64, text: &str) -> ToolPolicyRecord {
    ToolPolicyRecord {
        policy_id: format!("pol_{number:026}").parse().unwrap(),
        tenant_id: tenant(),
        name: Name::new(format!("policy {number}")).unwrap(),
        description: None,
        text: PolicyText::new(text).unwrap(),
        version: 1,
        created_at: Timestamp::from_micros(1),
        updated_at: Timestamp::from_micros(1),
        updated_by: "alice".to_owned(),
    }
}

fn set(texts: &[&str]) -> TenantPolicySet {
    let policies = (1..).zip(texts).map(|(number, text)| record(number, text)).collect();
    TenantPolicySet { version: 7, policies }
}

fn question(risk: RiskLevel) -> ToolPolicyRequest {
    ToolPolicyRequest {
        kind: ItemKind::Tool,
        key_id: "key_01jd0000000000000000000000".to_owned(),
        actor: "agent".to_owned(),
        actor_type: ActorType::Machine,
        server_id: "mcp_01jd0000000000000000000000".to_owned(),
        server_name: "billing \"eu\"".to_owned(),
        server_tags: vec!["finance".to_owned(), "eu".to_owned()],
        tool_id: "tool_01jd0000000000000000000000".to_owned(),
        tool_name: "read_invoice".to_owned(),
        risk,
        read_only: true,
        run_id: Some("run-7".to_owned()),
        toolset: Some("support".to_owned()),
        flows: DataFlows::NONE,
    }
}

async fn ask(texts: &[&str], request: &ToolPolicyRequest) -> Result<PolicyOutcome, PortError> {
    CedarToolPolicy::new().evaluate(&tenant(), &set(texts), request).await
}

/// Who permits tools has not thereby permitted what else a server lists; who forbids has forbidden it.
#[tokio::test]
async fn prompts_and_resources_are_permitted_by_the_name_of_the_action_only() {
    let table = [
        ("permit(principal, action, resource);", [true, false, false, false]),
        ("permit(principal, action, resource) when { resource.risk == 0 };", [true, false, false, false]),
        (r#"permit(principal, action == Action::"call_tool", resource);"#, [true, false, false, false]),
        (r#"permit(principal, action == Action::"get_prompt", resource);"#, [false, true, false, false]),
        (r#"permit(principal, action == Action::"read_resource", resource);"#, [false, false, true, true]),
        (
            r#"permit(principal, action in [Action::"get_prompt", Action::"read_resource"], resource)
               when { resource.kind != "resource_template" };"#,
            [false, true, true, false],
        ),
    ];
    for (text, permitted) in table {
        for (kind, permitted) in ItemKind::ALL.iter().zip(permitted) {
            let request = ToolPolicyRequest { kind: *kind, ..question(RiskLevel::Low) };
            assert_eq!(ask(&[text], &request).await.unwrap().permitted, permitted, "{kind}: {text}");
        }
    }
    let texts = [
        r#"permit(principal, action == Action::"read_resource", resource);"#,
        r#"forbid(principal, action, resource) when { resource.name like "secret:*" };"#,
    ];
    let request = |name: &str| ToolPolicyRequest {
        kind: ItemKind::Resource,
        tool_name: name.to_owned(),
        ..question(RiskLevel::Low)
    };
    assert!(ask(&texts, &request("file:///a")).await.unwrap().permitted);
    assert!(!ask(&texts, &request("secret://a")).await.unwrap().permitted);
}

async fn decide(texts: &[&str], risk: RiskLevel) -> (bool, Vec<String>, Option<String>) {
    let outcome = ask(texts, &question(risk)).await.unwrap();
    assert_eq!(outcome.version, 7);
    let short =
        outcome.policy_ids.iter().map(|id| id.replace("pol_0000000000000000000000000", "p")).collect();
    (outcome.permitted, short, outcome.reason)
}

fn problems(text: &str) -> Vec<(Option<u32>, String)> {
    let found = CedarToolPolicy::new().problems(&PolicyText::new(text).unwrap());
    found.into_iter().map(|problem| (problem.line, problem.message)).collect()
}

#[test]
fn the_schema_is_a_contract() {
    insta::assert_snapshot!(SCHEMA);
}

#[tokio::test]
async fn nothing_is_permitted_without_a_policy() {
    let denied = (false, Vec::new(), Some(NO_POLICY.to_owned()));
    assert_eq!(decide(&[], RiskLevel::Low).await, denied);
    let other_tool = r#"permit(principal, action, resource == Tool::"tool_x");"#;
    assert_eq!(decide(&[other_tool], RiskLevel::Low).await, denied);
}

#[tokio::test]
async fn a_forbid_outweighs_every_permit() {
    let texts = [
        "permit(principal, action, resource) when { resource.risk <= 1 };\npermit(principal, action, resource);",
        "forbid(principal, action, resource) when { context.risk >= 3 };",
    ];
    let ids = |ids: &[&str]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(decide(&texts, RiskLevel::Medium).await, (true, ids(&["p1#0", "p1#1"]), None));
    assert_eq!(decide(&texts, RiskLevel::High).await, (true, ids(&["p1#1"]), None));
    let forbidden = (false, ids(&["p2#0"]), Some(FORBIDDEN.to_owned()));
    assert_eq!(decide(&texts, RiskLevel::Critical).await, forbidden);
}

/// Cedar itself answers Allow here, with an error in its diagnostics.
#[tokio::test]
async fn a_forbid_that_fails_to_evaluate_denies() {
    let overflows = "forbid(principal, action, resource) when { context.risk + 9223372036854775807 < 0 };";
    let texts = ["permit(principal, action, resource);", overflows];
    assert_eq!(problems(overflows), [], "strict validation cannot see it");
    let denied = (false, vec!["p2#0".to_owned()], Some(POLICY_ERROR.to_owned()));
    assert_eq!(decide(&texts, RiskLevel::High).await, denied);
}

#[tokio::test]
async fn a_permit_that_fails_to_evaluate_denies_what_another_permits() {
    let overflows = "permit(principal, action, resource) when { context.risk + 9223372036854775807 > 0 };";
    let texts = [overflows, "permit(principal, action, resource);"];
    let denied = (false, vec!["p1#0".to_owned()], Some(POLICY_ERROR.to_owned()));
    assert_eq!(decide(&texts, RiskLevel::High).await, denied);
}

/// The other half of the trap: an attribute that the context never has.
#[tokio::test]
async fn an_unknown_attribute_does_not_validate_and_a_stored_one_is_an_error() {
    let text = "permit(principal, action, resource);\nforbid(principal, action, resource) when { context.rows > 10 };";
    let found = problems(text);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, Some(2));
    let error = ask(&[text], &question(RiskLevel::Low)).await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Corrupt);
}

#[tokio::test]
async fn one_stale_policy_refuses_the_whole_set() {
    for stale in [
        "permit(",
        "permit(principal == ?principal, action, resource);",
        "forbid(principal is User, action, resource);",
    ] {
        let error = ask(&["permit(principal, action, resource);", stale], &question(RiskLevel::Low)).await;
        assert_eq!(error.unwrap_err().kind(), PortErrorKind::Corrupt, "{stale}");
    }
}

#[tokio::test]
async fn policies_see_every_fact_of_the_request() {
    let conditions = [
        r#"principal == Actor::"key_01jd0000000000000000000000""#,
        r#"principal.name == "agent" && principal.kind == "machine""#,
        r#"resource in Server::"mcp_01jd0000000000000000000000""#,
        r#"resource == Tool::"tool_01jd0000000000000000000000""#,
        r#"resource.name like "read_*" && resource.read_only"#,
        r#"resource.risk == 2 && resource.risk_level == "high" && context.risk == 2"#,
        r#"Server::"mcp_01jd0000000000000000000000".tags.containsAll(["finance", "eu"])"#,
        r#"Server::"mcp_01jd0000000000000000000000".name == "billing \"eu\"""#,
        r#"context has run_id && context.run_id == "run-7""#,
        r#"context has toolset && context.toolset == "support""#,
    ];
    for condition in conditions {
        let text = format!("permit({ANY}) when {{ {condition} }};");
        assert_eq!(problems(&text), [], "{condition}");
        assert!(decide(&[&text], RiskLevel::High).await.0, "{condition}");
        let negated = format!("permit({ANY}) unless {{ {condition} }};");
        assert!(!decide(&[&negated], RiskLevel::High).await.0, "not {condition}");
    }
}

#[tokio::test]
async fn risk_ranks_in_order() {
    for (rank, risk) in (0..).zip(RiskLevel::ALL) {
        let text = format!("permit({ANY}) when {{ resource.risk == {rank} }};");
        assert!(decide(&[&text], *risk).await.0, "{risk}");
    }
}

#[tokio::test]
async fn a_call_without_a_run_has_no_run_id_and_one_without_a_toolset_none() {
    let request = ToolPolicyRequest { run_id: None, toolset: None, ..question(RiskLevel::Low) };
    let text = format!("permit({ANY}) unless {{ context has run_id || context has toolset }};");
    assert!(ask(&[&text], &request).await.unwrap().permitted);
}

#[tokio::test]
async fn a_new_version_takes_effect_at_once() {
    let engine = CedarToolPolicy::new();
    let request = question(RiskLevel::Low);
    let open = set(&["permit(principal, action, resource);"]);
    assert!(engine.evaluate(&tenant(), &open, &request).await.unwrap().permitted);
    let closed = TenantPolicySet { version: 8, policies: Vec::new() };
    let outcome = engine.evaluate(&tenant(), &closed, &request).await.unwrap();
    assert_eq!((outcome.permitted, outcome.version), (false, 8));
    let same_number = TenantPolicySet { version: 8, ..open };
    assert!(engine.evaluate(&tenant(), &same_number, &request).await.unwrap().permitted, "after a restore");
}

#[tokio::test]
async fn no_fact_of_an_earlier_question_is_used_again() {
    let first = question(RiskLevel::Low);
    let other = |change: fn(&mut ToolPolicyRequest)| {
        let mut request = question(RiskLevel::Low);
        change(&mut request);
        request
    };
    let cases = [
        (other(|q| q.actor = "b".to_owned()), r#"principal.name == "b""#),
        (other(|q| q.actor_type = ActorType::Human), r#"principal.kind == "human""#),
        (other(|q| q.key_id = "key_b".to_owned()), r#"principal == Actor::"key_b""#),
        (other(|q| q.server_id = "mcp_b".to_owned()), r#"resource in Server::"mcp_b""#),
        (
            other(|q| q.server_name = "b".to_owned()),
            r#"Server::"mcp_01jd0000000000000000000000".name == "b""#,
        ),
        (
            other(|q| q.server_tags = vec!["b".to_owned()]),
            r#"Server::"mcp_01jd0000000000000000000000".tags.contains("b")"#,
        ),
        (other(|q| q.tool_id = "tool_b".to_owned()), r#"resource == Tool::"tool_b""#),
        (other(|q| q.tool_name = "b".to_owned()), r#"resource.name == "b""#),
        (other(|q| q.risk = RiskLevel::Critical), "resource.risk == 3"),
        (other(|q| q.read_only = false), "!resource.read_only"),
        (other(|q| q.run_id = Some("b".to_owned())), r#"context.run_id == "b""#),
        (other(|q| q.toolset = Some("b".to_owned())), r#"context has toolset && context.toolset == "b""#),
    ];
    for (changed, condition) in cases {
        let engine = CedarToolPolicy::new();
        let guard = if condition.starts_with("context") { "context has run_id && " } else { "" };
        let set = set(&[&format!("permit({ANY}) when {{ {guard}{condition} }};")]);
        for (request, permitted) in [(&first, false), (&changed, true), (&first, false), (&changed, true)] {
            let outcome = engine.evaluate(&tenant(), &set, request).await.unwrap();
            assert_eq!(outcome.permitted, permitted, "{condition}");
        }
    }
}

#[test]
fn problems_are_told_by_line_and_say_what_was_expected() {
    let texts = [
        "permit(principal, action, resource)",
        "permit(principal, action, resource);\n\nforbid(principal, action) ;",
        "allow(principal, action, resource);",
        "// nothing\n",
        "permit(principal == ?principal, action, resource);",
        "permit(principal, action == Action::\"call_tools\", resource);",
        "permit(principal is Actr, action, resource);",
        "permit(principal, action, resource) when { resource.rsik == 1 };",
        "permit(principal, action, resource)\nwhen {\n  resource.risk == \"high\"\n};",
        "permit(principal, action, resource) when { context.run_id == \"r\" };",
        "forbid(principal, action, resource) when { resource.risk_level == \"criticl\" };",
        "forbid(principal, action, resource) when { [\"high\", \"huge\"].contains(resource.risk_level) };",
        "forbid(principal, action, resource) unless { \"person\" != principal.kind };",
        "forbid(principal, action, resource) when { false };",
        "forbid(principal, action, resource) when { resource.name == \"pay\u{202e}roll\" };",
    ];
    let listed: Vec<String> = texts
        .iter()
        .map(|text| {
            let found = problems(text);
            assert!(!found.is_empty(), "{text}");
            let lines: Vec<String> =
                found.iter().map(|(line, message)| format!("{line:?} {message}")).collect();
            format!("{}\n=> {}", text.escape_debug(), lines.join("\n=> "))
        })
        .collect();
    insta::assert_snapshot!(listed.join("\n\n"));
}

#[test]
fn at_most_twenty_problems_are_told() {
    let text = "permit(principal, action, resource) when { resource.none };\n".repeat(50);
    let found = problems(&text);
    assert_eq!(found.len(), 20);
    assert_eq!((found[0].0, found[19].0), (Some(1), Some(20)));
}

/// Ways to nest: what is repeated before, what stands innermost, what is repeated after.
const FAMILIES: &[(&str, &str, &str)] = &[
    ("(", "resource.nope", ")"),
    ("[", "resource.nope", "]"),
    ("{a: ", "resource.nope", "}"),
    ("if true then ", "resource.nope", " else true"),
    ("if ", "resource.nope", " then true else true"),
    ("if context.risk > 1 then true else ", "resource.nope", ""),
    ("1 + ", "resource.nope > 0", ""),
    ("1 * ", "resource.nope > 0", ""),
    ("", "resource.nope", " + 1"),
    ("resource.read_only || ", "resource.nope", ""),
    ("", "resource.nope", " || resource.read_only"),
    ("true && ", "resource.nope", ""),
    ("", "resource.nope", " && true"),
    ("", "resource.nope", ".a"),
    ("", "resource.nope", "[\"a\"]"),
    ("", "resource.nope", ".contains(1)"),
    ("(resource.nope == ", "resource.nope", ")"),
    ("(resource.read_only || ", "resource.nope", " && true)"),
];

/// Where Cedar runs out of stack it crashes, or passes the policy unseen: neither may happen within the bound.
#[test]
fn as_deep_as_the_bound_allows_validation_sees_everything() {
    for (before, inner, after) in FAMILIES {
        let nested = |depth: usize| {
            format!("permit({ANY}) when {{ {}{inner}{} }};", before.repeat(depth), after.repeat(depth))
        };
        let deepest = (1..100).take_while(|depth| nesting::first_too_deep(&nested(*depth)).is_none()).last();
        let deepest = deepest.expect("one is allowed");
        assert!(deepest < 60, "{before}..{after} {deepest}");
        let seen = problems(&nested(deepest)).iter().any(|(_, message)| message.contains("nope"));
        assert!(seen, "{before}..{after} {deepest}");
        let refused = problems(&nested(deepest + 1));
        assert!(refused.len() == 1 && refused[0].1.contains("nests too deep"), "{refused:?}");
        let most = 15_000 / (before.len() + after.len());
        assert_eq!(problems(&nested(most)), [(Some(1), refused[0].1.clone())]);
    }
}

#[tokio::test]
async fn as_deep_as_the_bound_allows_policies_evaluate() {
    for (before, inner, after) in [
        ("(", "true", ")"),
        ("1 + ", "0 > 0", ""),
        ("context.risk + ", "1 > 0", ""),
        ("if resource.read_only then ", "true", " else false"),
        ("resource.read_only && ", "true", ""),
    ] {
        let nested = |depth: usize| {
            format!("permit({ANY}) when {{ {}{inner}{} }};", before.repeat(depth), after.repeat(depth))
        };
        let deepest = (1..100).take_while(|depth| nesting::first_too_deep(&nested(*depth)).is_none()).last();
        let (permitted, _, reason) = decide(&[&nested(deepest.unwrap())], RiskLevel::Low).await;
        assert!(permitted, "{before} {deepest:?} {reason:?}");
        let error = ask(&[&nested(deepest.unwrap() + 1)], &question(RiskLevel::Low)).await.unwrap_err();
        assert_eq!(error.kind(), PortErrorKind::Corrupt);
    }
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    const TOKENS: &[&str] = &[
        "(",
        "(",
        "[",
        "{",
        ")",
        "]",
        "}",
        ";",
        ",",
        "\"",
        "//",
        "\n",
        "if",
        "then",
        "else",
        "||",
        "&&",
        "!",
        "-",
        "+",
        "*",
        "==",
        "<",
        "in",
        "has",
        "like",
        "is",
        ".",
        "a",
        "a:",
        "1",
        "true",
        "resource.risk",
        "Tool::\"t\"",
        "ip(",
        "when",
        "permit(principal, action, resource)",
    ];

    proptest! {
        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC{1,200}") {
            if let Ok(text) = PolicyText::new(text) {
                CedarToolPolicy::new().problems(&text);
            }
        }

        /// A crash would take the process, not the test alone.
        #[test]
        fn any_sequence_of_tokens_is_judged_without_crash(
            tokens in prop::collection::vec(prop::sample::select(TOKENS), 1..400),
            repeat in 1_usize..40,
        ) {
            let condition = tokens.join(" ").repeat(repeat);
            let text = format!("permit({ANY}) when {{ {condition} }};");
            if let Ok(text) = PolicyText::new(text) {
                CedarToolPolicy::new().problems(&text);
            }
        }

        #[test]
        fn any_request_is_decided(
            words in prop::collection::vec("\\PC{0,20}", 6),
            run_id in prop::option::of("\\PC{1,20}"),
        ) {
            let request = ToolPolicyRequest {
                key_id: words[0].clone(),
                actor: words[1].clone(),
                server_id: words[2].clone(),
                server_tags: words.clone(),
                tool_id: words[4].clone(),
                tool_name: words[5].clone(),
                run_id,
                ..question(RiskLevel::Low)
            };
            let engine = CedarToolPolicy::new();
            let all = CompiledSet::compile(&engine.vocabulary, &set(&["permit(principal, action, resource);"])).unwrap();
            prop_assert!(engine.decide(&all, &request).unwrap().permitted);
        }
    }
}
