//! The table against the registry, and the table as a snapshot.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_spine::operations::register;
use portcullis_spine::{OperationRegistry, OperationSpec};

use super::*;

/// Operations that are meant to have no route. Each line needs its reason.
const WITHOUT_ROUTE: &[&str] = &[
    // The methods of the endpoint for agents, `/mcp/{toolset}`, which speaks MCP.
    "integrations.toolsets.call_offered_tool",
    "integrations.toolsets.complete_offered_argument",
    "integrations.toolsets.get_offered_prompt",
    "integrations.toolsets.list_offered_tools",
    "integrations.toolsets.open_toolset",
    "integrations.toolsets.read_offered_resource",
    "integrations.toolsets.search_offered_tools",
];

fn registry() -> OperationRegistry {
    let mut registry = OperationRegistry::new();
    register(&mut registry).unwrap();
    registry
}

fn members(spec: &OperationSpec) -> BTreeSet<String> {
    let schema = spec.request_schema();
    schema["properties"].as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default()
}

#[test]
fn every_operation_has_a_route_or_a_reason() {
    let registry = registry();
    let registered: BTreeSet<_> = registry.specs().map(|spec| spec.name).collect();
    let routed: BTreeSet<_> = ROUTES.iter().map(|route| route.operation).collect();
    let excused: BTreeSet<_> = WITHOUT_ROUTE.iter().copied().collect();
    assert_eq!(&routed | &excused, registered);
    assert!(routed.is_disjoint(&excused));
}

#[test]
fn path_members_are_members_of_the_request() {
    let registry = registry();
    for route in ROUTES {
        let known = members(registry.spec(route.operation).unwrap());
        for member in route.path_members() {
            assert!(known.contains(member), "{} {}: {member}", route.method, route.path);
        }
    }
}

#[test]
fn a_route_dispatches_operations_of_its_own_domain() {
    for route in ROUTES {
        let first = route.path.split('/').nth(1).unwrap().replace('-', "_");
        assert_eq!(first, route.domain(), "{}", route.path);
    }
}

#[test]
fn no_method_and_path_twice() {
    let mut seen = BTreeMap::new();
    for route in ROUTES {
        let before = seen.insert((route.method.as_str(), route.path), route.operation);
        assert_eq!(before, None, "{} {}", route.method, route.path);
    }
}

#[test]
fn reads_are_gets_and_changes_are_not() {
    let registry = registry();
    // Reads with a text to judge in the body, and the health check, which is a GET in the seed.
    let exceptions = ["policies.tool_policies.validate_policy", "integrations.mcp_servers.health_check"];
    for route in ROUTES.iter().filter(|route| !exceptions.contains(&route.operation)) {
        let reads = registry.spec(route.operation).unwrap().effect.as_str() == "read";
        assert_eq!(route.method == GET, reads, "{} {}", route.method, route.path);
    }
}

#[test]
fn the_table_is_a_contract() {
    let line = |route: &Route| {
        format!("{:6} {:69} {} {}", route.method.as_str(), route.path, route.status.as_u16(), route.operation)
    };
    insta::assert_snapshot!(ROUTES.iter().map(line).collect::<Vec<_>>().join("\n"));
}
