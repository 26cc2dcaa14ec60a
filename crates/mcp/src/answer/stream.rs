//! The event-stream half of the collector.

use serde_json::value::RawValue;

use super::{
    AnswerError, Body, Collector, Era, Expected, Message, Progress, Question, ServerRequest, Signal, method,
    ours, parse,
};

impl Collector {
    pub(super) fn push_events(&mut self, bytes: &[u8]) -> Result<Vec<Signal>, AnswerError> {
        let Body::Events(parser) = &mut self.body else { return Ok(Vec::new()) };
        let mut events = Vec::new();
        let read = parser.push(bytes, &mut events);
        let mut signals = Vec::new();
        for event in &events {
            let Some(data) = event.message() else { continue };
            if self.answered.is_some() {
                self.after(data);
            } else {
                signals.extend(self.message(data)?);
            }
        }
        // What is wrong behind the response does not undo it.
        if self.answered.is_some() { Ok(signals) } else { read.map_err(AnswerError::Sse).map(|()| signals) }
    }

    /// An event behind the response: it changes nothing any more, and an answer to the same request is odd.
    fn after(&mut self, data: &str) {
        if let Ok(Message::Response(response)) = parse(data.as_bytes(), &self.limits.json) {
            self.oddities.answered_twice |= response.id.as_ref() == Some(&self.expected.id);
        }
    }

    fn message(&mut self, data: &str) -> Result<Option<Signal>, AnswerError> {
        match parse(data.as_bytes(), &self.limits.json).map_err(AnswerError::Envelope)? {
            Message::Response(response) => {
                let case_variants = response.case_variants;
                match ours(response, &self.expected) {
                    Some(answered) => {
                        self.oddities.case_variants |= case_variants;
                        self.answered = Some(answered);
                    }
                    // Not for us, and so for nobody. Ours may still come.
                    None => {
                        self.count()?;
                        self.oddities.foreign_answers += 1;
                    }
                }
                Ok(None)
            }
            Message::Notification(notification) => {
                self.count()?;
                if method::LIST_CHANGES.contains(&notification.method.as_ref()) {
                    return Ok(Some(Signal::ListChanged));
                }
                let params = notification.params.filter(|_| notification.method == method::PROGRESS);
                let is_told = |params: &&RawValue| {
                    Progress::parse(Some(params)).is_ok_and(|progress| is_ours(&progress, &self.expected))
                };
                Ok(params.filter(is_told).map(|params| Signal::Progress(params.to_owned())))
            }
            Message::Request(_) if self.expected.era == Era::Modern => Err(AnswerError::ServerRequest),
            Message::Request(request) => {
                self.count()?;
                if let Some(question) = Question::of(&request, self.expected.accepts) {
                    return Ok(Some(Signal::Question(question)));
                }
                let is_ping = request.method == method::PING;
                self.oddities.refused_requests += usize::from(!is_ping);
                Ok(Some(Signal::ServerRequest(ServerRequest::new(request.id, is_ping))))
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
