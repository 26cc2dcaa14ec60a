//! The MCP client: Streamable HTTP of both eras over the egress.
//!
//! Start: [`HttpMcpClient`]. One `link::Link` serves one operation on one server; `probe` finds out what the
//! server speaks, `verdicts` remembers it in memory, `catalogue`, `call`, `health` and
//! `changes` are the operations.
//!
//! Never: a socket of its own, a cached credential, a shared upstream session, a followed redirect, a repeated call
//! that may have been acted on, a word of the upstream's in a failure. A server may ask for what its caller accepts: a
//! modern one by its answer, a legacy one on the stream of the call, which is held meanwhile (`held`). All other work that a
//! server initiates is refused: `ping` is answered, all else of a legacy server gets -32601, and a modern server that wants
//! input hears that nobody is there.
//! A legacy stream that is cut is resumed where its events have ids (`resume`); any other is a failure that may have
//! been acted on.
//!
//! Source: MCP specification 2026-07-28 and 2025-11-25 (streamable HTTP, versioning, lifecycle, tools).

mod aside;
mod call;
mod cancel;
mod catalogue;
mod changes;
mod failure;
mod health;
mod held;
mod link;
mod probe;
mod resume;
mod session;
mod stream;
mod verdicts;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use portcullis_mcp::version::{Era, ProtocolVersion};
use portcullis_schemas::codes;
use portcullis_schemas::egress::Egress;
use portcullis_schemas::ids::{ServerId, TenantId};
use portcullis_schemas::integrations::mcp::input::InputKind;
use portcullis_schemas::integrations::mcp::listening::ListWatch;
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::wire::{
    Dispatch, McpCatalogue, McpFailure, McpHealth, McpTarget, ToolCall, ToolReply,
};
use portcullis_schemas::runtime::{Clock, Entropy};
use tokio::sync::OwnedMutexGuard;
use tokio::time::timeout;

use failure::{NotAnswered, timed_out};
use held::Holds;
use link::Link;
use session::Spoken;
use verdicts::{Slot, Verdicts};

/// The era that a version belongs to, in a word: `modern`, `legacy`, or `unknown` for one that is not known.
#[must_use]
pub fn era_of(version: &str) -> &'static str {
    match ProtocolVersion::parse(version).map(ProtocolVersion::era) {
        Some(Era::Modern) => "modern",
        Some(Era::Legacy) => "legacy",
        None => "unknown",
    }
}

/// Talks to MCP servers over the one egress.
///
/// What a server speaks is remembered per tenant, server, URL, pin, identity and what it may ask for, in memory: a fresh process
/// probes once before the first call of a server that is not pinned to a modern version, and once for each caller of a
/// server with sessions, which are kept with it and never shared beyond it. Needs a Tokio runtime.
pub struct HttpMcpClient {
    egress: Arc<dyn Egress>,
    entropy: Arc<dyn Entropy>,
    clock: Arc<dyn Clock>,
    verdicts: Verdicts,
    holds: Arc<Holds>,
}

impl fmt::Debug for HttpMcpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpMcpClient").finish_non_exhaustive()
    }
}

impl HttpMcpClient {
    /// A client over this egress; request ids are 128 random bits.
    pub fn new(egress: Arc<dyn Egress>, entropy: Arc<dyn Entropy>, clock: Arc<dyn Clock>) -> Self {
        Self { egress, entropy, clock, verdicts: Verdicts::default(), holds: Arc::default() }
    }

