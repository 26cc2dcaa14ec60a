//! The suite of [`AnswerSeal`].

use portcullis_schemas::PortErrorKind;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::logs::ledger::SealedAnswer;
use portcullis_schemas::logs::ports::AnswerSeal;

use super::steps::{done, refused};
use crate::fixtures::tenant;

/// An answer opens for its tenant, unchanged, and for nobody else; nothing that was altered opens.
pub async fn answer_seal(seal: &dyn AnswerSeal) {
    let (own, other) = (tenant(1), tenant(2));
    for answer in [&b""[..], b"{\"result\":\"a marker to look for\"}", &[0, 255, 10]] {
        let sealed = done("sealing an answer", seal.seal_answer(&own, answer));
        assert_eq!(
            done("opening it", seal.open_answer(&own, &sealed)),
            answer,
            "an answer comes back unchanged"
        );
        let error = refused("opening a foreign answer", seal.open_answer(&other, &sealed));
        assert_eq!(error.kind(), PortErrorKind::Corrupt, "a foreign answer");
        for place in 0..sealed.0.len() {
            let mut altered = sealed.clone();
            altered.0[place] ^= 1;
            refused("opening an altered answer", seal.open_answer(&own, &altered));
        }
        refused("opening a cut answer", seal.open_answer(&own, &SealedAnswer(sealed.0[1..].to_vec())));
    }
    let sealed = done("sealing", seal.seal_answer(&own, b"a marker to look for"));
    let shows =
        sealed.0.windows(8).any(|window| b"a marker to look for".windows(8).any(|part| part == window));
    assert!(!shows, "what is sealed does not show the answer");
    refused("opening nothing", seal.open_answer(&own, &SealedAnswer(Vec::new())));
    rounds(seal, &own, &other);
}

/// The state of a round likewise; and no state opens as an answer, or the other way about.
fn rounds(seal: &dyn AnswerSeal, own: &TenantId, other: &TenantId) {
    let state = &b"{\"state\":\"a marker to look for\"}"[..];
    let sealed = done("sealing a state", seal.seal_round(own, state));
    assert_eq!(done("opening it", seal.open_round(own, &sealed)), state, "a state comes back unchanged");
    let error = refused("opening a foreign state", seal.open_round(other, &sealed));
    assert_eq!(error.kind(), PortErrorKind::Corrupt, "a foreign state");
    for place in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[place] ^= 1;
        refused("opening an altered state", seal.open_round(own, &altered));
    }
    refused("opening a longer state", seal.open_round(own, &[sealed.as_slice(), b"-"].concat()));
    refused("opening no state", seal.open_round(own, &[]));
    let answer = done("sealing an answer", seal.seal_answer(own, state));
    refused("opening an answer as a state", seal.open_round(own, &answer.0));
    refused("opening a state as an answer", seal.open_answer(own, &SealedAnswer(sealed)));
}
