//! The questions, made from the route table: a new route is asked without being written down here. If its request
//! needs members that `body` does not have, the suite says that the route is undecided.

use std::fmt;

use color_eyre::eyre::Result;
use portcullis_api::{ROUTES, Route};
use portcullis_schemas::egress::HttpMethod;
use portcullis_server::api_client::ApiClient;
use serde_json::{Value, json};

use super::tenant::Ids;

/// A route, and the places of its path at which ids are somebody else's.
pub(super) struct Row {
    route: &'static Route,
    members: Vec<&'static str>,
    /// For each member, whether it is foreign; at least one is.
    foreign: Vec<bool>,
}

/// An answer without what differs from request to request.
#[derive(Debug, PartialEq)]
pub(super) struct Answered {
    pub(super) status: u16,
    body: Value,
}

/// Every route with ids in its path, with every mixture of own and foreign ones.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for route in ROUTES {
        let members: Vec<&str> = route.path_members().collect();
        for mixture in 1..1_u32 << members.len() {
            let foreign = (0..members.len()).map(|at| mixture >> at & 1 == 1).collect();
            rows.push(Row { route, members: members.clone(), foreign });
        }
    }
    rows
}

/// Every list, plain and filtered by each of these ids under the names that ids have.
pub(super) fn lists(ids: &Ids) -> Vec<String> {
    let lists = ROUTES.iter().filter(|route| route.method == "GET" && !route.path.contains('{'));
    let mut paths = Vec::new();
    for route in lists.filter(|route| route.domain() != "tenants") {
        paths.push(route.path.to_owned());
        for name in ["server_id", "tool_id"] {
            paths.push(format!("{}?{name}={}", route.path, ids[name]));
        }
    }
    paths.extend(ids.values().map(|id| format!("/logs/trail?subject={id}")));
    paths
}

impl Row {
    /// Asks, with `others` at the foreign places.
    pub(super) async fn ask(&self, client: &ApiClient, own: &Ids, others: &Ids) -> Result<Answered> {
        let mut path = self.route.path.to_owned();
        for (member, foreign) in self.members.iter().zip(&self.foreign) {
            let ids = if *foreign { others } else { own };
            path = path.replace(&format!("{{{member}}}"), ids.get(member).map_or("unknown", String::as_str));
        }
        let body = self.route.takes_body().then(|| body(self.route));
        let answer = client.send(method(self.route), &path, body.as_ref(), &[]).await?;
        let mut body = answer.json();
        if let Some(members) = body.as_object_mut() {
            members.retain(|name, _| name != "request_id");
        }
        Ok(Answered { status: answer.status, body })
    }

    /// 404; for what is the operators' alone, 403.
    pub(super) fn is_refusal(&self, answer: &Answered) -> bool {
        answer.status == if self.route.domain() == "tenants" { 403 } else { 404 }
    }
}

impl Answered {
    pub(super) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or("without a code")
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let foreign = self.members.iter().zip(&self.foreign).filter(|(_, foreign)| **foreign);
        let foreign: Vec<&str> = foreign.map(|(member, _)| *member).collect();
        write!(f, "{} with foreign {}", self.route.operation, foreign.join(" and "))
    }
}

fn method(route: &Route) -> HttpMethod {
    match route.method.as_str() {
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

/// A body that is valid, so that the id decides.
fn body(route: &Route) -> Value {
    match route.operation.rsplit('.').next().unwrap_or_default() {
        "approve_tool" => json!({ "definition_hash": "0".repeat(64) }),
        "set_tool_risk_level" => json!({ "risk_level": null }),
        "set_tool_approval" => json!({ "approval": "required" }),
        "set_tool_flows" => json!({ "private_reads": "yes", "untrusted_reads": "yes", "egress": "yes" }),
        "grant_approval" | "deny_approval" => json!({ "reason": "done" }),
        "rotate_credential" | "connect_with_secret" => json!({ "secret": "s" }),
        "set_credential_grants" => json!({ "grants": [] }),
        "resolve_incident" => json!({ "resolution": "done" }),
        _ => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mixture_of_places_is_a_row() {
        let rows: Vec<String> = rows().iter().map(ToString::to_string).collect();
        let of =
            |operation: &str| rows.iter().filter(|row| row.starts_with(&format!("{operation} "))).count();
        assert_eq!(of("integrations.mcp_servers.get_server"), 1, "{rows:?}");
        assert_eq!(of("integrations.mcp_servers.get_tool"), 3, "{rows:?}");
    }
}
