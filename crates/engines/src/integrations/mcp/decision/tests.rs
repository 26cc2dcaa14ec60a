//! Every reason to refuse, and which of them speaks.

use portcullis_schemas::integrations::mcp::server::McpServerStatus;
use portcullis_schemas::integrations::mcp::tool::QuarantineReason;
use portcullis_schemas::text::{CredentialRefText, Reason};

use super::*;
use crate::integrations::mcp::samples::World;

fn permitted() -> PolicyOutcome {
    PolicyOutcome {
        permitted: true,
        approval: ApprovalRule::None,
        policy_ids: vec!["pol_a#0".to_owned()],
        version: 3,
        reason: None,
    }
}

fn server(facts: &mut CallFacts) -> &mut McpServer {
    Arc::make_mut(&mut facts.server)
}

fn tool(facts: &mut CallFacts) -> &mut McpTool {
    Arc::make_mut(&mut facts.tool)
}

/// A call to a server that authenticates; everything speaks for it.
fn good(world: &World) -> CallFacts {
    let server = McpServer {
        auth_type: McpAuthType::Bearer,
        credential_ref: Some(CredentialRefText::new("cus-vault://t_0001/key").unwrap()),
        ..world.server.clone()
    };
    CallFacts {
        round: Ok(()),
        decided_on: ConfigVersion(1),
        server: Arc::new(server),
        tool: Arc::new(world.tool("get_weather")),
        list_is_stale: false,
        frozen: None,
        policy: Ok(permitted()),
        arguments: Ok(()),
        credential: CredentialVerdict::Granted,
        approval: ApprovalStanding::NotAsked,
    }
}

fn freeze(world: &World, target: FreezeTarget) -> Freeze {
    Freeze {
        tenant_id: world.tenant.clone(),
        target,
        reason: Reason::new("incident").unwrap(),
        frozen_by: "admin".to_owned(),
        frozen_at: world.stamp(0).now,
    }
}

type Break = fn(&World, &mut CallFacts);

