//! What a browser must hear before it lets pages of a listed origin call and read the answers (CORS, in the Fetch standard).
//! The wall has judged the origin before. Only what the operator lists is ever named, never `*`; and there are no cookies
//! here, so none are let through: a page shows its key in `Authorization`, as every caller does.

use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use portcullis_mcp::headers::PARAM_PREFIX;

use crate::wall::{ApiOptions, admits_origin};

/// Methods that routes have. One that a route lacks is refused by the route.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// Headers of requests that are read here, besides those that mirror arguments.
const HEADERS: &str = "authorization, content-type, accept, mcp-protocol-version, mcp-method, mcp-name, idempotency-key, \
                       prefer, traceparent, tracestate, last-event-id";
/// Headers of answers that a client acts on.
const EXPOSED: &str = "www-authenticate, retry-after, location, allow, x-request-id, mcp-protocol-version";
/// How long a browser may remember a preflight, in seconds: the list changes with a restart.
const MAX_AGE: &str = "600";

/// The origin of the page that calls, as its browser writes it, if the operator lists it.
pub(crate) fn page(options: &ApiOptions, headers: &HeaderMap) -> Option<HeaderValue> {
    let mut origins = headers.get_all(ORIGIN).iter();
    let origin =
        origins.next().filter(|origin| admits_origin(&options.allowed_origins, origin.as_bytes()))?;
    origins.next().is_none().then(|| origin.clone())
}

/// Whether a browser asks what a page may send.
pub(crate) fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// What a page may send. The same for every route, there or not: who calls is not known yet.
pub(crate) fn preflight(headers: &HeaderMap) -> Response {
    let answer = [
        (ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS)),
        (ACCESS_CONTROL_ALLOW_HEADERS, allowed_headers(headers)),
        (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE)),
    ];
    (StatusCode::NO_CONTENT, answer).into_response()
}

/// Lets the page read an answer. Answers differ by origin, so that a cache must keep them apart, whoever has asked.
pub(crate) fn tell(headers: &mut HeaderMap, page: Option<HeaderValue>) {
    headers.append(VARY, HeaderValue::from_static("origin"));
    let Some(origin) = page else { return };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    // `same-origin` would say the opposite of the two above.
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
}

/// [`HEADERS`], and of those that are asked for the ones that mirror arguments: tools name them, and `*` would not let
/// `Authorization` through.
fn allowed_headers(asked: &HeaderMap) -> HeaderValue {
    let lines = asked.get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter();
    let names = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    let names = names.filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok());
    let mut allowed = HEADERS.to_owned();
    for name in names.filter(|name| name.as_str().starts_with(PARAM_PREFIX)) {
        allowed.push_str(", ");
        allowed.push_str(name.as_str());
    }
    HeaderValue::from_str(&allowed).unwrap_or(HeaderValue::from_static(HEADERS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(lines: &[(HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_page_is_of_one_listed_origin() {
        const LISTED: &str = "https://console.example";
        let options = ApiOptions { allowed_origins: vec![LISTED.to_owned()], ..ApiOptions::default() };
        let table: &[(&[&str], Option<&str>)] = &[
            (&[LISTED], Some(LISTED)),
            (&[LISTED, LISTED], None),
            (&["https://console.example:444"], None),
            (&["https://page.example"], None),
            (&["null"], None),
            (&["*"], None),
            (&[], None),
        ];
        for (origins, expected) in table {
            let lines: Vec<_> = origins.iter().map(|origin| (ORIGIN, *origin)).collect();
            let found = page(&options, &with(&lines));
            assert_eq!(found.as_ref().map(|origin| origin.to_str().unwrap()), *expected, "{origins:?}");
        }
    }

    #[test]
    fn of_what_is_asked_for_what_mirrors_arguments_is_added() {
        let asked = "authorization,cookie, Mcp-Param-City,mcp-param-,mcp-param-a b,x-other";
        let allowed = allowed_headers(&with(&[(ACCESS_CONTROL_REQUEST_HEADERS, asked)]));
        let added = allowed.to_str().unwrap().strip_prefix(HEADERS).unwrap();
        assert_eq!(added, ", mcp-param-city, mcp-param-");
        assert_eq!(allowed_headers(&HeaderMap::new()), HEADERS);
    }
}
