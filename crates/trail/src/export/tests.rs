//! Exports whole, damaged and forged: nothing that was changed goes unseen, and each finding names its place.

use proptest::prelude::*;
use serde_json::json;

use super::sample::{
    Log, ORIGIN, SIZES, TENANTS, lines, other_digest, signer, text, trust, verify, verify_some,
};
use super::*;
use crate::chain::TENANT;
use crate::checkpoint::Checkpoint;
use crate::signing::Signer;

mod hiding;

/// The first line of a record in the sample: the header and the checkpoint of size 0 come before it.
const FIRST: usize = 2;

fn sample() -> Vec<Vec<u8>> {
    let log = Log::sample();
    log.lines(&[], &log, &signer())
}

fn messages(lines: &[Vec<u8>], trust: Trust) -> String {
    told(verify(lines, trust))
}

fn told((findings, report): (Vec<Finding>, Report)) -> String {
    let mut text: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
    text.push_str(&format!("{} proven, {} not compared\n", report.checkpoints, report.unproven));
    text
}

#[test]
fn a_whole_export_is_clean() {
    let log = Log::sample();
    let (findings, report) = verify(&sample(), trust(vec![log.checkpoint(20), log.checkpoint(0)]));
    assert_eq!(findings, []);
    let newest = Some(log.checkpoint(45));
    let (verdict, ends) = (Verdict::Whole, Vec::new());
    let whole = Report {
        verdict,
        findings: 0,
        records: 45,
        hidden: 0,
        tenants: 3,
        checkpoints: 4,
        unproven: 0,
        newest,
        ends,
    };
    assert_eq!(report, whole);
}

#[test]
fn the_lines_are_a_contract() {
    let log = Log::sample();
    let all = text(&sample()[..4]);
    let some = text(&log.lines(&["t_b"], &log, &signer())[..8]);
    insta::assert_snapshot!(String::from_utf8([all, b"\n".to_vec(), some].concat()).unwrap());
}

#[test]
fn an_export_of_some_tenants_shows_these_alone_and_is_proven_as_well() {
    let log = Log::sample();
    for tenants in [&["t_a"][..], &["t_b"], &["t_a", "t_c"], &["t_none"]] {
        let lines = log.lines(tenants, &log, &signer());
        let (findings, report) = verify_some(&lines, trust(vec![log.checkpoint(13)]), tenants);
        let heads: Vec<_> = report.ends.iter().map(|end| end.head.clone()).collect();
        assert_eq!(heads, tenants.iter().map(|tenant| log.head(tenant)).collect::<Vec<_>>());
        assert_eq!((findings, report.checkpoints, report.records + report.hidden), (vec![], 4, 45));
        let shown = String::from_utf8(text(&lines[1..])).unwrap();
        for tenant in TENANTS {
            let named = shown.contains(&format!("\"{tenant}\""));
            assert_eq!(named, tenants.contains(&tenant), "{tenant}");
        }
    }
}

