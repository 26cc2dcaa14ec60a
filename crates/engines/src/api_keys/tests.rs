//! Keys through their life, and what authenticates.

use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_785_196_800_000_000);
const LATER: Timestamp = Timestamp::from_micros(1_785_196_800_000_001);

fn id() -> KeyId {
    "key_01jd0000000000000000000000".parse().unwrap()
}

fn creator(scopes: &[Scope]) -> Principal {
    let tenant = TenantId::from_trusted("t_a").unwrap();
    Principal::verified(tenant, id(), "alice", ActorType::Human, scopes.to_vec())
}

fn request(scopes: &[Scope]) -> CreateApiKey {
    let name = Name::new("agent").unwrap();
    CreateApiKey { name, actor_type: None, scopes: scopes.to_vec(), expires_at: None }
}

fn stored(status: ApiKeyStatus, expires_at: Option<Timestamp>) -> StoredApiKey {
    let key = create(request(&[Scope::Invoke]), &creator(&[Scope::Admin]), id(), NOW).unwrap();
    StoredApiKey { key: ApiKey { status, expires_at, ..key }, secret_hash: [1; 32] }
}

#[test]
fn a_key_belongs_to_its_creators_tenant() {
    let key = create(request(&[Scope::Read, Scope::Invoke]), &creator(&[Scope::Admin]), id(), NOW).unwrap();
    assert_eq!(key.tenant_id.as_str(), "t_a");
    assert_eq!(key.created_by, "alice");
    assert_eq!(key.scopes, [Scope::Invoke, Scope::Read]);
    assert_eq!((key.actor_type, key.status), (ActorType::Machine, ApiKeyStatus::Active));
}

#[test]
fn nobody_grants_more_than_they_hold() {
    let table = [
        (Scope::Invoke, [true, false, false, false]),
        (Scope::Read, [false, true, false, false]),
        (Scope::Admin, [true, true, true, false]),
        (Scope::Operator, [false, false, false, true]),
    ];
    let wanted = [Scope::Invoke, Scope::Read, Scope::Admin, Scope::Operator];
    for (held, expected) in table {
        let granted = wanted.map(|scope| match create(request(&[scope]), &creator(&[held]), id(), NOW) {
            Ok(_) => true,
            Err(error) => {
                assert_eq!((error.kind(), error.code()), (ErrorKind::Denied, codes::AUTHORITY_DENIED));
                false
            }
        });
        assert_eq!(granted, expected, "{held}");
    }
}

#[test]
fn requests_that_break_a_rule_name_the_field() {
    let admin = creator(&[Scope::Admin]);
    let good = request(&[Scope::Read]);
    let cases = [
        (request(&[]), "scopes"),
        (request(&[Scope::Read, Scope::Invoke, Scope::Read]), "scopes"),
        (CreateApiKey { actor_type: Some(ActorType::System), ..good.clone() }, "actor_type"),
        (CreateApiKey { expires_at: Some(NOW), ..good.clone() }, "expires_at"),
    ];
    for (request, field) in cases {
        assert_eq!(create(request, &admin, id(), NOW).unwrap_err().field(), Some(field));
    }
    assert!(create(CreateApiKey { expires_at: Some(LATER), ..good }, &admin, id(), NOW).is_ok());
}

#[test]
fn the_life_of_a_key() {
    use ApiKeyStatus::{Active, Frozen, Revoked};
    type Step = fn(ApiKey, Timestamp) -> Result<ApiKey, Error>;
    let table: [(&str, Step, [Option<ApiKeyStatus>; 3]); 3] = [
        ("freeze", freeze, [Some(Frozen), None, None]),
        ("unfreeze", unfreeze, [None, Some(Active), None]),
        ("revoke", revoke, [Some(Revoked), Some(Revoked), None]),
    ];
    for (name, step, expected) in table {
        for (from, to) in [Active, Frozen, Revoked].into_iter().zip(expected) {
            match step(stored(from, None).key, LATER) {
                Ok(key) => assert_eq!((Some(key.status), key.updated_at), (to, LATER), "{name} {from}"),
                Err(error) => {
                    assert_eq!(to, None, "{name} {from}");
                    assert_eq!(error.code(), codes::STATE_CONFLICT);
                }
            }
        }
    }
}

#[test]
fn only_the_true_secret_of_a_living_key_authenticates() {
    use ApiKeyStatus::{Active, Frozen, Revoked};
    let mut almost = [1; 32];
    almost[31] = 0;
    let table = [
        (Active, None, [1; 32], true),
        (Active, Some(LATER), [1; 32], true),
        (Active, Some(NOW), [1; 32], false),
        (Active, None, almost, false),
        (Frozen, None, [1; 32], false),
        (Revoked, None, [1; 32], false),
    ];
    for (status, expires_at, presented, expected) in table {
        match authenticate(&stored(status, expires_at), &presented, NOW) {
            Ok(principal) => {
                assert!(expected, "{status}");
                assert_eq!((principal.tenant().as_str(), principal.actor()), ("t_a", "agent"));
                assert_eq!(principal.scopes().iter().copied().collect::<Vec<_>>(), [Scope::Invoke]);
            }
            Err(error) => {
                assert!(!expected, "{status}");
                assert_eq!(error.to_string(), unauthenticated("any").to_string(), "one answer for all");
            }
        }
    }
}

#[test]
fn a_key_is_changed_by_another_key_that_holds_as_much() {
    let other: KeyId = "key_01jd0000000000000000000001".parse().unwrap();
    let key = |scopes: &[Scope]| ApiKey {
        key_id: other.clone(),
        scopes: scopes.to_vec(),
        ..stored(ApiKeyStatus::Active, None).key
    };
    let table = [
        (Scope::Admin, vec![Scope::Admin], true),
        (Scope::Admin, vec![Scope::Invoke, Scope::Read], true),
        (Scope::Admin, vec![Scope::Admin, Scope::Operator], false),
        (Scope::Operator, vec![Scope::Operator], true),
    ];
    for (held, scopes, allowed) in table {
        for verdict in [may_change, may_shut_out] {
            assert_eq!(verdict(&creator(&[held]), &key(&scopes)).is_ok(), allowed, "{held} {scopes:?}");
        }
    }
}

#[test]
fn no_key_shuts_itself_out() {
    let own = ApiKey { key_id: id(), ..stored(ApiKeyStatus::Active, None).key };
    let error = may_shut_out(&creator(&[Scope::Admin]), &own).unwrap_err();
    assert_eq!((error.code(), error.field()), (codes::STATE_CONFLICT, Some("key_id")));
    assert!(may_change(&creator(&[Scope::Admin]), &own).is_ok());
}
