//! The accounts that callers have connected: their secrets, and their tokens, which are renewed when they end. Both are
//! sealed in the database.

use std::time::Duration;

use portcullis_engines::upstream_tokens::accounts::SealedTokens;
use portcullis_engines::upstream_tokens::own_secrets::SealedOwnSecret;
use portcullis_engines::upstream_tokens::{Ask, INVALID_GRANT, NoToken};
use portcullis_schemas::ids::{KeyId, TenantId};
use portcullis_schemas::integrations::connections::StoredConnection;
use portcullis_schemas::integrations::credentials::CredentialAccess;
use portcullis_schemas::integrations::mcp::oauth::{AccountGrant, OwnSecretGrant};
use portcullis_schemas::secret::Secret;
use portcullis_schemas::{PortError, PortErrorKind, codes};

use super::held::{Owner, digest};
use super::questions::Unawaited;
use super::{ExchangingVault, Unissued, asked_lately, refused_before};
use crate::integrations::mcp::connections::keep_renewed;

/// How often it is looked whether another replica has spent the refresh token, and stored what it got.
const LOOKS: usize = 5;
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

impl ExchangingVault {
    /// The secret that the caller has given.
    pub(super) async fn own_secret(
        &self,
        tenant: &TenantId,
        grant: &OwnSecretGrant,
        access: &CredentialAccess,
    ) -> Result<Secret, PortError> {
        let (_, opened) = self.connected(tenant, &grant.key, access).await?;
        SealedOwnSecret::opened(&opened, grant).ok_or_else(required)
    }

    /// The access token of an account. One question at a time renews it; all who wait share what that gets.
    pub(super) async fn of_account(
        &self,
        tenant: &TenantId,
        grant: &AccountGrant,
        access: &CredentialAccess,
        secret: Secret,
    ) -> Result<Secret, PortError> {
        let (_, tokens) = self.kept(tenant, grant, access).await?;
        if let Some(token) = self.fresh(&tokens, tenant, access) {
            return Ok(token);
        }
        let owner = Owner::of_account(tenant, &access.mcp_server, &grant.key);
        let begin = || {
            let (asker, running) = (self.clone(), self.counter.running());
            let (tenant, grant, access) = (tenant.clone(), grant.clone(), access.clone());
            async move {
                let renewed = asker.renewed(&tenant, &grant, &access, &secret).await;
                // The process does not end between the answer and the store.
                drop(running);
                renewed
            }
        };
        // A refresh token may be good once, so its answer is stored though all have left.
        let subject = (owner, digest(&grant.binding));
        let (question, _) = self.tokens.questions.join(subject, Unawaited::GoesOn, begin);
        question.answer().await
    }

    /// The access token once more, renewed unless it was so meanwhile, here or by another replica.
    async fn renewed(
        &self,
        tenant: &TenantId,
        grant: &AccountGrant,
        access: &CredentialAccess,
        secret: &Secret,
    ) -> Result<Secret, PortError> {
        let server = &access.mcp_server;
        let is_refused = |token: &Secret| self.tokens.is_refused(tenant, server, token);
        let (stored, tokens) = self.kept(tenant, grant, access).await?;
        if let Some(token) = self.fresh(&tokens, tenant, access) {
            return Ok(token);
        }
        let left = self.good(&tokens, tenant, access);
        let Some(refresh) = tokens.refresh() else { return left.ok_or_else(required) };
        if tokens.access(self.clock.now()).is_some_and(|token| is_refused(&token)) {
            let owner = Owner::of_account(tenant, server, &grant.key);
            if !self.tokens.may_ask_anew(&owner, self.clock.monotonic()) {
                return Err(asked_lately());
            }
        }
        match (self.asked(tenant, &grant.client, secret, &Ask::Refresh(&refresh)).await, left) {
            (Ok(issued), _) => {
                let text = SealedTokens::sealable(grant, &issued, Some(&refresh), self.clock.now())
                    .map_err(|_| PortError::corrupt("tokens cannot be written"))?;
                let sealed = self.inner.encrypt(tenant, server, &text).await?;
                // Before it is used: a refresh token may be good once.
                if let Err(error) = keep_renewed(&*self.store, &*self.clock, &stored, sealed).await {
                    return self.renewed_elsewhere(tenant, grant, access, &stored).await.ok_or(error);
                }
                if is_refused(&issued.token) { Err(refused_before()) } else { Ok(issued.token) }
            }
            (Err(_), Some(token)) => Ok(token),
            (Err(Unissued::No(NoToken::Refused(INVALID_GRANT))), None) => {
                // Who was faster may still be about to store what it got.
                for _ in 0..LOOKS {
                    if let Some(token) = self.renewed_elsewhere(tenant, grant, access, &stored).await {
                        return Ok(token);
                    }
                    tokio::time::sleep(BETWEEN_LOOKS).await;
                }
                // What the account was connected with is good no more.
                Err(required())
            }
            // That an admin must mend, or time.
            (Err(unissued), None) => Err(unissued.into()),
        }
    }

    /// The token that another replica has stored since `before` was read: it has spent the refresh token, so this one's
    /// question was in vain.
    async fn renewed_elsewhere(
        &self,
        tenant: &TenantId,
        grant: &AccountGrant,
        access: &CredentialAccess,
        before: &StoredConnection,
    ) -> Option<Secret> {
        let (now, tokens) = self.kept(tenant, grant, access).await.ok()?;
        let has_changed = now.tokens != before.tokens;
        has_changed.then(|| self.good(&tokens, tenant, access)).flatten()
    }

    /// The access token, if it is good and need not be renewed.
    fn fresh(&self, tokens: &SealedTokens, tenant: &TenantId, access: &CredentialAccess) -> Option<Secret> {
        self.good(tokens, tenant, access).filter(|_| !tokens.is_due(self.clock.now()))
    }

    /// The access token, if it has not ended and was not refused.
    fn good(&self, tokens: &SealedTokens, tenant: &TenantId, access: &CredentialAccess) -> Option<Secret> {
        let token = tokens.access(self.clock.now())?;
        (!self.tokens.is_refused(tenant, &access.mcp_server, &token)).then_some(token)
    }

    /// The connection, and its tokens if they are those of this grant.
    async fn kept(
        &self,
        tenant: &TenantId,
        grant: &AccountGrant,
        access: &CredentialAccess,
    ) -> Result<(StoredConnection, SealedTokens), PortError> {
        let (stored, opened) = self.connected(tenant, &grant.key, access).await?;
        let tokens = SealedTokens::opened(&opened, grant).ok_or_else(required)?;
        Ok((stored, tokens))
    }

    /// The connection of a key, and what was sealed of it.
    async fn connected(
        &self,
        tenant: &TenantId,
        key: &KeyId,
        access: &CredentialAccess,
    ) -> Result<(StoredConnection, Secret), PortError> {
        let mut work = self.store.read().await?;
        let stored = work.connections().get(tenant, &access.mcp_server, key).await?;
        drop(work);
        let stored = stored.ok_or_else(required)?;
        let sealed = stored.tokens.as_ref().ok_or_else(required)?;
        let opened = self.inner.open(tenant, sealed, access).await?;
        Ok((stored, opened))
    }
}

fn required() -> PortError {
    let detail = "the caller has connected no account, or must do so anew";
    PortError::new(PortErrorKind::Refused, codes::CONNECTION_REQUIRED, detail)
}
