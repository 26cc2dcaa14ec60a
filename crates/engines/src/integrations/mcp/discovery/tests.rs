//! Listings against what is stored.

use portcullis_schemas::incidents::{IncidentCause, IncidentSeverity};
use portcullis_schemas::integrations::mcp::server::McpAuthType;
use portcullis_schemas::integrations::mcp::tool::RiskLevel;
use portcullis_schemas::integrations::mcp::wire::ListedTool;

use super::*;
use crate::integrations::mcp::samples::{World, event_types, listed, raw, tool_json, tool_json_with};

fn plan(world: &World, known: &[McpTool], tools: Vec<ListedTool>) -> DiscoveryPlan {
    plan_discovery(&world.stamp(60), &world.server, known, &catalogue(tools))
}

fn catalogue(tools: Vec<ListedTool>) -> McpCatalogue {
    let capabilities = raw(&json!({ "tools": {} }));
    McpCatalogue { protocol_version: "2026-07-28".to_owned(), capabilities, tools, is_public: false }
}

fn counts(plan: &DiscoveryPlan) -> [u32; 5] {
    [plan.found, plan.added, plan.changed, plan.vanished, u32::try_from(plan.refused.len()).unwrap()]
}

/// What the store holds after a plan.
fn stored(known: &[McpTool], plan: &DiscoveryPlan) -> Vec<McpTool> {
    let mut tools: Vec<McpTool> =
        known.iter().filter(|tool| plan.upserts.iter().all(|new| new.name != tool.name)).cloned().collect();
    tools.extend(plan.upserts.iter().cloned());
    tools
}

#[test]
fn new_tools_start_quarantined_and_a_second_listing_changes_nothing() {
    let world = World::new();
    let listing = || vec![listed(&tool_json("get_weather")), listed(&tool_json("delete_city"))];
    let first = plan(&world, &[], listing());
    assert_eq!(counts(&first), [2, 2, 0, 0, 0]);
    for tool in &first.upserts {
        assert_eq!(
            (tool.status, tool.quarantine_reason),
            (ToolStatus::Quarantined, Some(QuarantineReason::New))
        );
        assert_eq!((tool.pinned_hash.as_ref(), tool.enabled, tool.version), (None, true, 1));
    }
    assert_eq!(first.upserts[1].risk_level, RiskLevel::Critical);
    assert_eq!(
        event_types(&first.events),
        ["mcp_tool.quarantined", "mcp_tool.quarantined", "mcp_tools.discovered"]
    );
    let second = plan(&world, &first.upserts, listing());
    assert_eq!((counts(&second), second.upserts.len(), second.incidents.len()), ([2, 0, 0, 0, 0], 0, 0));
    assert_eq!(event_types(&second.events), ["mcp_tools.discovered"]);
}

#[test]
fn one_changed_byte_breaks_the_pin() {
    let world = World::new();
    let known = world.tool("get_weather");
    let changes = [
        json!({ "description": "what it doeS" }),
        json!({ "annotations": { "readOnlyHint": true } }),
        json!({ "outputSchema": { "type": "object" } }),
        json!({ "inputSchema": { "type": "object" } }),
        json!({ "_meta": { "x": 1 } }),
    ];
    for change in changes {
        let member = change.as_object().unwrap().keys().next().unwrap().clone();
        let plan =
            plan(&world, std::slice::from_ref(&known), vec![listed(&tool_json_with("get_weather", change))]);
        assert_eq!(counts(&plan), [1, 0, 1, 0, 0]);
        let tool = &plan.upserts[0];
        assert_eq!(
            (tool.status, tool.quarantine_reason),
            (ToolStatus::Quarantined, Some(QuarantineReason::DefinitionChanged))
        );
        assert_eq!((&tool.tool_id, &tool.pinned_hash), (&known.tool_id, &known.pinned_hash));
        let incident = &plan.incidents[0];
        assert_eq!((incident.cause, incident.severity), (IncidentCause::PinBroken, IncidentSeverity::High));
        assert_eq!(incident.dedup_key, format!("pin:{}:{}", known.tool_id, tool.definition_hash));
        assert_eq!(incident.facts["changed_members"], json!([format!("/{member}")]));
    }
}

#[test]
fn a_broken_pin_of_a_critical_tool_is_critical() {
    let world = World::new();
    let change = json!({ "annotations": { "destructiveHint": true } });
    let plan =
        plan(&world, &[world.tool("get_weather")], vec![listed(&tool_json_with("get_weather", change))]);
    assert_eq!(plan.incidents[0].severity, IncidentSeverity::Critical);
    assert_eq!(plan.upserts[0].risk_level, RiskLevel::Critical);
}

