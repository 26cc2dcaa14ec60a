//! Calls of legacy servers that ask before they answer: their streams are held open until somebody has answered.
//!
//! A legacy server asks on the stream of the call, and answers there too. So the call waits here, in the memory of one
//! process, for as long as the egress keeps a stream open; what it is found by goes out as a modern server's state does. It
//! goes on once, for the tenant, the server and the identity that it was made for, in whose session the answers are given.
//! When it lapses, or makes room for others, its server is told that nobody waits.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use portcullis_mcp::answer::Question;
use portcullis_mcp::jsonrpc::Id;
use portcullis_mcp::members::Members;
use portcullis_mcp::messages::{CallKind, asking_reply};
use portcullis_schemas::codes;
use portcullis_schemas::egress::EgressLimits;
use portcullis_schemas::ids::{ServerId, TenantId};
use portcullis_schemas::integrations::mcp::input::ServerInput;
use portcullis_schemas::integrations::mcp::invocation::CallMethod;
use portcullis_schemas::integrations::mcp::wire::{McpFailure, McpTarget, ToolReply};
use serde_json::value::{RawValue, to_raw_value};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use super::call::{conduct_in, read, reply, unanswerable};
use super::cancel::CancelOnDrop;
use super::failure::{NotAnswered, conduct_beside};
use super::link::{Ask, Got, Link, OPEN, got};
use super::session::Spoken;
use super::stream::Stream;

/// Most calls of one tenant that are held. Beyond that the one that lapses first makes room.
const MAX_PER_TENANT: usize = 128;

/// A call that waits for answers.
pub(super) struct Held {
    /// Dropped before the session that it is sent in.
    cancel: CancelOnDrop,
    spoken: Arc<Spoken>,
    id: Id,
    method: CallMethod,
    stream: Stream,
    questions: BTreeMap<String, Question>,
    /// Then its stream is closed.
    until: Instant,
}

impl Held {
    pub(super) fn new(
        link: &Link<'_>,
        spoken: &Arc<Spoken>,
        (id, method): (Id, CallMethod),
        stream: Stream,
        questions: Vec<Question>,
    ) -> Self {
        let until = Instant::now() + link.remaining().map_or(OPEN, |left| OPEN.saturating_sub(left));
        let cancel = CancelOnDrop::new(link, spoken, &id).without_credential();
        let questions = named(questions);
        Self { cancel, spoken: Arc::clone(spoken), id, method, stream, questions, until }
    }

    pub(super) fn spoken(&self) -> Arc<Spoken> {
        Arc::clone(&self.spoken)
    }

    /// What to POST, if there is an answer to each question.
    fn answered(&self, input: &ServerInput) -> Option<Vec<Vec<u8>>> {
        let answers = Members::of(input.responses.as_ref()?.as_str())?;
        let posts = self.questions.iter().map(|(name, question)| {
            let answer: Box<RawValue> = answers.value(name)?;
            Some(question.answer(&answer))
        });
        posts.collect()
    }

    /// The questions, with what the call is found by.
    fn asking(&self, handle: &str) -> ToolReply {
        let requests: BTreeMap<_, _> =
            self.questions.iter().map(|(name, question)| (name, question.as_input_request())).collect();
        let requests = to_raw_value(&requests).expect("raw JSON under names is JSON");
        let conduct = conduct_in(&self.spoken, conduct_beside(self.stream.oddities()));
        reply(&self.spoken, asking_reply(&requests, handle), false, conduct)
    }

    /// Gives the server its answers and reads on. Unless all questions are answered nothing is sent, and they are asked again.
    pub(super) async fn go_on(
        self,
        link: &Link<'_>,
        input: &ServerInput,
        holds: &Arc<Holds>,
    ) -> Result<ToolReply, NotAnswered> {
        let Some(answers) = self.answered(input) else { return Ok(holds.keep(link, self)?) };
        let Self { spoken, id, method, stream, cancel, until, .. } = self;
        let mut ask = Ask::new(&id, method.as_str(), &spoken, None);
        ask.accepts = link.declared;
        for answer in answers {
            deliver(link, &spoken, &ask, answer).await?;
        }
        let status = stream.status;
        let answer = match link.read(&ask, stream).await {
            Ok(read) => got(status, read),
            Err(error) => Err(error.into()),
        };
        cancel.settle(&answer);
        match answer? {
            Got::Result(result, beside) => {
                let result = read(method, &result)?;
                match result.kind {
                    CallKind::Complete { is_error } => {
                        Ok(reply(&spoken, result.raw, is_error, conduct_in(&spoken, beside)))
                    }
                    CallKind::InputRequired { asks } => Err(unanswerable(asks).into()),
                }
            }
            Got::Asked(stream, questions) => {
                let held = Self::new(link, &spoken, (id.clone(), method), stream, questions);
                let held = Self { until, ..held };
                Ok(holds.keep(link, held)?)
            }
        }
    }
}

