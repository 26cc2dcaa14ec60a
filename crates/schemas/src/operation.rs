//! The request type *is* the operation.
//!
//! Consumers: api, engines, portcullis, spine

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

string_enum!(
    /// What a caller must hold to dispatch an operation; compared with the key's scopes.
    Authority {
        /// Call tools.
        Invoke = "invoke",
        /// Read the tenant.
        Read = "read",
        /// Change the tenant.
        Admin = "admin",
        /// Manage tenants.
        Operator = "operator",
    }
);

string_enum!(
    /// What an operation does to the world.
    Effect {
        /// Nothing; it may be repeated freely.
        Read = "read",
        /// It changes the tenant's data, whole or not at all.
        Write = "write",
        /// It reaches an upstream.
        Call = "call",
    }
);

/// One thing that Portcullis does. A type that implements this is the request, the contract and the name in one.
///
/// Names are `<domain>.<family>.<verb_noun>`. The JSON Schemas of request and output are snapshots.
pub trait Operation: DeserializeOwned + JsonSchema + Send + 'static {
    /// The stable name.
    const NAME: &'static str;
    /// One line for the reference.
    const SUMMARY: &'static str;
    /// What the caller must hold.
    const AUTHORITY: Authority;
    /// What it does to the world.
    const EFFECT: Effect;
    /// The answer.
    type Output: Serialize + JsonSchema + Send + 'static;
}

/// Declares operations: `Request => Output, "name", Authority, Effect, "summary";`
macro_rules! operations {
    ($($request:ty => $output:ty, $name:literal, $authority:ident, $effect:ident, $summary:literal;)+) => {
        $(impl crate::operation::Operation for $request {
            const NAME: &'static str = $name;
            const SUMMARY: &'static str = $summary;
            const AUTHORITY: crate::operation::Authority = crate::operation::Authority::$authority;
            const EFFECT: crate::operation::Effect = crate::operation::Effect::$effect;
            type Output = $output;
        })+
    };
}
pub(crate) use operations;
