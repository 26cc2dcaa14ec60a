//! The kill switch: what a throw makes, what it shows, and how a frozen call is refused.

use portcullis_schemas::controls::operations::{KillSwitchStatus, ThrowKillSwitch};
use portcullis_schemas::controls::{Freeze, FreezeTarget};
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{Error, ErrorKind, codes};

/// The freeze that a throw of the switch makes.
pub fn freeze(request: ThrowKillSwitch, tenant: &TenantId, by: &str, now: Timestamp) -> Freeze {
    Freeze {
        tenant_id: tenant.clone(),
        target: request.target,
        reason: request.reason,
        frozen_by: by.to_owned(),
        frozen_at: now,
    }
}

/// What is frozen, in the order given.
pub fn status(freezes: Vec<Freeze>) -> KillSwitchStatus {
    let tenant_frozen = freezes.iter().any(|freeze| freeze.target == FreezeTarget::Tenant);
    KillSwitchStatus { tenant_frozen, freezes }
}

/// The refusal of a call that a frozen thing would take part in. It says what is frozen, not why: the reason is
/// for the tenant's admins, and the caller may be an agent.
pub fn frozen_error(target: &FreezeTarget) -> Error {
    let what = match target {
        FreezeTarget::Tenant => "all calls of this tenant are",
        FreezeTarget::Key(_) => "this API key is",
        FreezeTarget::Server(_) => "this server is",
        FreezeTarget::Tool(_) => "this tool is",
        _ => "a part of this call is",
    };
    let public = format!("{what} frozen by the kill switch: ask an admin of the tenant to release it");
    let error = Error::new(ErrorKind::Denied, codes::FROZEN, public);
    match target {
        FreezeTarget::Key(id) => error.with_reference("key_id", id),
        FreezeTarget::Server(id) => error.with_reference("server_id", id),
        FreezeTarget::Tool(id) => error.with_reference("tool_id", id),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use portcullis_schemas::text::Reason;

    use super::*;

    fn throw(target: FreezeTarget) -> Freeze {
        let request = ThrowKillSwitch { target, reason: Reason::new("exfiltration suspected").unwrap() };
        freeze(request, &TenantId::from_trusted("t_a").unwrap(), "alice", Timestamp::from_micros(1))
    }

    fn targets() -> [FreezeTarget; 4] {
        [
            FreezeTarget::Tenant,
            FreezeTarget::Key("key_01jd0000000000000000000000".parse().unwrap()),
            FreezeTarget::Server("mcp_01jd0000000000000000000000".parse().unwrap()),
            FreezeTarget::Tool("tool_01jd0000000000000000000000".parse().unwrap()),
        ]
    }

    #[test]
    fn the_status_says_whether_the_whole_tenant_is_frozen() {
        let [tenant, key, ..] = targets();
        assert!(!status(Vec::new()).tenant_frozen);
        assert!(!status(vec![throw(key.clone())]).tenant_frozen);
        let all = status(vec![throw(key), throw(tenant)]);
        assert!(all.tenant_frozen);
        assert_eq!(all.freezes.len(), 2);
    }

    #[test]
    fn refusals_name_what_is_frozen_and_not_why() {
        let lines: Vec<String> = targets()
            .iter()
            .map(|target| {
                let error = frozen_error(target);
                assert_eq!(error.kind(), ErrorKind::Denied);
                format!("{error} {:?}", error.reference())
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        frozen: all calls of this tenant are frozen by the kill switch: ask an admin of the tenant to release it None
        frozen: this API key is frozen by the kill switch: ask an admin of the tenant to release it Some(("key_id", "key_01jd0000000000000000000000"))
        frozen: this server is frozen by the kill switch: ask an admin of the tenant to release it Some(("server_id", "mcp_01jd0000000000000000000000"))
        frozen: this tool is frozen by the kill switch: ask an admin of the tenant to release it Some(("tool_id", "tool_01jd0000000000000000000000"))
        "#);
    }
}
