//! The auditor's commands, on the binary: a demo leaves a trail, and what is done to its export is found.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::ApiClient;
use portcullis_server::config::Settings;
use portcullis_server::running;
use portcullis_trail::tree::record_leaf;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with `data`, in which the demo ran, `trail` its export, and the key.
struct Story {
    folder: TempDir,
    key: String,
}

fn portcullis(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    // Variables of other suites look like settings.
    command.args(arguments).current_dir(folder).env_clear().output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    text(output)
}

impl Story {
    fn tell() -> Self {
        let folder = TempDir::new().unwrap();
        done(&portcullis(folder.path(), &["demo", "--data-dir", "data"]));
        let story = Self { folder, key: String::new() };
        story.export("trail");
        let key = done(&story.run(&["audit", "key", "--data-dir", "data"])).trim().to_owned();
        Self { key, ..story }
    }

    /// The same of a gate that goes on, and its admin's key.
    fn found() -> (Self, Secret) {
        let story = Self { folder: TempDir::new().unwrap(), key: String::new() };
        let admin = story.change(None);
        story.export("trail");
        let key = done(&story.run(&["audit", "key", "--data-dir", "data"])).trim().to_owned();
        (Self { key, ..story }, admin)
    }

    /// Runs a gate on `data` for as long as its admin changes something.
    fn change(&self, admin: Option<&Secret>) -> Secret {
        let mut settings = Settings::new(self.folder.path().join("data"));
        settings.listen.set_port(0);
        let changed = async {
            let gate = running::start(&settings).await.unwrap();
            let key =
                admin.cloned().unwrap_or_else(|| Secret::new(gate.first_key().unwrap().secret.0.clone()));
            let client = ApiClient::new(&gate.url(), key.clone()).unwrap();
            let nobody = json!({ "name": "all", "text": "forbid (principal, action, resource);" });
            client.put("/policies", &nobody).await.unwrap().success().unwrap();
            gate.shutdown().await.unwrap();
            key
        };
        tokio::runtime::Runtime::new().unwrap().block_on(changed)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        portcullis(self.folder.path(), arguments)
    }

    fn export(&self, name: &str) -> String {
        done(&self.run(&["audit", "export", "--data-dir", "data", "--out", name]))
    }

    /// Exit code and text.
    fn verify(&self, file: &str, more: &[&str]) -> (Option<i32>, String) {
        let arguments = [&["audit", "verify", file, "--key", &self.key], more].concat();
        let output = self.run(&arguments);
        (output.status.code(), text(&output))
    }

    fn lines(&self) -> Vec<String> {
        fs::read_to_string(self.folder.path().join("trail")).unwrap().lines().map(ToOwned::to_owned).collect()
    }

    fn tenant(&self) -> String {
        let tenant = self.lines().iter().find_map(|line| {
            let after = line.split("\"tenant_id\":\"").nth(1)?;
            after.split('"').next().map(ToOwned::to_owned)
        });
        tenant.unwrap()
    }

    /// What `audit verify` says of the tenant's newest record in this export, as `--head` takes it.
    fn head(&self, file: &str, tenant: &str) -> String {
        let said = self.verify(file, &["--tenant", tenant]).1;
        let line = said.lines().find_map(|line| line.strip_prefix("head ")).unwrap();
        line.split(';').next().unwrap().to_owned()
    }

    fn write(&self, name: &str, lines: &[String]) {
        fs::write(self.folder.path().join(name), lines.join("\n") + "\n").unwrap();
    }
}

