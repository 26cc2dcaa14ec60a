//! Records that are hidden as those of others: what an auditor finds, and what only a known head tells.

use proptest::prelude::*;
use serde_json::json;

use super::super::sample::{Log, TENANTS, signer, trust, verify, verify_some};
use super::super::*;
use crate::chain::TENANT;

/// An export of the log whose header names these tenants, and which hides so many newest records of one.
pub(super) fn newest(log: &Log, tenant: &str, count: usize, named: Option<&[&str]>) -> Vec<Vec<u8>> {
    let hidden = newest_of(log, tenant, count);
    log.hiding(named, |index| hidden.contains(&index), log, &signer())
}

/// Where a tenant's newest records are.
fn newest_of(log: &Log, tenant: &str, count: usize) -> Vec<usize> {
    (0..log.records.len()).rev().filter(|index| log.tenant(*index) == tenant).take(count).collect()
}

fn kinds(findings: &[Finding]) -> Vec<FindingKind> {
    findings.iter().map(|finding| finding.kind).collect()
}

/// Without a key: the header names the tenants, and the newest records of one are replaced by their leaves. All signed
/// roots are the computed ones, so only what the auditor expects tells.
#[test]
fn a_full_export_cannot_be_made_one_of_some_tenants() {
    let log = Log::sample();
    let trust = trust(vec![log.checkpoint(45)]);
    for tenant in TENANTS {
        let all_of_it = usize::try_from(log.head(tenant).sequence).unwrap();
        for count in 1..=all_of_it {
            let (findings, report) = verify(&newest(&log, tenant, count, Some(&TENANTS)), trust.clone());
            assert_eq!(kinds(&findings), [FindingKind::Scope], "{count} of {tenant}");
            assert_eq!((report.checkpoints, report.unproven), (4, 0), "the roots say nothing");
            let (findings, _) = verify(&newest(&log, tenant, count, None), trust.clone());
            assert!(
                kinds(&findings).iter().all(|kind| *kind == FindingKind::Foreign) && !findings.is_empty()
            );
        }
        let others: Vec<_> = TENANTS.into_iter().filter(|other| *other != tenant).collect();
        let without = newest(&log, tenant, all_of_it, Some(&others));
        assert_eq!(kinds(&verify(&without, trust.clone()).0), [FindingKind::Scope], "without {tenant}");
    }
}

/// What an export of some tenants cannot show alone: that their newest records do not lie among those of others.
#[test]
fn a_tenants_newest_records_cannot_hide_from_a_known_head() {
    let log = Log::sample();
    let mut renamed = log.clone();
    let index = newest_of(&log, "t_b", 1)[0];
    let whole = log.lines(&["t_b"], &log, &signer());
    renamed.records[index][TENANT] = json!("t_x");
    let hidden = renamed.lines(&["t_b"], &log, &signer());
    let judged = |lines: &[Vec<u8>], heads: &[TenantHead]| {
        let trust = Trust { heads: heads.to_vec(), ..trust(Vec::new()) };
        verify_some(lines, trust, &["t_b"])
    };
    let head = log.head("t_b");
    let before = judged(&hidden, &[]).1;
    assert_eq!(before.verdict, Verdict::AsFarAsShown, "nothing is found, and nothing is called whole");
    assert_eq!(before.ends[0].head.sequence, head.sequence - 1);
    let shown = before.ends[0].head.clone();

    assert_eq!(judged(&whole, &[]).1.verdict, Verdict::AsFarAsShown);
    assert_eq!(judged(&whole, std::slice::from_ref(&head)).1.verdict, Verdict::WholeToHeads);
    assert_eq!(judged(&whole, std::slice::from_ref(&shown)).1.verdict, Verdict::AsFarAsShown, "an old head");
    // Each of several heads counts, in whatever order they come.
    for heads in [[head.clone(), shown.clone()], [shown, head.clone()]] {
        assert_eq!(judged(&whole, &heads).1.verdict, Verdict::WholeToHeads);
        assert_eq!(kinds(&judged(&hidden, &heads).0), [FindingKind::RolledBack]);
    }
    assert_eq!(kinds(&judged(&hidden, &[head]).0), [FindingKind::RolledBack]);
}