/// What each fault looks like to the auditor.
#[test]
fn every_fault_is_named_at_its_place() {
    let log = Log::sample();
    let signer = signer();
    let edited = |edit: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut lines = sample();
        edit(&mut lines);
        messages(&lines, trust(Vec::new()))
    };
    let replace = |line: usize, from: &str, to: &str| {
        edited(&|lines| {
            let text = String::from_utf8(lines[line].clone()).unwrap();
            assert!(text.contains(from), "{text}");
            lines[line] = text.replace(from, to).into_bytes();
        })
    };
    let forged = |edit: &dyn Fn(&mut Log), signer: &Signer| {
        let mut forged = log.clone();
        edit(&mut forged);
        let forged = forged.sealed();
        messages(&forged.lines(&[], &log, signer), trust(Vec::new()))
    };
    let mut heads = trust(Vec::new());
    heads.heads = vec![
        TenantHead { tenant: "t_a".into(), sequence: 3, hash: other_digest(1) },
        TenantHead { tenant: "t_b".into(), sequence: 99, hash: other_digest(2) },
    ];
    let (renamed, other) = (Signer::new("other.example/trail", 1), Signer::new(ORIGIN, 2));
    let table = [
        ("content changed", replace(FIRST + 5, "high", "low")),
        ("content not canonical", replace(FIRST + 5, "0.25", "0.250")),
        ("hash malformed", replace(FIRST + 5, "\"hash\":\"", "\"hash\":\"f")),
        ("hash changed", replace(FIRST + 5, &log.hash(5).to_string(), &other_digest(1).to_string())),
        ("sequence changed", replace(FIRST + 5, "\"sequence\":4", "\"sequence\":5")),
        ("moved to another tenant", replace(FIRST + 5, "t_a", "t_b")),
        ("index changed", replace(FIRST + 5, "\"index\":5", "\"index\":6")),
        ("deleted", edited(&|lines| drop(lines.remove(FIRST + 5)))),
        ("doubled", edited(&|lines| lines.insert(FIRST + 5, lines[FIRST + 5].clone()))),
        ("swapped", edited(&|lines| lines.swap(FIRST + 4, FIRST + 5))),
        ("garbage inserted", edited(&|lines| lines.insert(FIRST + 5, b"{}".to_vec()))),
        ("cut off inside", edited(&|lines| lines.truncate(FIRST + 5))),
        ("header lost", edited(&|lines| drop(lines.remove(0)))),
        ("empty", edited(&|lines| lines.clear())),
        ("other log", replace(0, ORIGIN, "log.example/other")),
        ("checkpoint changed", replace(FIRST + 13, "\\n13\\n", "\\n14\\n")),
        ("checkpoint deleted", edited(&|lines| drop(lines.remove(FIRST + 13)))),
        ("checkpoint moved", edited(&|lines| lines.swap(FIRST + 12, FIRST + 13))),
        ("checkpoint of another key", messages(&log.lines(&[], &log, &other), trust(Vec::new()))),
        ("checkpoint of another name", messages(&log.lines(&[], &log, &renamed), trust(Vec::new()))),
        ("changed and chained anew", forged(&|log| log.records[20]["cost"] = json!(9), &signer)),
        (
            "changed, chained and signed anew by a key nobody trusts",
            forged(&|log| drop(log.records.remove(20)), &other),
        ),
        (
            "known checkpoint beyond the end",
            messages(&sample()[..FIRST + 14], trust(vec![log.checkpoint(45)])),
        ),
        (
            "known checkpoint differs",
            messages(&sample(), trust(vec![Checkpoint { root: other_digest(1), ..log.checkpoint(20) }])),
        ),
        ("known heads", messages(&sample(), heads)),
        ("hidden though all should show", {
            let mut lines = log.lines(&["t_a", "t_b"], &log, &signer);
            lines[0] = sample().remove(0);
            messages(&lines, trust(Vec::new()))
        }),
        ("shown though not named", {
            let mut lines = sample();
            lines[0] = log.lines(&["t_a", "t_b"], &log, &signer).remove(0);
            told(verify_some(&lines[..FIRST + 14], trust(Vec::new()), &["t_a", "t_b"]))
        }),
        ("some tenants though all were expected", {
            messages(&log.lines(&["t_a", "t_b"], &log, &signer), trust(Vec::new()))
        }),
        ("all tenants though some were expected", {
            told(verify_some(&sample(), trust(Vec::new()), &["t_a", "t_b"]))
        }),
        ("fewer tenants than were expected", {
            told(verify_some(&log.lines(&["t_a"], &log, &signer), trust(Vec::new()), &["t_a", "t_b"]))
        }),
        ("more tenants than were expected", {
            told(verify_some(&log.lines(&["t_a", "t_b"], &log, &signer), trust(Vec::new()), &["t_a"]))
        }),
        ("known checkpoint inside hidden records", {
            let lines = log.lines(&["t_none"], &log, &signer);
            told(verify_some(&lines, trust(vec![log.checkpoint(20)]), &["t_none"]))
        }),
    ];
    let text: String = table.iter().map(|(name, found)| format!("## {name}\n{found}\n")).collect();
    insta::assert_snapshot!(text);
}

