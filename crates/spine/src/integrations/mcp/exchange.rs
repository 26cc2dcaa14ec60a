//! Discovery and health: exchanges with a server that leave an intent before and an outcome after, like calls.

use std::time::Duration;

use portcullis_engines::caught;
use portcullis_engines::integrations::mcp::authentication::{authenticate, target};
use portcullis_engines::integrations::mcp::authorization::scope_advice;
use portcullis_engines::integrations::mcp::decision::{Denial, freeze_targets};
use portcullis_engines::integrations::mcp::exchange::{begin_exchange, end_exchange, receipt_of};
use portcullis_schemas::codes;
use portcullis_schemas::ids::{ServerId, TenantId};
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::integrations::mcp::wire::{Dispatch, McpFailure, McpTarget};
use portcullis_schemas::logs::ledger::{Intent, IntentKind, IntentReceipt, Recorded};
use portcullis_schemas::store::UnitOfWork;
use portcullis_schemas::tenants::ConfigVersion;
use portcullis_schemas::{Error, ErrorKind};

use super::target::{CredentialUse, judge_credential, read_grants};
use super::{ATTEMPTS, servers};
use crate::admission::Slot;
use crate::bridges::ControlsBridge;
use crate::scene::Scene;

/// An exchange whose intent is durable.
pub(super) struct Exchange {
    pub(super) server: McpServer,
    pub(super) target: McpTarget,
    pub(super) dispatch: Dispatch,
    /// Of the credential that was opened for it, if that is in the vault.
    pub(super) secret_version: Option<u64>,
    kind: IntentKind,
    _place: Option<Slot<(TenantId, ServerId)>>,
}

/// Judges, records, then opens the credential. Only what comes out of here may reach out.
///
/// # Errors
/// Why the exchange may not be made; nothing was sent then.
pub(super) async fn begin(
    scene: &Scene,
    id: &ServerId,
    kind: IntentKind,
    longest: Duration,
) -> Result<Exchange, Error> {
    let place = scene.place(id, longest).await?;
    begin_in(scene, id, kind, longest, Some(place)).await
}

/// The same for one that takes no place among the exchanges with its server.
///
/// # Errors
/// As [`begin`].
pub(super) async fn begin_in(
    scene: &Scene,
    id: &ServerId,
    kind: IntentKind,
    longest: Duration,
    place: Option<Slot<(TenantId, ServerId)>>,
) -> Result<Exchange, Error> {
    let (server, credential, receipt) = record(scene, id, kind, longest).await?;
    let vault = scene.vault(longest);
    let opened = caught(authenticate(&vault, scene.tenant(), &server, &credential.access)).await;
    match opened.unwrap_or_else(|| Err(panicked())) {
        Ok(auth) => {
            let target = target(&server, scene.principal().key(), credential.secret_version, auth);
            let trace = scene.ctx().trace.clone();
            let dispatch = Dispatch { receipt, deadline: scene.left(longest), trace, progress: None };
            let secret_version = credential.secret_version;
            Ok(Exchange { server, target, dispatch, secret_version, kind, _place: place })
        }
        Err(error) => {
            let failure = McpFailure::new(error.code(), error.public(), false);
            settle(scene, &receipt, &server, kind, Some(&failure)).await?;
            Err(error)
        }
    }
}

/// The vault broke. The intent is open, and must be settled.
pub(super) fn panicked() -> Error {
    let message = "the server's credential could not be opened: it broke on our side, and nothing was sent";
    Error::new(ErrorKind::Internal, codes::OPERATION_PANICKED, message)
}

impl Exchange {
    /// Records how it ended. The answer may be used only after this.
    ///
    /// # Errors
    /// `outcome_unrecorded`; the answer must be withheld.
    pub(super) async fn end(&self, scene: &Scene, failure: Option<&McpFailure>) -> Result<(), Error> {
        settle(scene, &self.dispatch.receipt, &self.server, self.kind, failure).await
    }
}