#[test]
fn an_export_is_verified_kept_and_compared_with_the_next() {
    let story = Story::tell();
    let (code, said) = story.verify("trail", &["--keep", "kept"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("whole; ") && said.contains(" proven, 0 not compared"), "{said}");
    let again = story.run(&["audit", "export", "--data-dir", "data", "--out", "trail"]);
    assert_eq!(again.status.code(), Some(1), "an export is not overwritten");
    done(&story.run(&["audit", "export", "--data-dir", "data", "--out", "later"]));
    let (code, said) = story.verify("later", &["--checkpoint", "kept"]);
    assert_eq!(code, Some(0), "{said}");
    let newest = fs::read_dir(story.folder.path().join("data/checkpoints")).unwrap();
    let newest = newest.map(|entry| entry.unwrap().path()).max().unwrap();
    assert_eq!(fs::read(newest).unwrap(), fs::read(story.folder.path().join("kept")).unwrap());
}

/// An export asks for no master key, and a lost signing key only ends what can be signed.
#[test]
fn a_trail_whose_signing_key_is_lost_is_exported_and_signed_by_a_new_one() {
    let story = Story::tell();
    let data = story.folder.path().join("data");
    fs::remove_file(data.join("master.key")).unwrap();
    fs::remove_file(data.join("signing.key")).unwrap();
    let said = story.export("later");
    assert!(said.contains("No last checkpoint was made") && said.contains("no signing key"), "{said}");
    assert_eq!(story.verify("later", &[]).0, Some(0));
    assert!(!data.join("signing.key").exists(), "an export makes no key");

    done(&story.run(&["audit", "key", "--data-dir", "data", "--create"]));
    let made = fs::read_to_string(data.join("signing.key")).unwrap();
    let known = format!("portcullis-verifier-key-v1 {}\n{made}", story.key);
    fs::write(data.join("signing.key"), known).unwrap();
    let keys = done(&story.run(&["audit", "key", "--data-dir", "data"]));
    assert_eq!((keys.lines().next(), keys.lines().count()), (Some(&*story.key), 2));
    let said = story.export("rotated");
    assert!(!said.contains("No last checkpoint"), "{said}");
    assert_eq!(story.verify("rotated", &[]).0, Some(0));
}

/// As README has it: the new key is believed everywhere before it signs anywhere.
#[test]
fn a_signing_key_is_rotated_under_a_running_trail() {
    let (story, admin) = Story::found();
    let file = story.folder.path().join("data/signing.key");
    let new_key = done(&story.run(&["audit", "key", "--data-dir", "new", "--create"]));
    let (old, new) = (signing_line(&file), signing_line(&story.folder.path().join("new/signing.key")));
    let signed_by = |lines: &str, export: &str| {
        fs::write(&file, lines).unwrap();
        story.change(Some(&admin));
        story.export(export);
        let newest = fs::read_dir(story.folder.path().join("data/checkpoints")).unwrap();
        let newest = newest.map(|entry| entry.unwrap().path()).max().unwrap();
        fs::copy(&newest, story.folder.path().join(format!("{export}.checkpoint"))).unwrap();
    };
    signed_by(&format!("portcullis-verifier-key-v1 {}\n{old}\n", new_key.trim()), "believed");
    assert_eq!(story.verify("believed", &[]).0, Some(0), "the old key signs");
    signed_by(&format!("{old}\n{new}\n"), "rotated");
    assert_eq!(story.verify("rotated", &[]).0, Some(3), "the new key is not known to this auditor");
    let (code, said) =
        story.verify("rotated", &["--key", new_key.trim(), "--checkpoint", "believed.checkpoint"]);
    assert_eq!(code, Some(0), "{said}");
}

fn signing_line(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    text.lines().find(|line| line.starts_with("portcullis-signing-key-v1 ")).unwrap().to_owned()
}

/// Whoever puts an older database back finds that the checkpoints beside it are newer.
#[test]
fn an_export_of_a_trail_that_was_put_back_says_so() {
    let (story, admin) = Story::found();
    let (database, kept) =
        (story.folder.path().join("data/portcullis.db"), story.folder.path().join("kept.db"));
    fs::copy(&database, &kept).unwrap();
    story.change(Some(&admin));
    story.export("later");
    for more in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{more}", database.display()));
    }
    fs::copy(&kept, &database).unwrap();
    let again = story.run(&["audit", "export", "--data-dir", "data", "--out", "again"]);
    assert_eq!(again.status.code(), Some(3), "{}", text(&again));
    assert!(text(&again).contains("No last checkpoint was made: "), "{}", text(&again));
}

/// What is written may be exported, whatever has become of where checkpoints are kept.
#[test]
fn an_export_needs_no_directory_of_checkpoints() {
    let story = Story::tell();
    let data = story.folder.path().join("data");
    fs::rename(data.join("checkpoints"), story.folder.path().join("elsewhere")).unwrap();
    fs::write(data.join("checkpoints"), "a file").unwrap();
    let export = story.run(&["audit", "export", "--data-dir", "data", "--out", "later"]);
    assert_eq!(export.status.code(), Some(1), "{}", text(&export));
    let said = text(&export);
    assert!(said.contains("No last checkpoint was made: checkpoint directory "), "{said}");
    assert_eq!(story.verify("later", &[]).0, Some(0));
}

#[test]
fn whatever_is_done_to_an_export_is_found() {
    let story = Story::tell();
    assert_eq!(story.verify("trail", &["--keep", "kept"]).0, Some(0));
    let lines = story.lines();
    let record = lines.iter().position(|line| line.contains("tool_invocation.allowed")).unwrap();
    let edited = |edit: &dyn Fn(&mut Vec<String>)| {
        let mut lines = lines.clone();
        edit(&mut lines);
        lines
    };
    let table: [(&str, Vec<String>); 6] = [
        ("flip", edited(&|lines| lines[record] = lines[record].replace("allowed", "denied"))),
        ("delete", edited(&|lines| drop(lines.remove(record)))),
        ("insert", edited(&|lines| lines.insert(record, lines[record].clone()))),
        ("swap", edited(&|lines| lines.swap(record, record - 1))),
        ("cut", edited(&|lines| lines.truncate(record))),
        ("cross", edited(&|lines| lines[record] = lines[record].replacen("ten_", "tem_", 1))),
    ];
    for (what, lines) in table {
        story.write("edited", &lines);
        let (code, said) = story.verify("edited", &["--checkpoint", "kept"]);
        assert_eq!(code, Some(3), "{what}: {said}");
        assert!(said.starts_with("line ") && said.contains("NOT WHOLE"), "{what}: {said}");
    }
}

