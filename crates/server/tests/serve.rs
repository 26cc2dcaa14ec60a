//! The server as its operator meets it: in this process over HTTP, and as the binary with signals and exit codes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod loopback;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use portcullis_server::config::Settings;
use portcullis_server::running::{self, Running};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;

use self::loopback::get;

fn settings(folder: &TempDir) -> Settings {
    let mut settings = Settings::new(folder.path());
    settings.listen.set_port(0);
    settings
}

fn key_of(running: &Running) -> String {
    running.first_key().unwrap().secret.0.clone()
}

#[tokio::test]
async fn a_first_start_serves_and_its_key_works() {
    let folder = TempDir::new().unwrap();
    let running = running::start(&settings(&folder)).await.unwrap();
    let key = key_of(&running);
    let addr = running.addr();

    assert_eq!(get(addr, "/healthz", None).await.status, 200);
    assert_eq!(get(addr, "/readyz", None).await.status, 200);
    let contract = get(addr, "/openapi.json", None).await.json();
    assert_eq!(contract["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));

    assert_eq!(get(addr, "/integrations/mcp-servers", None).await.status, 401);
    let servers = get(addr, "/integrations/mcp-servers", Some(&key)).await;
    assert_eq!((servers.status, &servers.json()["items"]), (200, &json!([])));
    let tenants = get(addr, "/tenants", Some(&key)).await.json();
    assert_eq!(tenants["items"][0]["name"], "default");
    for file in fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
        let facts = file.metadata().unwrap();
        let private = if facts.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(facts.permissions().mode() & 0o777, private, "{:?}", file.file_name());
    }
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_second_start_reuses_everything_and_has_no_key_to_show() {
    let folder = TempDir::new().unwrap();
    let running = running::start(&settings(&folder)).await.unwrap();
    let key = key_of(&running);
    running.shutdown().await.unwrap();
    let master_key = fs::read(folder.path().join("master.key")).unwrap();

    let running = running::start(&settings(&folder)).await.unwrap();
    assert!(running.first_key().is_none());
    assert_eq!(get(running.addr(), "/tenants", Some(&key)).await.status, 200);
    assert_eq!(fs::read(folder.path().join("master.key")).unwrap(), master_key);
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_data_directory_in_use_is_refused() {
    let folder = TempDir::new().unwrap();
    let running = running::start(&settings(&folder)).await.unwrap();
    let error = running::start(&settings(&folder)).await.unwrap_err().to_string();
    assert!(error.contains("another process has it open"), "{error}");
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_start_that_cannot_listen_founds_no_tenant() {
    let folder = TempDir::new().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut wrong = settings(&folder);
    wrong.listen = taken.local_addr().unwrap();
    let error = format!("{:#}", running::start(&wrong).await.unwrap_err());
    assert!(error.contains("is the port taken"), "{error}");

    let running = running::start(&settings(&folder)).await.unwrap();
    assert!(running.first_key().is_some(), "the key was not lost in the failed start");
    running.shutdown().await.unwrap();
}

/// The binary, with a clean environment.
fn portcullis(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Standard output up to and including the line with the address.
fn until_listening(child: &mut Child) -> Vec<String> {
    let mut lines = Vec::new();
    for line in BufReader::new(child.stdout.as_mut().unwrap()).lines() {
        lines.push(line.unwrap());
        if lines.last().unwrap().contains(" listens on http://127.0.0.1:") {
            return lines;
        }
    }
    panic!("it ended before it listened: {lines:?}");
}

fn rest(child: &mut Child) -> (Option<i32>, String) {
    let mut log = String::new();
    child.stderr.as_mut().unwrap().read_to_string(&mut log).unwrap();
    (child.wait().unwrap().code(), log)
}

#[test]
fn the_binary_serves_until_a_signal_and_never_logs_the_key() {
    let folder = TempDir::new().unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--log-format", "json"];
    let mut first = portcullis(folder.path(), &serve).spawn().unwrap();
    let said = until_listening(&mut first);
    let key = said
        .iter()
        .find_map(|line| line.trim().strip_prefix("pcl_local_"))
        .expect("the key is shown")
        .to_owned();

    let second = portcullis(folder.path(), &serve).env("RUST_BACKTRACE", "1").output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let refused = String::from_utf8(second.stderr).unwrap();
    assert!(refused.contains("another process has it open"), "{refused}");
    assert!(!refused.contains(".rs:"), "no stack: {refused}");

    kill_process(Pid::from_child(&first), Signal::TERM).unwrap();
    let (code, log) = rest(&mut first);
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("SIGTERM") && log.contains("stopped"), "{log}");
    assert!(!log.contains(&key), "the key is in no log");
    for line in log.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("every line of the log is JSON");
    }

    let mut again = portcullis(folder.path(), &serve).spawn().unwrap();
    let said = until_listening(&mut again);
    assert!(!said.iter().any(|line| line.contains("pcl_")), "{said:?}");
    kill_process(Pid::from_child(&again), Signal::INT).unwrap();
    assert_eq!(rest(&mut again).0, Some(0));
}

/// Who started the server and does not read what it logs neither holds up its calls nor its end.
#[test]
fn a_log_that_nobody_reads_holds_up_nothing() {
    let folder = TempDir::new().unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--log-level", "trace"];
    let mut child = portcullis(folder.path(), &serve).spawn().unwrap();
    let said = until_listening(&mut child);
    let addr = said.iter().find_map(|line| line.split_once("http://")).unwrap().1;
    let addr = addr.split(',').next().unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Far more lines than a pipe holds.
    for _ in 0..1500 {
        assert_eq!(runtime.block_on(get(addr, "/tenants", None)).status, 401);
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    // Only once it has ended is its log read, of which the pipe has kept the beginning.
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut log = Vec::new();
    child.stderr.as_mut().unwrap().read_to_end(&mut log).unwrap();
    assert!(log.len() > 60_000, "{}: there was less than a pipe holds, so this showed nothing", log.len());
}

#[test]
fn a_start_that_can_tell_nobody_of_its_key_founds_nothing() {
    let folder = TempDir::new().unwrap();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut mute = portcullis(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
    let ended = mute.stdout(full).output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let mut next = portcullis(folder.path(), &["serve", "--listen", "127.0.0.1:0"]).spawn().unwrap();
    assert!(until_listening(&mut next).iter().any(|line| line.contains("pcl_")), "its key is shown");
    kill_process(Pid::from_child(&next), Signal::TERM).unwrap();
    assert_eq!(rest(&mut next).0, Some(0));
}

/// A database that takes a connection and says nothing keeps the start waiting, until it gives up or is told so again.
#[test]
fn a_signal_during_the_start_is_heard() {
    let folder = TempDir::new().unwrap();
    // The keys of a gate that shares a database are there before it.
    let mut keys = portcullis(folder.path(), &["serve", "--listen", "127.0.0.1:0"]).spawn().unwrap();
    until_listening(&mut keys);
    kill_process(Pid::from_child(&keys), Signal::TERM).unwrap();
    assert_eq!(rest(&mut keys).0, Some(0));
    let ends = [
        (1, Some(0), "stopped before the start was over"),
        (2, Some(1), "stopped at once by a second signal"),
    ];
    for (signals, status, end) in ends {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("postgres://nobody@{}/none", silent.local_addr().unwrap());
        let serve = ["serve", "--listen", "127.0.0.1:0", "--database-url", &url];
        let mut child = portcullis(folder.path(), &serve).spawn().unwrap();
        let held = silent.accept().unwrap();
        for _ in 0..signals {
            kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        let (code, log) = rest(&mut child);
        drop(held);
        assert_eq!(code, status, "{log}");
        assert!(log.contains("stopping during the start") && log.contains(end), "{log}");
    }
}

#[test]
fn config_check_prints_the_settings_or_every_mistake() {
    let folder = TempDir::new().unwrap();
    let good = portcullis(folder.path(), &["config", "check", "--environment", "live"]).output().unwrap();
    assert_eq!(good.status.code(), Some(0));
    assert!(String::from_utf8(good.stdout).unwrap().contains("environment = \"live\""));

    fs::write(folder.path().join("portcullis.toml"), "listn = 1\n[limits]\ncall_seconds = 0\n").unwrap();
    let check = ["config", "check", "--log-level", "loud"];
    let wrong = portcullis(folder.path(), &check).env("PORTCULLIS_LISTEN", "x").output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(wrong.stdout.is_empty());
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert!(said.contains("4 mistakes"), "{said}");
    for key in [
        "listn (portcullis.toml)",
        "limits.call_seconds (portcullis.toml)",
        "PORTCULLIS_LISTEN",
        "--log-level",
    ] {
        assert!(said.contains(key), "{key}: {said}");
    }

    let serve = portcullis(folder.path(), &["serve"]).output().unwrap();
    assert_eq!(serve.status.code(), Some(2));
    assert!(!folder.path().join("portcullis-data").exists(), "nothing was started");
}

#[test]
fn the_command_line_itself_is_checked() {
    let folder = TempDir::new().unwrap();
    assert_eq!(portcullis(folder.path(), &["serve", "--nonsense"]).output().unwrap().status.code(), Some(2));
    let version = portcullis(folder.path(), &["version"]).output().unwrap();
    assert_eq!(
        String::from_utf8(version.stdout).unwrap(),
        format!("portcullis {}\n", env!("CARGO_PKG_VERSION"))
    );
}
