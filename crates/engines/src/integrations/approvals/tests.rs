//! Who may decide, what still counts, what two calls share, and what is shown of one.

use std::time::Duration;

use portcullis_schemas::integrations::approvals::StoredApproval;
use portcullis_schemas::integrations::flows::{DataFlows, FlowLevel};
use portcullis_schemas::integrations::mcp::invocation::CallMethod;
use portcullis_schemas::integrations::mcp::tool::{ItemKind, McpTool, ToolStatus};
use portcullis_schemas::json::RawJson;
use portcullis_schemas::logs::ledger::SealedAnswer;
use portcullis_schemas::principal::{ActorType, Principal, Scope};
use portcullis_testkit::fixtures::{self, time};
use portcullis_testkit::ids::SequentialIds;
use serde_json::{Value, json};

use super::*;

struct World {
    ids: SequentialIds,
    tool: McpTool,
    asked: CallApproval,
}

impl World {
    /// An approval that was asked for at 0 and is over at 600.
    fn new() -> Self {
        let ids = SequentialIds::new();
        let tenant = fixtures::tenant(1);
        let tool = fixtures::tool(&ids, &fixtures::server(&ids, &tenant, "mail", 0), "send_mail");
        let facts = fixtures::invocation_facts(&ids, &tool, 0);
        let asked = fixtures::approval(&ids, &tenant, &facts, "binding").approval;
        Self { ids, tool, asked }
    }

    fn current(&self) -> Current<'_> {
        Current { tool: Some(&self.tool), policy_version: self.asked.policy_version }
    }

    fn grant(
        &self,
        approval: CallApproval,
        by: Decider<'_>,
        seconds: i64,
    ) -> Result<CallApproval, &'static str> {
        grant(approval, by, &reason(), time(seconds), self.current()).map_err(|error| error.code().as_str())
    }
}

fn reason() -> Reason {
    Reason::new("looked at it").unwrap()
}

#[test]
fn who_asks_may_not_approve_where_four_eyes_are_asked_for() {
    let world = World::new();
    let other = KeyId::generate(&world.ids);
    let by = |key, name| Decider { key, name, makers: &["first"], since: time(-1) };
    let made_by_the_asker = Decider { makers: &["agent", "first"], ..by(&other, "admin") };
    let made_for_this = Decider { since: world.asked.requested_at, ..by(&other, "admin") };
    let table = [
        (ApprovalRule::Required, made_by_the_asker, Ok(ApprovalStatus::Granted)),
        (ApprovalRule::FourEyes, made_by_the_asker, Err("approval_four_eyes")),
        (ApprovalRule::FourEyes, made_for_this, Err("approval_four_eyes")),
        (ApprovalRule::Required, by(&world.asked.requested_by, "agent"), Ok(ApprovalStatus::Granted)),
        (ApprovalRule::FourEyes, by(&world.asked.requested_by, "admin"), Err("approval_four_eyes")),
        (ApprovalRule::FourEyes, by(&other, "agent"), Err("approval_four_eyes")),
        (ApprovalRule::FourEyes, by(&other, "admin"), Ok(ApprovalStatus::Granted)),
    ];
    for (rule, by, expected) in table {
        let asked = CallApproval { rule, ..world.asked.clone() };
        assert_eq!(world.grant(asked, by, 1).map(|granted| granted.status), expected, "{rule} {by:?}");
    }
}

#[test]
fn a_decision_says_who_when_and_why() {
    let world = World::new();
    let key = KeyId::generate(&world.ids);
    let by = Decider { key: &key, name: "admin", makers: &[], since: time(-1) };
    let granted = world.grant(world.asked.clone(), by, 5).unwrap();
    let expected = CallApproval {
        status: ApprovalStatus::Granted,
        decided_by: Some("admin".to_owned()),
        decided_at: Some(time(5)),
        reason: Some("looked at it".to_owned()),
        version: 2,
        ..world.asked.clone()
    };
    assert_eq!(granted, expected);
    let denied = deny(world.asked.clone(), by, &reason(), time(5)).unwrap();
    assert_eq!(denied, CallApproval { status: ApprovalStatus::Denied, ..expected });
}

