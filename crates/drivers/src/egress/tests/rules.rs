//! The rules on URLs, redirects and answers of the resolver.

use proptest::prelude::*;

use super::TableResolver;
use crate::egress::{EgressRules, RedirectDecision, RedirectHop, Rule, evaluate, judge_redirect, judge_url};

fn first_rule(url: &str, rules: &EgressRules) -> Option<Rule> {
    judge_url(url, rules).err().map(|refusal| refusal.rule)
}

#[test]
fn the_first_rule_that_a_url_breaks_is_named() {
    let long = format!("https://api.example.com/{}", "a".repeat(2048));
    let label = format!("https://{}.example.com/", "a".repeat(64));
    let name = format!("https://{}example.com/", "a23456789.".repeat(26));
    for (rule, urls) in [
        (
            None,
            vec![
                "https://api.example.com",
                "HTTPS://API.example.com:443/x?u=http://10.0.0.1/#f",
                "https://a_b.example.com:8443/..;/x",
            ],
        ),
        (
            Some(Rule::Charset),
            vec![
                "https://a b.example.com/",
                "https://a.example.com\\@b/",
                "https://ex\u{e4}mple.com/",
                "https://a.example.com/\r\n",
                "\0",
                &long,
            ],
        ),
        (
            Some(Rule::Parse),
            vec![
                "",
                "api.example.com",
                "//api.example.com/",
                "https://",
                "https://a.example.com:99999/",
                "https://[::1/",
                "https://[fe80::1%25eth0]/",
                "https://1.2.3.256/",
                "https://xn--/",
                "https://a%23b.com/",
            ],
        ),
        (
            Some(Rule::Scheme),
            vec![
                "http://api.example.com/",
                "file:///etc/passwd",
                "javascript:alert(1)",
                "unix:/x",
                "http://127.0.0.1/",
                "blob:https://api.example.com/x",
            ],
        ),
        (
            Some(Rule::Userinfo),
            vec![
                "https://u:p@api.example.com/",
                "https://@api.example.com/",
                "https://:@api.example.com/",
                "https://a.example.com%2f@b.example.com/",
                "https:/u@api.example.com/",
            ],
        ),
        (
            Some(Rule::HostForm),
            vec![
                "https:api.example.com/",
                "https:/api.example.com/",
                "https:///api.example.com/",
                "https://0x7f.1/",
                "https://2130706433/",
                "https://127.0.0.1./",
                "https://%31.example.com/",
                "https://api.example.com./",
                "https://intranet/",
                "https://localhost:1/",
                "https://a..example.com/",
                "https://-a.example.com/",
                "https://a-.example.com/",
                "https://a,b.example.com/",
                "https://[0:0:0:0:0:0:0:1]/",
                "https://[::ffff:127.0.0.1]/",
                &label,
                &name,
            ],
        ),
        (
            Some(Rule::IpLiteral),
            vec![
                "https://8.8.8.8/",
                "https://127.0.0.1:1/",
                "https://[::1]/",
                "https://[2606:4700:4700::1111]/",
            ],
        ),
        (
            Some(Rule::Port),
            vec![
                "https://api.example.com:80/",
                "https://api.example.com:0/",
                "https://metadata.google.internal:80/",
            ],
        ),
        (
            Some(Rule::SpecialName),
            vec![
                "https://printer.local/",
                "https://a.localhost/",
                "https://metadata.google.internal/",
                "https://kubernetes.default.svc/",
                "https://x.cluster.local/",
                "https://1.0.0.127.in-addr.arpa/",
                "https://a.onion/",
                "https://a.test/",
                "https://x.example/",
                "https://metadata.goog/",
                "https://router.lan/",
            ],
        ),
    ] {
        for url in urls {
            assert_eq!(first_rule(url, &EgressRules::default()), rule, "{url:?}");
        }
    }
}

#[test]
fn a_waiver_lifts_place_rules_for_one_exact_origin() {
    let rules =
        EgressRules::waiving(["http://127.0.0.1:8931", "http://localhost:3000", "https://10.1.2.3"]).unwrap();
    for (url, rule) in [
        ("http://127.0.0.1:8931/mcp", None),
        ("http://localhost:3000/", None),
        ("https://10.1.2.3/mcp", None),
        ("https://10.1.2.3:443/mcp", None),
        ("http://127.0.0.1:8932/mcp", Some(Rule::Scheme)),
        ("https://127.0.0.1:8931/mcp", Some(Rule::IpLiteral)),
        ("https://10.1.2.4/", Some(Rule::IpLiteral)),
        ("http://0x7f.1:8931/mcp", Some(Rule::HostForm)),
        ("http://u@127.0.0.1:8931/", Some(Rule::Userinfo)),
        ("http://127.0.0.1:8931/ x", Some(Rule::Charset)),
        ("blob:http://127.0.0.1:8931/x", Some(Rule::Scheme)),
    ] {
        assert_eq!(first_rule(url, &rules), rule, "{url}");
    }
}

#[test]
fn waivers_are_exact_origins_or_nothing() {
    for bad in [
        "",
        "127.0.0.1",
        "http://127.0.0.1:8931/",
        "http://*:1",
        "HTTP://a.b",
        "http://a.b:80",
        "ftp://a.b",
        "file:///",
        "http://u@a.b",
        "http://127.1:1",
    ] {
        assert!(EgressRules::waiving([bad]).is_err(), "{bad}");
    }
    insta::assert_snapshot!(
        EgressRules::waiving(["http://a.b:80/x"]).unwrap_err(),
        @"waived origin `http://a.b:80/x`: not in canonical form; write `http://a.b`"
    );
}