    /// A line to a server that may ask for what is named.
    fn link<'a>(
        &'a self,
        tenant: &'a TenantId,
        target: &'a McpTarget,
        may_ask: &[InputKind],
        dispatch: &Dispatch,
    ) -> Link<'a> {
        let runtime = (&self.egress, self.entropy.as_ref(), self.clock.as_ref());
        let mut link = Link::new(runtime, tenant, (target, may_ask), dispatch);
        if !target.agent_input.is_empty() {
            link.forgotten = self.holds.forgotten(tenant, &target.server_id);
        }
        link
    }

    /// What is known of the target, held until the guard is dropped: one caller probes, the others wait for it.
    async fn hold(
        link: &Link<'_>,
        slot: &Arc<Slot>,
    ) -> Result<OwnedMutexGuard<Option<Arc<Spoken>>>, McpFailure> {
        let waiting = Arc::clone(slot).lock_owned();
        timeout(link.remaining()?, waiting).await.map_err(|_| timed_out())
    }

    /// What the server speaks: as remembered, as pinned, or as a probe finds. `stale` is not taken for an answer.
    async fn spoken(
        &self,
        link: &Link<'_>,
        slot: &Arc<Slot>,
        stale: Option<&Arc<Spoken>>,
    ) -> Result<Arc<Spoken>, McpFailure> {
        let mut known = Self::hold(link, slot).await?;
        let is_stale = |known: &Arc<Spoken>| stale.is_some_and(|stale| Arc::ptr_eq(stale, known));
        if let Some(spoken) = known.take().filter(|known| !is_stale(known)) {
            *known = (!link.is_alone_in(&spoken)).then(|| Arc::clone(&spoken));
            return Ok(spoken);
        }
        if !link.declared.is_empty() && self.verdicts.gives_sessions(link) {
            // Each such call has a session of its own, so that nobody has to wait for another's.
            drop(known);
            let spoken = self.found(link).await?;
            if !link.is_alone_in(&spoken)
                && let Ok(mut known) = slot.try_lock()
            {
                known.get_or_insert_with(|| Arc::clone(&spoken));
            }
            return Ok(spoken);
        }
        let spoken = self.found(link).await?;
        *known = (!link.is_alone_in(&spoken)).then(|| Arc::clone(&spoken));
        Ok(spoken)
    }

    /// What the server speaks: as pinned, or as a probe finds.
    async fn found(&self, link: &Link<'_>) -> Result<Arc<Spoken>, McpFailure> {
        let spoken = Arc::new(match probe::pinned_modern(link.target.pin) {
            Some(version) => Spoken::Modern { version },
            None => self.probed(link).await?,
        });
        self.verdicts.note_session(link.tenant, link.target, &spoken);
        Ok(spoken)
    }

    /// Leaves a session that served one call to the next one: in the place that it was found in, which is nobody's any more
    /// if the server was forgotten meanwhile. One that a held call is in ends with it.
    fn give_back(link: &Link<'_>, slot: &Slot, spoken: Arc<Spoken>) {
        let is_free = link.is_alone_in(&spoken) && !spoken.has_ended() && Arc::strong_count(&spoken) == 1;
        if is_free
            && let Ok(mut known) = slot.try_lock()
            && known.is_none()
        {
            *known = Some(spoken);
        }
    }

    /// What a probe finds. Where others of the tenant have sessions one is begun at once, if the server still gives them.
    async fn probed(&self, link: &Link<'_>) -> Result<Spoken, McpFailure> {
        if let Some(version) = self.verdicts.legacy_of(link) {
            match probe::begin(link, version).await {
                Err(failure) if failure.code == codes::UPSTREAM_INCOMPATIBLE => {}
                begun => return begun.map(|found| found.spoken),
            }
        }
        Ok(probe::probe(link).await?.spoken)
    }

    /// Probes whatever is remembered, and remembers what it finds. A probe that finds nothing changes nothing: a server that
    /// does not say what it speaks may still speak it.
    async fn probe_anew(&self, link: &Link<'_>) -> Result<probe::Found<Arc<Spoken>>, McpFailure> {
        let mut known = Self::hold(link, &self.verdicts.slot(link)).await?;
        let found = probe::probe(link).await?.map(Arc::new);
        self.verdicts.note_session(link.tenant, link.target, &found.spoken);
        *known = Some(Arc::clone(&found.spoken));
        Ok(found)
    }

    /// The failure for the caller; a verdict that it casts doubt on is dropped, so that the next operation probes.
    fn fail(&self, link: &Link<'_>, spoken: &Arc<Spoken>, problem: NotAnswered) -> McpFailure {
        // Whoever holds the slot is probing already.
        if problem.doubts_verdict()
            && let Ok(mut known) = self.verdicts.slot(link).try_lock()
            && known.as_ref().is_some_and(|known| Arc::ptr_eq(known, spoken))
        {
            *known = None;
        }
        problem.into_failure()
    }
}

