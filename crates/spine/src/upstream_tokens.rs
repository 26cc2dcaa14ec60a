//! Access tokens for MCP servers: what a credential is exchanged for before it is used.
//!
//! Those of the client itself are held in memory only, wiped when dropped, and told apart by tenant, server, settings and
//! secret: a rotated secret is exchanged anew. One exchange at a time for each server; the others wait for what it gets.
//! An exchange happens within a call or a discovery whose intent, and whose access to the credential, is on record.

mod accounts;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use portcullis_engines::integrations::mcp::oauth::{
    Ask, IssuedToken, MAX_ANSWER_BYTES, NoToken, judge_answer, question,
};
use portcullis_schemas::egress::{
    Egress, EgressError, EgressLimits, EgressPurpose, EgressRequest, EgressStage, HttpMethod,
};
use portcullis_schemas::ids::{CredentialId, KeyId, ServerId, TenantId};
use portcullis_schemas::integrations::credentials::ports::{CredentialVault, ReferenceTarget};
use portcullis_schemas::integrations::credentials::{CredentialAccess, CredentialGrant, SealedSecret};
use portcullis_schemas::integrations::mcp::oauth::{ClientGrant, TokenExchange};
use portcullis_schemas::runtime::Clock;
use portcullis_schemas::secret::Secret;
use portcullis_schemas::store::Store;
use portcullis_schemas::{PortError, PortErrorKind, codes};
use tokio::sync::Mutex as Turn;

/// Most servers whose tokens are held.
const MAX_HELD: usize = 4096;
/// A token that ends sooner than this is renewed before it is used, if that can be had.
const MARGIN: Duration = Duration::from_secs(30);
/// Times and sizes of one exchange.
const LIMITS: EgressLimits = EgressLimits {
    connect: Duration::from_secs(3),
    headers: Duration::from_secs(5),
    total: Duration::from_secs(8),
    body_bytes: MAX_ANSWER_BYTES,
};

/// The tokens that are held.
#[derive(Default)]
pub(crate) struct UpstreamTokens {
    places: Mutex<HashMap<(TenantId, ServerId), Arc<Place>>>,
    /// One renews the tokens of an account, the others wait for what it gets.
    turns: Mutex<HashMap<Account, Arc<Turn<()>>>>,
}

/// Whose account, and where.
type Account = (TenantId, ServerId, KeyId);

/// One server's token.
#[derive(Default)]
struct Place {
    held: Mutex<Option<Held>>,
    /// One asks, the others wait for what it gets.
    turn: Turn<()>,
}

struct Held {
    grant: ClientGrant,
    secret: Secret,
    token: Secret,
    renew_at: Duration,
    ends_at: Duration,
}

impl UpstreamTokens {
    /// Lets go of a server's token: it was refused upstream, though its time is not over.
    pub(crate) fn forget(&self, tenant: &TenantId, server: &ServerId) {
        self.lock().remove(&(tenant.clone(), server.clone()));
    }

    fn turn(&self, tenant: &TenantId, server: &ServerId, key: &KeyId) -> Arc<Turn<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        // Who holds a turn has a reference of its own.
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(turns.entry((tenant.clone(), server.clone(), key.clone())).or_default())
    }

    fn place(&self, tenant: &TenantId, server: &ServerId) -> Arc<Place> {
        let mut places = self.lock();
        let place = (tenant.clone(), server.clone());
        if places.len() >= MAX_HELD && !places.contains_key(&place) {
            places.clear();
        }
        Arc::clone(places.entry(place).or_default())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(TenantId, ServerId), Arc<Place>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for UpstreamTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpstreamTokens").field("held", &self.lock().len()).finish()
    }
}

/// A vault whose secrets are exchanged where their access says so; otherwise the vault behind it.
pub(crate) struct ExchangingVault {
    pub(crate) inner: Arc<dyn CredentialVault>,
    pub(crate) egress: Arc<dyn Egress>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) tokens: Arc<UpstreamTokens>,
}

impl ExchangingVault {
    async fn exchanged(
        &self,
        tenant: &TenantId,
        server: &ServerId,
        grant: &ClientGrant,
        secret: Secret,
    ) -> Result<Secret, PortError> {
        let place = self.tokens.place(tenant, server);
        let now = || self.clock.monotonic();
        let usable = match place.usable(grant, &secret, now()) {
            Some((token, false)) => return Ok(token),
            found => found.map(|(token, _)| token),
        };
        let turn = match (place.turn.try_lock(), usable) {
            (Ok(turn), _) => turn,
            (Err(_), Some(token)) => return Ok(token),
            (Err(_), None) => place.turn.lock().await,
        };
        let usable = match place.usable(grant, &secret, now()) {
            Some((token, false)) => return Ok(token),
            found => found.map(|(token, _)| token),
        };
        let asked = self.ask(tenant, grant, &secret, &Ask::Client).await;
        let issued = match (asked, usable) {
            (Ok(issued), _) => issued,
            // It is good for a moment yet.
            (Err(_), Some(token)) => return Ok(token),
            (Err(error), None) => return Err(error),
        };
        let token = issued.token.clone();
        place.hold(Held::of(grant, secret, issued, now()));
        drop(turn);
        Ok(token)
    }

