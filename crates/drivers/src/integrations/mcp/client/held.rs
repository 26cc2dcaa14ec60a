//! Calls of legacy servers that ask before they answer: their streams are held open until somebody has answered.
//!
//! A legacy server asks on the stream of the call, and answers there too. So the call waits here, in the memory of one
//! process, for as long as the egress keeps a stream open; what it is found by goes out as a modern server's state does. It
//! goes on once, for the tenant, the server, the identity and the credential that it was made with, in whose session the
//! answers are given.
//! When it lapses, or makes room for others, its server is told that nobody waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use portcullis_mcp::answer::Question;
use portcullis_mcp::capabilities::ClientCapabilities;
use portcullis_mcp::jsonrpc::Id;
use portcullis_mcp::members::Members;
use portcullis_mcp::messages::{CallKind, asking_reply};
use portcullis_mcp::version::Era;
use portcullis_schemas::codes;
use portcullis_schemas::egress::EgressLimits;
use portcullis_schemas::ids::{ServerId, TenantId};
use portcullis_schemas::integrations::mcp::input::ServerInput;
use portcullis_schemas::integrations::mcp::invocation::CallMethod;
use portcullis_schemas::integrations::mcp::wire::{Conduct, McpFailure, ToolReply};
use portcullis_trail::{Digest, sha256};
use serde_json::value::RawValue;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use super::call::{conduct_in, read, reply, unanswerable, unanswered};
use super::cancel::CancelOnDrop;
use super::failure::{NotAnswered, conduct_beside, lacking};
use super::link::{Ask, Got, Link, OPEN, got};
use super::session::Spoken;
use super::stream::{Read, Stream};

/// What the handle of a held call begins with, so that it is never taken for a server's own state.
const HANDLE: &str = "portcullis-held-";
/// Most calls of one tenant that are held.
const MAX_PER_TENANT: usize = 64;
/// Most of one identity at one server. Beyond either the one that lapses first makes room.
const MAX_PER_IDENTITY: usize = 16;
/// Most bytes of questions that a call is held for; the engines let far fewer through.
const MAX_QUESTIONS: usize = 128 * 1024;
/// How long before its stream is closed a call lapses: the time of the last answers.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

/// A call that waits for answers.
pub(super) struct Held {
    cancel: CancelOnDrop,
    spoken: Arc<Spoken>,
    id: Id,
    method: CallMethod,
    /// What the session was told that it may ask for.
    accepts: ClientCapabilities,
    stream: Box<Stream>,
    questions: Vec<Question>,
}

