//! An MCP client that talks to a script.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use portcullis_schemas::codes;
use portcullis_schemas::ids::{ServerId, TenantId};
use portcullis_schemas::integrations::mcp::listening::ListWatch;
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::wire::{
    Dispatch, McpCatalogue, McpFailure, McpHealth, McpTarget, ToolCall, ToolReply,
};
use portcullis_schemas::json::RawJson;
use tokio::sync::Notify;

use crate::lock::locked;

/// What was asked of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeKind {
    /// `discover`.
    Discover,
    /// `check_health`.
    CheckHealth,
    /// `call_tool`.
    CallTool,
    /// `listen`.
    Listen,
}

/// One exchange as it was asked for, with the receipt in its dispatch.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What.
    pub kind: ExchangeKind,
    /// For whom.
    pub tenant: TenantId,
    /// With whom.
    pub target: McpTarget,
    /// The call, for `call_tool`.
    pub call: Option<ToolCall>,
    /// With which permission.
    pub dispatch: Dispatch,
}

/// An [`McpClient`] that answers from queues and keeps what it was asked, in order.
///
/// It panics when its script holds no answer, so that a test cannot pass by an upstream failure it did not ask for.
#[derive(Debug, Default)]
pub struct ScriptedMcpClient {
    discoveries: Mutex<VecDeque<Result<McpCatalogue, McpFailure>>>,
    held_discovery: Mutex<Option<Arc<Notify>>>,
    healths: Mutex<VecDeque<Result<McpHealth, McpFailure>>>,
    calls: Mutex<VecDeque<CallAnswer>>,
    otherwise: Mutex<Option<ToolReply>>,
    listens: Mutex<VecDeque<Result<(), McpFailure>>>,
    watches: Mutex<Vec<ListWatch>>,
    listening: AtomicUsize,
    exchanges: Mutex<Vec<Exchange>>,
    forgotten: Mutex<Vec<(TenantId, ServerId)>>,
    dropped: AtomicUsize,
}

#[derive(Debug)]
enum CallAnswer {
    Ready(Result<ToolReply, McpFailure>),
    Held(Arc<Notify>, ToolReply),
    Told(Vec<RawJson>, Arc<Notify>, ToolReply),
    Never,
}

impl ScriptedMcpClient {
    /// A client with an empty script.
    pub fn new() -> Self {
        Self::default()
    }

    /// A client whose egress refuses the next exchanges, this many of each kind.
    pub fn refused(times: usize) -> Self {
        let client = Self::new();
        let refusal = McpFailure::new(codes::EGRESS_REFUSED, "the egress refuses this server", false);
        for _ in 0..times {
            client.answer_discover(Err(refusal.clone()));
            client.answer_health(Err(refusal.clone()));
            client.answer_call(Err(refusal.clone()));
            client.answer_listen(Err(refusal.clone()));
        }
        client
    }

    /// Answers the next discovery.
    pub fn answer_discover(&self, answer: Result<McpCatalogue, McpFailure>) {
        locked(&self.discoveries).push_back(answer);
    }

    /// Answers the next discovery once the returned switch is notified.
    pub fn hold_discover(&self, answer: Result<McpCatalogue, McpFailure>) -> Arc<Notify> {
        let switch = Arc::new(Notify::new());
        *locked(&self.held_discovery) = Some(Arc::clone(&switch));
        self.answer_discover(answer);
        switch
    }

    /// Answers the next health check.
    pub fn answer_health(&self, answer: Result<McpHealth, McpFailure>) {
        locked(&self.healths).push_back(answer);
    }

    /// Answers the next call.
    pub fn answer_call(&self, answer: Result<ToolReply, McpFailure>) {
        locked(&self.calls).push_back(CallAnswer::Ready(answer));
    }

    /// Ends the next listening at once. One for which nothing stands in the queue goes on until it is dropped.
    pub fn answer_listen(&self, answer: Result<(), McpFailure>) {
        locked(&self.listens).push_back(answer);
    }

    /// Who wanted to hear of lists, in order.
    pub fn watches(&self) -> Vec<ListWatch> {
        locked(&self.watches).clone()
    }

    /// How many are listening.
    pub fn listening(&self) -> usize {
        self.listening.load(Ordering::SeqCst)
    }

    /// Never answers the next call; its future ends when it is dropped.
    pub fn hang_call(&self) {
        locked(&self.calls).push_back(CallAnswer::Never);
    }

    /// Answers the next call once the returned switch is notified.
    pub fn hold_call(&self, reply: ToolReply) -> Arc<Notify> {
        let switch = Arc::new(Notify::new());
        locked(&self.calls).push_back(CallAnswer::Held(Arc::clone(&switch), reply));
        switch
    }

