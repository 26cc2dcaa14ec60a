//! The keys of one issuer: read when they are needed, kept for a while, and read again when a token names one that is
//! not among them, but not for every token that does so.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portcullis_engines::api_keys::tokens::{
    Jws, MAX_DOCUMENT_BYTES, TokenFault, TokenKeys, key_set_of, metadata_urls,
};
use portcullis_schemas::api_keys::tokens::TokenIssuer;
use portcullis_schemas::egress::{
    Egress, EgressError, EgressLimits, EgressPurpose, EgressRequest, HeaderValue, HttpMethod,
};
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::{Error, ErrorKind, codes};
use tokio::sync::Mutex as Turn;

use crate::ports::Ports;

/// For so long keys are used without another look.
const FRESH: Duration = Duration::from_secs(600);
/// For so long they are used while the issuer cannot be reached. An issuer that withdraws a key is heard within it.
const KEPT: Duration = Duration::from_secs(3600);
/// Keys are not asked for more often than this while there are some: a token may name any key it likes.
const BETWEEN: Duration = Duration::from_secs(60);
/// And than this while there are none.
const BETWEEN_FAILURES: Duration = Duration::from_secs(5);
/// Times and sizes of one reading.
const LIMITS: EgressLimits = EgressLimits {
    connect: Duration::from_secs(2),
    headers: Duration::from_secs(3),
    total: Duration::from_secs(5),
    body_bytes: MAX_DOCUMENT_BYTES,
};
/// Connections belong to tenants; these belong to none of them.
const NOBODY: &str = "token-issuers";

/// What is known of an issuer's keys.
#[derive(Clone, Default)]
struct Known {
    keys: Option<(Arc<TokenKeys>, Duration)>,
    /// When they were last asked for, with success or without.
    asked_at: Option<Duration>,
}

/// What to do for a token.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// The keys will do; whether one fits is seen then.
    Use,
    /// They are asked for; `waits` if the token cannot be judged without.
    Ask { waits: bool },
    /// There are none, and it is too early to ask again.
    Unavailable,
}

/// The keys of one issuer.
pub(super) struct IssuerKeys(Arc<Inner>);

struct Inner {
    issuer: String,
    jwks_uri: Option<String>,
    known: Mutex<Known>,
    /// One asks, the others wait for what it gets.
    turn: Turn<()>,
}

impl IssuerKeys {
    pub(super) fn of(issuer: &TokenIssuer) -> Self {
        let (issuer, jwks_uri) = (issuer.issuer.clone(), issuer.jwks_uri.clone());
        Self(Arc::new(Inner { issuer, jwks_uri, known: Mutex::default(), turn: Turn::default() }))
    }

    /// The keys to check a token with.
    ///
    /// # Errors
    /// `token_issuer_unavailable`.
    pub(super) async fn for_token(&self, ports: &Ports, jws: &Jws<'_>) -> Result<Arc<TokenKeys>, Error> {
        let look = || {
            let known = self.0.lock().clone();
            let fits = known.keys.as_ref().is_some_and(|(keys, _)| !keys.fitting(jws).is_empty());
            (step(&known, fits, ports.clock.monotonic()), known)
        };
        match look() {
            (Step::Use, known) => known.usable(),
            (Step::Unavailable, _) => Err(unavailable()),
            (Step::Ask { waits }, known) => {
                let inner = Arc::clone(&self.0);
                if !waits && inner.turn.try_lock().is_err() {
                    return known.usable();
                }
                // A task of its own: a caller that goes away does not take the answer for the others with it.
                let ports = ports.clone();
                let asked = tokio::spawn(async move { inner.ask(&ports, known.asked_at).await });
                if asked.await.is_err() {
                    return Err(unavailable());
                }
                match look() {
                    (Step::Unavailable, _) => Err(unavailable()),
                    (_, known) => known.usable(),
                }
            }
        }
    }
}

impl Known {
    fn usable(self) -> Result<Arc<TokenKeys>, Error> {
        self.keys.map(|(keys, _)| keys).ok_or_else(unavailable)
    }
}

