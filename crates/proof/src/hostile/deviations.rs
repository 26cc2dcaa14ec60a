//! Where the corpus asks for something else than what is expected here: what it says, what is expected, and why.

/// A row, or a part of one, that differs. Codes that are the same under another name are in `row::ours`.
pub(super) struct Deviation {
    /// Its id.
    pub(super) row: &'static str,
    /// What the corpus says.
    pub(super) corpus: &'static str,
    /// What is expected, or counted, in its place.
    pub(super) here: &'static str,
    pub(super) why: &'static str,
}

const fn of(row: &'static str, corpus: &'static str, here: &'static str, why: &'static str) -> Deviation {
    Deviation { row, corpus, here, why }
}

/// What the gate does otherwise, in the order of the corpus.
pub(super) const JUDGED: [Deviation; 11] = [
    of(
        "M023",
        "10 000 calls of each tenant at once; waits until the deadline",
        "12 at once; fails at once where the answer has ended",
        "32 calls of a tenant may be at a server; after its end no answer can bring another response",
    ),
    of(
        "M031",
        "ok, for a member of the result",
        "result_sanitised",
        "the member is taken out, and the caller is told so",
    ),
    of(
        "M047",
        "a record of the late result; 100 000 calls",
        "none; 4000 calls in each era, in the full form",
        "at the deadline the connection is closed, and nobody hears what comes; each call takes its second, and the \
         suites `deadlines` and `endurance` count the ends of more",
    ),
    of(
        "M053",
        "an incident, low",
        "low for two callers of one tenant, none for two tenants",
        "lists of two tenants are never compared: what one hears of would be of the other",
    ),
    of(
        "M077",
        "succeeded, with isError",
        "failure",
        "the outcome comes from the flag, and what a tool calls its failure is one on record",
    ),
    of(
        "M079",
        "an incident, low, for the text",
        "low, for the call that is kept from sending",
        "every call of a tool that reads what strangers wrote would open one",
    ),
    of(
        "M086",
        "denied",
        "failure",
        "the call was sent before the server asked: blocked is what was not sent",
    ),
    of(
        "M088",
        "denied; state_refused, for another tenant's",
        "failure, where the server gave the state out; request_state_refused, where an agent brought it",
        "as M086; the agent's own mistake has a code of its own, and is sent nowhere",
    ),
    of(
        "M089",
        "denied",
        "failure; ok on the stream",
        "as M086; on the stream it is a request as in M037: refused, and the call goes on",
    ),
    of(
        "M091",
        "not_found, denied",
        "upstream_protocol, failed",
        "the gate declares no tasks and relays none: a handle instead of a result is a breach of the protocol, and \
         every question about one is answered with -32601",
    ),
    of(
        "M092",
        "result_redacted",
        "scope_required, failed, where a challenge leaks it",
        "there is no result then",
    ),
];

/// What it does as the corpus says, though it is shown by another amount, time or measure.
pub(super) const MEASURED: [Deviation; 10] = [
    of(
        "M001",
        "the place is free 100 ms after the deadline",
        "100 ms after the answer, 500 in the short form",
        "a place is held until the outcome is on record, for which the ledger has 900 ms",
    ),
    of(
        "M002",
        "10 s for the head, from the end of the request",
        "11 s for the whole call",
        "the caller's clock runs over intent and outcome too",
    ),
    of(
        "M004",
        "memory grows by less than 8 MiB",
        "less than 8 MiB of the 10 GiB is taken",
        "other rows share the process, so that its memory is not that of one call",
    ),
    of(
        "M020",
        "at most 10 interim answers",
        "that the call fails",
        "what was read of what was sent is not seen from outside; a test of the egress counts them",
    ),
    of("M040", "300 s at most", "12 s", "the gate of the suite is set so"),
    of(
        "M041",
        "as many lines as events",
        "each line is an event's, and each call has one",
        "other events come by the clock",
    ),
    of(
        "M055",
        "denied within the same call, of any server",
        "so where an admin asks for it (`definition_check`); else by the first call once the list is due",
        "a call is one request to its server unless somebody wants two",
    ),
    of(
        "M062",
        "every code point of the classes",
        "all, but 9 for private use",
        "a server may list 1000 tools, and 137 468 code points are for private use; a test of the rule counts them",
    ),
    of("M076", "a list is good for 24 h", "3 s", "the gate of the suite is set so"),
    of("M098", "at most 86 400 s", "that such a token is used again at once", "nobody waits for a day"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile::rows;

    #[test]
    fn what_deviates_is_a_row_that_is_played() {
        let rows = rows::all();
        for all in [&JUDGED[..], &MEASURED] {
            for Deviation { row, corpus, here, .. } in all {
                assert!(rows.iter().any(|one| one.id == *row), "{row}");
                assert_ne!(corpus, here, "{row}");
            }
            assert!(all.is_sorted_by(|one, other| one.row < other.row));
        }
    }
}
