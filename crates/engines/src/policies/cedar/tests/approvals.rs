//! Policies that ask for a person's approval.

use super::*;

async fn asked_for(texts: &[&str], risk: RiskLevel) -> (bool, ApprovalRule) {
    let outcome = ask(texts, &question(risk)).await.unwrap();
    (outcome.permitted, outcome.approval)
}

#[tokio::test]
async fn the_strictest_of_the_policies_that_permit_asks() {
    let required = format!("@approval(\"required\") permit ({ANY}) when {{ resource.risk <= 2 }};");
    let four_eyes = format!("@approval(\"four_eyes\") permit ({ANY}) when {{ resource.risk == 2 }};");
    let plain = format!("@id(\"a\") @description(\"b\") permit ({ANY}) when {{ resource.risk == 0 }};");
    let forbid = format!("forbid ({ANY}) when {{ resource.risk == 1 }};");
    let all = [required.as_str(), four_eyes.as_str(), plain.as_str(), forbid.as_str()];
    assert_eq!(asked_for(&all, RiskLevel::Low).await, (true, ApprovalRule::Required), "whoever else permits");
    assert_eq!(asked_for(&all, RiskLevel::Medium).await, (false, ApprovalRule::None), "a forbid asks nobody");
    assert_eq!(asked_for(&all, RiskLevel::High).await, (true, ApprovalRule::FourEyes));
    assert_eq!(asked_for(&all[2..], RiskLevel::Low).await, (true, ApprovalRule::None));
}

#[tokio::test]
async fn an_annotation_that_is_not_understood_is_no_policy() {
    let engine = CedarToolPolicy::new();
    let table = [
        ("@approval(\"requird\") permit", "of an unknown kind"),
        ("@approval(\"none\") permit", "of an unknown kind"),
        ("@approval permit", "of an unknown kind"),
        ("@aproval(\"required\") permit", "`@aproval` is unknown"),
    ];
    for (head, expected) in table {
        let text = PolicyText::new(format!("{head} ({ANY});")).unwrap();
        let problems = engine.problems(&text);
        assert_eq!(problems.len(), 1, "{head}: {problems:?}");
        assert!(problems[0].message.contains(expected), "{head}: {problems:?}");
        assert!(problems[0].message.starts_with("policy #0: "), "{head}: {problems:?}");
    }
    let misread = format!("@approval(\"requird\") permit ({ANY});");
    let stored = ask(&[&misread], &question(RiskLevel::Low)).await;
    assert_eq!(
        stored.map_err(|error| error.kind()),
        Err(PortErrorKind::Corrupt),
        "it denies where it is stored"
    );
}

#[tokio::test]
async fn a_forbid_that_an_approval_lifts_permits_nothing() {
    let permit = format!("permit ({ANY}) when {{ resource.risk <= 1 }};");
    let lifted = format!("@approval(\"four_eyes\") forbid ({ANY}) when {{ resource.risk >= 1 }};");
    let plain = format!("forbid ({ANY}) when {{ context has run_id && context.run_id == \"run-7\" }};");
    let both = [permit.as_str(), lifted.as_str()];
    assert_eq!(asked_for(&both, RiskLevel::Low).await, (true, ApprovalRule::None));
    assert_eq!(asked_for(&both, RiskLevel::Medium).await, (true, ApprovalRule::FourEyes));
    assert_eq!(asked_for(&both, RiskLevel::High).await, (false, ApprovalRule::None), "nobody permits it");
    assert_eq!(asked_for(&both[1..], RiskLevel::Medium).await, (false, ApprovalRule::None));
    let forbidden = [permit.as_str(), lifted.as_str(), plain.as_str()];
    assert_eq!(
        asked_for(&forbidden, RiskLevel::Medium).await,
        (false, ApprovalRule::None),
        "a plain forbid stays"
    );
    let outcome = ask(&both, &question(RiskLevel::Medium)).await.unwrap();
    assert_eq!(outcome.policy_ids.len(), 2, "who permits, and who asks: {:?}", outcome.policy_ids);
    let overflows = "context.risk + 9223372036854775807 < 0";
    let failing = format!("@approval(\"required\") forbid ({ANY}) when {{ {overflows} }};");
    let denied = (false, ApprovalRule::None);
    assert_eq!(asked_for(&[&permit, &failing], RiskLevel::Medium).await, denied, "an error in it denies");
}