    /// Tells of the next call's progress, then answers it once the returned switch is notified.
    pub fn tell_call(&self, progress: Vec<RawJson>, reply: ToolReply) -> Arc<Notify> {
        let switch = Arc::new(Notify::new());
        locked(&self.calls).push_back(CallAnswer::Told(progress, Arc::clone(&switch), reply));
        switch
    }

    /// Answers every call for which nothing else stands in the queue.
    pub fn always_call(&self, reply: ToolReply) {
        *locked(&self.otherwise) = Some(reply);
    }

    /// What it was asked, in order.
    pub fn exchanges(&self) -> Vec<Exchange> {
        locked(&self.exchanges).clone()
    }

    /// The servers that it was told to forget, in order.
    pub fn forgotten(&self) -> Vec<(TenantId, ServerId)> {
        locked(&self.forgotten).clone()
    }

    /// How many calls were dropped before they were answered.
    pub fn dropped(&self) -> usize {
        self.dropped.load(Ordering::SeqCst)
    }

    fn keep(
        &self,
        kind: ExchangeKind,
        tenant: &TenantId,
        target: &McpTarget,
        call: Option<&ToolCall>,
        dispatch: &Dispatch,
    ) {
        locked(&self.exchanges).push(Exchange {
            kind,
            tenant: tenant.clone(),
            target: target.clone(),
            call: call.cloned(),
            dispatch: dispatch.clone(),
        });
    }

    fn next_call(&self) -> CallAnswer {
        let queued = locked(&self.calls).pop_front();
        let otherwise = || locked(&self.otherwise).clone().map(|reply| CallAnswer::Ready(Ok(reply)));
        queued.or_else(otherwise).unwrap_or_else(|| exhausted("call_tool"))
    }
}

#[async_trait]
impl McpClient for ScriptedMcpClient {
    async fn discover(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        dispatch: &Dispatch,
    ) -> Result<McpCatalogue, McpFailure> {
        self.keep(ExchangeKind::Discover, tenant, target, None, dispatch);
        let held = locked(&self.held_discovery).take();
        if let Some(switch) = held {
            switch.notified().await;
        }
        let next = locked(&self.discoveries).pop_front();
        next.unwrap_or_else(|| exhausted("discover"))
    }

    async fn check_health(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        dispatch: &Dispatch,
    ) -> Result<McpHealth, McpFailure> {
        self.keep(ExchangeKind::CheckHealth, tenant, target, None, dispatch);
        let next = locked(&self.healths).pop_front();
        next.unwrap_or_else(|| exhausted("check_health"))
    }

    async fn call_tool(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        call: &ToolCall,
        dispatch: &Dispatch,
    ) -> Result<ToolReply, McpFailure> {
        self.keep(ExchangeKind::CallTool, tenant, target, Some(call), dispatch);
        let mut unanswered = Unanswered { dropped: &self.dropped, armed: true };
        let answer = match self.next_call() {
            CallAnswer::Ready(answer) => answer,
            CallAnswer::Held(switch, reply) => {
                switch.notified().await;
                Ok(reply)
            }
            CallAnswer::Told(progress, switch, reply) => {
                for params in progress {
                    dispatch.progress.iter().for_each(|sink| sink.tell(params.clone()));
                }
                switch.notified().await;
                Ok(reply)
            }
            CallAnswer::Never => pending().await,
        };
        unanswered.armed = false;
        answer
    }

    async fn listen(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        watch: &ListWatch,
        dispatch: &Dispatch,
    ) -> Result<(), McpFailure> {
        self.keep(ExchangeKind::Listen, tenant, target, None, dispatch);
        locked(&self.watches).push(watch.clone());
        let next = locked(&self.listens).pop_front();
        match next {
            Some(answer) => answer,
            None => {
                self.listening.fetch_add(1, Ordering::SeqCst);
                let _listening = Listening(&self.listening);
                watch.sink.tell();
                pending().await
            }
        }
    }

    async fn forget(&self, tenant: &TenantId, server: &ServerId) {
        locked(&self.forgotten).push((tenant.clone(), server.clone()));
    }
}

/// Counts a call whose future is dropped before its answer.
struct Unanswered<'a> {
    dropped: &'a AtomicUsize,
    armed: bool,
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// One who listens, until it is dropped.
struct Listening<'a>(&'a AtomicUsize);

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn exhausted<T>(method: &str) -> T {
    panic!("ScriptedMcpClient: the script holds no answer for {method}")
}
