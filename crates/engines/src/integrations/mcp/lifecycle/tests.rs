//! The table of states, whole, and what no sequence of events may do.

use proptest::prelude::*;

use super::*;
use McpServerStatus::{Active, Degraded, Deleted, Disabled, Error as Failed, Offline, Pending};
use ServerEvent as E;

#[test]
fn the_table() {
    let events = [
        E::Discovered,
        E::DiscoveryFailed,
        E::Healthy,
        E::Unhealthy(1),
        E::Unhealthy(3),
        E::Changed,
        E::UrlChanged,
        E::Enabled,
        E::Disabled,
        E::Deleted,
    ];
    let x = None;
    let s = Some;
    let table = [
        (
            Pending,
            [
                s(Active),
                s(Failed),
                s(Pending),
                s(Pending),
                s(Pending),
                s(Pending),
                s(Pending),
                x,
                s(Disabled),
                s(Deleted),
            ],
        ),
        (
            Active,
            [
                s(Active),
                s(Degraded),
                s(Active),
                s(Degraded),
                s(Offline),
                s(Active),
                s(Pending),
                x,
                s(Disabled),
                s(Deleted),
            ],
        ),
        (
            Degraded,
            [
                s(Active),
                s(Degraded),
                s(Active),
                s(Degraded),
                s(Offline),
                s(Degraded),
                s(Pending),
                x,
                s(Disabled),
                s(Deleted),
            ],
        ),
        (
            Offline,
            [
                s(Active),
                s(Failed),
                s(Active),
                s(Degraded),
                s(Offline),
                s(Offline),
                s(Pending),
                x,
                s(Disabled),
                s(Deleted),
            ],
        ),
        (
            Failed,
            [
                s(Active),
                s(Failed),
                s(Failed),
                s(Failed),
                s(Failed),
                s(Failed),
                s(Pending),
                x,
                s(Disabled),
                s(Deleted),
            ],
        ),
        (
            Disabled,
            [
                s(Disabled),
                s(Disabled),
                s(Disabled),
                s(Disabled),
                s(Disabled),
                s(Disabled),
                s(Disabled),
                s(Pending),
                x,
                s(Deleted),
            ],
        ),
        (Deleted, [x; 10]),
    ];
    assert_eq!(table.len(), McpServerStatus::ALL.len());
    for (status, expected) in table {
        assert_eq!(events.map(|event| next(status, event).ok()), expected, "{status}");
    }
}

#[test]
fn a_conflict_names_the_state() {
    let error = next(Disabled, E::Disabled).unwrap_err();
    assert_eq!(error.code(), codes::STATE_CONFLICT);
    assert!(error.public().contains("disabled"), "{error}");
}

fn any_event() -> impl Strategy<Value = E> {
    prop_oneof![
        Just(E::Discovered),
        Just(E::DiscoveryFailed),
        Just(E::Healthy),
        (1u32..6).prop_map(E::Unhealthy),
        Just(E::Changed),
        Just(E::UrlChanged),
        Just(E::Enabled),
        Just(E::Disabled),
        Just(E::Deleted),
    ]
}

proptest! {
    /// Only an admin takes a server out of `disabled`, nothing out of `deleted`, and calls are taken only if a
    /// discovery has succeeded since the server was last registered, enabled or moved.
    #[test]
    fn no_sequence_opens_a_server_behind_the_admins_back(events in proptest::collection::vec(any_event(), 0..40)) {
        let mut status = Pending;
        let mut discovered = false;
        for event in events {
            let Ok(after) = next(status, event) else { continue };
            if status == Disabled {
                let by_admin = (event, after) == (E::Enabled, Pending) || (event, after) == (E::Deleted, Deleted);
                prop_assert!(after == Disabled || by_admin, "{event:?} led to {after}");
            }
            prop_assert!(status != Deleted);
            discovered = match event {
                E::Discovered => after != Disabled,
                E::UrlChanged | E::Enabled => false,
                _ => discovered,
            };
            prop_assert!(!takes_calls(after) || discovered, "{event:?} let calls through");
            status = after;
        }
    }
}
