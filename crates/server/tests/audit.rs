//! The auditor's commands, on the binary: a demo leaves a trail, and what is done to its export is found.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use portcullis_trail::tree::record_leaf;
use serde_json::Value;
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