#[test]
fn one_decision_is_made_and_in_time() {
    let world = World::new();
    let key = KeyId::generate(&world.ids);
    let by = Decider { key: &key, name: "admin", makers: &[], since: time(-1) };
    let statuses =
        [ApprovalStatus::Granted, ApprovalStatus::Denied, ApprovalStatus::Used, ApprovalStatus::Expired];
    for status in statuses {
        let decided = CallApproval { status, ..world.asked.clone() };
        assert_eq!(world.grant(decided.clone(), by, 1), Err("state_conflict"), "{status}");
        let denied = deny(decided.clone(), by, &reason(), time(1));
        if status == ApprovalStatus::Granted {
            assert_eq!(denied.unwrap().status, ApprovalStatus::Denied, "a grant is taken back");
            assert!(deny(decided, by, &reason(), time(600)).is_err(), "but not when it is over");
        } else {
            assert_eq!(denied.unwrap_err().code(), codes::STATE_CONFLICT, "{status}");
        }
    }
    assert!(world.grant(world.asked.clone(), by, 599).is_ok());
    assert_eq!(world.grant(world.asked.clone(), by, 600), Err("state_conflict"), "over counts as denied");
}

#[test]
fn what_has_changed_since_is_not_granted() {
    let world = World::new();
    let key = KeyId::generate(&world.ids);
    let by = Decider { key: &key, name: "admin", makers: &[], since: time(-1) };
    let tool = |change: fn(&mut McpTool)| {
        let mut tool = world.tool.clone();
        change(&mut tool);
        tool
    };
    let repinned = tool(|tool| {
        tool.definition_hash = "another".to_owned();
        tool.pinned_hash = Some("another".to_owned());
    });
    let changed_behind = tool(|tool| tool.definition_hash = "another".to_owned());
    let quarantined = tool(|tool| tool.status = ToolStatus::Quarantined);
    let disabled = tool(|tool| tool.enabled = false);
    let changed = [
        Current { tool: Some(&repinned), ..world.current() },
        Current { tool: Some(&changed_behind), ..world.current() },
        Current { tool: Some(&quarantined), ..world.current() },
        Current { tool: Some(&disabled), ..world.current() },
        Current { tool: None, ..world.current() },
        Current { policy_version: world.asked.policy_version + 1, ..world.current() },
    ];
    assert!(grant(world.asked.clone(), by, &reason(), time(1), world.current()).is_ok());
    for current in changed {
        let granted = grant(world.asked.clone(), by, &reason(), time(1), current);
        assert_eq!(granted.map_err(|error| error.code().as_str()), Err("state_conflict"), "{current:?}");
    }
}

#[test]
fn every_standing_of_the_newest_approval() {
    let world = World::new();
    let id = world.asked.approval_id.clone();
    let granted = || ApprovalStanding::Granted(id.clone());
    let pending = ApprovalStanding::Pending { id: id.clone(), expires_at: time(600) };
    let denied = ApprovalStanding::Denied { id: id.clone(), reason: "no".to_owned() };
    let asked = ApprovalStanding::NotAsked;
    // status, seconds, repeatable, standing
    let table = [
        (ApprovalStatus::Pending, 599, false, pending),
        (ApprovalStatus::Pending, 600, true, asked.clone()),
        (ApprovalStatus::Granted, 599, false, granted()),
        (ApprovalStatus::Granted, 600, true, asked.clone()),
        (ApprovalStatus::Denied, 599, true, denied),
        (ApprovalStatus::Denied, 600, false, asked.clone()),
        (ApprovalStatus::Used, 599, false, asked.clone()),
        (ApprovalStatus::Used, 599, true, granted()),
        (ApprovalStatus::Used, 900, true, granted()),
    ];
    for (status, seconds, repeatable, expected) in table {
        let newest = CallApproval { status, reason: Some("no".to_owned()), ..world.asked.clone() };
        let standing = standing_of(Some(newest), time(seconds), repeatable);
        assert_eq!(standing, expected, "{status} {seconds} {repeatable}");
    }
    assert_eq!(standing_of(None, time(0), true), asked);
}

