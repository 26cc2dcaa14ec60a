//! Whom a key counts as, where two people are wanted.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_schemas::api_keys::ApiKey;
use portcullis_schemas::ids::KeyId;

/// The names of those who could hold `key`'s secret because they made it, or made who made it. Whoever makes a key sees its
/// secret; a token client has none, so nobody stands behind it but whom the issuer's tokens are given to.
#[must_use]
pub fn makers_of<'k>(key: &KeyId, all: &'k [ApiKey]) -> Vec<&'k str> {
    let mut made_by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in all.iter().filter(|one| one.token.is_none()) {
        // A name may be given again once its key is revoked: all that had it count.
        made_by.entry(one.name.as_str()).or_default().push(&one.created_by);
    }
    let own = all.iter().find(|one| one.key_id == *key && one.token.is_none());
    let mut left: Vec<&str> = own.iter().map(|one| one.created_by.as_str()).collect();
    let mut makers = BTreeSet::new();
    while let Some(name) = left.pop() {
        if makers.insert(name) {
            left.extend(made_by.get(name).into_iter().flatten());
        }
    }
    makers.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use portcullis_schemas::api_keys::ApiKeyStatus;
    use portcullis_schemas::ids::TenantId;
    use portcullis_schemas::principal::ActorType;
    use portcullis_schemas::text::Name;
    use portcullis_schemas::timestamp::Timestamp;

    use super::*;

    fn key(number: u8, name: &str, created_by: &str) -> ApiKey {
        ApiKey {
            key_id: id(number),
            tenant_id: TenantId::from_trusted("t_a").unwrap(),
            name: Name::new(name).unwrap(),
            actor_type: ActorType::Human,
            scopes: Vec::new(),
            status: ApiKeyStatus::Active,
            expires_at: None,
            created_at: Timestamp::from_micros(0),
            updated_at: Timestamp::from_micros(0),
            created_by: created_by.to_owned(),
            token: None,
        }
    }

    fn id(number: u8) -> KeyId {
        format!("key_01jd00000000000000000000{number:02}").parse().unwrap()
    }

    #[test]
    fn who_made_a_key_stands_behind_it_and_so_do_their_makers() {
        let keys = [
            key(1, "first", "portcullis"),
            key(2, "alice", "first"),
            key(3, "alices second", "alice"),
            key(4, "bob", "first"),
            key(5, "circle", "circle"),
        ];
        let table: [(u8, &[&str]); 6] = [
            (1, &["portcullis"]),
            (2, &["first", "portcullis"]),
            (3, &["alice", "first", "portcullis"]),
            (4, &["first", "portcullis"]),
            (5, &["circle"]),
            (9, &[]),
        ];
        for (number, expected) in table {
            assert_eq!(makers_of(&id(number), &keys), expected, "{number}");
        }
    }

    #[test]
    fn a_name_that_was_given_twice_counts_both_times() {
        let revoked = ApiKey { status: ApiKeyStatus::Revoked, ..key(2, "alice", "mallory") };
        let keys = [revoked, key(3, "alice", "first"), key(4, "alices", "alice")];
        assert_eq!(makers_of(&id(4), &keys), ["alice", "first", "mallory"]);
    }
}
