//! Access tokens for MCP servers: what a credential is exchanged for before it is used.
//!
//! Those of the client itself are held in memory only, wiped when dropped, and told apart by tenant, server, settings and
//! secret: a rotated secret is exchanged anew. Those that a caller's token is exchanged for (RFC 8693) are told apart by the
//! caller's key and token too, and end with that. One exchange at a time for each; the others wait for what it gets, each for
//! as long as its own caller does. What a server refuses is used no more, and is asked for anew once in 30 s: else a server
//! that refuses each call would have us ask at its pace. An exchange happens within a call or a discovery whose intent, and
//! whose access to the credential, is on record.

mod accounts;
mod held;
mod questions;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use portcullis_engines::upstream_tokens::{
    Ask, IssuedToken, MAX_ANSWER_BYTES, NoToken, judge_answer, question,
};
use portcullis_schemas::egress::{
    Egress, EgressError, EgressLimits, EgressPurpose, EgressRequest, EgressStage, HttpMethod,
};
use portcullis_schemas::ids::{CredentialId, ServerId, TenantId};
use portcullis_schemas::integrations::credentials::ports::{CredentialVault, ReferenceTarget};
use portcullis_schemas::integrations::credentials::{CredentialAccess, CredentialGrant, SealedSecret};
use portcullis_schemas::integrations::mcp::oauth::{CallerGrant, ClientGrant, TokenExchange};
use portcullis_schemas::principal::PresentedToken;
use portcullis_schemas::runtime::Clock;
use portcullis_schemas::secret::Secret;
use portcullis_schemas::store::Store;
use portcullis_schemas::{PortError, PortErrorKind, codes};

pub(crate) use self::held::UpstreamTokens;
use self::held::{Held, Owner, digest};
use self::questions::Unawaited;
use crate::closing::Counter;
use crate::deadline::Patience;

/// Times and sizes of one exchange.
const LIMITS: EgressLimits = EgressLimits {
    connect: Duration::from_secs(3),
    headers: Duration::from_secs(5),
    total: Duration::from_secs(8),
    body_bytes: MAX_ANSWER_BYTES,
};

/// A vault whose secrets are exchanged where their access says so; otherwise the vault behind it.
#[derive(Clone)]
pub(crate) struct ExchangingVault {
    pub(crate) inner: Arc<dyn CredentialVault>,
    pub(crate) egress: Arc<dyn Egress>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) tokens: Arc<UpstreamTokens>,
    /// For as long as it opens; `None` for work that no caller waits for.
    pub(crate) patience: Option<Patience>,
    /// Counts what the end of the process waits for.
    pub(crate) counter: Counter,
}

/// A token that is wanted: whose, and what it is asked for by.
#[derive(Clone)]
struct Wanted {
    owner: Owner,
    grant: ClientGrant,
    secret: Secret,
    /// The caller's token that is exchanged; without it the token is the client's own.
    subject: Option<Arc<PresentedToken>>,
}

impl ExchangingVault {
    /// The token that is held, or one that is asked for; who waits with others shares what these get.
    async fn exchanged(&self, wanted: Wanted) -> Result<Secret, PortError> {
        let usable = match self.known(&wanted) {
            Known::Good(token) => return Ok(token),
            known => known.ending(),
        };
        let subject = (wanted.owner.clone(), wanted.digest());
        let asker = self.clone();
        let (question, is_new) =
            self.tokens.questions.join(subject, Unawaited::Ends, || asker.issued(wanted));
        match usable {
            Some(token) if !is_new => Ok(token),
            // It is good for a moment yet.
            usable => question.answer().await.or_else(|error| usable.ok_or(error)),
        }
    }

    /// A new token, which is held from then on.
    async fn issued(self, wanted: Wanted) -> Result<Secret, PortError> {
        let Wanted { owner, grant, secret, subject } = &wanted;
        let Owner { tenant, server, .. } = owner;
        // The last question may have ended since it was looked for.
        match self.known(&wanted) {
            Known::Good(token) => return Ok(token),
            Known::Refused if !self.tokens.may_ask_anew(owner, self.clock.monotonic()) => {
                return Err(asked_lately());
            }
            _ => {}
        }
        let ask = subject.as_ref().map_or(Ask::Client, |subject| Ask::Exchange(&subject.text));
        let issued = self.ask(tenant, grant, secret, &ask).await?;
        let token = issued.token.clone();
        if self.tokens.is_refused(tenant, server, &token) {
            // What is held stays: it is the same one, or was refused as well.
            return Err(refused_before());
        }
        // What was made of a caller's token does not outlive it.
        let (wall, now) = (self.clock.now(), self.clock.monotonic());
        let most = subject.as_ref().map(|subject| Duration::from_millis(subject.ends_at.millis_since(wall)));
        self.tokens.place(owner, now).hold(Held::of(grant, secret, issued, now, most));
        Ok(token)
    }

