//! What can be said without a server: URLs, settings, verdicts on a server.

use super::*;

#[test]
fn only_servers_have_urls() {
    assert!(is_url("postgres://portcullis@db/portcullis") && is_url("postgresql:///p?host=/run/postgresql"));
    assert!(!is_url("sqlite://p.db") && !is_url("mysql://db/p") && !is_url(""));
}

#[test]
fn a_server_elsewhere_must_prove_who_it_is_unless_the_url_says_otherwise() {
    let table = [
        ("postgres://u@db.example/p", PgSslMode::VerifyFull),
        ("postgres://u@10.0.0.7/p", PgSslMode::VerifyFull),
        ("postgres://u@db.example/p?sslmode=require", PgSslMode::Require),
        ("postgres://u@db.example/p?sslmode=disable", PgSslMode::Disable),
        ("postgres://u@localhost/p", PgSslMode::Prefer),
        ("postgres://u@127.0.0.1:5433/p", PgSslMode::Prefer),
        ("postgres://u@[::1]/p", PgSslMode::Prefer),
        ("postgres:///p?host=/run/postgresql", PgSslMode::Prefer),
    ];
    for (url, expected) in table {
        let server: PgConnectOptions = url.parse().unwrap();
        let found = format!("{:?}", ssl_mode(url, &server.clone().ssl_mode(explicit(url))));
        assert_eq!(found, format!("{expected:?}"), "{url}");
    }
}

/// The mode of the URL alone, whatever this process's environment says.
fn explicit(url: &str) -> PgSslMode {
    if url.contains("require") {
        PgSslMode::Require
    } else if url.contains("disable") {
        PgSslMode::Disable
    } else {
        PgSslMode::Prefer
    }
}

#[test]
fn a_server_that_breaks_a_promise_is_refused() {
    let table = [
        ("server_version_num", "150020", true, true),
        ("server_version_num", "140000", true, true),
        ("server_version_num", "130015", true, false),
        ("server_version_num", "?", true, false),
        ("server_encoding", "UTF8", true, true),
        ("server_encoding", "SQL_ASCII", true, false),
        ("in_hot_standby", "on", true, false),
        ("synchronous_commit", "local", true, false),
        ("synchronous_commit", "off", false, true),
        ("fsync", "off", true, false),
        ("fsync", "off", false, true),
        ("full_page_writes", "off", true, false),
        ("anything_else", "off", true, true),
    ];
    for (setting, found, durable, expected) in table {
        assert_eq!(
            broken_promise(setting, found, durable).is_none(),
            expected,
            "{setting} {found} {durable}"
        );
    }
}

#[test]
fn sessions_differ_by_what_they_are_for() {
    let of = |purpose, durable| {
        let options = DatabaseOptions { durable, ..DatabaseOptions::default() };
        let settings = settings(purpose, options).into_iter();
        settings.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
    };
    insta::assert_debug_snapshot!([
        of(Purpose::Ledger, true),
        of(Purpose::Units, true),
        of(Purpose::Units, false),
        of(Purpose::Reading, true),
    ]);
}

#[test]
fn a_clock_is_wrong_by_what_it_lies_outside_of_the_question() {
    for (before, theirs, after, expected) in [
        (10, 10, 20, 0),
        (10, 15, 20, 0),
        (10, 25, 20, 5),
        (10, 4, 20, 6),
        (20, 15, 10, 5),
        (0, i64::MIN, 0, 1 << 63),
    ] {
        assert_eq!(skew(before, theirs, after), expected, "{before} {theirs} {after}");
    }
}