/// A failed exchange as the admin who had it made sees it.
pub(super) fn failed(server: &McpServer, failure: &McpFailure) -> Error {
    if failure.code == codes::SCOPE_REQUIRED {
        let message = format!("{}: {}", failure.detail, scope_advice(failure, server));
        return Error::new(ErrorKind::Conflict, failure.code, message);
    }
    let (kind, message) = match failure.code {
        codes::UPSTREAM_TIMEOUT => (ErrorKind::Timeout, "the MCP server did not answer in time"),
        codes::UPSTREAM_UNAUTHORIZED => (ErrorKind::Upstream, "the MCP server refused our credential"),
        codes::EGRESS_REFUSED => (ErrorKind::Invalid, "the MCP server's URL breaks an egress rule"),
        codes::OPERATION_PANICKED => (ErrorKind::Internal, "the exchange was given up"),
        codes::UPSTREAM_UNREACHABLE => (ErrorKind::Upstream, "the MCP server could not be reached"),
        _ => (ErrorKind::Upstream, "the MCP server's answer cannot be used"),
    };
    Error::new(kind, failure.code, format!("{message}: {}", failure.detail))
}

/// Judges and records; again when the configuration has changed in between.
///
/// # Errors
/// Why the exchange may not be made; nothing may be sent then.
pub(super) async fn record(
    scene: &Scene,
    id: &ServerId,
    kind: IntentKind,
    longest: Duration,
) -> Result<(McpServer, CredentialUse, IntentReceipt), Error> {
    for _ in 0..ATTEMPTS {
        let mut work = scene.read().await?;
        let Standing { server, version } = standing(scene, &mut *work, id).await?;
        let grants = read_grants(scene, &mut *work, &server).await?;
        drop(work);
        let credential = judge_credential(scene, &grants, &server, kind);
        let (instance, ctx, verdict) = (scene.instance(), scene.ctx(), credential.verdict);
        let intent =
            scene.stamped(|stamp| begin_exchange(stamp, instance, ctx, &server, kind, verdict, version))?;
        if let Some(receipt) = write(scene, intent, longest).await? {
            return Ok((server, credential, receipt));
        }
    }
    Err(Denial::unsettled().to_error())
}

/// A server that is not frozen, and the configuration that it is of.
pub(super) struct Standing {
    pub(super) server: McpServer,
    pub(super) version: ConfigVersion,
}

/// What an exchange is decided on.
///
/// # Errors
/// `not_found`, `frozen`.
pub(super) async fn standing(
    scene: &Scene,
    work: &mut dyn UnitOfWork,
    id: &ServerId,
) -> Result<Standing, Error> {
    let version = work.tenants().config_version(scene.tenant()).await?;
    let server = servers::find(scene, work, id).await?;
    let targets = freeze_targets(scene.ctx(), id, None);
    ControlsBridge::refuse(work.kill_switch().first_frozen(scene.tenant(), &targets).await?.as_ref())?;
    Ok(Standing { server, version })
}

/// Makes an intent durable; `None` when what it was decided on has changed.
///
/// # Errors
/// As [`receipt_of`], and `deadline_exceeded`; nothing may be sent then.
pub(super) async fn write(
    scene: &Scene,
    intent: Intent,
    longest: Duration,
) -> Result<Option<IntentReceipt>, Error> {
    scene.left_to_begin(longest)?;
    match scene.ports().ledger.record(scene.tenant(), intent).await {
        Ok(Recorded::Stale) => Ok(None),
        recorded => receipt_of(recorded).map(Some),
    }
}

/// Records how an exchange ended. Its answer may be used only after this.
///
/// # Errors
/// `outcome_unrecorded`; the answer must be withheld.
pub(super) async fn settle(
    scene: &Scene,
    receipt: &IntentReceipt,
    server: &McpServer,
    kind: IntentKind,
    failure: Option<&McpFailure>,
) -> Result<(), Error> {
    let settlement = scene.stamped(|stamp| end_exchange(stamp, receipt, &server.server_id, kind, failure));
    scene.ports().ledger.settle(receipt, settlement).await.map_err(|error| {
        let message =
            "the exchange was made but its outcome could not be recorded: look at the server again later";
        Error::new(ErrorKind::Unavailable, codes::OUTCOME_UNRECORDED, message).with_source(error)
    })
}