#[async_trait]
impl McpClient for HttpMcpClient {
    async fn discover(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        dispatch: &Dispatch,
    ) -> Result<McpCatalogue, McpFailure> {
        let link = self.link(tenant, target, &target.agent_input, dispatch);
        let found = self.probe_anew(&link).await?;
        match catalogue::list_all(&link, &found.spoken, &found.capabilities).await {
            Ok(listed) => Ok(McpCatalogue {
                protocol_version: found.spoken.version().to_string(),
                capabilities: found.capabilities,
                tools: listed.items,
                is_public: listed.is_public,
            }),
            Err(problem) => Err(self.fail(&link, &found.spoken, problem)),
        }
    }

    async fn check_health(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        dispatch: &Dispatch,
    ) -> Result<McpHealth, McpFailure> {
        let link = self.link(tenant, target, &target.agent_input, dispatch);
        let known = Self::hold(&link, &self.verdicts.slot(&link)).await?.clone();
        if let Some(spoken) = known {
            match health::check(&link, &spoken).await {
                Ok(()) => return Ok(McpHealth { protocol_version: spoken.version().to_string() }),
                Err(problem) if problem.is_final() => return Err(problem.into_failure()),
                Err(_) => {}
            }
        }
        let found = self.probe_anew(&link).await?;
        Ok(McpHealth { protocol_version: found.spoken.version().to_string() })
    }

    async fn call_tool(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        call: &ToolCall,
        dispatch: &Dispatch,
    ) -> Result<ToolReply, McpFailure> {
        let link = self.link(tenant, target, &call.input.accepts, dispatch);
        if let Some(held) = self.holds.take(&link, &call.input) {
            // Its session ends with it.
            return held.go_on(&link, &call.input, &self.holds).await.map_err(NotAnswered::into_failure);
        }
        let slot = self.verdicts.slot(&link);
        let mut spoken = self.spoken(&link, &slot, None).await?;
        let mut answer = call::call(&link, &spoken, call, &self.holds).await;
        if matches!(answer, Err(NotAnswered::SessionGone)) {
            // A POST that got 404 was not processed (2025-11-25, session management), so it may be sent again, once.
            spoken.end();
            spoken = match link.is_alone_in(&spoken) {
                // Another that was left meanwhile may be gone as well.
                true => self.found(&link).await?,
                false => self.spoken(&link, &slot, Some(&spoken)).await?,
            };
            answer = call::call(&link, &spoken, call, &self.holds).await;
        }
        match answer {
            Ok(reply) => {
                Self::give_back(&link, &slot, spoken);
                Ok(reply)
            }
            Err(problem) => {
                // A server that may still be at work on it may ask yet: in a session in which nobody else is asked.
                let is_over = problem.is_over();
                let failure = self.fail(&link, &spoken, problem);
                if is_over {
                    Self::give_back(&link, &slot, spoken);
                }
                Err(failure)
            }
        }
    }

    async fn listen(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        watch: &ListWatch,
        dispatch: &Dispatch,
    ) -> Result<(), McpFailure> {
        let link = self.link(tenant, target, &[], dispatch);
        let slot = self.verdicts.slot(&link);
        // Others wait for what a probe finds, and not for as long as may be listened.
        let probing = timeout(changes::PROBING, self.spoken(&link, &slot, None));
        let spoken = probing.await.map_err(|_| timed_out())??;
        let Err(problem) = changes::hear(&link, &spoken, watch).await else { return Ok(()) };
        // Many have no route for it, which costs calls no session; a session that is gone answers nothing else either.
        if spoken.session().is_some()
            && problem.doubts_verdict()
            && let Ok(Err(unwell)) = timeout(changes::PROBING, health::check(&link, &spoken)).await
        {
            self.fail(&link, &spoken, unwell);
        }
        Err(problem.into_failure())
    }

    async fn forget(&self, tenant: &TenantId, server: &ServerId) {
        self.verdicts.forget(tenant, server);
        self.holds.forget(tenant, server);
    }
}

#[cfg(test)]
mod tests;