/// What cannot be seen without a newer checkpoint: an export that ends right behind a signature is a true old one.
#[test]
fn a_tail_cut_is_seen_unless_it_ends_at_a_checkpoint_that_nobody_outdates() {
    let log = Log::sample();
    let lines = sample();
    for kept in 0..lines.len() {
        let ends_signed = kept > 1 && lines[kept - 1].starts_with(b"{\"checkpoint\"");
        let (_, report) = verify(&lines[..kept], trust(Vec::new()));
        assert_eq!(report.findings == 0, ends_signed, "{kept} lines");
        let (_, report) = verify(&lines[..kept], trust(vec![log.checkpoint(45)]));
        assert_ne!(report.findings, 0, "{kept} lines");
        let (_, report) = verify(&lines[..kept], trust(vec![log.checkpoint(32)]));
        assert_eq!(report.findings == 0, kept == FIRST + 32 + 2, "{kept} lines");
    }
}

#[test]
fn hostile_lines_are_findings() {
    let header = &sample()[0];
    for line in [
        &b""[..],
        b"\xff",
        b"{\"index\":",
        b"{\"index\":0",
        b"{\"index\":00,\"record\":{}}",
        b"{\"index\":0,\"record\":}",
        b"{\"index\":0,\"record\":{}}",
        b"{\"index\":18446744073709551615,\"record\":{}}",
        b"{\"index\":9007199254740993,\"record\":{}}",
        b"{\"index\":9007199254740992,\"level\":52,\"others\":\"00\"}",
        &[b"{\"index\":0,\"level\":64,\"others\":\"", "0".repeat(64).as_bytes(), b"\"}"].concat(),
        &[b"{\"index\":1,\"level\":1,\"others\":\"", "0".repeat(64).as_bytes(), b"\"}"].concat(),
        b"{\"checkpoint\":\"\",\"number\":0}",
        b"{\"checkpoint\":{},\"number\":0}",
        b"{\"checkpoint\": \"\",\"number\":0}",
        &vec![b' '; MAX_LINE + 1],
    ] {
        let (findings, _) = verify(&[header, line], trust(Vec::new()));
        assert!(
            findings.iter().any(|finding| finding.line == 2 && finding.kind != FindingKind::Uncovered),
            "{line:?}"
        );
    }
    for (from, to) in [
        ("/1\"", "/2\""),
        ("null", "[\"b\",\"a\"]"),
        ("null", "[\"a\",\"a\"]"),
        ("null", "[\"\"]"),
        ("null", "1"),
    ] {
        let changed = String::from_utf8(header.clone()).unwrap().replace(from, to);
        assert_eq!(
            verify(std::slice::from_ref(&changed), trust(Vec::new())).0[0].kind,
            FindingKind::Header,
            "{changed}"
        );
    }
}

/// The edits of P4: to bytes, to lines, and to a log that is chained anew.
#[derive(Debug, Clone)]
enum Edit {
    FlipBit { at: usize, bit: u8 },
    SetByte { at: usize, byte: u8 },
    CutBytes { at: usize },
    DeleteLine { at: usize },
    DoubleLine { at: usize, to: usize },
    SwapLines { at: usize, to: usize },
    CutLines { at: usize },
    MoveTenant { at: usize, to: usize },
    Rechain { at: usize, how: Rewrite },
    RollBack { to: usize },
    Hide { tenant: usize, newest: usize, named: usize },
}

/// What is done to a log before all hashes, sequences and indices are made to fit again.
#[derive(Debug, Clone)]
enum Rewrite {
    Change,
    Delete,
    Insert,
    Swap { to: usize },
    MoveTenant { to: usize },
    SignByOther,
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = || any::<usize>();
    let how = prop_oneof![
        Just(Rewrite::Change),
        Just(Rewrite::Delete),
        Just(Rewrite::Insert),
        at().prop_map(|to| Rewrite::Swap { to }),
        at().prop_map(|to| Rewrite::MoveTenant { to }),
        Just(Rewrite::SignByOther),
    ];
    prop_oneof![
        4 => (at(), 0_u8..8).prop_map(|(at, bit)| Edit::FlipBit { at, bit }),
        2 => (at(), any::<u8>()).prop_map(|(at, byte)| Edit::SetByte { at, byte }),
        1 => at().prop_map(|at| Edit::CutBytes { at }),
        2 => at().prop_map(|at| Edit::DeleteLine { at }),
        2 => (at(), at()).prop_map(|(at, to)| Edit::DoubleLine { at, to }),
        2 => (at(), at()).prop_map(|(at, to)| Edit::SwapLines { at, to }),
        1 => at().prop_map(|at| Edit::CutLines { at }),
        2 => (at(), at()).prop_map(|(at, to)| Edit::MoveTenant { at, to }),
        4 => (at(), how).prop_map(|(at, how)| Edit::Rechain { at, how }),
        1 => at().prop_map(|to| Edit::RollBack { to }),
        2 => (at(), at(), at()).prop_map(|(tenant, newest, named)| Edit::Hide { tenant, newest, named }),
    ]
}

