//! `/openapi.json`: OpenAPI 3.1 from the route table and the operations' schemas. Nothing in it is written twice.

use portcullis_schemas::operation::Effect;
use portcullis_spine::operations::is_tool_call;
use serde_json::{Map, Value, json};

use crate::problem;
use crate::reference::{Endpoint, Member, Place, Reference};
use crate::schema::{take, without_null};

/// Failures by status: component, meaning.
pub(crate) const FAILURES: &[(u16, &str, &str)] = &[
    (400, "Invalid", "The request is not well formed or breaks a bound; `field` names where"),
    (401, "Unauthenticated", "No valid API key"),
    (403, "Denied", "Refused by scope, policy, kill switch or rule"),
    (404, "NotFound", "There is no such thing in this tenant"),
    (409, "Conflict", "It collides with what is there"),
    (413, "TooLarge", "The body is larger than 512 KiB"),
    (415, "MediaType", "The body is not `application/json`"),
    (422, "Unprocessable", "The idempotency key was used with another request"),
    (
        429,
        "TooMany",
        "This tenant has as much under way as it may, or as a server may have; `Retry-After` says when",
    ),
    (500, "Internal", "A defect on the server's side"),
    (502, "Upstream", "The upstream failed, or answered what cannot be used"),
    (
        503,
        "Unavailable",
        "It cannot be served now: no trail, no store, no room, or about to end; `Retry-After` says when",
    ),
    (504, "Timeout", "The upstream did not answer in time, or the deadline passed"),
];

/// The document.
pub(crate) fn document(reference: &Reference) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Portcullis",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The gate between AI agents and the outside world: denies by default, records before it \
                acts, and can prove afterwards what happened.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "security": [{ "apiKey": [] }],
        "tags": tags(reference),
        "paths": paths(reference),
        "components": {
            "schemas": reference.components.all(),
            "responses": answers(reference),
            "securitySchemes": {
                "apiKey": { "type": "http", "scheme": "bearer", "description": "An API key, `pcl_...`" },
            },
        },
    })
}

fn tags(reference: &Reference) -> Vec<Value> {
    let mut domains: Vec<_> = reference.endpoints.iter().map(|endpoint| endpoint.route.domain()).collect();
    domains.dedup();
    domains.into_iter().map(|domain| json!({ "name": domain })).collect()
}

fn paths(reference: &Reference) -> Map<String, Value> {
    let mut paths = Map::new();
    for endpoint in &reference.endpoints {
        let item = paths.entry(endpoint.route.path).or_insert_with(|| json!({}));
        item[endpoint.route.method.as_str().to_ascii_lowercase()] = operation(endpoint);
    }
    paths
}

fn operation(endpoint: &Endpoint) -> Value {
    let Endpoint { route, spec, .. } = endpoint;
    let mut operation = json!({
        "operationId": endpoint.id,
        "summary": spec.summary,
        "tags": [route.domain()],
        "x-operation": spec.name,
        "x-authority": spec.authority.as_str(),
        "x-effect": spec.effect.as_str(),
    });
    let parameters = parameters(endpoint);
    if !parameters.is_empty() {
        operation["parameters"] = json!(parameters);
    }
    if let Some(schema) = &endpoint.body {
        let required = endpoint.at(Place::Body).any(|member| member.required);
        operation["requestBody"] = json!({
            "required": required, "content": { "application/json": { "schema": schema } },
        });
    }
    operation["responses"] = responses(endpoint);
    operation
}

fn parameters(endpoint: &Endpoint) -> Vec<Value> {
    let standing = endpoint.members.iter().filter(|member| member.place != Place::Body);
    let mut parameters: Vec<_> = standing.map(parameter).collect();
    if is_tool_call(endpoint.spec.name) {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "A repeat with the same key and the same request gets the first one's answer; nothing is \
                done twice",
            "schema": { "type": "string", "pattern": "^[!-~]{1,255}$" },
        }));
    }
    if endpoint.spec.effect == Effect::Call {
        parameters.push(json!({
            "name": "Prefer", "in": "header", "required": false,
            "description": "`wait=<seconds>` (RFC 7240): how long the caller will wait. The operation's own deadline \
                applies besides",
            "schema": { "type": "string" },
        }));
    }
    parameters
}

fn parameter(member: &Member) -> Value {
    let mut schema = without_null(&member.schema);
    let description = schema.as_object_mut().and_then(|schema| take(schema, "description"));
    let mut parameter =
        json!({ "name": member.name, "in": member.place.as_str(), "required": member.required });
    if let Some(description) = description {
        parameter["description"] = description;
    }
    parameter["schema"] = schema;
    parameter
}

fn responses(endpoint: &Endpoint) -> Value {
    let mut responses = json!({
        endpoint.route.status.as_str(): {
            "description": endpoint.spec.summary,
            "content": { "application/json": { "schema": endpoint.output } },
        },
    });
    if is_tool_call(endpoint.spec.name) {
        responses["202"] = json!({ "$ref": "#/components/responses/Awaiting" });
    }
    for (status, name, _) in FAILURES.iter().filter(|(status, ..)| can_fail(endpoint, *status)) {
        responses[status.to_string()] = json!({ "$ref": format!("#/components/responses/{name}") });
    }
    responses
}

/// Whether an endpoint can answer with this status.
fn can_fail(endpoint: &Endpoint, status: u16) -> bool {
    match status {
        404 => endpoint.at(Place::Path).next().is_some(),
        409 => endpoint.spec.effect != Effect::Read,
        413 | 415 => endpoint.route.takes_body(),
        422 => is_tool_call(endpoint.spec.name),
        502 | 504 => endpoint.spec.effect == Effect::Call,
        _ => true,
    }
}

/// Answers that several endpoints share.
fn answers(reference: &Reference) -> Map<String, Value> {
    let mut answers = failures(&reference.problem);
    let location = json!({ "description": "The approval", "schema": { "type": "string" } });
    let awaiting = json!({
        "description": "Nothing was sent yet: a person must approve the call. Send the same request again afterwards",
        "headers": { "Location": location },
        "content": { "application/json": { "schema": reference.awaiting } },
    });
    answers.insert("Awaiting".to_owned(), awaiting);
    answers
}

fn failures(problem: &Value) -> Map<String, Value> {
    let response = |(status, name, meaning): &(u16, &str, &str)| {
        let content = json!({ problem::MEDIA_TYPE: { "schema": problem } });
        let mut response = json!({ "description": meaning, "content": content });
        if matches!(status, 429 | 503) {
            let seconds = json!({ "type": "integer", "minimum": 1 });
            let header =
                json!({ "description": "Seconds to wait before it is sent again", "schema": seconds });
            response["headers"] = json!({ "Retry-After": header });
        }
        ((*name).to_owned(), response)
    };
    FAILURES.iter().map(response).collect()
}

#[cfg(test)]
mod tests;
