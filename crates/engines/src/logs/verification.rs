//! Whether a tenant's chain holds, event by event.

use portcullis_schemas::ids::TenantId;
use portcullis_schemas::logs::operations::{TrailBreak, TrailVerification};
use portcullis_trail::chain::{Break, BreakKind, ChainVerifier};

/// Checks one tenant's events from the first on, in order of sequence; holds no event. It cannot see that the newest
/// events were cut off: compare the head with one that was kept elsewhere.
#[derive(Debug)]
pub struct TrailCheck {
    chain: ChainVerifier,
    events: u64,
}

impl TrailCheck {
    /// A check from the tenant's first event.
    pub fn new(tenant: &TenantId) -> Self {
        Self { chain: ChainVerifier::new(tenant.as_str()), events: 0 }
    }

    /// Takes the next event in the text that is stored. `false` once the chain is broken: reading on tells nothing more.
    pub fn push(&mut self, event: &str) -> bool {
        let holds = self.chain.push_bytes(event.as_bytes()).is_ok();
        self.events += u64::from(holds);
        holds
    }

    /// What was found. `events` and `head` tell how far the chain holds.
    pub fn finish(self) -> TrailVerification {
        let (events, head) = (self.events, self.chain.head().to_string());
        let first_break = self.chain.finish().err().map(|broken| report(&broken));
        TrailVerification { intact: first_break.is_none(), events, head, first_break }
    }
}

fn report(broken: &Break) -> TrailBreak {
    let kind = match broken.kind {
        BreakKind::Gap => "gap",
        BreakKind::Link => "link",
        BreakKind::Hash => "hash",
        BreakKind::Tenant => "tenant",
        BreakKind::Shape => "shape",
    };
    TrailBreak { sequence: broken.sequence, kind: kind.to_owned(), detail: broken.to_string() }
}

#[cfg(test)]
mod tests {
    use portcullis_trail::canonical::canonical_bytes;
    use portcullis_trail::chain::{GENESIS, record_hash};
    use serde_json::{Value, json};

    use super::*;

    fn chain(length: u64) -> Vec<Value> {
        let mut previous = GENESIS.to_string();
        let event = |sequence| {
            let mut record = json!({
                "tenant_id": "t_a", "sequence": sequence, "previous_hash": previous, "event_type": "policy.put",
            });
            previous = record_hash(&record).unwrap().to_string();
            record["hash"] = json!(previous);
            record
        };
        (1..=length).map(event).collect()
    }

    fn text(event: &Value) -> String {
        String::from_utf8(canonical_bytes(event).unwrap()).unwrap()
    }

    fn verify(events: &[Value]) -> TrailVerification {
        let mut check = TrailCheck::new(&TenantId::from_trusted("t_a").unwrap());
        for event in events {
            check.push(&text(event));
        }
        check.finish()
    }

    #[test]
    fn a_whole_chain_is_intact_up_to_its_head() {
        let events = chain(3);
        let head = events[2]["hash"].as_str().unwrap().to_owned();
        assert_eq!(verify(&events), TrailVerification { intact: true, events: 3, head, first_break: None });
        let empty = verify(&[]);
        assert_eq!((empty.intact, empty.events, empty.head), (true, 0, "0".repeat(64)));
    }

    #[test]
    fn every_kind_of_break_is_named_at_its_place() {
        let change = |member: &str, value: Value| {
            let mut events = chain(3);
            events[1][member] = value;
            events
        };
        let without_second = || {
            let mut events = chain(3);
            events.remove(1);
            events
        };
        let table = [
            ("gap", without_second()),
            ("link", change("previous_hash", json!("ab".repeat(32)))),
            ("hash", change("event_type", json!("policy.deleted"))),
            ("tenant", change("tenant_id", json!("t_b"))),
            ("shape", change("hash", json!("no"))),
        ];
        for (kind, events) in table {
            let found = verify(&events);
            let first_break = found.first_break.expect("the chain is broken");
            assert_eq!((first_break.kind.as_str(), first_break.sequence), (kind, 2));
            assert!(!found.intact);
            assert_eq!((found.events, found.head.as_str()), (1, chain(1)[0]["hash"].as_str().unwrap()));
        }
    }

    /// The same value, and not what was written: the offline verifier refuses it too.
    #[test]
    fn another_spelling_of_a_record_breaks_the_chain() {
        let events: Vec<String> = chain(2).iter().map(text).collect();
        for changed in
            [events[1].replacen(':', ": ", 1), events[1].replace("policy", "polic\\u0079"), String::new()]
        {
            let mut check = TrailCheck::new(&TenantId::from_trusted("t_a").unwrap());
            assert!(check.push(&events[0]) && !check.push(&changed));
            let found = check.finish();
            let first_break = found.first_break.unwrap();
            assert_eq!((first_break.kind.as_str(), first_break.sequence, found.events), ("shape", 2, 1));
        }
    }

    #[test]
    fn pushing_after_a_break_says_so() {
        let mut check = TrailCheck::new(&TenantId::from_trusted("t_b").unwrap());
        let event = text(&chain(1)[0]);
        assert!(!check.push(&event));
        assert!(!check.push(&event));
    }
}
