//! The round that a call goes on from: its state is opened once, and judged with every attempt.

use portcullis_engines::integrations::mcp::arguments::PreparedArguments;
use portcullis_engines::integrations::mcp::rounds::{
    Binding, Bound, CLAIMED_AS, Continued, RoundProblem, Rounds, judge,
};
use portcullis_schemas::ids::ApprovalId;
use portcullis_schemas::integrations::mcp::invocation::{CallMethod, CalledThrough};
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::logs::ledger::IdempotencyClaim;
use portcullis_schemas::runtime::HashPurpose;
use portcullis_schemas::text::{IdempotencyKey, RunId};
use portcullis_trail::Digest;

use crate::scene::Scene;

/// What the caller says that it goes on from.
pub(super) enum Going {
    /// A call that begins.
    Begins,
    /// From this round. The claim makes its state good for one use: a repeat with the same answers is answered as the first,
    /// one with others is refused. It stands in the place of the caller's idempotency key, which names the whole call.
    On { from: Box<Continued>, claim: Box<IdempotencyClaim> },
    /// From none that was given out.
    Astray(RoundProblem),
}

impl Going {
    pub(super) fn of(scene: &Scene) -> Self {
        let Some(answers) = &scene.ctx().input.continues else { return Self::Begins };
        match Continued::open(&*scene.ports().answers, scene.ctx(), answers) {
            Ok(from) => match claim_of(scene, &from) {
                Some(claim) => Self::On { from: Box::new(from), claim: Box::new(claim) },
                None => Self::Astray(RoundProblem::Unreadable),
            },
            Err(problem) => Self::Astray(problem),
        }
    }

    pub(super) fn claim(&self) -> Option<IdempotencyClaim> {
        if let Self::On { claim, .. } = self { Some((**claim).clone()) } else { None }
    }

    /// Whether the call goes on from a round, be it none that was given out.
    pub(super) fn goes_on(&self) -> bool {
        !matches!(self, Self::Begins)
    }

    fn from(&self) -> Option<&Continued> {
        if let Self::On { from, .. } = self { Some(from) } else { None }
    }

    /// The approval that the round before was made on.
    pub(super) fn approval(&self) -> Option<&ApprovalId> {
        self.from()?.state.approval_id.as_ref()
    }

    /// What goes to the server, and what a further round is bound to; and whether this one is bound to the request.
    pub(super) fn judge(&self, scene: &Scene, request: Request<'_>) -> (Rounds, Result<(), RoundProblem>) {
        let bound = Bound {
            ctx: scene.ctx(),
            server: request.server,
            method: request.method,
            tool: request.tool,
            arguments: request.arguments.canonical(),
            through: request.through,
            run_id: request.run_id,
        };
        // Nobody asks for most calls, and what they are bound to is of no use then.
        let may_ask = request.server.agent_input.as_slice();
        let mut accepts = scene.ctx().input.accepts.clone();
        accepts.retain(|kind| may_ask.contains(kind));
        let binding = if accepts.is_empty() && !self.goes_on() {
            Binding::default()
        } else {
            let hasher = &scene.ports().hasher;
            Binding::of(&bound, |bytes| {
                Digest::from_bytes(hasher.keyed_hash(scene.tenant(), HashPurpose::Round, bytes)).to_string()
            })
        };
        let fits = match self {
            Self::Begins => Ok(()),
            Self::On { from, .. } => judge(&from.state, &binding, scene.now()),
            Self::Astray(problem) => Err(*problem),
        };
        (Rounds { accepts, binding, continued: self.from().cloned() }, fits)
    }
}

fn claim_of(scene: &Scene, continued: &Continued) -> Option<IdempotencyClaim> {
    let responses = continued.responses.as_ref().map_or(&b""[..], |all| all.as_str().as_bytes());
    let hash = scene.ports().hasher.keyed_hash(scene.tenant(), HashPurpose::Idempotency, responses);
    Some(IdempotencyClaim {
        key_id: scene.principal().key().clone(),
        operation: CLAIMED_AS.to_owned(),
        idempotency_key: IdempotencyKey::new(continued.state.invocation_id.as_str()).ok()?,
        request_hash: Digest::from_bytes(hash).to_string(),
    })
}

/// The request, as far as a round is bound to it.
pub(super) struct Request<'a> {
    pub(super) server: &'a McpServer,
    pub(super) method: CallMethod,
    pub(super) tool: &'a McpTool,
    pub(super) arguments: &'a PreparedArguments,
    pub(super) through: Option<&'a CalledThrough>,
    pub(super) run_id: Option<&'a RunId>,
}
