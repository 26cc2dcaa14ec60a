//! A call whose server asks before it answers: its questions go out with a state of ours, by which a further call goes on.

use portcullis_mcp::messages::asking_reply;
use portcullis_schemas::Error;
use portcullis_schemas::codes;
use portcullis_schemas::ids::ApprovalId;
use portcullis_schemas::integrations::mcp::input::{InputKind, ServerInput};
use portcullis_schemas::integrations::mcp::invocation::InvocationOutcome;
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::integrations::mcp::wire::McpFailure;

use super::ended::{Ended, Failure};
use super::opened::Opened;
use super::{GovernedCall, McpToolInvocationEngine};
use crate::integrations::approvals::ApprovalStanding;
use crate::integrations::mcp::rounds::{LIFETIME, MOST_ROUNDS, RoundState, Rounds};
use crate::results::Questions;

impl GovernedCall {
    /// The approval that the record uses up. One that an earlier round was made on is used already.
    pub(super) fn approval_to_use(&self) -> Option<ApprovalId> {
        match &self.facts.approval {
            ApprovalStanding::Granted(id) => Some(id.clone()),
            _ => None,
        }
    }
}

impl Rounds {
    /// What goes to the server.
    pub(super) fn to_server(&self) -> ServerInput {
        let continued = self.continued.as_ref();
        ServerInput {
            accepts: self.accepts.clone(),
            responses: continued.and_then(|continued| continued.responses.clone()),
            state: continued.and_then(|continued| continued.state.server_state.clone()),
        }
    }

    fn number(&self) -> u32 {
        self.continued.as_ref().map_or(1, |continued| continued.state.number)
    }
}

impl McpToolInvocationEngine {
    /// The end with the questions as a result, if there are any. What cannot be sealed, or goes on without end, is a failure.
    pub(super) fn hand_out(&self, opened: &Opened, rounds: &Rounds, mut ended: Ended) -> Ended {
        let Some(questions) = &ended.asked else { return ended };
        let failed = |failure| {
            let (outcome, is_echoed) = (InvocationOutcome::Failure, ended.told().is_credential_echoed);
            Ended { is_echoed, ..Ended::failed(failure, outcome, ended.conduct, ended.started_at) }
        };
        if rounds.number() >= MOST_ROUNDS {
            let message = format!(
                "the server asks for input again and again, expected an answer after {MOST_ROUNDS} rounds; the upstream \
                 may have acted: look there before you repeat it"
            );
            return failed(Failure { code: codes::STATE_REFUSED, message, cause: None });
        }
        let next = self.next_state(opened, rounds, questions);
        let state = match next.seal(&*self.ports.answers, opened.ctx()) {
            Ok(state) => state,
            Err(error) => {
                let error = Error::from(error);
                let (code, message) = (error.code(), error.public().to_owned());
                return failed(Failure { code, message, cause: Some(error) });
            }
        };
        ended.good_until = Some(next.expires_at);
        if let Some(mut reply) = ended.reply.take() {
            reply.result = asking_reply(&reply.result.into_raw(), &state).into();
            ended.reply = Some(reply);
        }
        ended
    }

    fn next_state(&self, opened: &Opened, rounds: &Rounds, questions: &Questions) -> RoundState {
        let facts = opened.facts();
        RoundState {
            number: rounds.number() + 1,
            invocation_id: facts.invocation_id.clone(),
            binding: rounds.binding.clone(),
            expires_at: self.ports.clock.now().plus(LIFETIME),
            asked: questions.names.clone(),
            server_state: questions.state.clone(),
            approval_id: facts.approval_id.clone(),
        }
    }
}

/// A server that needs to ask what no admin lets it: no client can mend that by declaring more.
pub(super) fn unnamed(failure: McpFailure, server: &McpServer) -> McpFailure {
    let Some(kind) = InputKind::required_by(failure.code) else { return failure };
    if server.agent_input.contains(&kind) {
        return failure;
    }
    let detail =
        format!("the server needs to ask for `{kind}`, which an admin may let it by its `agent_input`");
    McpFailure { code: codes::UPSTREAM_ERROR, detail, ..failure }
}
