//! Valid values of the vocabulary, to change where a test needs it.
//!
//! Builders take an `ids` source: [`SequentialIds`](crate::ids::SequentialIds) for values that are the same in every
//! run, [`UniqueIds`](crate::ids::UniqueIds) for stores that outlive the run. Rows that a store orders by time take a
//! number of seconds.

use std::fmt::Display;
use std::time::Duration;

use portcullis_schemas::context::CallContext;
use portcullis_schemas::ids::{KeyId, RequestId, TenantId};
use portcullis_schemas::logs::event::EventActor;
use portcullis_schemas::principal::{ActorType, Principal, Scope};
use portcullis_schemas::runtime::IdSource;
use portcullis_schemas::text::Name;
use portcullis_schemas::timestamp::Timestamp;

mod approvals;
mod calls;
mod domains;
mod mcp;
mod seeds;
mod toolsets;

pub use approvals::approval;
pub(crate) use calls::sealed_answer;
pub use calls::{claim, exchange_intent, intent, invocation, invocation_facts, refusal, settlement};
pub use domains::{api_key, credential, event, freeze, new_incident, policy, sealed, tenant_record};
pub use mcp::{server, tool};
pub use seeds::{seed_server, seed_tenant, seed_tool};
pub use toolsets::{toolset, toolset_tool};

/// 2026-07-28T12:00:00Z and `seconds`.
pub fn time(seconds: i64) -> Timestamp {
    Timestamp::from_micros((1_785_240_000 + seconds) * 1_000_000)
}

/// The n-th tenant, the same in every run; it is in no store until somebody puts it there.
pub fn tenant(n: u32) -> TenantId {
    valid(TenantId::from_trusted(&format!("t_{n:04}")))
}

/// An actor with a key of no store.
pub fn actor(ids: &dyn IdSource) -> EventActor {
    EventActor {
        name: "agent".to_owned(),
        key_id: Some(KeyId::generate(ids)),
        actor_type: ActorType::Machine,
    }
}

/// A caller with these scopes, and a key of no store.
pub fn principal(ids: &dyn IdSource, tenant: &TenantId, scopes: &[Scope]) -> Principal {
    let scopes = scopes.iter().copied();
    Principal::verified(tenant.clone(), KeyId::generate(ids), "agent", ActorType::Machine, scopes)
}

/// A call by this caller, with a deadline of 30 s.
pub fn call_context(ids: &dyn IdSource, principal: Principal) -> CallContext {
    let deadline = Some(Duration::from_secs(30));
    CallContext { deadline, ..CallContext::new(principal, RequestId::generate(ids)) }
}

/// A name; panics when it is none.
pub(crate) fn name(text: &str) -> Name {
    valid(Name::new(text))
}

pub(crate) fn valid<T>(text: Result<T, impl Display>) -> T {
    text.unwrap_or_else(|error| panic!("a fixture's text is not valid: {error}"))
}
