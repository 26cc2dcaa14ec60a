//! The rules of era detection.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Action, EraProbe, Incompatible, ProbeAnswer, Unavailable, Verdict};
use crate::answer::Answered;
use crate::headers::SessionId;
use crate::jsonrpc::{ErrorCode, ErrorObject, object};
use crate::messages::{DiscoverResult, InitializeResult};
use crate::version::{Era, Pin, ProtocolVersion, highest_mutual};

impl EraProbe {
    pub(super) fn on_discover(&mut self, answer: &ProbeAnswer) -> Action {
        let status = answer.status;
        match &answer.answered {
            Some(Answered::Error(error)) if is_unsupported_version(error) => {
                self.choose_again(&versions_of(error.data.as_deref()))
            }
            Some(Answered::Error(error)) if error.is_modern() => {
                self.incompatible(Incompatible::ModernRefusal(error.code)) // rule 4
            }
            _ if matches!(status, 300..400) => self.incompatible(Incompatible::Redirect(status)),
            _ if matches!(status, 500 | 501) => self.fall_back(Some(status)), // rule 5, once
            _ if is_passing(status) => self.unavailable(Unavailable::Status(status)), // rule 5
            Some(Answered::Result(raw)) if is_success(status) => match DiscoverResult::parse(raw) {
                Ok(discover) => self.choose(discover),
                Err(_) => self.fall_back(None),
            },
            _ => self.fall_back(None), // rule 6
        }
    }

    pub(super) fn on_initialize(
        &mut self,
        answer: &ProbeAnswer,
        offered: ProtocolVersion,
        after: Option<u16>,
    ) -> Action {
        let status = answer.status;
        match &answer.answered {
            Some(Answered::Result(raw)) if is_success(status) => match InitializeResult::parse(raw) {
                Ok(result) => self.accept(result, answer.session_id.as_deref(), offered),
                Err(_) => self.refuse(Incompatible::NotMcp(status), after),
            },
            Some(Answered::Error(error)) if is_unsupported_version(error) => self.reprobe(after),
            Some(Answered::Error(error)) if error.is_modern() => {
                self.incompatible(Incompatible::ModernRefusal(error.code))
            }
            _ if matches!(status, 300..400) => self.incompatible(Incompatible::Redirect(status)),
            _ if is_passing(status) => self.unavailable(Unavailable::Status(status)),
            Some(Answered::Error(error)) => self.refuse(Incompatible::InitializeRefused(error.code), after),
            _ if matches!(status, 400 | 404 | 405) => {
                self.refuse(Incompatible::NoStreamableHttp(status), after) // rule 8
            }
            _ => self.refuse(Incompatible::NotMcp(status), after),
        }
    }

    /// Rule 2: the server has said which versions it speaks.
    fn choose(&mut self, discover: DiscoverResult) -> Action {
        match self.modern(&discover.supported_versions) {
            Some(version) => self.decided(Verdict::Modern { version, discover }),
            None => self.choose_legacy(&discover.supported_versions),
        }
    }

    /// Rule 3: once with a modern version that the server names, else its legacy ones.
    fn choose_again(&mut self, supported: &[String]) -> Action {
        match self.modern(supported) {
            Some(version) if !self.retried => {
                self.retried = true;
                self.discover(version)
            }
            _ => self.choose_legacy(supported),
        }
    }

    /// Any legacy version named is enough: which one is settled by `initialize`.
    fn choose_legacy(&mut self, supported: &[String]) -> Action {
        let legacy = |text: &String| ProtocolVersion::parse(text).is_some_and(|v| v.era() == Era::Legacy);
        if self.pin == Pin::Auto && supported.iter().any(legacy) {
            return self.initialize(ProtocolVersion::LATEST_LEGACY, None);
        }
        self.incompatible(Incompatible::NoCommonVersion)
    }

    /// The modern version to speak, within the pin.
    fn modern(&self, supported: &[String]) -> Option<ProtocolVersion> {
        match self.pin {
            Pin::Auto => highest_mutual(supported, Era::Modern),
            Pin::Version(pinned) => supported.iter().any(|text| text == pinned.as_str()).then_some(pinned),
        }
    }

    /// Rule 6; `after` is the 500 or 501 of rule 5. A modern pin never falls back.
    fn fall_back(&mut self, after: Option<u16>) -> Action {
        match (self.pin, after) {
            (Pin::Auto, _) => self.initialize(ProtocolVersion::LATEST_LEGACY, after),
            (Pin::Version(_), Some(status)) => self.unavailable(Unavailable::Status(status)),
            (Pin::Version(version), None) => self.incompatible(Incompatible::NotModern(version)),
        }
    }

    /// Rule 7: -32022 to `initialize` is a modern server that was too slow to show itself. Once.
    fn reprobe(&mut self, after: Option<u16>) -> Action {
        if self.pin != Pin::Auto || self.reprobed {
            return self.refuse(Incompatible::NoCommonVersion, after);
        }
        self.reprobed = true;
        self.discover(ProtocolVersion::LATEST_MODERN)
    }

    /// Rule 7: an offer taken, or a counter-offer that we can live with.
    fn accept(
        &mut self,
        initialize: InitializeResult,
        session: Option<&str>,
        offered: ProtocolVersion,
    ) -> Action {
        let chosen = ProtocolVersion::parse(&initialize.protocol_version)
            .filter(|version| version.era() == Era::Legacy)
            .filter(|version| match self.pin {
                Pin::Auto => *version >= ProtocolVersion::FLOOR,
                Pin::Version(_) => *version == offered,
            });
        let Some(version) = chosen else { return self.incompatible(Incompatible::CounterOffer) };
        let session = match session.map(SessionId::parse) {
            None => None,
            Some(Some(session)) => Some(session),
            Some(None) => return self.incompatible(Incompatible::SessionId),
        };
        self.decided(Verdict::Legacy { version, session, initialize })
    }

    /// `initialize` failed. After a 500 the server is ill rather than incompatible.
    fn refuse(&mut self, why: Incompatible, after: Option<u16>) -> Action {
        match after {
            Some(status) => self.unavailable(Unavailable::Status(status)),
            None => self.incompatible(why),
        }
    }
}

fn is_success(status: u16) -> bool {
    matches!(status, 200..300)
}

/// A status that says nothing about the era and may be gone tomorrow.
fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..600)
}

fn is_unsupported_version(error: &ErrorObject) -> bool {
    error.code == ErrorCode::UNSUPPORTED_PROTOCOL_VERSION.value()
}

/// `data.supported` of -32022; nothing where it is missing or malformed.
fn versions_of(data: Option<&RawValue>) -> Vec<String> {
    #[derive(Deserialize)]
    struct Data {
        supported: Vec<String>,
    }
    data.and_then(object::<Data>).map(|data| data.supported).unwrap_or_default()
}