#[test]
fn a_tenant_without_records_has_the_head_of_none() {
    let log = Log::sample();
    let lines = log.lines(&["t_none"], &log, &signer());
    let told = TenantHead::of_none("t_none");
    assert_eq!(told.to_string(), format!("t_none:0:{}", "0".repeat(64)));
    let knowing = Trust { heads: vec![told.clone()], ..trust(Vec::new()) };
    let (_, report) = verify_some(&lines, knowing, &["t_none"]);
    assert_eq!(report.verdict, Verdict::WholeToHeads);
    assert_eq!(report.ends, [TenantEnd { head: told, is_known: true }]);
    assert_eq!(verify_some(&lines, trust(Vec::new()), &["t_none"]).1.verdict, Verdict::AsFarAsShown);
}

/// What a forger without the key makes of a log: tenants in the header, and for each how many of its newest records are
/// hidden, besides one more somewhere.
#[derive(Debug, Clone)]
struct Forged {
    named: Option<Vec<&'static str>>,
    hidden: [usize; 3],
    one_more: Option<usize>,
}

fn some_tenants() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(TENANTS.to_vec(), 1..=3)
}

fn forged() -> impl Strategy<Value = Forged> {
    let named = prop_oneof![1 => Just(None), 4 => some_tenants().prop_map(Some)];
    let hidden = || prop_oneof![2 => Just(0), 2 => Just(usize::MAX), 1 => 1..4_usize];
    let one_more = prop_oneof![3 => Just(None), 1 => (0..45_usize).prop_map(Some)];
    (named, [hidden(), hidden(), hidden()], one_more).prop_map(|(named, hidden, one_more)| Forged {
        named,
        hidden,
        one_more,
    })
}

impl Forged {
    fn hides(&self, log: &Log) -> Vec<bool> {
        let mut hides = vec![false; log.records.len()];
        let newest =
            TENANTS.iter().zip(self.hidden).flat_map(|(tenant, count)| newest_of(log, tenant, count));
        newest.chain(self.one_more).for_each(|index| hides[index] = true);
        hides
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Found or not, by an auditor who expects all, by one who expects some, and by one who knows their heads.
    #[test]
    fn what_is_hidden_is_found_or_not_called_whole(forged in forged(), expected in some_tenants()) {
        let log = Log::sample();
        let hides = forged.hides(&log);
        let is_expected = |index: usize| expected.contains(&log.tenant(index));
        let lines = log.hiding(forged.named.as_deref(), |index| hides[index], &log, &signer());
        let bare = trust(vec![log.checkpoint(45)]);

        let (findings, report) = verify(&lines, bare.clone());
        let is_full = forged.named.is_none() && !hides.contains(&true);
        prop_assert_eq!(report.verdict == Verdict::Whole, is_full, "{:?}", findings);

        let knowing = Trust { heads: expected.iter().map(|tenant| log.head(tenant)).collect(), ..bare.clone() };
        let (findings, report) = verify_some(&lines, knowing, &expected);
        let is_named = forged.named.as_ref() == Some(&expected);
        let is_true = is_named && (0..hides.len()).all(|index| hides[index] != is_expected(index));
        prop_assert_eq!(report.verdict == Verdict::WholeToHeads, is_true, "{:?}", findings);

        let (_, report) = verify_some(&lines, bare, &expected);
        let is_open = report.verdict == Verdict::AsFarAsShown;
        prop_assert!(is_open || report.verdict == Verdict::Broken);
        // Whatever else is done, the newest records alone can hide unseen.
        let last_shown = |tenant: &str| (0..hides.len()).rfind(|at| log.tenant(*at) == tenant && !hides[*at]);
        let has_no_gap = (0..hides.len()).filter(|index| is_expected(*index)).all(|index| {
            hides[index] == last_shown(log.tenant(index)).is_none_or(|last| index > last)
        });
        let is_foreign = (0..hides.len()).any(|index| !is_expected(index) && !hides[index]);
        prop_assert_eq!(is_open, is_named && has_no_gap && !is_foreign);
    }
}
