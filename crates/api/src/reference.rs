//! The contract in one value: routes joined with their operations' schemas. OpenAPI and the page are made from it.

use std::collections::BTreeMap;

use portcullis_spine::{OperationRegistry, OperationSpec};
use serde_json::{Value, json};

use crate::problem::{Awaiting, Problem};
use crate::routes::{ROUTES, Route};
use crate::schema::Components;

/// Where a member of a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
    Body,
}

impl Place {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Body => "body",
        }
    }
}

/// A member of a request.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) required: bool,
    pub(crate) schema: Value,
}

/// A route and all that is known of it.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) route: &'static Route,
    pub(crate) spec: OperationSpec,
    /// Unique among endpoints: the operation's name, numbered from its second route on.
    pub(crate) id: String,
    pub(crate) members: Vec<Member>,
    /// The schema of the body, unless there is none.
    pub(crate) body: Option<Value>,
    /// A reference to the schema of the answer.
    pub(crate) output: Value,
}

impl Endpoint {
    /// The members at one place.
    pub(crate) fn at(&self, place: Place) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(move |member| member.place == place)
    }
}

/// All endpoints in the order of the table, and the schemas that they refer to.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) components: Components,
    /// A reference to the schema of problems.
    pub(crate) problem: Value,
    /// A reference to the schema of what a call that waits for a person is answered with.
    pub(crate) awaiting: Value,
}

impl Reference {
    /// The endpoints whose operation this registry has.
    pub(crate) fn of(registry: &OperationRegistry) -> Self {
        let mut components = Components::default();
        let problem = components.reference(schemars::schema_for!(Problem<'_>).to_value());
        let awaiting = components.reference(schemars::schema_for!(Awaiting<'_>).to_value());
        let mut routes_of: BTreeMap<&str, u32> = BTreeMap::new();
        let mut endpoints = Vec::new();
        for route in ROUTES {
            let Some(spec) = registry.spec(route.operation) else { continue };
            let number = routes_of.entry(route.operation).or_default();
            *number += 1;
            let id = if *number == 1 { spec.name.to_owned() } else { format!("{}_{number}", spec.name) };
            endpoints.push(endpoint(&mut components, route, spec, id));
        }
        Self { endpoints, components, problem, awaiting }
    }
}

fn endpoint(
    components: &mut Components,
    route: &'static Route,
    spec: &OperationSpec,
    id: String,
) -> Endpoint {
    let request = components.hoist(spec.request_schema());
    let members = members(route, &request);
    let body = body(components, &members, spec, request);
    let output = components.reference(named_page(spec.output_schema()));
    Endpoint { route, spec: spec.clone(), id, members, body, output }
}

/// Pages of different items share a title; here they are named for their items.
fn named_page(mut output: Value) -> Value {
    let items = output.pointer("/properties/items/items/$ref").and_then(Value::as_str);
    if let Some(item) =
        items.and_then(|reference| reference.rsplit('/').next()).filter(|_| output["title"] == "Page")
    {
        output["title"] = json!(format!("{item}Page"));
    }
    output
}

fn members(route: &Route, request: &Value) -> Vec<Member> {
    let in_path: Vec<_> = route.path_members().collect();
    let rest = if route.takes_body() { Place::Body } else { Place::Query };
    let required =
        |name: &str| request["required"].as_array().is_some_and(|list| list.iter().any(|one| one == name));
    let properties = request["properties"].as_object();
    let mut members: Vec<_> = properties
        .into_iter()
        .flatten()
        .map(|(name, schema)| {
            let place = if in_path.contains(&name.as_str()) { Place::Path } else { rest };
            let required = place == Place::Path || required(name);
            Member { name: name.clone(), place, required, schema: schema.clone() }
        })
        .collect();
    members.sort_by_key(|member| (member.place != Place::Path, !member.required));
    members
}

/// The schema of the body: the request's, without what stands in the path.
fn body(
    components: &mut Components,
    members: &[Member],
    spec: &OperationSpec,
    mut request: Value,
) -> Option<Value> {
    if !members.iter().any(|member| member.place == Place::Body) {
        return None;
    }
    if members.iter().all(|member| member.place == Place::Body) {
        return Some(components.reference(spec.request_schema()));
    }
    let stays = |name: &str| members.iter().any(|member| member.place == Place::Body && member.name == name);
    if let Some(properties) = request["properties"].as_object_mut() {
        properties.retain(|name, _| stays(name));
    }
    if let Some(required) = request["required"].as_array_mut() {
        required.retain(|name| name.as_str().is_some_and(stays));
    }
    if let Some(schema) = request.as_object_mut() {
        schema.retain(|name, value| name != "required" || *value != json!([]));
    }
    let title = request["title"].as_str().unwrap_or("Request").to_owned();
    request["title"] = json!(format!("{title}Body"));
    Some(components.reference(request))
}
