//! Versions and bounds of policies.

use portcullis_schemas::text::{Name, PolicyText};

use super::*;

const CREATED: Timestamp = Timestamp::from_micros(1);
const NOW: Timestamp = Timestamp::from_micros(2);

fn tenant() -> TenantId {
    TenantId::from_trusted("t_a").unwrap()
}

fn id(number: usize) -> PolicyId {
    format!("pol_{number:026}").parse().unwrap()
}

fn request(expected_version: Option<u64>) -> PutToolPolicy {
    let text = PolicyText::new("permit(principal, action, resource);").unwrap();
    PutToolPolicy { name: Name::new("all").unwrap(), description: None, text, expected_version }
}

fn stored(number: usize, bytes: usize) -> ToolPolicyRecord {
    let policy = next_policy(None, request(None), &tenant(), id(number), CREATED, "alice").unwrap();
    ToolPolicyRecord { version: 4, text: PolicyText::new("x".repeat(bytes)).unwrap(), ..policy }
}

#[test]
fn the_first_version_is_one() {
    let policy = next_policy(None, request(None), &tenant(), id(1), NOW, "alice").unwrap();
    assert_eq!((policy.version, policy.policy_id, policy.updated_by), (1, id(1), "alice".to_owned()));
    assert_eq!((policy.created_at, policy.updated_at), (NOW, NOW));
}

#[test]
fn a_write_keeps_id_and_birth_and_raises_the_version() {
    let before = stored(1, 10);
    let policy = next_policy(Some(&before), request(Some(4)), &tenant(), id(2), NOW, "bob").unwrap();
    assert_eq!((policy.version, policy.policy_id, policy.updated_by), (5, id(1), "bob".to_owned()));
    assert_eq!((policy.created_at, policy.updated_at), (CREATED, NOW));
    assert_eq!(policy.text, request(None).text);
}

#[test]
fn the_expected_version_must_be_the_stored_one() {
    let before = stored(1, 10);
    let table = [
        (None, None, true),
        (None, Some(0), true),
        (None, Some(1), false),
        (Some(&before), None, true),
        (Some(&before), Some(4), true),
        (Some(&before), Some(0), false),
        (Some(&before), Some(3), false),
        (Some(&before), Some(5), false),
    ];
    for (existing, expected, accepted) in table {
        match next_policy(existing, request(expected), &tenant(), id(2), NOW, "bob") {
            Ok(_) => assert!(accepted, "{expected:?}"),
            Err(error) => {
                assert!(!accepted, "{expected:?}");
                assert_eq!((error.code(), error.field()), (codes::STATE_CONFLICT, Some("expected_version")));
            }
        }
    }
}

#[test]
fn a_refusal_tells_the_first_problem_and_how_many_more() {
    let problem = |line, message: &str| PolicyProblem { line, message: message.to_owned() };
    let problems = [problem(Some(3), "expected `;`"), problem(None, "other"), problem(None, "another")];
    assert!(refusal(&[]).is_none());
    let one = refusal(&problems[..1]).unwrap();
    assert_eq!(
        (one.kind(), one.code(), one.field()),
        (ErrorKind::Invalid, codes::POLICY_INVALID, Some("text"))
    );
    assert_eq!(one.public(), "line 3: expected `;`");
    let many = refusal(&problems).unwrap();
    assert_eq!(many.public(), "line 3: expected `;` (and 2 problems more: ask validate_policy)");
}

#[test]
fn a_set_is_bounded_in_number_and_bytes() {
    let full = TenantPolicySet {
        version: 1,
        policies: (0..MAX_POLICIES).map(|number| stored(number, 10)).collect(),
    };
    assert!(fits_set(&full, &stored(0, 10)).is_ok(), "a new version of one of them");
    assert_eq!(fits_set(&full, &stored(MAX_POLICIES, 10)).unwrap_err().field(), Some("name"));

    let largest = MAX_TOTAL_BYTES / PolicyText::MAX_BYTES;
    let heavy = (0..largest).map(|number| stored(number, PolicyText::MAX_BYTES)).collect();
    let heavy = TenantPolicySet { version: 1, policies: heavy };
    assert!(fits_set(&heavy, &stored(0, 1)).is_ok());
    assert_eq!(fits_set(&heavy, &stored(largest, 1)).unwrap_err().field(), Some("text"));
}