#[test]
fn flipping_back_does_not_release() {
    let world = World::new();
    let known = [world.tool("get_weather")];
    let changed = plan(&world, &known, vec![listed(&tool_json_with("get_weather", json!({ "title": "T" })))]);
    let back = plan(&world, &changed.upserts, vec![listed(&tool_json("get_weather"))]);
    let tool = &back.upserts[0];
    assert_eq!(tool.definition_hash, known[0].definition_hash);
    assert_eq!(
        (tool.status, tool.quarantine_reason),
        (ToolStatus::Quarantined, Some(QuarantineReason::DefinitionChanged))
    );
    assert_eq!((counts(&back), back.incidents.len()), ([1, 0, 1, 0, 0], 0));
}

#[test]
fn a_tool_that_nobody_approved_yet_may_change_without_an_incident() {
    let world = World::new();
    let first = plan(&world, &[], vec![listed(&tool_json("get_weather"))]);
    let second =
        plan(&world, &first.upserts, vec![listed(&tool_json_with("get_weather", json!({ "title": "T" })))]);
    assert_eq!((counts(&second), second.incidents.len()), ([1, 0, 1, 0, 0], 0));
    assert_eq!(second.upserts[0].quarantine_reason, Some(QuarantineReason::New));
}

#[test]
fn what_an_admin_set_survives() {
    let world = World::new();
    let known = McpTool {
        enabled: false,
        risk_override: Some(RiskLevel::Critical),
        risk_level: RiskLevel::Critical,
        invocation_count: 7,
        ..world.tool("get_weather")
    };
    let plan = plan(&world, &[known], vec![listed(&tool_json_with("get_weather", json!({ "title": "T" })))]);
    let tool = &plan.upserts[0];
    assert_eq!(
        (tool.enabled, tool.risk_override, tool.risk_level),
        (false, Some(RiskLevel::Critical), RiskLevel::Critical)
    );
    assert_eq!(tool.invocation_count, 7);
}

#[test]
fn vanished_tools_are_disabled_once_and_stay_so_when_they_return() {
    let world = World::new();
    let known = [world.tool("get_weather"), world.tool("get_time")];
    let gone = plan(&world, &known, vec![listed(&tool_json("get_time"))]);
    assert_eq!(
        (counts(&gone), event_types(&gone.events)),
        ([1, 0, 0, 1, 0], vec!["mcp_tool.disabled", "mcp_tools.discovered"])
    );
    assert!(!gone.upserts[0].enabled && gone.upserts[0].vanished_at.is_some());
    let after = stored(&known, &gone);
    let still = plan(&world, &after, vec![listed(&tool_json("get_time"))]);
    assert_eq!((counts(&still), still.upserts.len()), ([1, 0, 0, 0, 0], 0));
    let back = plan(&world, &after, vec![listed(&tool_json("get_time")), listed(&tool_json("get_weather"))]);
    let tool = &back.upserts[0];
    assert_eq!((tool.vanished_at, tool.enabled, tool.status), (None, false, ToolStatus::Approved));
    assert_eq!(counts(&back), [2, 0, 0, 0, 0]);
}

#[test]
fn what_one_account_does_not_see_is_not_gone() {
    let mut world = World::new();
    world.server.auth_type = McpAuthType::OauthAuthorizationCode;
    let known = [world.tool("get_weather"), world.tool("get_time")];
    let part = plan(&world, &known, vec![listed(&tool_json("get_time"))]);
    assert_eq!((counts(&part), part.upserts.len()), ([1, 0, 0, 0, 0], 0));
    let changed = plan(&world, &known, vec![listed(&tool_json_with("get_time", json!({ "title": "T" })))]);
    assert_eq!(counts(&changed), [1, 0, 1, 0, 0], "a changed definition still breaks the pin");
}

#[test]
fn a_list_that_differs_by_caller_is_not_everybodys() {
    let mut world = World::new();
    let listing = |names: &[&str]| names.iter().map(|name| listed(&tool_json(name))).collect();
    let told = |world: &World, names: &[&str], is_public| {
        let catalogue = McpCatalogue { is_public, ..catalogue(listing(names)) };
        let known = [world.tool("get_weather"), world.tool("get_time")];
        let plan = plan_discovery(&world.stamp(60), &world.server, &known, &catalogue);
        plan.incidents.iter().map(|one| (one.cause, one.severity)).collect::<Vec<_>>()
    };
    let (part, other) = (["get_time"], ["get_time", "get_news"]);
    assert_eq!(told(&world, &other, true), [], "one credential for all: its list changes with time");
    world.server.auth_type = McpAuthType::OauthAuthorizationCode;
    assert_eq!(told(&world, &other, true), [(IncidentCause::UpstreamConduct, IncidentSeverity::Low)]);
    assert_eq!(told(&world, &other, false), [], "it does not say that it is everybody's");
    assert_eq!(told(&world, &part, true), [], "a tool that was taken back");
    assert_eq!(told(&world, &["get_weather", "get_time", "get_news"], true), [], "a tool that is new");
}