/// Questions under names: a legacy server gives them none.
fn named(questions: Vec<Question>) -> BTreeMap<String, Question> {
    let names = (1..).map(|number| format!("question-{number}"));
    names.zip(questions).collect()
}

/// Gives the server one answer.
async fn deliver(
    link: &Link<'_>,
    spoken: &Spoken,
    ask: &Ask<'_>,
    answer: Vec<u8>,
) -> Result<(), NotAnswered> {
    let limits = EgressLimits { total: link.remaining()?, ..EgressLimits::default() };
    let response = link.egress.send(link.tenant, link.post(ask, answer, limits)).await?;
    let status = response.status;
    response.body.reuse();
    match status {
        200..300 => Ok(()),
        404 => {
            spoken.end();
            let detail = "the server has ended the session in which it asked";
            Err(McpFailure::new(codes::QUESTION_LAPSED, detail, true).into())
        }
        status => Err(NotAnswered::Status(status)),
    }
}

/// All calls that are held.
#[derive(Default)]
pub(super) struct Holds {
    calls: Mutex<HashMap<String, Kept>>,
}

struct Kept {
    held: Held,
    tenant: TenantId,
    server: ServerId,
    url: String,
    identity: String,
    lapse: AbortHandle,
}

impl Holds {
    /// Holds a call. The reply asks its questions.
    ///
    /// # Errors
    /// When there is no randomness to find it by.
    pub(super) fn keep(self: &Arc<Self>, link: &Link<'_>, held: Held) -> Result<ToolReply, McpFailure> {
        let handle = link.random()?;
        let reply = held.asking(&handle);
        let lapse = tokio::spawn(lapse(Arc::downgrade(self), handle.clone(), held.until)).abort_handle();
        let kept = Kept {
            held,
            tenant: link.tenant.clone(),
            server: link.target.server_id.clone(),
            url: link.target.url.clone(),
            identity: link.target.identity.clone(),
            lapse,
        };
        let mut calls = self.lock();
        let leaving = leaving(&calls, link.tenant).and_then(|handle| calls.remove(&handle));
        calls.insert(handle, kept);
        drop(calls);
        drop(leaving); // outside of the lock
        Ok(reply)
    }

    /// The call that this input goes on with, if it is held for whoever brings it. It is not found twice.
    pub(super) fn take(&self, tenant: &TenantId, target: &McpTarget, input: &ServerInput) -> Option<Held> {
        let handle: String = serde_json::from_str(input.state.as_ref()?.as_str()).ok()?;
        let is_theirs = |kept: &Kept| {
            kept.tenant == *tenant
                && kept.server == target.server_id
                && kept.url == target.url
                && kept.identity == target.identity
        };
        let mut calls = self.lock();
        calls.get(&handle).filter(|kept| is_theirs(kept))?;
        let kept = calls.remove(&handle)?;
        kept.lapse.abort();
        Some(kept.held)
    }

    fn let_go(&self, handle: &str) {
        let lapsed = self.lock().remove(handle);
        drop(lapsed); // outside of the lock
    }

    /// Lets go of the calls of a server.
    pub(super) fn forget(&self, tenant: &TenantId, server: &ServerId) {
        let is_of_it = |kept: &Kept| kept.tenant == *tenant && kept.server == *server;
        let forgotten: Vec<_> = self.lock().extract_if(|_, kept| is_of_it(kept)).collect();
        drop(forgotten); // outside of the lock
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The call that makes room for another of this tenant, if one must.
fn leaving(calls: &HashMap<String, Kept>, tenant: &TenantId) -> Option<String> {
    let own = || calls.iter().filter(|(_, kept)| kept.tenant == *tenant);
    let oldest = own().min_by_key(|(_, kept)| kept.held.until);
    oldest.filter(|_| own().count() >= MAX_PER_TENANT).map(|(handle, _)| handle.clone())
}

/// Lets go of a call in its time.
pub(super) async fn lapse(holds: Weak<Holds>, handle: String, until: Instant) {
    sleep_until(until).await;
    if let Some(holds) = holds.upgrade() {
        holds.let_go(&handle);
    }
}