#[test]
fn a_round_is_covered_by_its_calls_own_approval_alone() {
    let world = World::new();
    let carried = Some(ApprovalStanding::Carried(world.asked.approval_id.clone()));
    let table = [
        (ApprovalStatus::Used, 599, "b", carried),
        (ApprovalStatus::Used, 600, "b", None),
        (ApprovalStatus::Used, 0, "c", None),
        (ApprovalStatus::Granted, 0, "b", None),
        (ApprovalStatus::Pending, 0, "b", None),
        (ApprovalStatus::Denied, 0, "b", None),
    ];
    for (status, seconds, binding, expected) in table {
        let approval = CallApproval { status, ..world.asked.clone() };
        let arguments = SealedAnswer(Vec::new());
        let own = StoredApproval { approval, binding: "b".to_owned(), arguments };
        assert_eq!(carried_by(own, binding, time(seconds)), expected, "{status} {seconds} {binding}");
    }
}

#[test]
fn no_two_calls_share_a_binding() {
    let world = World::new();
    let principal = |key: &KeyId, actor: &str| {
        Principal::verified(fixtures::tenant(1), key.clone(), actor, ActorType::Machine, [Scope::Invoke])
    };
    let (key, other) = (KeyId::generate(&world.ids), KeyId::generate(&world.ids));
    let base = principal(&key, "agent");
    let pinned = |hash: Option<&str>| McpTool { pinned_hash: hash.map(str::to_owned), ..world.tool.clone() };
    let bytes = |principal: &Principal, tool: &McpTool, policy_version, arguments: &str| {
        let (method, arguments) = (CallMethod::CallTool, arguments.as_bytes());
        let (rule, flows) = (ApprovalRule::Required, None);
        binding_bytes(&Bound { principal, method, tool, rule, policy_version, flows, arguments })
    };
    let of = |method, rule, flows| {
        let (principal, tool, arguments) = (&base, &world.tool, "{}".as_bytes());
        binding_bytes(&Bound { principal, method, tool, rule, policy_version: 3, flows, arguments })
    };
    let has_read = DataFlows { private_reads: FlowLevel::Yes, ..DataFlows::NONE };
    let has_sent = DataFlows { egress: FlowLevel::Yes, ..DataFlows::NONE };
    let one = bytes(&base, &world.tool, 3, "{}");
    assert_eq!(one, bytes(&base, &world.tool.clone(), 3, "{}"), "the same call");
    let others = [
        of(CallMethod::GetPrompt, ApprovalRule::Required, None),
        of(CallMethod::CallTool, ApprovalRule::FourEyes, None),
        of(CallMethod::CallTool, ApprovalRule::Required, Some(DataFlows::NONE)),
        of(CallMethod::CallTool, ApprovalRule::Required, Some(has_read)),
        bytes(&principal(&other, "agent"), &world.tool, 3, "{}"),
        bytes(&principal(&key, "agent2"), &world.tool, 3, "{}"),
        bytes(&base, &pinned(Some("x")), 3, "{}"),
        bytes(&base, &pinned(None), 3, "{}"),
        bytes(&base, &world.tool, 4, "{}"),
        bytes(&base, &world.tool, 3, "{\"a\":1}"),
        bytes(
            &base,
            &fixtures::tool(&world.ids, &fixtures::server(&world.ids, &fixtures::tenant(1), "m", 0), "t"),
            3,
            "{}",
        ),
    ];
    for (index, other) in others.iter().enumerate() {
        assert_ne!(&one, other, "{index}");
    }
    let of_flows = |flows| of(CallMethod::CallTool, ApprovalRule::Required, Some(flows));
    assert_ne!(of_flows(has_read), of_flows(has_sent), "which of the three counts");
}

fn shown(schema: Value, arguments: &Value) -> Value {
    let definition = json!({ "name": "t", "inputSchema": schema }).to_string();
    shown_arguments(ItemKind::Tool, &RawJson::from_text(definition).unwrap(), arguments)
}

