//! What surrounds one dispatched operation.
//!
//! Consumers: api, engines, portcullis, spine

use std::time::Duration;

use crate::ids::RequestId;
use crate::integrations::mcp::input::AgentInput;
use crate::integrations::mcp::progress::ProgressSink;
use crate::principal::Principal;
use crate::text::IdempotencyKey;

/// The caller's W3C trace context (<https://www.w3.org/TR/trace-context/>), passed on upstream as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceContext {
    /// `traceparent`, checked for its form.
    pub traceparent: Option<String>,
    /// `tracestate`, visible ASCII of at most 512 bytes.
    pub tracestate: Option<String>,
}

/// Who calls, under which request, with which limits. Immutable; made at the edge, once per request.
#[derive(Clone, Debug)]
pub struct CallContext {
    /// The authenticated caller.
    pub principal: Principal,
    /// Names this request in answers, logs and the trail.
    pub request: RequestId,
    /// The caller's idempotency key, for operations that change something.
    pub idempotency_key: Option<IdempotencyKey>,
    /// The caller's trace context.
    pub trace: TraceContext,
    /// How long the caller will wait. The server's own limits apply besides.
    pub deadline: Option<Duration>,
    /// Where the caller wants to hear of a call's progress, if it does.
    pub progress: Option<ProgressSink>,
    /// What its client can be asked for, and the answers to what was asked. For calls; nothing else looks at it.
    pub input: AgentInput,
}

impl CallContext {
    /// A context without idempotency key, trace, deadline, progress or input.
    pub fn new(principal: Principal, request: RequestId) -> Self {
        Self {
            principal,
            request,
            idempotency_key: None,
            trace: TraceContext::default(),
            deadline: None,
            progress: None,
            input: AgentInput::default(),
        }
    }
}