fn apply(edit: &Edit, log: &Log, mut lines: Vec<Vec<u8>>) -> Vec<u8> {
    let count = lines.len();
    let mut bytes = text(&lines);
    match edit {
        Edit::FlipBit { at, bit } => {
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            return bytes;
        }
        Edit::SetByte { at, byte } => {
            let at = at % bytes.len();
            bytes[at] = *byte;
            return bytes;
        }
        Edit::CutBytes { at } => {
            bytes.truncate(at % bytes.len());
            return bytes;
        }
        Edit::DeleteLine { at } => drop(lines.remove(at % count)),
        Edit::DoubleLine { at, to } => lines.insert(to % (count + 1), lines[at % count].clone()),
        Edit::SwapLines { at, to } => lines.swap(at % count, to % count),
        Edit::CutLines { at } => lines.truncate(at % count),
        Edit::MoveTenant { at, to } => {
            let line = String::from_utf8(lines[at % count].clone()).unwrap();
            let tenant = TENANTS.iter().find(|tenant| line.contains(**tenant));
            if let Some(tenant) = tenant {
                lines[at % count] = line.replace(tenant, TENANTS[to % 3]).into_bytes();
            }
        }
        Edit::Rechain { at, how } => return text(&rechained(log, at % SIZES[3], how)),
        Edit::RollBack { to } => {
            let size = SIZES[to % 3];
            let old = Log { records: log.records[..size].to_vec() };
            lines = old.lines(&[], log, &signer());
        }
        Edit::Hide { tenant, newest, named } => {
            lines = hiding::newest(
                log,
                TENANTS[tenant % 3],
                newest % 20,
                [None, Some(&TENANTS[..named % 4])][named % 2],
            );
        }
    }
    text(&lines)
}

/// A log in which everything fits but the signatures, which are still those of the true one; or they fit as well, but
/// are made with another key.
fn rechained(log: &Log, at: usize, how: &Rewrite) -> Vec<Vec<u8>> {
    let mut forged = log.clone();
    match how {
        Rewrite::Change | Rewrite::SignByOther => forged.records[at]["cost"] = json!(0.5),
        Rewrite::Delete => drop(forged.records.remove(at)),
        Rewrite::Insert => forged.records.insert(at, forged.records[at].clone()),
        Rewrite::Swap { to } => forged.records.swap(at, to % SIZES[3]),
        Rewrite::MoveTenant { to } => forged.records[at][TENANT] = json!(TENANTS[to % 3]),
    }
    let forged = forged.sealed();
    if matches!(how, Rewrite::SignByOther) {
        return forged.lines(&[], &forged, &Signer::new(ORIGIN, 2));
    }
    forged.lines(&[], log, &signer())
}

#[test]
fn of_thousands_of_edits_each_is_found() {
    let (log, lines_before) = (Log::sample(), sample());
    let whole = text(&lines_before);
    // What the auditor has: the public key, and the newest checkpoint.
    let trust = trust(vec![log.checkpoint(45)]);
    assert_eq!(verify(&lines(&whole), trust.clone()).0, []);
    // More with PROPTEST_CASES.
    let cases = ProptestConfig::default().cases.max(2000);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        max_global_rejects: cases,
        ..ProptestConfig::default()
    });
    let verdict = runner.run(&edit(), |edit| {
        let edited = apply(&edit, &log, lines_before.clone());
        // Only the line feed at the very end may be missing: it is no part of the last line.
        prop_assume!(edited != whole && [&edited[..], b"\n"].concat() != whole);
        let (findings, _) = verify(&lines(&edited), trust.clone());
        prop_assert!(!findings.is_empty());
        Ok(())
    });
    verdict.expect("every edit is found");
}
