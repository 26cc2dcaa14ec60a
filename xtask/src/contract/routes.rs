//! Routes: a line each, `METHOD /path STATUS operation`.

use std::collections::BTreeMap;

use super::change::{Change, Contract};

const ROUTES: Contract = Contract::Routes;

/// What stands behind a method and a path.
#[derive(Debug)]
struct Route {
    /// `GET /policies/{policy_id}`
    request: String,
    success: String,
    operation: String,
}

pub(super) fn compare(_name: &str, old: &str, new: &str) -> Result<Vec<Change>, String> {
    let (old, new) = (routes(old)?, routes(new)?);
    let mut changes = Vec::new();
    for (key, before) in &old {
        match new.get(key) {
            Some(now) => changes.extend(changed(before, now)),
            None => {
                let why = "requests to it are answered by 404 or 405";
                changes.push(ROUTES.breaks(&before.request, "removed", why));
            }
        }
    }
    let added = new.iter().filter(|(key, _)| !old.contains_key(*key));
    changes.extend(added.map(|(_, route)| ROUTES.compatible(&route.request, "added")));
    Ok(changes)
}

fn changed(old: &Route, new: &Route) -> Vec<Change> {
    let mut changes = Vec::new();
    let key = new.request.as_str();
    let was = |what: &str, old: &str, new: &str| format!("{what} was {old}, is {new}");
    if old.success != new.success {
        let what = was("the status of success", &old.success, &new.success);
        changes.push(ROUTES.breaks(key, what, "callers that wait for the old one take success for failure"));
    }
    if old.operation != new.operation {
        let what = was("the operation", &old.operation, &new.operation);
        changes.push(ROUTES.breaks(key, what, "the same request does something else"));
    }
    if old.request != new.request {
        let what = was("a parameter is named anew: the route", &old.request, &new.request);
        changes.push(ROUTES.review(
            key,
            what,
            "requests stay as they are, generated clients name its parameters",
        ));
    }
    changes
}

/// By method and path, the parameters nameless: their names are not on the wire.
fn routes(text: &str) -> Result<BTreeMap<String, Route>, String> {
    let mut routes = BTreeMap::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [method, path, success, operation] = words.as_slice() else {
            return Err(format!("expected `METHOD /path STATUS operation`, found `{line}`"));
        };
        let route = Route {
            request: format!("{method} {path}"),
            success: (*success).to_owned(),
            operation: (*operation).to_owned(),
        };
        routes.insert(format!("{method} {}", nameless(path)), route);
    }
    Ok(routes)
}

fn nameless(path: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { "{}".to_owned() } else { part.to_owned() };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::super::change::told;
    use super::*;

    #[test]
    fn each_change_of_a_route_has_its_verdict() {
        let old = "GET  /a/{id}  200 x.get";
        let cases: [(&str, &[&str]); 7] = [
            ("GET /a/{id} 200 x.get", &[]),
            (
                "GET /a/{key} 200 x.get",
                &[
                    "REVIEW GET /a/{key}: a parameter is named anew: the route was GET /a/{id}, is GET /a/{key}",
                ],
            ),
            ("GET /a/{id} 204 x.get", &["BREAKS GET /a/{id}: the status of success was 200, is 204"]),
            ("GET /a/{id} 200 x.find", &["BREAKS GET /a/{id}: the operation was x.get, is x.find"]),
            ("GET /a/{id} 200 x.get\nPOST /a 201 x.add", &["ok POST /a: added"]),
            ("GET /a 200 x.get", &["BREAKS GET /a/{id}: removed", "ok GET /a: added"]),
            ("PUT /a/{id} 200 x.get", &["BREAKS GET /a/{id}: removed", "ok PUT /a/{id}: added"]),
        ];
        for (new, expected) in cases {
            assert_eq!(told(&compare("", old, new).unwrap()), expected, "{new}");
        }
    }

    #[test]
    fn a_line_of_another_form_is_an_error() {
        assert!(compare("", "GET /a 200 x.get extra", "").is_err());
    }
}