#[test]
fn redirects_are_judged_from_their_raw_text() {
    let rules = EgressRules::default();
    let from = judge_url("https://api.example.com/v1/x", &rules).unwrap();
    let follow = |status, location: &str| match judge_redirect(&from, status, location, &rules) {
        Ok(RedirectDecision::Follow { to, keep_credentials, replay }) => {
            Ok(Some((to.as_str().to_owned(), keep_credentials, replay)))
        }
        Ok(RedirectDecision::Return) => Ok(None),
        Err(refusal) => Err(refusal.rule),
    };
    let to = |url: &str, keep, replay| Ok(Some((url.to_owned(), keep, replay)));
    for (status, location, expected) in [
        (302, "/y", to("https://api.example.com/y", true, false)),
        (301, "y?z", to("https://api.example.com/v1/y?z", true, false)),
        (307, "https://api.example.com:443/y", to("https://api.example.com/y", true, true)),
        (308, "https://other.example.org/", Ok(None)),
        (303, "https://other.example.org/", to("https://other.example.org/", false, false)),
        (302, "https://api.example.com:8443/", to("https://api.example.com:8443/", false, false)),
        (304, "https://127.0.0.1/", Ok(None)),
        (200, "", Ok(None)),
        (302, "//169.254.169.254/", Err(Rule::IpLiteral)),
        (302, "///evil.example.org/", Err(Rule::HostForm)),
        (302, "https:evil.example.org/", Err(Rule::HostForm)),
        (302, "http://api.example.com/", Err(Rule::Scheme)),
        (302, "https://u@api.example.com/", Err(Rule::Userinfo)),
        (302, "/a b", Err(Rule::Charset)),
        (302, "\\\\evil.example.org/", Err(Rule::Charset)),
    ] {
        assert_eq!(follow(status, location), expected, "{status} {location}");
    }
}

#[tokio::test]
async fn every_answer_must_be_global_and_is_asked_for_once() {
    let resolver = TableResolver::of(&[
        ("public.example.com", &["93.184.216.34"]),
        ("mixed.example.com", &["93.184.216.34,::1"]),
        ("wire.example.com", &["168.63.129.16"]),
        ("empty.example.com", &[""]),
        ("rebind.example.com", &["93.184.216.34", "127.0.0.1"]),
    ]);
    for (name, code, class) in [
        ("public", "ok", Some("global")),
        ("mixed", "addr", Some("loopback")),
        ("wire", "addr", Some("metadata")),
        ("empty", "dns_fail", None),
        ("absent", "dns_fail", None),
        ("rebind", "ok", Some("global")),
    ] {
        let before = resolver.lookups();
        let url = format!("https://{name}.example.com/");
        let verdict = evaluate(&url, &EgressRules::default(), &resolver, &[]).await;
        assert_eq!((verdict.code(), verdict.class.map(|class| class.as_str())), (code, class), "{name}");
        assert_eq!(resolver.lookups() - before, 1, "{name}");
    }
}

#[tokio::test]
async fn each_redirect_is_resolved_and_judged_and_at_most_three_are_followed() {
    let resolver =
        TableResolver::of(&[("a.example.com", &["93.184.216.34"]), ("b.example.com", &["10.0.0.1"])]);
    let hop = |location: &str| RedirectHop { status: 302, location: location.to_owned() };
    for (hops, code) in [
        (vec![hop("/1"), hop("/2"), hop("/3")], "ok"),
        (vec![hop("/1"), hop("/2"), hop("/3"), hop("/4")], "redirect"),
        (vec![hop("https://b.example.com/")], "redirect"),
        (vec![hop("https://c.example.com/")], "redirect"),
        (vec![hop("http://a.example.com/")], "redirect"),
    ] {
        let verdict = evaluate("https://a.example.com/", &EgressRules::default(), &resolver, &hops).await;
        assert_eq!(verdict.code(), code, "{hops:?}");
    }
}

proptest! {
    #[test]
    fn judging_never_panics(text in "\\PC{0,80}") {
        let _ = judge_url(&text, &EgressRules::default());
    }

    /// What is let through is what every parser reads alike: judged again it is the same, and its host is a name.
    #[test]
    fn what_passes_is_stable(text in "https:/{0,3}[a-z0-9.:@%\\[\\]A-Z/?#_-]{0,40}(\\.com)?(:[0-9]{0,5})?[/a-z]{0,4}") {
        let rules = EgressRules::default();
        if let Ok(judged) = judge_url(&text, &rules) {
            let again = judge_url(judged.as_str(), &rules).unwrap();
            prop_assert_eq!(again.as_str(), judged.as_str());
            let host = judged.origin().trim_start_matches("https://").split(':').next().unwrap().to_owned();
            let written = format!("https://{host}");
            prop_assert!(text.to_ascii_lowercase().starts_with(&written));
            prop_assert!(host.contains('.') && host.parse::<std::net::IpAddr>().is_err());
        }
    }

    #[test]
    fn redirects_never_panic(status in 100_u16..600, location in "\\PC{0,60}") {
        let rules = EgressRules::default();
        let from = judge_url("https://api.example.com/", &rules).unwrap();
        if let Ok(RedirectDecision::Follow { to, keep_credentials, .. }) = judge_redirect(&from, status, &location, &rules) {
            prop_assert!(to.is_tls());
            prop_assert_eq!(keep_credentials, to.origin() == from.origin());
        }
    }
}
