//! Discoveries and health checks: they reach an upstream, so they leave an intent and an outcome as calls do.

use portcullis_schemas::context::CallContext;
use portcullis_schemas::ids::{InstanceId, IntentId, ServerId};
use portcullis_schemas::integrations::mcp::server::{McpServer, McpServerStatus};
use portcullis_schemas::integrations::mcp::wire::McpFailure;
use portcullis_schemas::logs::event::{AuditEventDraft, AuditEventType};
use portcullis_schemas::logs::ledger::{
    Intent, IntentKind, IntentReceipt, IntentSubject, Recorded, Settlement,
};
use portcullis_schemas::tenants::ConfigVersion;
use portcullis_schemas::{Error, ErrorKind, PortError, codes};
use serde_json::json;

use super::authentication::{NOT_GRANTED, required_reference};
use super::decision::{CredentialVerdict, Denial, freeze_targets};
use super::events::EventStamp;
use super::incident_rules;
use super::invocation::unanswered;
use super::server::about;

#[cfg(test)]
mod tests;

/// The intent of an exchange that opens the server's credential, if it has one. A disabled server may still be discovered
/// and checked by an admin; a deleted one not.
///
/// # Errors
/// `state_conflict` when the server is deleted; `credential_reference` and `credential_denied` when it needs a
/// credential that it does not have or may not use; `access_token_required`.
pub fn begin_exchange(
    stamp: &EventStamp<'_>,
    instance: &InstanceId,
    ctx: &CallContext,
    server: &McpServer,
    purpose: IntentKind,
    credential: CredentialVerdict,
    decided_on: ConfigVersion,
) -> Result<Intent, Error> {
    refuse_deleted(server)?;
    if credential == CredentialVerdict::NoSubject {
        return Err(Denial::no_subject().to_error());
    }
    if required_reference(server)?.is_some() && credential != CredentialVerdict::Granted {
        return Err(Error::new(ErrorKind::Denied, codes::CREDENTIAL_DENIED, NOT_GRANTED));
    }
    let mut intent = intent(stamp, instance, ctx, server, purpose, decided_on);
    intent.events.extend(credential_accessed(stamp, server, purpose));
    Ok(intent)
}

/// The intent to find a server's authorization server. No credential is opened for it.
///
/// # Errors
/// `state_conflict` when the server is deleted.
pub fn begin_discovery_of_authorization(
    stamp: &EventStamp<'_>,
    instance: &InstanceId,
    ctx: &CallContext,
    server: &McpServer,
    decided_on: ConfigVersion,
) -> Result<Intent, Error> {
    refuse_deleted(server)?;
    Ok(intent(stamp, instance, ctx, server, IntentKind::DiscoverAuthorization, decided_on))
}

fn refuse_deleted(server: &McpServer) -> Result<(), Error> {
    if server.status != McpServerStatus::Deleted {
        return Ok(());
    }
    let message = "the server is deleted: register it anew";
    Err(Error::new(ErrorKind::Conflict, codes::STATE_CONFLICT, message))
}

fn intent(
    stamp: &EventStamp<'_>,
    instance: &InstanceId,
    ctx: &CallContext,
    server: &McpServer,
    purpose: IntentKind,
    decided_on: ConfigVersion,
) -> Intent {
    let started =
        stamp.draft(AuditEventType::McpExchangeStarted, about(server), json!({ "purpose": purpose }));
    Intent {
        intent_id: IntentId::generate(stamp.ids),
        instance: instance.clone(),
        subject: IntentSubject::Exchange {
            purpose,
            server_id: server.server_id.clone(),
            request_id: stamp.request_id.map(str::to_owned),
        },
        recorded_at: stamp.now,
        events: vec![started],
        decided_on: Some(decided_on),
        freeze_targets: freeze_targets(ctx, &server.server_id, None),
        idempotency: None,
        approval: None,
        flows: None,
    }
}

/// The receipt, or why there is none.
///
/// # Errors
/// `audit_unavailable` when the ledger cannot write, so that nothing may be sent; `frozen`; and for repeats
/// `idempotency_in_flight`, `idempotency_mismatch`, `outcome_unknown`.
pub fn receipt_of(recorded: Result<Recorded, PortError>) -> Result<IntentReceipt, Error> {
    match recorded {
        Ok(Recorded::Receipt(receipt)) => Ok(receipt),
        Ok(Recorded::Frozen(target)) => Err(Denial::frozen(&target).to_error()),
        Ok(Recorded::Repeated(repeated)) => Err(unanswered(&repeated)),
        Ok(_) => Err(unrecorded(PortError::corrupt("the ledger gave an answer that is not known"))),
        Err(error) => Err(unrecorded(error)),
    }
}

/// How an exchange ended. `failure` is also given when the exchange was not made because its credential did not open.
#[must_use]
pub fn end_exchange(
    stamp: &EventStamp<'_>,
    receipt: &IntentReceipt,
    server: &ServerId,
    purpose: IntentKind,
    failure: Option<&McpFailure>,
) -> Settlement {
    let subject = vec![("server_id", server.to_string())];
    let event = match failure {
        None => stamp.draft(AuditEventType::McpExchangeCompleted, subject, json!({ "purpose": purpose })),
        Some(failure) => {
            let facts = json!({ "purpose": purpose, "error_code": failure.code, "may_have_acted": failure.may_have_acted });
            stamp.draft(AuditEventType::McpExchangeFailed, subject, facts)
        }
    };
    Settlement {
        intent_id: receipt.intent().clone(),
        events: vec![event],
        invocation: None,
        incident: failure.and_then(|failure| incident_rules::for_exchange(stamp, server, purpose, failure)),
        answer: None,
        frees_key: false,
        frees_approval: None,
    }
}

/// The event that a credential is about to be opened; none when the server has none. An `encrypted://` reference is
/// ciphertext and stays out of the trail.
pub(super) fn credential_accessed(
    stamp: &EventStamp<'_>,
    server: &McpServer,
    purpose: IntentKind,
) -> Option<AuditEventDraft> {
    let reference = required_reference(server).ok().flatten()?.as_str();
    let scheme = reference.split_once("://").map_or("", |(scheme, _)| scheme);
    let mut subject = about(server);
    if scheme == "cus-vault" {
        let id = reference.rsplit('/').next().unwrap_or_default();
        subject.push(("credential_id", id.to_owned()));
    }
    let mut facts = json!({ "purpose": purpose, "scheme": scheme, "accessor": stamp.actor.name });
    if let Some(oauth) = &server.oauth {
        facts["exchanged_at"] = json!(oauth.token_endpoint);
    }
    Some(stamp.draft(AuditEventType::CredentialAccessed, subject, facts))
}

fn unrecorded(error: PortError) -> Error {
    let message = "the exchange cannot be recorded, so it was not made: retry later";
    Error::new(ErrorKind::Unavailable, codes::AUDIT_UNAVAILABLE, message).with_source(error)
}