#[test]
fn what_the_schema_marks_as_secret_is_hidden_wherever_the_mark_stands() {
    let arguments = json!({ "to": "a", "pin": "1234", "deep": [{ "pin": { "x": 1 }, "to": ["b"] }] });
    let hidden = json!({ "to": "a", "pin": REDACTED, "deep": [{ "pin": REDACTED, "to": ["b"] }] });
    let marks = [
        json!({ "properties": { "pin": { "writeOnly": true } } }),
        json!({ "properties": { "pin": { "format": "password" } } }),
        json!({ "properties": { "pin": { "anyOf": [{ "type": "null" }, { "writeOnly": true }] } } }),
        json!({ "properties": { "pin": { "type": "array", "items": { "format": "password" } } } }),
        json!({ "properties": { "pin": { "additionalProperties": { "writeOnly": true } } } }),
        json!({ "properties": { "pin": { "$ref": "#/$defs/pin" } }, "$defs": { "pin": { "writeOnly": true } } }),
        json!({ "properties": { "pin": { "patternProperties": { "x": { "writeOnly": true } } } } }),
        json!({ "properties": { "pin": { "$ref": "https://elsewhere.example/pin" } } }),
        json!({ "allOf": [{ "properties": { "deep": { "items": { "properties": { "pin": { "writeOnly": true } } } } } }] }),
        json!({ "$defs": { "unused": { "properties": { "pin": { "writeOnly": true } } } } }),
        json!({ "properties": { "pin": { "items": [{}, { "format": "password" }] } } }),
        json!({ "properties": { "pin": { "additionalItems": { "writeOnly": true } } } }),
        json!({ "properties": { "pin": { "not": { "writeOnly": true } } } }),
        json!({ "properties": { "pin": { "dependencies": { "properties": { "writeOnly": true } } } } }),
        json!({ "properties": { "pin": { "keyword-of-later": [[{ "format": "password" }]] } } }),
    ];
    for schema in marks {
        assert_eq!(shown(schema.clone(), &arguments), hidden, "{schema}");
    }
    let open = [
        json!({ "properties": { "pin": { "type": "string", "writeOnly": false } } }),
        json!({ "properties": { "pin": { "type": "string", "format": "email" } } }),
        json!({ "properties": { "pin": { "$ref": "#/$defs/tree" } },
                "$defs": { "tree": { "anyOf": [{ "type": "string" }, { "$ref": "#/$defs/tree" }] } } }),
        json!({}),
    ];
    for schema in open {
        assert_eq!(shown(schema.clone(), &arguments), arguments, "{schema}");
    }
    let undeclared =
        json!({ "properties": { "to": {}, "deep": {} }, "additionalProperties": { "writeOnly": true } });
    assert_eq!(shown(undeclared, &arguments), hidden, "names that are not declared");
    let declared_elsewhere = json!({
        "properties": { "to": {}, "deep": { "items": { "properties": { "pin": {}, "to": {} } } } },
        "additionalProperties": { "writeOnly": true },
    });
    assert_eq!(shown(declared_elsewhere, &arguments), hidden, "names that are declared in another place");
    let of_all = [
        json!({ "patternProperties": { "^p": { "format": "password" } } }),
        json!({ "patternProperties": { "properties": { "format": "password" } } }),
        json!({ "allOf": [{ "writeOnly": true }] }),
        json!({ "$ref": "#/$defs/all", "$defs": { "all": { "writeOnly": true } } }),
    ];
    for schema in of_all {
        assert_eq!(shown(schema.clone(), &arguments), json!(REDACTED), "{schema}");
    }
    let deep = (0..40).fold(json!({ "writeOnly": true }), |schema, _| json!({ "items": schema }));
    let deep = json!({ "properties": { "pin": { "$ref": "#/$defs/deep" } }, "$defs": { "deep": deep } });
    assert_eq!(shown(deep, &arguments), hidden, "behind a reference, and deep");
    let unreadable = RawJson::from_text("{\"name\":\"t\"}".to_owned()).unwrap();
    assert_eq!(
        shown_arguments(ItemKind::Tool, &unreadable, &arguments),
        json!(REDACTED),
        "without a schema nothing is shown"
    );
    assert_eq!(shown_arguments(ItemKind::Prompt, &unreadable, &arguments), arguments, "prompts have none");
}

#[test]
fn what_is_over_is_over() {
    let world = World::new();
    let lifetime = Duration::from_secs(600);
    assert_eq!(world.asked.requested_at.plus(lifetime), world.asked.expires_at);
    assert_eq!(world.asked.clone().at(time(599)).status, ApprovalStatus::Pending);
    assert_eq!(world.asked.clone().at(time(600)).status, ApprovalStatus::Expired);
    let used = CallApproval { status: ApprovalStatus::Used, ..world.asked.clone() };
    assert_eq!(used.at(time(900)).status, ApprovalStatus::Used);
}
