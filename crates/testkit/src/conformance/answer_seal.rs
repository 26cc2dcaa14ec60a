//! The suite of [`AnswerSeal`].

use portcullis_schemas::PortErrorKind;
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
}
