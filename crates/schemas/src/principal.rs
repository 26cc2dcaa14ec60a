//! Who is calling. There is no default principal.
//!
//! Consumers: api, drivers, engines, portcullis, spine

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::ids::{KeyId, TenantId};
use crate::operation::Authority;
use crate::secret::Secret;
use crate::timestamp::Timestamp;

string_enum!(
    /// What kind of actor stands behind a key.
    ActorType {
        /// A person.
        Human = "human",
        /// An agent or a program.
        Machine = "machine",
        /// Portcullis itself: recovery, scheduled checks.
        System = "system",
    }
);

string_enum!(
    /// What a key may do. A key has one or more.
    Scope {
        /// See granted tools and call them.
        Invoke = "invoke",
        /// Read the tenant's configuration, invocations, incidents and trail.
        Read = "read",
        /// Change the tenant's configuration. Includes `read` and `invoke`.
        Admin = "admin",
        /// Manage tenants. Includes nothing inside of other tenants.
        Operator = "operator",
    }
);

/// An authenticated caller. Built by the spine's authentication and by tests, from stored facts only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    tenant: TenantId,
    key: KeyId,
    actor: String,
    actor_type: ActorType,
    scopes: BTreeSet<Scope>,
    token: Option<Arc<PresentedToken>>,
}

/// The access token that a caller was let in by. It is shown to token endpoints that an admin has named (RFC 8693), and to
/// nobody else. Compared by its digest; printed without anything of it.
#[derive(Clone)]
pub struct PresentedToken {
    /// The token.
    pub text: Secret,
    /// SHA-256 of its text.
    pub digest: [u8; 32],
    /// Its `exp`.
    pub ends_at: Timestamp,
}

impl PartialEq for PresentedToken {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for PresentedToken {}

impl fmt::Debug for PresentedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresentedToken(..)")
    }
}

impl Principal {
    /// A caller whose key has been verified. `actor` is the key's name, for people who read the trail.
    pub fn verified(
        tenant: TenantId,
        key: KeyId,
        actor: impl Into<String>,
        actor_type: ActorType,
        scopes: impl IntoIterator<Item = Scope>,
    ) -> Self {
        let scopes = scopes.into_iter().collect();
        Self { tenant, key, actor: actor.into(), actor_type, scopes, token: None }
    }

    /// The same caller, who was let in by this access token.
    #[must_use]
    pub fn with_token(self, token: PresentedToken) -> Self {
        Self { token: Some(Arc::new(token)), ..self }
    }

    /// The same caller, who may do no more than call tools, whatever its scopes are.
    #[must_use]
    pub fn as_invoker(self) -> Self {
        let scopes = self.holds(Authority::Invoke).then_some(Scope::Invoke);
        Self { scopes: scopes.into_iter().collect(), ..self }
    }

    /// The same caller, for work that needs no token of theirs, and may go on when theirs has ended.
    #[must_use]
    pub fn without_token(self) -> Self {
        Self { token: None, ..self }
    }

    /// The access token that the caller was let in by; `None` for an API key.
    pub fn token(&self) -> Option<&Arc<PresentedToken>> {
        self.token.as_ref()
    }

    /// The caller's tenant; the only source of tenancy in a request.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The key that was presented.
    pub fn key(&self) -> &KeyId {
        &self.key
    }

    /// The actor's name.
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// The actor's kind.
    pub fn actor_type(&self) -> ActorType {
        self.actor_type
    }

    /// The scopes.
    pub fn scopes(&self) -> &BTreeSet<Scope> {
        &self.scopes
    }

    /// Whether the scopes hold the authority that an operation asks for.
    pub fn holds(&self, authority: Authority) -> bool {
        let has = |scope| self.scopes.contains(&scope);
        match authority {
            Authority::Invoke => has(Scope::Invoke) || has(Scope::Admin),
            Authority::Read => has(Scope::Read) || has(Scope::Admin),
            Authority::Admin => has(Scope::Admin),
            Authority::Operator => has(Scope::Operator),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(scopes: &[Scope]) -> Principal {
        let key = "key_01jd0000000000000000000000".parse().unwrap();
        Principal::verified(
            TenantId::from_trusted("t_a").unwrap(),
            key,
            "test",
            ActorType::Machine,
            scopes.to_vec(),
        )
    }

    #[test]
    fn a_token_is_printed_nowhere() {
        let text = Secret::new("ey.subject.token".to_owned());
        let token = PresentedToken { text, digest: [7; 32], ends_at: Timestamp::from_micros(1) };
        let printed = format!("{:?}", with(&[Scope::Invoke]).with_token(token));
        assert!(printed.contains("PresentedToken(..)") && !printed.contains("subject"), "{printed}");
    }

    #[test]
    fn every_scope_against_every_authority() {
        let table = [
            (Scope::Invoke, [true, false, false, false]),
            (Scope::Read, [false, true, false, false]),
            (Scope::Admin, [true, true, true, false]),
            (Scope::Operator, [false, false, false, true]),
        ];
        let authorities = [Authority::Invoke, Authority::Read, Authority::Admin, Authority::Operator];
        for (scope, expected) in table {
            assert_eq!(authorities.map(|authority| with(&[scope]).holds(authority)), expected, "{scope}");
        }
    }
}