    /// Asks a token endpoint. What it is asked for must be on record.
    ///
    /// # Errors
    /// `upstream_token_refused`, `upstream_token_unavailable`.
    pub(crate) async fn ask(
        &self,
        tenant: &TenantId,
        grant: &ClientGrant,
        secret: &Secret,
        ask: &Ask<'_>,
    ) -> Result<IssuedToken, PortError> {
        Ok(self.asked(tenant, grant, secret, ask).await?)
    }

    async fn asked(
        &self,
        tenant: &TenantId,
        grant: &ClientGrant,
        secret: &Secret,
        ask: &Ask<'_>,
    ) -> Result<IssuedToken, Unissued> {
        let question = question(grant, secret, ask);
        let request = EgressRequest {
            purpose: EgressPurpose::TokenEndpoint,
            method: HttpMethod::Post,
            url: grant.oauth.token_endpoint.as_str().to_owned(),
            headers: question.headers,
            body: question.body.expose().to_owned().into(),
            limits: LIMITS,
        };
        let mut response = self.egress.send(tenant, request).await.map_err(Unissued::Unanswered)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.body.next_chunk().await.map_err(Unissued::Unanswered)? {
            body.extend_from_slice(&chunk);
        }
        judge_answer(response.status, body, grant).map_err(Unissued::No)
    }
}

/// Why there is no token.
enum Unissued {
    Unanswered(EgressError),
    No(NoToken),
}

impl From<Unissued> for PortError {
    fn from(unissued: Unissued) -> Self {
        match unissued {
            Unissued::Unanswered(error) => unanswered(error),
            Unissued::No(why) => refused(why),
        }
    }
}

impl Place {
    /// The token for this grant and secret if it is good still, and whether it should be renewed.
    fn usable(&self, grant: &ClientGrant, secret: &Secret, now: Duration) -> Option<(Secret, bool)> {
        let held = self.lock();
        let held = held.as_ref().filter(|held| held.grant == *grant && now < held.ends_at)?;
        (held.secret.expose() == secret.expose()).then(|| (held.token.clone(), now >= held.renew_at))
    }

    fn hold(&self, held: Held) {
        *self.lock() = Some(held);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn of(grant: &ClientGrant, secret: Secret, issued: IssuedToken, now: Duration) -> Self {
        let IssuedToken { token, lifetime, .. } = issued;
        // Of a short life the last fifth is the margin.
        let margin = MARGIN.min(lifetime / 5);
        let ends_at = now + lifetime;
        Self { grant: grant.clone(), secret, token, renew_at: ends_at.saturating_sub(margin), ends_at }
    }
}

#[async_trait]
impl CredentialVault for ExchangingVault {
    fn check_reference(&self, tenant: &TenantId, reference: &str) -> Result<ReferenceTarget, PortError> {
        self.inner.check_reference(tenant, reference)
    }

    fn may_use(
        &self,
        tenant: &TenantId,
        target: &ReferenceTarget,
        grants: &[CredentialGrant],
        access: &CredentialAccess,
    ) -> bool {
        self.inner.may_use(tenant, target, grants, access)
    }

    async fn open(
        &self,
        tenant: &TenantId,
        reference: &str,
        access: &CredentialAccess,
    ) -> Result<Secret, PortError> {
        let secret = self.inner.open(tenant, reference, access).await?;
        match &access.exchange {
            None => Ok(secret),
            Some(TokenExchange::Client(grant)) => {
                self.exchanged(tenant, &access.mcp_server, grant, secret).await
            }
            Some(TokenExchange::Account(grant)) => self.of_account(tenant, grant, access, &secret).await,
            Some(_) => Err(unknown_exchange()),
        }
    }

    async fn seal(
        &self,
        tenant: &TenantId,
        id: &CredentialId,
        secret_version: u64,
        secret: &Secret,
    ) -> Result<SealedSecret, PortError> {
        self.inner.seal(tenant, id, secret_version, secret).await
    }

    async fn encrypt(
        &self,
        tenant: &TenantId,
        server: &ServerId,
        secret: &Secret,
    ) -> Result<String, PortError> {
        self.inner.encrypt(tenant, server, secret).await
    }
}

fn unknown_exchange() -> PortError {
    let detail = "a credential is to be exchanged in a way that is not known";
    PortError::new(PortErrorKind::Refused, codes::CREDENTIAL_UNUSABLE, detail)
}

fn unanswered(error: EgressError) -> PortError {
    let kind = match (error.stage, error.code) {
        (EgressStage::Judged, _) => PortErrorKind::Refused,
        (_, codes::UPSTREAM_TIMEOUT) => PortErrorKind::Timeout,
        _ => PortErrorKind::Unavailable,
    };
    let detail = format!("the authorization server was not asked or did not answer: {}", error.code);
    PortError::new(kind, codes::UPSTREAM_TOKEN_UNAVAILABLE, detail)
}

fn refused(why: NoToken) -> PortError {
    let (kind, code) = match why {
        NoToken::Status(_) => (PortErrorKind::Unavailable, codes::UPSTREAM_TOKEN_UNAVAILABLE),
        _ => (PortErrorKind::Refused, codes::UPSTREAM_TOKEN_REFUSED),
    };
    PortError::new(kind, code, why.to_string())
}

#[cfg(test)]
mod tests;
