//! The router: the table, the probes, the contract and the reference page, behind one frame.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware;
use axum::response::IntoResponse;
use axum::routing::{MethodFilter, any, get, on};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use portcullis_schemas::codes;
use portcullis_schemas::{Error, ErrorKind};
use portcullis_spine::{OperationRegistry, Spine};
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::dispatch::{self, Target};
use crate::frame::{Frame, frame};
use crate::problem::Failure;
use crate::reference::Reference;
use crate::routes::ROUTES;
use crate::wall::ApiOptions;
use crate::{agents, approvals, connections, docs, openapi as contract, probes, tokens};

/// The whole HTTP entry over a spine. Routes whose operation the spine's registry lacks are left out.
pub fn router(spine: Spine, options: ApiOptions) -> Router {
    let reference = Reference::of(spine.registry());
    let contract = contract::document(&reference).to_string();
    let page = docs::page(&reference);
    let (ready, readiness) = (spine.clone(), Arc::new(probes::Readiness::default()));
    let room = Arc::new(Semaphore::new(spine.options().requests.max(1)));
    let around = Frame { ids: Arc::clone(&spine.ports().ids), options: Arc::new(options), room };
    let (agents, under_way) = (spine.clone(), agents::UnderWay::default());
    table(&spine)
        .merge(tokens::metadata(&spine))
        .merge(connections::routes(&spine))
        .route(
            agents::ENDPOINT,
            any(move |toolset, request| agents::answer(agents.clone(), under_way.clone(), toolset, request)),
        )
        .route(probes::LIVE, get(probes::live))
        .route(probes::READY, get(move || probes::ready(ready.clone(), Arc::clone(&readiness))))
        .route("/openapi.json", document("application/json", contract))
        .route("/docs", document("text/html; charset=utf-8", page))
        .route(docs::STYLESHEET, document("text/css; charset=utf-8", docs::CSS.to_owned()))
        .route(approvals::SCRIPT, document("text/javascript; charset=utf-8", approvals::JS.to_owned()))
        .route(
            connections::BEGIN_SCRIPT,
            document("text/javascript; charset=utf-8", connections::BEGIN_JS.to_owned()),
        )
        .route(connections::SCRIPT, document("text/javascript; charset=utf-8", connections::JS.to_owned()))
        .route(approvals::PAGE, get(approvals::page))
        .fallback(unknown_route)
        .method_not_allowed_fallback(unknown_method)
        .layer(middleware::from_fn_with_state(around, frame))
}

/// The OpenAPI 3.1 document of a registry, as `/openapi.json` serves it.
pub fn openapi(registry: &OperationRegistry) -> Value {
    contract::document(&Reference::of(registry))
}

fn table(spine: &Spine) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let (Some(spec), Some(method)) = (spine.registry().spec(route.operation), filter(&route.method))
        else {
            continue;
        };
        let target = Arc::new(Target { route, spec: spec.clone() });
        let spine = spine.clone();
        let handler = move |request: Request| dispatch::answer(spine.clone(), Arc::clone(&target), request);
        router = router.route(route.path, on(method, handler));
    }
    router
}

fn filter(method: &Method) -> Option<MethodFilter> {
    MethodFilter::try_from(method.clone()).ok()
}

/// A text that stays the same as long as the process runs.
fn document(media_type: &'static str, text: String) -> axum::routing::MethodRouter {
    let text = bytes::Bytes::from(text);
    get(move || {
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static(media_type)),
            (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        ];
        let text = text.clone();
        async move { (headers, text) }
    })
}

async fn unknown_route() -> impl IntoResponse {
    Failure::from(Error::new(
        ErrorKind::NotFound,
        codes::ROUTE_UNKNOWN,
        "there is no such route: see /docs for those that there are",
    ))
}

async fn unknown_method() -> impl IntoResponse {
    let message = "this route has no such method: the Allow header names those that it has";
    let error = Error::new(ErrorKind::NotFound, codes::ROUTE_UNKNOWN, message);
    Failure::with_status(error, StatusCode::METHOD_NOT_ALLOWED)
}
