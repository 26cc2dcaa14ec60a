//! Where settings come from, who wins, and that every mistake is named at once.

use std::fs;

use tempfile::TempDir;

use super::*;

fn variables(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect()
}

/// Settings from a file with this text, these variables, and these flags.
fn load(
    text: &str,
    environment: &[(&str, &str)],
    flags: &[(&'static str, &str)],
) -> Result<Settings, Mistakes> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("portcullis.toml");
    fs::write(&path, text).unwrap();
    let mut given = Flags::new(Some(path));
    for (key, value) in flags {
        given.set(key, "--flag", Some((*value).to_owned()));
    }
    Settings::load_from(given, variables(environment))
}

/// The mistakes as lines, with the file's folder left out.
fn mistakes(text: &str, environment: &[(&str, &str)], flags: &[(&'static str, &str)]) -> String {
    let found = load(text, environment, flags).unwrap_err().to_string();
    let shorten = |word: &str| match word.strip_prefix("(/") {
        Some(path) => format!("({}", path.rsplit('/').next().unwrap()),
        None => word.to_owned(),
    };
    found.split(' ').map(shorten).collect::<Vec<_>>().join(" ")
}

#[test]
fn nothing_given_is_the_defaults() {
    assert_eq!(load("", &[], &[]).unwrap(), Settings::new("portcullis-data"));
}

#[test]
fn every_setting_can_come_from_the_file() {
    let text = r#"
        data_dir = "/srv/portcullis"
        database_url = "postgres://portcullis@db.example/portcullis?sslrootcert=/run/ca.pem"
        listen = "[::1]:9000"
        environment = "live"
        master_key_file = "/run/keys/master.key"
        [log]
        format = "json"
        level = "warn"
        [metrics]
        listen = "127.0.0.1:9464"
        [egress]
        waived_origins = ["http://127.0.0.1:8931", "https://mcp.internal"]
        [limits]
        call_seconds = 300
        discovery_seconds = 1
        health_seconds = 60
        list_refresh_seconds = 1
        list_max_age_seconds = 604800
        listeners = 0
        grace_seconds = 0
        server_calls = 1024
        server_queue = 0
        queue_milliseconds = 10000
        requests = 65536
        tenant_requests = 1
        connections = 8
        approval_seconds = 604800
        [tools]
        undeclared_arguments = true
        [api]
        allowed_hosts = ["gw.example", "gw.example:8443"]
        allowed_origins = ["https://console.example"]
        public_url = "https://gw.example/"
        client_document = "https://cdn.example/portcullis.json"
    "#;
    let settings = load(text, &[], &[]).unwrap();
    assert_eq!(settings.listen, "[::1]:9000".parse().unwrap());
    assert_eq!(settings.log, LogSettings { format: LogFormat::Json, level: LogLevel::Warn });
    assert_eq!(settings.metrics.listen, Some("127.0.0.1:9464".parse().unwrap()));
    let limits = LimitSettings {
        call_seconds: 300,
        discovery_seconds: 1,
        health_seconds: 60,
        list_refresh_seconds: 1,
        list_max_age_seconds: 604_800,
        listeners: 0,
        grace_seconds: 0,
        server_calls: 1024,
        server_queue: 0,
        queue_milliseconds: 10_000,
        requests: 65_536,
        tenant_requests: 1,
        connections: 8,
        approval_seconds: 604_800,
    };
    assert_eq!(settings.limits, limits);
    assert!(settings.tools.undeclared_arguments);
    assert_eq!(settings.egress.waived_origins.len(), 2);
    assert_eq!(settings.api.public_url.as_deref(), Some("https://gw.example"), "without the slash");
    assert_eq!(settings.api.client_document.as_deref(), Some("https://cdn.example/portcullis.json"));
    assert_eq!(settings.api.allowed_hosts, ["gw.example", "gw.example:8443"]);
    assert_eq!(settings.master_key_file.as_deref(), Some(Path::new("/run/keys/master.key")));
    assert_eq!(load(&settings.to_toml(), &[], &[]).unwrap(), settings, "what is printed can be read back");
}

#[test]
fn flags_win_over_the_environment_which_wins_over_the_file() {
    let file = "environment = \"file\"\n[limits]\ncall_seconds = 11\nhealth_seconds = 12\n";
    let environment = [("PORTCULLIS_ENVIRONMENT", "env"), ("PORTCULLIS_LIMITS__CALL_SECONDS", "21")];
    let settings = load(file, &environment, &[("environment", "flag")]).unwrap();
    assert_eq!(settings.environment, "flag");
    assert_eq!(
        settings.limits,
        LimitSettings { call_seconds: 21, health_seconds: 12, ..LimitSettings::default() }
    );
}

#[test]
fn a_database_url_names_postgresql_and_holds_no_password() {
    let given = |text: &str| rules::database_url(rules::Given { value: &text.into(), is_text: true }).is_ok();
    let table = [
        ("postgres://portcullis@db.example/portcullis", true),
        ("postgresql:///portcullis?host=/run/postgresql&user=portcullis", true),
        ("postgres://portcullis:hunter2@db.example/portcullis", false),
        ("postgres://db.example/portcullis?password=hunter2", false),
        ("sqlite:///var/lib/portcullis.db", false),
        ("db.example", false),
        ("", false),
    ];
    for (text, expected) in table {
        assert_eq!(given(text), expected, "{text}");
    }
}

#[test]
fn a_collector_is_a_plain_url_where_spans_can_be_sent() {
    let given = |text: &str| rules::collector(rules::Given { value: &text.into(), is_text: true }).is_ok();
    let table = [
        ("http://127.0.0.1:4318", true),
        ("https://collector.example/otlp", true),
        ("https://user:hunter2@collector.example", false),
        ("https://collector.example/?token=hunter2", false),
        ("collector.example:4318", false),
        ("", false),
    ];
    for (text, expected) in table {
        assert_eq!(given(text), expected && cfg!(feature = "otlp"), "{text}");
    }
}

#[test]
fn lists_in_the_environment_are_separated_by_commas() {
    let name = "PORTCULLIS_EGRESS__WAIVED_ORIGINS";
    let settings = load("", &[(name, "http://127.0.0.1:1, http://127.0.0.1:2")], &[]).unwrap();
    assert_eq!(settings.egress.waived_origins, ["http://127.0.0.1:1", "http://127.0.0.1:2"]);
    assert!(load("", &[(name, "")], &[]).unwrap().egress.waived_origins.is_empty());
}

#[test]
fn every_mistake_is_named_at_once() {
    let file = r#"
        listen = "localhost"
        colour = "blue"
        api = true
        [log]
        level = "loud"
        colour = false
        [limits]
        call_seconds = "30"
        discovery_seconds = 0
        health_seconds = 1.5
        [egress]
        waived_origins = ["http://127.0.0.1:1", "http://127.0.0.1:2/mcp"]
        extra_ca_file = "/nonexistent/ca.pem"
    "#;
    let environment = [
        ("PORTCULLIS_LISTEN", "127.0.0.1:99999"),
        ("PORTCULLIS_LIMITS__CALL_SECONDS", "301"),
        ("PORTCULLIS_PORT", "tcp://10.0.0.1:8642"),
        ("PORTCULLIS_LOG__COLOUR", "never"),
        ("UNRELATED", "x"),
    ];
    insta::assert_snapshot!(mistakes(file, &environment, &[("environment", "Not Valid"), ("data_dir", "")]));
}

#[test]
fn a_wrong_value_is_a_mistake_even_where_a_better_one_covers_it() {
    assert!(load("listen = 8642", &[], &[("listen", "127.0.0.1:1")]).is_err());
}

#[test]
fn no_mistake_repeats_a_value() {
    let secret = "hunter2-swordfish";
    let lists = format!("[\"{secret}\", 1]");
    let text = format!(
        "environment = \"{secret}\"\nlisten = \"{secret}\"\n[log]\nformat = \"{secret}\"\n[api]\nallowed_hosts = {lists}\n"
    );
    let url = format!("postgres://portcullis:{secret}@db.example/portcullis");
    let environment = [
        ("PORTCULLIS_LOG__LEVEL", secret),
        ("PORTCULLIS_LIMITS__CALL_SECONDS", secret),
        ("PORTCULLIS_DATABASE_URL", &url),
    ];
    let found = mistakes(&text, &environment, &[("master_key_file", "")]);
    assert!(!found.contains(secret), "{found}");
    let broken = mistakes(&format!("listen = {secret}"), &[], &[]);
    assert!(!broken.contains("hunter2"), "{broken}");
}

#[test]
fn a_file_that_cannot_be_read_is_one_mistake_beside_the_others() {
    let table = [
        ("a = ", "line 1"),
        ("[log]\nlevel = \"info\"\nlevel = \"warn\"\n", "line 3"),
        ("listen = \"a\"\n\nlisten", "line 3"),
    ];
    for (text, place) in table {
        let found = load(text, &[("PORTCULLIS_LISTEN", "nowhere")], &[]).unwrap_err().0;
        assert_eq!(found.len(), 2, "{text}: {found:?}");
        assert_eq!(found[0].key, "configuration file");
        assert!(found[0].expected.contains(place) && found[0].expected.contains("TOML"), "{found:?}");
    }
    let absent = Flags::new(Some("/nonexistent/portcullis.toml".into()));
    let found = Settings::load_from(absent, variables(&[])).unwrap_err().0;
    assert!(found[0].expected.contains("readable"), "{found:?}");
    assert!(load(&"#".repeat(64 * 1024 + 1), &[], &[]).unwrap_err().0[0].expected.contains("64 KiB"));
}

#[test]
fn the_environment_may_name_the_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("other.toml");
    fs::write(&path, "environment = \"named\"").unwrap();
    let environment = [("PORTCULLIS_CONFIG", path.to_str().unwrap())];
    assert_eq!(Settings::load_from(Flags::default(), variables(&environment)).unwrap().environment, "named");
}

#[test]
fn a_file_in_the_data_directory_is_found() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("portcullis.toml"), "environment = \"found\"").unwrap();
    let environment = [("PORTCULLIS_DATA_DIR", folder.path().to_str().unwrap())];
    assert_eq!(Settings::load_from(Flags::default(), variables(&environment)).unwrap().environment, "found");
}

#[test]
fn hosts_and_origins_are_exact() {
    let host = |text: &str| rules::hosts(rules::Given { value: &text.into(), is_text: true }).is_ok();
    let table = [
        ("gw.example", true),
        ("gw.example:8443", true),
        ("[::1]:80", true),
        ("https://gw.example", false),
        ("gw.example/path", false),
        ("user@gw.example", false),
        ("*.example", false),
        ("gw.example:", false),
        ("gw.example:99999", false),
        ("a b", false),
    ];
    for (text, expected) in table {
        assert_eq!(host(text), expected, "{text}");
    }
    let origin = |text: &str| rules::origins(rules::Given { value: &text.into(), is_text: true }).is_ok();
    for (text, expected) in [
        ("https://console.example", true),
        ("http://localhost:3000", true),
        ("https://console.example/", false),
        ("https://console.example:443", false),
        ("*", false),
        ("null", false),
        ("data:x", false),
    ] {
        assert_eq!(origin(text), expected, "{text}");
    }
}
