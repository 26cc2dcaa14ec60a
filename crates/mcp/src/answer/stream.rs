//! The event-stream half of the collector.

use serde_json::value::RawValue;

use super::{
    AnswerError, Body, Collector, Era, Expected, Message, Progress, ServerRequest, Signal, method, ours,
    parse,
};

impl Collector {
    pub(super) fn push_events(&mut self, bytes: &[u8]) -> Result<Vec<Signal>, AnswerError> {
        let Body::Events(parser) = &mut self.body else { return Ok(Vec::new()) };
        let mut events = Vec::new();
        let read = parser.push(bytes, &mut events);
        let mut signals = Vec::new();
        for event in &events {
            let Some(data) = event.message() else { continue };
            signals.extend(self.message(data)?);
            if self.answered.is_some() {
                return Ok(signals); // what follows the response is not ours to judge
            }
        }
        read.map_err(AnswerError::Sse).map(|()| signals)
    }

    fn message(&mut self, data: &str) -> Result<Option<Signal>, AnswerError> {
        match parse(data.as_bytes(), &self.limits.json).map_err(AnswerError::Envelope)? {
            Message::Response(response) => {
                self.answered = Some(ours(response, &self.expected)?);
                Ok(None)
            }
            Message::Notification(notification) => {
                self.count()?;
                let params = notification.params.filter(|_| notification.method == method::PROGRESS);
                let is_told = |params: &&RawValue| {
                    Progress::parse(Some(params)).is_ok_and(|progress| is_ours(&progress, &self.expected))
                };
                Ok(params.filter(is_told).map(|params| Signal::Progress(params.to_owned())))
            }
            Message::Request(_) if self.expected.era == Era::Modern => Err(AnswerError::ServerRequest),
            Message::Request(request) => {
                self.count()?;
                let is_ping = request.method == method::PING;
                Ok(Some(Signal::ServerRequest(ServerRequest { id: request.id, is_ping })))
            }
        }
    }

    fn count(&mut self) -> Result<(), AnswerError> {
        self.notifications += 1;
        if self.notifications > self.limits.max_notifications {
            return Err(AnswerError::TooManyNotifications { limit: self.limits.max_notifications });
        }
        Ok(())
    }
}

fn is_ours(progress: &Progress, expected: &Expected) -> bool {
    expected.progress_token.as_deref().is_some_and(|token| progress.token == token.into())
}
