//! The tokens that are held in memory, and which of all were refused upstream.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portcullis_engines::integrations::mcp::oauth::IssuedToken;
use portcullis_schemas::ids::{KeyId, ServerId, TenantId};
use portcullis_schemas::integrations::mcp::oauth::ClientGrant;
use portcullis_schemas::integrations::mcp::wire::AuthHeader;
use portcullis_schemas::secret::Secret;
use portcullis_trail::sha256;
use tokio::sync::Mutex as Turn;

use super::MARGIN;

/// Most tokens that are held, and most that are known to be refused.
const MAX_HELD: usize = 4096;

/// The tokens that are held.
#[derive(Default)]
pub(crate) struct UpstreamTokens {
    places: Mutex<HashMap<Owner, Arc<Place>>>,
    /// One renews the tokens of an account, the others wait for what it gets.
    turns: Mutex<HashMap<Account, Arc<Turn<()>>>>,
    /// By their digests: forgotten with the process, and then refused once more.
    refused: Mutex<HashSet<(TenantId, ServerId, [u8; 32])>>,
}

/// Whose account, and where.
type Account = (TenantId, ServerId, KeyId);

/// Whose token: the client's own, or one that a caller's token was exchanged for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Owner {
    pub(super) tenant: TenantId,
    pub(super) server: ServerId,
    /// The caller's key, and the digest of the token that it came with.
    pub(super) caller: Option<(KeyId, [u8; 32])>,
}

/// One owner's token.
#[derive(Default)]
pub(super) struct Place {
    held: Mutex<Option<Held>>,
    /// One asks, the others wait for what it gets.
    pub(super) turn: Turn<()>,
}

/// A token with what it was asked for by.
pub(super) struct Held {
    grant: ClientGrant,
    secret: Secret,
    token: Secret,
    renew_at: Duration,
    ends_at: Duration,
}

impl UpstreamTokens {
    /// A server has refused what was sent to it: it is not used again, though its time may not be over.
    pub(crate) fn refuse(&self, tenant: &TenantId, server: &ServerId, auth: &AuthHeader) {
        let Some(token) = auth.value.expose().strip_prefix("Bearer ") else { return };
        let mut refused = lock(&self.refused);
        if refused.len() >= MAX_HELD {
            refused.clear();
        }
        refused.insert(mark(tenant, server, token));
    }

    /// Whether a server has refused this token.
    pub(super) fn is_refused(&self, tenant: &TenantId, server: &ServerId, token: &Secret) -> bool {
        lock(&self.refused).contains(&mark(tenant, server, token.expose()))
    }

    pub(super) fn turn(&self, tenant: &TenantId, server: &ServerId, key: &KeyId) -> Arc<Turn<()>> {
        let mut turns = lock(&self.turns);
        // Who holds a turn has a reference of its own.
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(turns.entry((tenant.clone(), server.clone(), key.clone())).or_default())
    }

    /// The place of an owner. A new one takes the room of what has ended.
    pub(super) fn place(&self, owner: &Owner, now: Duration) -> Arc<Place> {
        let mut places = lock(&self.places);
        if let Some(place) = places.get(owner) {
            return Arc::clone(place);
        }
        places.retain(|_, place| Arc::strong_count(place) > 1 || place.is_good(now));
        if places.len() >= MAX_HELD {
            places.clear();
        }
        Arc::clone(places.entry(owner.clone()).or_default())
    }
}

impl Place {
    /// The token for this grant and secret if it is good still, and whether it should be renewed.
    pub(super) fn usable(
        &self,
        grant: &ClientGrant,
        secret: &Secret,
        now: Duration,
    ) -> Option<(Secret, bool)> {
        let held = lock(&self.held);
        let held = held.as_ref().filter(|held| held.grant == *grant && now < held.ends_at)?;
        (held.secret.expose() == secret.expose()).then(|| (held.token.clone(), now >= held.renew_at))
    }

    pub(super) fn hold(&self, held: Held) {
        *lock(&self.held) = Some(held);
    }

    fn is_good(&self, now: Duration) -> bool {
        lock(&self.held).as_ref().is_some_and(|held| now < held.ends_at)
    }
}

impl Held {
    /// `most` is how long it may be used at the longest, whatever its answer says.
    pub(super) fn of(
        grant: &ClientGrant,
        secret: Secret,
        issued: IssuedToken,
        now: Duration,
        most: Option<Duration>,
    ) -> Self {
        let IssuedToken { token, lifetime, .. } = issued;
        let lifetime = most.map_or(lifetime, |most| lifetime.min(most));
        // Of a short life the last fifth is the margin.
        let margin = MARGIN.min(lifetime / 5);
        let ends_at = now + lifetime;
        Self { grant: grant.clone(), secret, token, renew_at: ends_at.saturating_sub(margin), ends_at }
    }
}

impl fmt::Debug for UpstreamTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpstreamTokens").field("held", &lock(&self.places).len()).finish()
    }
}

fn mark(tenant: &TenantId, server: &ServerId, token: &str) -> (TenantId, ServerId, [u8; 32]) {
    (tenant.clone(), server.clone(), *sha256(token.as_bytes()).as_bytes())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