/// In the order of the rules: what breaks each, and what the caller is told.
const BREAKS: [(DenyRule, &str, ErrorKind, &str, Break); 28] = [
    (DenyRule::ServerState, "server_not_active", ErrorKind::Conflict, "pending", |_, f| {
        server(f).status = McpServerStatus::Pending
    }),
    (DenyRule::ServerState, "server_not_active", ErrorKind::Conflict, "offline", |_, f| {
        server(f).status = McpServerStatus::Offline
    }),
    (DenyRule::ServerState, "server_not_active", ErrorKind::Conflict, "disabled", |_, f| {
        server(f).status = McpServerStatus::Disabled
    }),
    (DenyRule::ServerState, "server_not_active", ErrorKind::Conflict, "error", |_, f| {
        server(f).status = McpServerStatus::Error
    }),
    (DenyRule::ServerState, "server_not_active", ErrorKind::Conflict, "deleted", |_, f| {
        server(f).status = McpServerStatus::Deleted
    }),
    (DenyRule::ToolEnabled, "tool_disabled", ErrorKind::Denied, "enable it", |_, f| tool(f).enabled = false),
    (DenyRule::ToolEnabled, "tool_disabled", ErrorKind::Denied, "no longer lists", |w, f| {
        tool(f).vanished_at = Some(w.stamp(0).now)
    }),
    (DenyRule::Pin, "tool_quarantined", ErrorKind::Denied, "(new)", |_, f| {
        tool(f).status = ToolStatus::Quarantined;
        tool(f).quarantine_reason = Some(QuarantineReason::New);
    }),
    (DenyRule::Pin, "tool_quarantined", ErrorKind::Denied, "definition_changed", |_, f| {
        tool(f).pinned_hash = None
    }),
    (DenyRule::Pin, "tool_quarantined", ErrorKind::Denied, "definition_changed", |_, f| {
        tool(f).definition_hash = "1".repeat(64)
    }),
    (DenyRule::KillSwitch, "frozen", ErrorKind::Denied, "this tenant", |w, f| {
        f.frozen = Some(freeze(w, FreezeTarget::Tenant))
    }),
    (DenyRule::KillSwitch, "frozen", ErrorKind::Denied, "this tool", |w, f| {
        f.frozen = Some(freeze(w, FreezeTarget::Tool(f.tool.tool_id.clone())));
    }),
    (DenyRule::Policy, "policy_denied", ErrorKind::Denied, "no policy permits", |_, f| {
        f.policy = Ok(PolicyOutcome {
            permitted: false,
            approval: ApprovalRule::None,
            policy_ids: Vec::new(),
            version: 3,
            reason: None,
        });
    }),
    (DenyRule::Policy, "policy_denied", ErrorKind::Denied, "forbidden by policy", |_, f| {
        f.policy = Ok(PolicyOutcome {
            permitted: false,
            reason: Some("forbidden by policy".to_owned()),
            ..permitted()
        });
    }),
    (DenyRule::Policy, "policy_denied", ErrorKind::Denied, "policy error", |_, f| {
        f.policy = Err(PortError::unavailable("engine said: secret detail"));
    }),
    (DenyRule::Credential, "credential_denied", ErrorKind::Denied, "grant it", |_, f| {
        f.credential = CredentialVerdict::Denied
    }),
    (DenyRule::Credential, "credential_denied", ErrorKind::Denied, "grant it", |_, f| {
        f.credential = CredentialVerdict::NotNeeded
    }),
    (DenyRule::Credential, "credential_denied", ErrorKind::Denied, "grant it", |_, f| {
        server(f).credential_ref = None
    }),
    (DenyRule::Credential, "credential_denied", ErrorKind::Denied, "grant it", |_, f| {
        f.credential = CredentialVerdict::Denied;
        server(f).auth_type = McpAuthType::Basic;
    }),
    (DenyRule::Credential, "access_token_required", ErrorKind::Conflict, "your own access token", |_, f| {
        f.credential = CredentialVerdict::NoSubject
    }),
    (DenyRule::Freshness, "list_stale", ErrorKind::Conflict, "could not be read for too long", |_, f| {
        f.list_is_stale = true;
    }),
    (DenyRule::Freshness, "list_stale", ErrorKind::Conflict, "could not be read for this call", |_, f| {
        f.list_is_stale = true;
        server(f).definition_check = DefinitionCheck::EachCall;
    }),
    (DenyRule::Arguments, "arguments_invalid", ErrorKind::Invalid, "/city", |_, f| {
        f.arguments = Err(ArgumentProblem::Invalid("/city: expected type string".to_owned()));
    }),
    (DenyRule::Arguments, "schema_unusable", ErrorKind::Conflict, "cannot be used: why", |_, f| {
        f.arguments = Err(ArgumentProblem::SchemaUnusable("why".to_owned()));
    }),
    (DenyRule::Round, "request_state_refused", ErrorKind::Invalid, "was changed", |_, f| {
        f.round = Err(RoundProblem::Unreadable);
    }),
    (DenyRule::Round, "request_state_refused", ErrorKind::Invalid, "older than ten minutes", |_, f| {
        f.round = Err(RoundProblem::Expired);
    }),
    (DenyRule::Approval, "approval_denied", ErrorKind::Denied, "too dear", |w, f| {
        tool(f).approval = ApprovalRule::Required;
        let reason = "too dear".to_owned();
        f.approval = ApprovalStanding::Denied { id: ApprovalId::generate(&w.ids), reason };
    }),
    (DenyRule::Approval, "approvals_full", ErrorKind::RateLimited, "100 calls", |_, f| {
        tool(f).approval = ApprovalRule::Required;
        f.approval = ApprovalStanding::Full;
    }),
];

