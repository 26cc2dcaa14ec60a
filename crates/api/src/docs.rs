//! `/docs`: the reference as one page, from the same data as `/openapi.json`. It loads nothing but our stylesheet.

use askama::Template;
use portcullis_spine::operations::is_tool_call;
use serde_json::{Map, Value};

use crate::openapi::FAILURES;
use crate::reference::{Endpoint, Place, Reference};
use crate::schema::{Components, name_of};

mod kind;

use kind::{Kind, kind, sample};

/// Path of the stylesheet.
pub(crate) const STYLESHEET: &str = "/docs/style.css";
/// The stylesheet.
pub(crate) const CSS: &str = include_str!("../templates/docs.css");

/// The page.
pub(crate) fn page(reference: &Reference) -> String {
    let page = Page {
        version: env!("CARGO_PKG_VERSION"),
        stylesheet: STYLESHEET,
        groups: groups(reference),
        failures: FAILURES.iter().map(|(status, _, meaning)| (*status, spans(meaning))).collect(),
        types: types(&reference.components),
    };
    page.render().expect("a template renders into a String")
}

#[derive(Template)]
#[template(path = "docs.html")]
struct Page {
    version: &'static str,
    stylesheet: &'static str,
    groups: Vec<Group>,
    failures: Vec<(u16, Vec<Span>)>,
    types: Vec<Type>,
}

/// The endpoints of a family of operations.
struct Group {
    anchor: String,
    title: String,
    endpoints: Vec<EndpointView>,
}

struct EndpointView {
    anchor: String,
    method: String,
    path: &'static str,
    operation: &'static str,
    summary: Vec<Span>,
    authority: &'static str,
    effect: &'static str,
    idempotent: bool,
    fields: Vec<Field>,
    status: u16,
    answer: String,
    example: String,
}

struct Field {
    name: String,
    place: &'static str,
    required: bool,
    kind: Kind,
    description: Vec<Span>,
}

struct Type {
    name: String,
    description: Vec<Span>,
    fields: Vec<Field>,
}

/// A run of a description: words, or what stands between backticks.
#[derive(Debug, PartialEq, Eq)]
struct Span {
    text: String,
    is_code: bool,
}

fn groups(reference: &Reference) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for endpoint in &reference.endpoints {
        let family = endpoint.spec.name.rsplit_once('.').map_or(endpoint.spec.name, |(family, _)| family);
        if groups.last().is_none_or(|group| group.anchor != family) {
            groups.push(Group { anchor: family.to_owned(), title: title(family), endpoints: Vec::new() });
        }
        if let Some(group) = groups.last_mut() {
            group.endpoints.push(view(endpoint, &reference.components));
        }
    }
    groups
}

/// `integrations.mcp_servers` reads as `Integrations: MCP servers`; what the domain says already is not said again.
fn title(family: &str) -> String {
    let (domain, rest) = family.split_once('.').unwrap_or((family, ""));
    let text = if domain.ends_with(rest) { domain.to_owned() } else { format!("{domain}: {rest}") };
    let text = text.replace('_', " ").replace("mcp", "MCP").replace("api", "API");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn view(endpoint: &Endpoint, components: &Components) -> EndpointView {
    let field = |member: &crate::reference::Member| Field {
        name: member.name.clone(),
        place: member.place.as_str(),
        required: member.required,
        kind: kind(components, &member.schema),
        description: description(&member.schema),
    };
    EndpointView {
        anchor: endpoint.id.clone(),
        method: endpoint.route.method.to_string(),
        path: endpoint.route.path,
        operation: endpoint.spec.name,
        summary: spans(endpoint.spec.summary),
        authority: endpoint.spec.authority.as_str(),
        effect: endpoint.spec.effect.as_str(),
        idempotent: is_tool_call(endpoint.spec.name),
        fields: endpoint.members.iter().map(field).collect(),
        status: endpoint.route.status.as_u16(),
        answer: name_of(&endpoint.output).unwrap_or_default().to_owned(),
        example: example(endpoint, components),
    }
}

/// The component types that are objects, with their fields.
fn types(components: &Components) -> Vec<Type> {
    let objects = components.all().iter().filter(|(_, schema)| schema["properties"].is_object());
    objects
        .map(|(name, schema)| {
            let required = schema["required"].as_array();
            let field = |(name, schema): (&String, &Value)| Field {
                name: name.clone(),
                place: "",
                required: required.is_some_and(|list| list.iter().any(|one| one == name)),
                kind: kind(components, schema),
                description: description(schema),
            };
            let fields = schema["properties"].as_object().into_iter().flatten().map(field).collect();
            Type { name: name.clone(), description: description(schema), fields }
        })
        .collect()
}

fn description(schema: &Value) -> Vec<Span> {
    spans(&schema["description"].as_str().unwrap_or_default().replace('\n', " "))
}

fn spans(text: &str) -> Vec<Span> {
    let runs = text.split('`').enumerate().filter(|(_, run)| !run.is_empty());
    runs.map(|(at, run)| Span { text: run.to_owned(), is_code: at % 2 == 1 }).collect()
}

/// A command to try it: shell variables for what stands in the path, the required members in the body.
fn example(endpoint: &Endpoint, components: &Components) -> String {
    let mut path = endpoint.route.path.to_owned();
    for member in endpoint.route.path_members() {
        path = path.replace(&format!("{{{member}}}"), &format!("${}", member.to_ascii_uppercase()));
    }
    let mut lines = vec![match endpoint.route.method.as_str() {
        "GET" => format!("curl \"$PORTCULLIS_URL{path}\""),
        method => format!("curl -X {method} \"$PORTCULLIS_URL{path}\""),
    }];
    lines.push("-H \"Authorization: Bearer $PORTCULLIS_KEY\"".to_owned());
    if is_tool_call(endpoint.spec.name) {
        lines.push("-H \"Idempotency-Key: $(uuidgen)\"".to_owned());
    }
    let required: Map<String, Value> = endpoint
        .at(Place::Body)
        .filter(|member| member.required)
        .map(|member| (member.name.clone(), sample(components, &member.name, &member.schema)))
        .collect();
    if !required.is_empty() {
        lines.push("-H \"Content-Type: application/json\"".to_owned());
        lines.push(format!("-d '{}'", Value::Object(required)));
    }
    lines.join(" \\\n  ")
}

#[cfg(test)]
mod tests;
