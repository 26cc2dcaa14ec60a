//! Who is calling. There is no default principal.
//!
//! Consumers: api, drivers, engines, portcullis, spine

use std::collections::BTreeSet;

use crate::ids::{KeyId, TenantId};
use crate::operation::Authority;

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
        Self { tenant, key, actor: actor.into(), actor_type, scopes: scopes.into_iter().collect() }
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
