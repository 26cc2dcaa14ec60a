//! The tokens that are held in memory, and which of all were refused upstream.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portcullis_engines::upstream_tokens::{IssuedToken, renewal_margin};
use portcullis_schemas::ids::{KeyId, ServerId, TenantId};
use portcullis_schemas::integrations::mcp::oauth::ClientGrant;
use portcullis_schemas::integrations::mcp::wire::AuthHeader;
use portcullis_schemas::secret::Secret;
use portcullis_trail::sha256;

use super::questions::Questions;

/// Most tokens that are held of a tenant, and most that are known to be refused. Whoever has more has their own forgotten,
/// and nobody else's.
const MAX_HELD: usize = 4096;
/// Between two questions for one token that are asked because it was refused.
const BETWEEN_REFUSALS: Duration = Duration::from_secs(30);

/// The tokens that are held.
#[derive(Default)]
pub(crate) struct UpstreamTokens {
    places: Mutex<HashMap<TenantId, HashMap<Owner, Arc<Place>>>>,
    /// What is asked for now.
    pub(super) questions: Questions,
    /// Forgotten with the process, and then refused once more.
    refused: Mutex<HashMap<TenantId, Refused>>,
    /// When a token was last asked for because one was refused.
    anew: Mutex<HashMap<TenantId, HashMap<Owner, Duration>>>,
}

/// The tokens that servers of one tenant have refused, by their digests; the oldest is forgotten first.
#[derive(Default)]
struct Refused {
    known: HashSet<Mark>,
    order: VecDeque<Mark>,
}

/// A token of a server, by its digest.
type Mark = (ServerId, [u8; 32]);

/// Whose token: the client's own, or one that a caller's token was exchanged for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Owner {
    pub(super) tenant: TenantId,
    pub(super) server: ServerId,
    /// The caller's key, and the digest of the token that it came with.
    pub(super) caller: Option<(KeyId, [u8; 32])>,
}

impl Owner {
    /// The account of a key, which brings no token.
    pub(super) fn of_account(tenant: &TenantId, server: &ServerId, key: &KeyId) -> Self {
        Self { tenant: tenant.clone(), server: server.clone(), caller: Some((key.clone(), [0; 32])) }
    }
}

/// One owner's token.
#[derive(Default)]
pub(super) struct Place {
    held: Mutex<Option<Held>>,
}

/// A token with what it was asked for by.
pub(super) struct Held {
    grant: ClientGrant,
    /// The digest of the client's secret.
    secret: [u8; 32],
    token: Secret,
    renew_at: Duration,
    ends_at: Duration,
}

impl UpstreamTokens {
    /// A server has refused what was sent to it. Where that is a token that was asked for, it is not used again, though its
    /// time may not be over.
    pub(crate) fn refuse(&self, tenant: &TenantId, server: &ServerId, auth: &AuthHeader) {
        let Some(token) = auth.value.expose().strip_prefix("Bearer ") else { return };
        let mark = mark(server, token);
        let mut refused = lock(&self.refused);
        let refused = refused.entry(tenant.clone()).or_default();
        if !refused.known.insert(mark.clone()) {
            return;
        }
        refused.order.push_back(mark);
        if refused.order.len() > MAX_HELD
            && let Some(oldest) = refused.order.pop_front()
        {
            refused.known.remove(&oldest);
        }
    }

    /// Whether a server has refused this token.
    pub(super) fn is_refused(&self, tenant: &TenantId, server: &ServerId, token: &Secret) -> bool {
        let refused = lock(&self.refused);
        refused.get(tenant).is_some_and(|refused| refused.known.contains(&mark(server, token.expose())))
    }

    /// Whether another token may be asked for because this owner's was refused: once in 30 s, whoever is refused how often.
    pub(super) fn may_ask_anew(&self, owner: &Owner, now: Duration) -> bool {
        let mut anew = lock(&self.anew);
        let anew = anew.entry(owner.tenant.clone()).or_default();
        anew.retain(|_, asked_at| now.saturating_sub(*asked_at) < BETWEEN_REFUSALS);
        if anew.contains_key(owner) || anew.len() >= MAX_HELD {
            return false;
        }
        anew.insert(owner.clone(), now);
        true
    }

    /// The place of an owner. A new one takes the room of what has ended, else of the tenant's token that ends soonest.
    pub(super) fn place(&self, owner: &Owner, now: Duration) -> Arc<Place> {
        let mut places = lock(&self.places);
        let places = places.entry(owner.tenant.clone()).or_default();
        if let Some(place) = places.get(owner) {
            return Arc::clone(place);
        }
        let is_in_use = |place: &Arc<Place>| Arc::strong_count(place) > 1;
        places.retain(|_, place| is_in_use(place) || place.ends_at().is_some_and(|ends_at| now < ends_at));
        if places.len() >= MAX_HELD {
            let idle = places.iter().filter(|(_, place)| !is_in_use(place));
            let soonest = idle.min_by_key(|(_, place)| place.ends_at()).map(|(owner, _)| owner.clone());
            soonest.and_then(|soonest| places.remove(&soonest));
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
        let mut place = lock(&self.held);
        // What has ended is wiped.
        place.take_if(|held| now >= held.ends_at);
        let held = place.as_ref().filter(|held| held.grant == *grant)?;
        (held.secret == digest(secret.expose())).then(|| (held.token.clone(), now >= held.renew_at))
    }

    pub(super) fn hold(&self, held: Held) {
        *lock(&self.held) = Some(held);
    }

    fn ends_at(&self) -> Option<Duration> {
        lock(&self.held).as_ref().map(|held| held.ends_at)
    }
}

impl Held {
    /// `most` is how long it may be used at the longest, whatever its answer says.
    pub(super) fn of(
        grant: &ClientGrant,
        secret: &Secret,
        issued: IssuedToken,
        now: Duration,
        most: Option<Duration>,
    ) -> Self {
        let IssuedToken { token, lifetime, .. } = issued;
        let lifetime = most.map_or(lifetime, |most| lifetime.min(most));
        let ends_at = now + lifetime;
        Self {
            grant: grant.clone(),
            secret: digest(secret.expose()),
            token,
            renew_at: ends_at.saturating_sub(renewal_margin(lifetime)),
            ends_at,
        }
    }
}

impl fmt::Debug for UpstreamTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held: usize = lock(&self.places).values().map(HashMap::len).sum();
        f.debug_struct("UpstreamTokens").field("held", &held).finish()
    }
}

fn mark(server: &ServerId, token: &str) -> Mark {
    (server.clone(), digest(token))
}

pub(super) fn digest(text: &str) -> [u8; 32] {
    *sha256(text.as_bytes()).as_bytes()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