/// Without the key: names in the header, and the newest record replaced by its leaf. Every signed root still matches.
#[test]
fn a_full_export_that_was_made_one_of_some_tenants_is_refused() {
    let story = Story::tell();
    assert_eq!(story.verify("trail", &["--keep", "kept"]).0, Some(0));
    let tenant = story.tenant();
    let mut lines = story.lines();
    lines[0] = lines[0].replace("\"tenants\":null", &format!("\"tenants\":[\"{tenant}\"]"));
    let newest = lines.iter().rposition(|line| line.contains("\"record\":")).unwrap();
    let value: Value = serde_json::from_str(&lines[newest]).unwrap();
    let leaf = record_leaf(&value["record"]["hash"].as_str().unwrap().parse().unwrap());
    lines[newest] = format!("{{\"index\":{},\"level\":0,\"others\":\"{leaf}\"}}", value["index"]);
    story.write("edited", &lines);

    let (code, said) = story.verify("edited", &["--checkpoint", "kept"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.starts_with("line 1: not the export that was asked for"), "{said}");
    assert!(
        said.contains("NOT WHOLE: 1 finding; ") && said.contains("do not take names from the file"),
        "{said}"
    );
    // Who asks for that tenant alone is not told that this is all of it, and finds it by a head.
    let (code, said) = story.verify("edited", &["--checkpoint", "kept", "--tenant", &tenant]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("true as far as shown; ") && said.contains("NOT PROVEN"), "{said}");
    let head =
        format!("{tenant}:{}:{}", value["record"]["sequence"], value["record"]["hash"].as_str().unwrap());
    let (code, said) = story.verify("edited", &["--tenant", &tenant, "--head", &head]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("newest records are missing"), "{said}");
}

#[test]
fn an_export_of_some_tenants_is_whole_up_to_the_heads_that_are_known() {
    let story = Story::tell();
    let tenant = story.tenant();
    let arguments = ["audit", "export", "--data-dir", "data", "--out", "some", "--tenant", &tenant];
    let said = done(&story.run(&arguments));
    assert!(said.contains(&format!("--key KEY --tenant {tenant}`")) && said.contains("--head"), "{said}");
    assert_eq!(story.verify("some", &[]).0, Some(3), "a full one was asked for");
    assert_eq!(story.verify("trail", &["--tenant", &tenant]).0, Some(3), "one of the tenant was asked for");
    assert_eq!(story.verify("some", &["--tenant", &tenant, "--tenant", "ten_other"]).0, Some(3));

    let head = story.head("some", &tenant);
    let (code, said) = story.verify("some", &["--tenant", &tenant, "--head", &head]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("whole up to the heads that were given; "), "{said}");
    assert!(said.contains(&format!("head {head}; given")), "{said}");
    let strange = format!("ten_other:1:{}", "ab".repeat(32));
    assert_eq!(story.verify("some", &["--tenant", &tenant, "--head", &strange]).0, Some(1));
}

#[test]
fn one_record_is_proven_without_the_others() {
    let story = Story::tell();
    let tenant = story.tenant();
    let proof = done(&story.run(&["audit", "prove", "trail", "--tenant", &tenant, "--sequence", "3"]));
    fs::write(story.folder.path().join("proof"), &proof).unwrap();
    let verify = ["audit", "verify-proof", "proof", "--key", &story.key];
    let said = done(&story.run(&verify));
    assert!(said.starts_with(&format!("proven: record 3 of tenant {tenant}")), "{said}");
    fs::write(story.folder.path().join("proof"), proof.replace("index 2", "index 1")).unwrap();
    let output = story.run(&verify);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output).starts_with("NOT PROVEN"));
    let absent = story.run(&["audit", "prove", "trail", "--tenant", &tenant, "--sequence", "9999"]);
    assert_eq!(absent.status.code(), Some(1));
}

#[test]
fn a_key_that_is_none_is_a_wrong_command_line() {
    let folder = TempDir::new().unwrap();
    let output = portcullis(folder.path(), &["audit", "verify", "trail", "--key", "none"]);
    assert_eq!(output.status.code(), Some(2));
    let output = portcullis(folder.path(), &["audit", "key", "--data-dir", "data"]);
    assert_eq!(output.status.code(), Some(1));
    let made = done(&portcullis(folder.path(), &["audit", "key", "--data-dir", "data", "--create"]));
    assert_eq!(made, done(&portcullis(folder.path(), &["audit", "key", "--data-dir", "data", "--create"])));
    assert!(made.starts_with("portcullis/trail+"), "{made}");
}