impl Held {
    /// A call under this id that has been asked.
    pub(super) fn new(
        link: &Link<'_>,
        spoken: &Arc<Spoken>,
        (ask, method): (&Ask<'_>, CallMethod),
        stream: Box<Stream>,
        questions: Vec<Question>,
    ) -> Self {
        let cancel = CancelOnDrop::new(link, spoken, ask.id).without_credential();
        let (id, accepts) = (ask.id.clone(), ask.accepts);
        Self { cancel, spoken: Arc::clone(spoken), id, method, accepts, stream, questions }
    }

    /// From then on nobody waits.
    fn until(&self) -> Instant {
        self.stream.sent + OPEN.saturating_sub(LAST_ANSWERS)
    }

    /// The questions, with what the call is found by.
    fn asking(&self, handle: &str) -> ToolReply {
        let mut requests = Members::default();
        for (name, question) in named(&self.questions) {
            requests.put(&name, &question.as_input_request());
        }
        let conduct = conduct_in(&self.spoken, conduct_beside(self.stream.oddities()));
        reply(&self.spoken, asking_reply(&requests.to_raw(), handle), false, conduct)
    }

    /// Gives the server its answers and reads on. What it has said meanwhile is looked at first. Unless all questions are
    /// answered nothing is sent, and they are asked again.
    ///
    /// # Errors
    /// All say that the upstream may have acted: the call has been with it since the first round.
    pub(super) async fn go_on(
        self,
        link: &Link<'_>,
        input: &ServerInput,
        holds: &Arc<Holds>,
    ) -> Result<ToolReply, NotAnswered> {
        let declared = self.accepts;
        self.answer(link, input, holds).await.map_err(|problem| {
            let failure = lacking(unanswered(problem), declared).into_failure();
            McpFailure { may_have_acted: true, ..failure }.into()
        })
    }

    async fn answer(
        self,
        link: &Link<'_>,
        input: &ServerInput,
        holds: &Arc<Holds>,
    ) -> Result<ToolReply, NotAnswered> {
        let Self { cancel: kept, spoken, id, method, accepts, stream, questions } = self;
        let mut ask = Ask::new(&id, method.as_str(), &spoken, None);
        ask.accepts = accepts;
        let cancel = CancelOnDrop::new(link, &spoken, &id);
        kept.disarm();
        let status = stream.status;
        let mut read = link.read_meanwhile(&ask, stream, questions).await;
        if let Ok(Read::Asked(mut stream, questions)) = read {
            if stream.has_ended && !link.resume(&ask, &mut stream, None).await {
                return Err(lapsed("the server has closed the stream on which it would have answered").into());
            }
            let Some(answers) = answers(&questions, input) else {
                cancel.disarm();
                let held = Self::new(link, &spoken, (&ask, method), stream, questions);
                return Ok(holds.keep(link, held)?);
            };
            for answer in answers {
                deliver(link, &spoken, &ask, answer).await?;
            }
            read = link.read_on(&ask, stream).await;
        }
        let got = match read {
            Ok(read) => got(status, read),
            Err(error) => Err(error.into()),
        };
        if got.as_ref().map_or_else(NotAnswered::is_over, |_| true) {
            cancel.disarm();
        }
        match got? {
            Got::Result(result, beside) => finished(&spoken, method, &result, beside),
            Got::Asked(stream, questions) => {
                let held = Self::new(link, &spoken, (&ask, method), stream, questions);
                Ok(holds.keep(link, held)?)
            }
        }
    }
}

/// The reply of a server that has answered.
fn finished(
    spoken: &Spoken,
    method: CallMethod,
    result: &RawValue,
    beside: Conduct,
) -> Result<ToolReply, NotAnswered> {
    let result = read(method, result)?;
    match result.kind {
        CallKind::Complete { is_error } => {
            Ok(reply(spoken, result.raw, is_error, conduct_in(spoken, beside)))
        }
        CallKind::InputRequired { asks } => Err(unanswerable(asks).into()),
    }
}

/// Questions under names: a legacy server gives them none.
fn named(questions: &[Question]) -> impl Iterator<Item = (String, &Question)> {
    (1..).map(|number| format!("question-{number}")).zip(questions)
}

/// What to POST, if there is an answer to each question.
fn answers(questions: &[Question], input: &ServerInput) -> Option<Vec<Vec<u8>>> {
    let answers = Members::of(input.responses.as_ref()?.as_str())?;
    let posts = named(questions).map(|(name, question)| {
        let answer: Box<RawValue> = answers.value(&name)?;
        Some(question.answer(&answer))
    });
    posts.collect()
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
            Err(lapsed("the server has ended the session in which it asked").into())
        }
        status => Err(NotAnswered::Status(status)),
    }
}

/// A call that does not go on. It was with its server, which may have done a part of it.
fn lapsed(detail: &'static str) -> McpFailure {
    McpFailure::new(codes::QUESTION_LAPSED, detail, true)
}

/// Refuses what goes on from a call that is not held here any more: what it is found by is nobody's state.
///
/// # Errors
/// `question_lapsed`.
pub(super) fn refuse_lapsed(spoken: &Spoken, input: &ServerInput) -> Result<(), McpFailure> {
    let is_handle = || handle(input).is_some_and(|handle| handle.starts_with(HANDLE));
    if input.continues() && (spoken.era() == Era::Legacy || is_handle()) {
        return Err(lapsed(
            "the call whose server asked is not held here any more, so the answer was not sent",
        ));
    }
    Ok(())
}

fn handle(input: &ServerInput) -> Option<String> {
    serde_json::from_str(input.state.as_ref()?.as_str()).ok()
}

/// All calls that are held.
#[derive(Default)]
pub(super) struct Holds(Mutex<State>);

#[derive(Default)]
struct State {
    calls: HashMap<String, Kept>,
    /// How often servers were forgotten: those that an admin, or somebody's account, has changed since the start.
    forgotten: HashMap<(TenantId, ServerId), u64>,
}

impl State {
    fn forgotten(&self, tenant: &TenantId, server: &ServerId) -> u64 {
        self.forgotten.get(&(tenant.clone(), server.clone())).copied().unwrap_or_default()
    }
}

struct Kept {
    held: Held,
    tenant: TenantId,
    server: ServerId,
    url: String,
    identity: String,
    /// Of what it was made with. Whoever goes on brings the same: only that is taken out of what comes back.
    credential: Option<Digest>,
    _lapse: Lapse,
}