/// What to do for a token, if `fits` says whether a known key may have signed it.
fn step(known: &Known, fits: bool, now: Duration) -> Step {
    let age = known.keys.as_ref().map(|(_, read_at)| now.saturating_sub(*read_at));
    let between = if age.is_some() { BETWEEN } else { BETWEEN_FAILURES };
    let may_ask = known.asked_at.is_none_or(|asked_at| now.saturating_sub(asked_at) >= between);
    match age {
        Some(age) if age < FRESH && fits => Step::Use,
        Some(age) if may_ask => Step::Ask { waits: !fits || age >= KEPT },
        Some(age) if age < KEPT => Step::Use,
        None if may_ask => Step::Ask { waits: true },
        _ => Step::Unavailable,
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks, unless another has done so since `asked_at`.
    async fn ask(&self, ports: &Ports, asked_at: Option<Duration>) {
        let _turn = self.turn.lock().await;
        if self.lock().asked_at != asked_at {
            return;
        }
        let read = self.read(&*ports.egress).await;
        let now = ports.clock.monotonic();
        let mut known = self.lock();
        known.asked_at = Some(now);
        match read {
            Ok(keys) => known.keys = Some((Arc::new(keys), now)),
            Err(why) => {
                tracing::warn!(issuer = self.issuer, %why, "the keys of a token issuer cannot be read")
            }
        }
    }

    async fn read(&self, egress: &dyn Egress) -> Result<TokenKeys, Unread> {
        let address = match &self.jwks_uri {
            Some(address) => address.clone(),
            None => self.discover(egress).await?,
        };
        Ok(TokenKeys::parse(&document(egress, address).await?)?)
    }

    /// The first address of metadata that answers decides; one that is there and wrong is no reason to try another.
    async fn discover(&self, egress: &dyn Egress) -> Result<String, Unread> {
        let mut last = Unread::Status(404);
        for address in metadata_urls(&self.issuer) {
            match document(egress, address).await {
                Ok(bytes) => return Ok(key_set_of(&bytes, &self.issuer)?),
                Err(Unread::Status(status)) if (400..500).contains(&status) => last = Unread::Status(status),
                Err(why) => return Err(why),
            }
        }
        Err(last)
    }
}

/// Why keys could not be read. Holds no text of the issuer.
#[derive(Debug, thiserror::Error)]
enum Unread {
    #[error(transparent)]
    Egress(#[from] EgressError),
    #[error("it answered with the status {0}")]
    Status(u16),
    #[error("it answered with another document than was expected: {0}")]
    Document(#[from] TokenFault),
}

async fn document(egress: &dyn Egress, url: String) -> Result<Vec<u8>, Unread> {
    // The text is of the form of a tenant's id.
    let nobody = TenantId::from_trusted(NOBODY).map_err(|_| Unread::Status(0))?;
    let accept = HeaderValue::Plain("application/json".to_owned());
    let request = EgressRequest {
        purpose: EgressPurpose::TokenIssuer,
        method: HttpMethod::Get,
        url,
        headers: vec![("accept".to_owned(), accept)],
        body: Default::default(),
        limits: LIMITS,
    };
    let mut response = egress.send(&nobody, request).await?;
    if response.status != 200 {
        // Redirects too: they would lead away from what the operator has named.
        return Err(Unread::Status(response.status));
    }
    Ok(response.body.whole().await?)
}

fn unavailable() -> Error {
    let public = "the keys of the token's issuer cannot be had at the moment: send it again in a few seconds";
    Error::new(ErrorKind::Unavailable, codes::TOKEN_ISSUER_UNAVAILABLE, public)
        .with_retry_after(BETWEEN_FAILURES)
}

impl fmt::Debug for IssuerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerKeys").field("issuer", &self.0.issuer).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(read_at: Option<u64>, asked_at: Option<u64>) -> Known {
        let keys = read_at.map(|at| (Arc::default(), Duration::from_secs(at)));
        Known { keys, asked_at: asked_at.map(Duration::from_secs) }
    }

    #[test]
    fn when_keys_are_asked_for() {
        let table = [
            ("nothing known", known(None, None), false, 0, Step::Ask { waits: true }),
            ("failed a moment ago", known(None, Some(100)), false, 104, Step::Unavailable),
            ("failed a while ago", known(None, Some(100)), false, 105, Step::Ask { waits: true }),
            ("fresh and fitting", known(Some(100), Some(100)), true, 699, Step::Use),
            ("unknown key, asked lately", known(Some(100), Some(100)), false, 159, Step::Use),
            ("unknown key", known(Some(100), Some(100)), false, 160, Step::Ask { waits: true }),
            ("old but fitting", known(Some(100), Some(100)), true, 700, Step::Ask { waits: false }),
            ("old, and the issuer is away", known(Some(100), Some(3600)), true, 3650, Step::Use),
            ("too old", known(Some(100), Some(3600)), true, 3700, Step::Ask { waits: true }),
            ("too old, asked lately", known(Some(100), Some(3690)), true, 3700, Step::Unavailable),
        ];
        for (what, known, fits, now, expected) in table {
            assert_eq!(step(&known, fits, Duration::from_secs(now)), expected, "{what}");
        }
    }
}