#[test]
fn every_reason_refuses_with_its_code() {
    let world = World::new();
    assert_eq!(decide(&good(&world)), Decision::Allow { flagged: false, approval: None });
    for (rule, code, kind, text, break_it) in BREAKS {
        let mut facts = good(&world);
        break_it(&world, &mut facts);
        let Decision::Deny(denial) = decide(&facts) else { panic!("{code} {text} was let through") };
        assert_eq!((denial.rule, denial.code.as_str(), denial.kind), (rule, code, kind));
        assert!(denial.reason.contains(text), "{}", denial.reason);
        assert!(!denial.reason.contains("secret detail"));
    }
}

#[test]
fn the_earlier_step_speaks() {
    let world = World::new();
    for (first, _, _, _, break_first) in BREAKS {
        for (second, _, _, _, break_second) in BREAKS {
            let mut facts = good(&world);
            break_second(&world, &mut facts);
            break_first(&world, &mut facts);
            let Decision::Deny(denial) = decide(&facts) else {
                panic!("{first:?} and {second:?} were let through")
            };
            assert_eq!(denial.rule, first.min(second));
        }
    }
}

#[test]
fn what_does_not_stand_in_the_way() {
    let world = World::new();
    let mut facts = good(&world);
    server(&mut facts).status = McpServerStatus::Degraded;
    server(&mut facts).auth_type = McpAuthType::None;
    server(&mut facts).credential_ref = None;
    facts.credential = CredentialVerdict::NotNeeded;
    for (risk, flagged) in [
        (RiskLevel::Low, false),
        (RiskLevel::Medium, false),
        (RiskLevel::High, true),
        (RiskLevel::Critical, true),
    ] {
        tool(&mut facts).risk_level = risk;
        assert_eq!(decide(&facts), Decision::Allow { flagged, approval: None }, "{risk}");
    }
}

#[test]
fn the_strictest_of_tool_and_policies_says_who_must_approve() {
    use ApprovalRule::{FourEyes, None as Nobody, Required};
    let world = World::new();
    let id = ApprovalId::generate(&world.ids);
    for (tools, policies, rule) in [
        (Nobody, Required, Required),
        (Required, Nobody, Required),
        (FourEyes, Required, FourEyes),
        (Required, FourEyes, FourEyes),
    ] {
        let mut facts = good(&world);
        tool(&mut facts).approval = tools;
        facts.policy = Ok(PolicyOutcome { approval: policies, ..permitted() });
        let need = |waiting| Decision::NeedsApproval(ApprovalNeed { rule, waiting });
        assert_eq!(decide(&facts), need(None), "{tools} {policies}");
        let expires_at = world.stamp(9).now;
        facts.approval = ApprovalStanding::Pending { id: id.clone(), expires_at };
        assert_eq!(decide(&facts), need(Some((id.clone(), expires_at))), "{tools} {policies}");
        facts.approval = ApprovalStanding::Granted(id.clone());
        assert_eq!(decide(&facts), Decision::Allow { flagged: false, approval: Some(id.clone()) });
    }
    let mut facts = good(&world);
    facts.approval = ApprovalStanding::Full;
    assert_eq!(decide(&facts), Decision::Allow { flagged: false, approval: None }, "nobody is asked");
}

#[test]
fn the_question_to_the_policies_trusts_no_contradicted_hint() {
    let world = World::new();
    let mut tool = world.tool("get_weather");
    tool.annotations.read_only = Some(true);
    let ctx = world.ctx();
    let run = RunId::new("run-1").unwrap();
    let toolset = ToolsetName::new("support").unwrap();
    let how = Circumstances { run_id: Some(&run), toolset: Some(&toolset), flows: tool.flows };
    let request = policy_request(&ctx, &world.server, &tool, how);
    assert_eq!((request.read_only, request.run_id.as_deref()), (true, Some("run-1")));
    assert_eq!(request.toolset.as_deref(), Some("support"));
    assert_eq!((request.server_name.as_str(), request.tool_name.as_str()), ("weather", "get_weather"));
    tool.annotations.destructive = Some(true);
    assert!(!policy_request(&ctx, &world.server, &tool, how).read_only);
}