/// Ends the task that waits for a call to lapse.
struct Lapse(AbortHandle);

impl Drop for Lapse {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Holds {
    /// Holds a call. The reply asks its questions.
    ///
    /// # Errors
    /// When no time is left for answers, the questions are too many to be held, the server was forgotten meanwhile, or there is
    /// no randomness to find the call by.
    pub(super) fn keep(self: &Arc<Self>, link: &Link<'_>, held: Held) -> Result<ToolReply, McpFailure> {
        if held.until() <= Instant::now() {
            return Err(lapsed("the server asks when no time is left for an answer"));
        }
        let handle = link.random().map_err(|failure| McpFailure { may_have_acted: true, ..failure })?;
        let handle = format!("{HANDLE}{handle}");
        let reply = held.asking(&handle);
        if reply.result.as_str().len() > MAX_QUESTIONS {
            return Err(unanswerable(true));
        }
        let mut state = self.lock();
        if state.forgotten(link.tenant, &link.target.server_id) != link.forgotten {
            drop(state); // before the call that is let go of
            return Err(lapsed("the server was changed while it was at work on the call"));
        }
        let leaving = leaving(&state.calls, link).and_then(|handle| state.calls.remove(&handle));
        // Spawned while the lock is held: it finds what it lets go of.
        let lapse = tokio::spawn(lapse(Arc::downgrade(self), handle.clone(), held.until()));
        let kept = Kept {
            held,
            tenant: link.tenant.clone(),
            server: link.target.server_id.clone(),
            url: link.target.url.clone(),
            identity: link.target.identity.clone(),
            credential: credential_of(link),
            _lapse: Lapse(lapse.abort_handle()),
        };
        state.calls.insert(handle, kept);
        drop(state);
        drop(leaving); // outside of the lock
        Ok(reply)
    }

    /// The call that this input goes on with, if it is held for whoever brings it. It is not found twice.
    pub(super) fn take(&self, link: &Link<'_>, input: &ServerInput) -> Option<Held> {
        let handle = handle(input)?;
        let mut state = self.lock();
        state.calls.get(&handle).filter(|kept| kept.is_for(link))?;
        state.calls.remove(&handle).map(|kept| kept.held)
    }

    fn let_go(&self, handle: &str) {
        let lapsed = self.lock().calls.remove(handle);
        drop(lapsed); // outside of the lock
    }

    /// How often this server was forgotten: a call that began before the last time is not held.
    pub(super) fn forgotten(&self, tenant: &TenantId, server: &ServerId) -> u64 {
        self.lock().forgotten(tenant, server)
    }

    /// Lets go of the calls of a server, of those too that will ask yet.
    pub(super) fn forget(&self, tenant: &TenantId, server: &ServerId) {
        let is_of_it = |kept: &Kept| kept.tenant == *tenant && kept.server == *server;
        let mut state = self.lock();
        *state.forgotten.entry((tenant.clone(), server.clone())).or_default() += 1;
        let forgotten: Vec<_> = state.calls.extract_if(|_, kept| is_of_it(kept)).collect();
        drop(state);
        drop(forgotten); // outside of the lock
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn is_for(&self, link: &Link<'_>) -> bool {
        let target = link.target;
        self.tenant == *link.tenant
            && self.server == target.server_id
            && self.url == target.url
            && self.identity == target.identity
            && self.credential == credential_of(link)
    }
}

fn credential_of(link: &Link<'_>) -> Option<Digest> {
    link.target.auth.as_ref().map(|auth| sha256(auth.value.expose().as_bytes()))
}

/// The call that makes room for another, if one must: of the same identity, or else of the same tenant.
fn leaving(calls: &HashMap<String, Kept>, link: &Link<'_>) -> Option<String> {
    let first_of = |is_one: &dyn Fn(&Kept) -> bool, most: usize| {
        let of_them: Vec<_> = calls.iter().filter(|(_, kept)| is_one(kept)).collect();
        let first = of_them.iter().min_by_key(|(_, kept)| kept.held.until());
        first.filter(|_| of_them.len() >= most).map(|(handle, _)| (*handle).clone())
    };
    first_of(&|kept| kept.is_for(link), MAX_PER_IDENTITY)
        .or_else(|| first_of(&|kept| kept.tenant == *link.tenant, MAX_PER_TENANT))
}

/// Lets go of a call in its time.
pub(super) async fn lapse(holds: Weak<Holds>, handle: String, until: Instant) {
    sleep_until(until).await;
    if let Some(holds) = holds.upgrade() {
        holds.let_go(&handle);
    }
}