#[test]
fn a_refused_definition_of_a_known_tool_quarantines_it() {
    let world = World::new();
    let known = [world.tool("get_weather")];
    let hostile = listed(&tool_json_with("get_weather", json!({ "description": "a\u{202e}b" })));
    let first = plan(&world, &known, vec![hostile.clone()]);
    assert_eq!(counts(&first), [0, 0, 1, 0, 1]);
    assert_eq!(
        (first.refused[0].tool.as_str(), first.refused[0].rule.as_str()),
        ("get_weather", "hidden_characters")
    );
    assert!(first.refused[0].detail.contains("U+202E at /description"));
    let tool = &first.upserts[0];
    assert_eq!(
        (tool.status, tool.enabled, tool.vanished_at.is_some()),
        (ToolStatus::Quarantined, false, true)
    );
    assert_eq!(tool.definition, known[0].definition, "what is refused is not stored");
    let causes: Vec<_> = first.incidents.iter().map(|incident| incident.cause).collect();
    assert_eq!(causes, [IncidentCause::PinBroken, IncidentCause::DefinitionRefused]);
    let second = plan(&world, &first.upserts, vec![hostile]);
    assert_eq!((second.upserts.len(), second.incidents.len()), (0, 1));
    assert_eq!(second.incidents[0].dedup_key, first.incidents[1].dedup_key, "it joins the open incident");
}

#[test]
fn ambiguous_names_are_refused_for_all_who_bear_them() {
    let world = World::new();
    let listing = vec![
        listed(&tool_json("read")),
        listed(&tool_json("Read")),
        listed(&tool_json("LIST")),
        ListedTool::Unreadable { kind: ItemKind::Tool, position: 3, problem: "not an object".to_owned() },
        listed(&tool_json("bad name")),
    ];
    let plan = plan(&world, &[world.tool("list")], listing);
    let refused: Vec<_> = plan.refused.iter().map(|one| (one.tool.as_str(), one.rule.as_str())).collect();
    let expected = [
        ("read", "duplicate_name"),
        ("Read", "duplicate_name"),
        ("LIST", "duplicate_name"),
        ("#3", "unreadable"),
        ("#4", "name"),
    ];
    assert_eq!(refused, expected);
    assert_eq!((plan.found, plan.vanished), (0, 1));
}

#[test]
fn a_server_cannot_fill_the_store() {
    let world = World::new();
    let known: Vec<McpTool> = (0..MAX_TOOLS - 1)
        .map(|n| McpTool { name: format!("t{n}"), vanished_at: Some(world.stamp(0).now), ..world.tool("t") })
        .collect();
    let plan = plan(&world, &known, vec![listed(&tool_json("new1")), listed(&tool_json("new2"))]);
    assert_eq!((plan.added, plan.refused[0].rule.as_str()), (1, "too_many"));
}

#[test]
fn a_name_is_one_of_its_kind_and_a_list_that_is_withheld_changes_nothing() {
    let world = World::new();
    let item = |kind, definition: Value, name: &str| ListedTool::Readable {
        kind,
        name: name.to_owned(),
        definition: raw(&definition),
    };
    let listing = || {
        vec![
            listed(&tool_json("same")),
            item(ItemKind::Prompt, json!({ "name": "same" }), "same"),
            item(ItemKind::Resource, json!({ "uri": "x:same" }), "x:same"),
            item(ItemKind::Resource, json!({ "uri": "x:SAME" }), "x:SAME"),
        ]
    };
    let first = plan(&world, &[], listing());
    assert_eq!(counts(&first), [4, 4, 0, 0, 0]);
    let known = first.upserts;
    assert!(known.iter().all(|item| item.status == ToolStatus::Quarantined));
    assert_eq!(known[1].risk_level, RiskLevel::Low);
    assert_eq!(counts(&plan(&world, &known, listing())), [4, 0, 0, 0, 0]);

    let mut changed = listing();
    changed[1] = item(ItemKind::Prompt, json!({ "name": "same", "title": "other" }), "same");
    let second = plan(&world, &known, changed);
    assert_eq!((counts(&second), second.upserts[0].kind), ([4, 0, 1, 0, 0], ItemKind::Prompt));

    let problem = "json-rpc error -32603".to_owned();
    let withheld = vec![listed(&tool_json("same")), ListedTool::Unlisted { kind: ItemKind::Prompt, problem }];
    let third = plan(&world, &known, withheld);
    assert_eq!(counts(&third), [1, 0, 0, 2, 1], "the resources have vanished, the prompt stays");
    assert_eq!((third.refused[0].tool.as_str(), third.refused[0].rule.as_str()), ("*", "unlisted"));
    assert!(third.upserts.iter().all(|item| item.kind == ItemKind::Resource && !item.enabled));
}