    fn known(&self, wanted: &Wanted) -> Known {
        let Wanted { owner, grant, secret, .. } = wanted;
        let now = self.clock.monotonic();
        match self.tokens.place(owner, now).usable(grant, secret, now) {
            Some((token, _)) if self.tokens.is_refused(&owner.tenant, &owner.server, &token) => {
                Known::Refused
            }
            Some((token, false)) => Known::Good(token),
            Some((token, true)) => Known::Ending(token),
            None => Known::Nothing,
        }
    }

    async fn opened(
        &self,
        tenant: &TenantId,
        reference: &str,
        access: &CredentialAccess,
    ) -> Result<Secret, PortError> {
        if let Some(TokenExchange::OwnSecret(grant)) = &access.exchange {
            return self.own_secret(tenant, grant, access).await;
        }
        let secret = self.inner.open(tenant, reference, access).await?;
        match &access.exchange {
            None => Ok(secret),
            Some(TokenExchange::Client(grant)) => {
                let server = access.mcp_server.clone();
                let owner = Owner { tenant: tenant.clone(), server, caller: None };
                self.exchanged(Wanted { owner, grant: grant.clone(), secret, subject: None }).await
            }
            Some(TokenExchange::Caller(grant)) => {
                self.of_caller(tenant, &access.mcp_server, grant, secret).await
            }
            Some(TokenExchange::Account(grant)) => self.of_account(tenant, grant, access, secret).await,
            Some(_) => Err(unknown_exchange()),
        }
    }

    /// A token that the caller's own is exchanged for, for that caller alone.
    async fn of_caller(
        &self,
        tenant: &TenantId,
        server: &ServerId,
        grant: &CallerGrant,
        secret: Secret,
    ) -> Result<Secret, PortError> {
        let subject = grant.subject.as_ref().ok_or_else(no_subject)?;
        let caller = Some((grant.key.clone(), subject.digest));
        let owner = Owner { tenant: tenant.clone(), server: server.clone(), caller };
        let subject = Some(Arc::clone(subject));
        self.exchanged(Wanted { owner, grant: grant.client.clone(), secret, subject }).await
    }

    /// Asks a token endpoint. What it is asked for must be on record.
    ///
    /// # Errors
    /// `upstream_token_refused`, `upstream_token_unusable`, `upstream_token_unavailable`.
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
        let body = response.body.whole().await.map_err(Unissued::Unanswered)?;
        judge_answer(response.status, body, grant, ask).map_err(Unissued::No)
    }
}

impl Wanted {
    /// Of what it is asked for by.
    fn digest(&self) -> [u8; 32] {
        let Self { grant, secret, .. } = self;
        digest(&format!("{grant:?}\n{:?}", digest(secret.expose())))
    }
}

/// What is held for an owner.
enum Known {
    Good(Secret),
    /// Good for a moment yet.
    Ending(Secret),
    /// The server knows it no more.
    Refused,
    Nothing,
}

impl Known {
    fn ending(self) -> Option<Secret> {
        match self {
            Self::Ending(token) => Some(token),
            _ => None,
        }
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
        let opened = self.opened(tenant, reference, access);
        match &self.patience {
            Some(patience) => patience.outlast(opened).await?,
            None => opened.await,
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

fn no_subject() -> PortError {
    let detail = "the caller came without an access token that could be exchanged";
    PortError::new(PortErrorKind::Refused, codes::ACCESS_TOKEN_REQUIRED, detail)
}

fn asked_lately() -> PortError {
    let detail =
        "the server has refused its token, and another was asked for because of that less than 30 s ago";
    PortError::new(PortErrorKind::Refused, codes::UPSTREAM_UNAUTHORIZED, detail)
}

fn refused_before() -> PortError {
    let detail = "the authorization server gives a token that the MCP server has refused";
    PortError::new(PortErrorKind::Refused, codes::UPSTREAM_TOKEN_REFUSED, detail)
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
        NoToken::Refused(_) => (PortErrorKind::Refused, codes::UPSTREAM_TOKEN_REFUSED),
        NoToken::Answer(_) => (PortErrorKind::Refused, codes::UPSTREAM_TOKEN_UNUSABLE),
    };
    PortError::new(kind, code, why.to_string())
}

#[cfg(test)]
mod tests;
