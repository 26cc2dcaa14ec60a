//! Wirings of the gate: the sound one, and those that are broken on purpose, each in one way that a suite must find.

use std::path::Path;
use std::sync::Arc;

use clap::ValueEnum;
use portcullis_spine::Ports;

use self::credulous::Credulity;
use self::indiscreet::Indiscretion;
use self::meddled::{MeddledLedger, Meddling};
use self::unsynced::SyncsAllButIntents;
use crate::points::watched;

mod absent;
mod credulous;
mod forgetful;
mod hasty;
pub(crate) mod indiscreet;
mod late;
mod meddled;
mod rerunning;
mod sweeping;
mod unsynced;

/// How a gate is wired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Wiring {
    /// As the server wires itself.
    Sound,
    /// The upstream is called before the intent is recorded.
    AuditAfterEffect,
    /// Results are given out before their outcome is durable.
    AnswerBeforeRecord,
    /// Intents are not recorded at all.
    NoIntents,
    /// Recovery runs abandoned calls again.
    RerunAbandoned,
    /// Recovery closes calls of gates that live.
    SweepTheLiving,
    /// Idempotency keys are forgotten.
    ForgetClaims,
    /// Sound, but for a panic that can be asked for.
    PanicsWhenAsked,
    /// Answers are not searched for the credential that was sent.
    HandsEchoesOn,
    /// Failures are told in the upstream's words.
    QuotesUpstreams,
    /// A line of the log too many, and a member of a span.
    LogsCredentials,
    /// Secrets are stored as they are.
    StoresPlainly,
    /// A call whose answer is none is taken for one that went well.
    TakesFailuresForAnswers,
    /// What servers do besides answering is not told.
    OverlooksConduct,
}

impl Wiring {
    /// The ports, wired so. `scratch` is a directory for what a broken wiring keeps on the side.
    pub(crate) fn apply(self, ports: Ports, scratch: &Path) -> Ports {
        match self {
            Self::Sound => ports,
            Self::AuditAfterEffect => meddle(ports, late::LateRecords::default()),
            Self::AnswerBeforeRecord => meddle(ports, hasty::HastyAnswers),
            Self::NoIntents => meddle(ports, absent::NoIntents),
            Self::RerunAbandoned => rerunning::wire(ports, scratch),
            Self::SweepTheLiving => meddle(ports, sweeping::SweepsTheLiving),
            Self::ForgetClaims => meddle(ports, forgetful::ForgetsClaims),
            Self::PanicsWhenAsked => Indiscretion::None.of(ports),
            Self::HandsEchoesOn => Indiscretion::Echoes.of(ports),
            Self::QuotesUpstreams => Indiscretion::Quotes.of(ports),
            Self::LogsCredentials => Indiscretion::LogLines.of(ports),
            Self::StoresPlainly => Indiscretion::Stored.of(ports),
            Self::TakesFailuresForAnswers => Credulity::Failures.of(ports),
            Self::OverlooksConduct => Credulity::Conduct.of(ports),
        }
    }
}

/// The ports of a database that syncs nothing, but where all else than intents waits for the disk all the same.
pub(crate) fn syncing_all_but_intents(ports: Ports, data_dir: &Path) -> Ports {
    watched(ports, Arc::new(SyncsAllButIntents::new(data_dir)))
}

fn meddle(ports: Ports, meddling: impl Meddling + 'static) -> Ports {
    let inner = Arc::clone(&ports.ledger);
    Ports { ledger: Arc::new(MeddledLedger { inner, meddling }), ..ports }
}
