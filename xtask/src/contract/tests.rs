//! The whole comparison, on a repository of its own with two commits.

use std::path::Path;
use std::process::Command;

use super::*;

const OPERATIONS: &str = "crates/spine/tests/it/snapshots/it__dispatch__operations.snap";
const ROUTES: &str = "crates/api/src/routes/snapshots/api__routes__tests__the_table_is_a_contract.snap";
const EVENTS: &str = "crates/engines/src/logs/emitter/snapshots/emitter__tests__allowed_is_a_contract.snap";

/// The first commit: one of each contract but the routes.
const FIRST: [(&str, &str); 7] = [
    (
        OPERATIONS,
        r#"[{"name":"a.b.c","authority":"admin","effect":"read","summary":"S","request":{},"output":{}}]"#,
    ),
    ("crates/spine/tests/it/snapshots/it__dispatch__error_codes.snap", r#"["not_found", "frozen"]"#),
    (
        "crates/schemas/tests/snapshots/port_surfaces__port_surfaces.snap",
        "pub trait Clock: Send {\n    fn now(&self) -> u64;",
    ),
    (
        "crates/drivers/src/database/snapshots/drivers__database__tests__sqlite_schema.snap",
        "CREATE TABLE \"t\" ( \"a\" text NULL )\n\nCREATE TRIGGER keep BEFORE DELETE ON t BEGIN SELECT 1; END",
    ),
    (EVENTS, r#"{"event_type":"a.b","facts":{}}"#),
    (
        "crates/portcullis/tests/snapshots/public_items__the_public_items_are_a_contract.snap",
        "p::A = q::A\np::B",
    ),
    (
        "crates/server/src/snapshots/server__cli__tests__the_help_is_a_contract.snap",
        "$ gate --help\n\nOptions:\n  --port <PORT>\n          Where",
    ),
];

/// A repository in a temporary folder.
struct Repository(tempfile::TempDir);

impl Repository {
    /// With the first commit, and its files in the tree.
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        repository.git(&["init", "--quiet"]);
        for (path, body) in FIRST {
            repository.write(path, body);
        }
        repository.commit();
        repository.write(ROUTES, "GET /a 200 a.b.c");
        repository
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, body: &str) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, format!("---\nsource: a.rs\nexpression: b\n---\n{body}\n")).unwrap();
    }

    fn commit(&self) {
        self.git(&["add", "."]);
        let who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
        self.git(&[&who[..], &["commit", "--quiet", "--no-verify", "--message", "x"]].concat());
    }

    fn git(&self, arguments: &[&str]) {
        let mut command = Command::new("git");
        for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
            command.env_remove(variable);
        }
        let output = command.current_dir(self.root()).args(arguments).output().expect("git runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn diff(&self, rev: &str) -> Said {
        diff(self.root(), rev, false)
    }

    /// The text without the closing line, which holds a hash.
    fn lines(&self, rev: &str) -> Vec<String> {
        let text = self.diff(rev).text;
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines[..lines.len() - 1].to_vec()
    }
}

#[test]
fn a_contract_that_the_revision_had_not_is_new_and_no_error() {
    let repository = Repository::new();
    let said = repository.diff("HEAD");
    assert_eq!(said.exit, Exit::Clean);
    assert_eq!(
        repository.lines("HEAD"),
        ["ok      routes        all: new: the revision had no snapshot of it"]
    );
    assert!(said.text.contains("\n0 breaking, 0 to review, 1 compatible changes since "), "{}", said.text);
}

#[test]
fn each_contract_is_read_from_both_sides() {
    let repository = Repository::new();
    repository.commit();
    let changed = [
        (
            OPERATIONS,
            r#"[{"name":"a.b.c","authority":"admin","effect":"read","summary":"S",
                 "request":{"required":["x"]},"output":{}}]"#,
        ),
        (FIRST[1].0, r#"["frozen"]"#),
        (ROUTES, "GET /a 204 a.b.c"),
        (FIRST[2].0, "pub trait Clock: Send {\n    fn now(&self) -> u128;"),
        (FIRST[3].0, "CREATE TABLE \"t\" ( \"a\" text NULL )"),
        (EVENTS, r#"{"event_type":"a.b","facts":{},"more":1}"#),
        ("crates/engines/src/logs/emitter/snapshots/emitter__tests__denied_is_a_contract.snap", "{}"),
        (FIRST[5].0, "p::A = q::A"),
        (FIRST[6].0, "$ gate --help\n\nOptions:\n  --at <PORT>\n          Where"),
    ];
    for (path, body) in changed {
        repository.write(path, body);
    }
    assert_eq!(repository.diff("HEAD").exit, Exit::Violations);
    insta::assert_snapshot!(repository.lines("HEAD").join("\n"), @r"
    BREAKS  operations    a.b.c: request member `x` added, and required; callers that do not know it are refused
    BREAKS  codes         not_found: removed; callers that branch on it never see it again
    BREAKS  routes        GET /a: the status of success was 200, is 204; callers that wait for the old one take success for failure
    BREAKS  ports         Clock: `fn now(&self) -> u128` was `fn now(&self) -> u64`; who implements or calls it no longer compiles
    REVIEW  tables        sqlite keep: trigger removed; what it guarded can be changed or deleted: append-only records must stay so
    REVIEW  events        allowed: member `more` added; hashes cover every member: verifiers that rebuild events must know it
    REVIEW  events        denied: added; readers of the trail meet a new event
    BREAKS  public_items  p::B: removed; embedders who name it no longer compile
    REVIEW  help          gate --help: `--port <PORT>` removed; scripts that use it fail
    ok      help          gate --help: `--at <PORT>` added
    ");
    repository.commit();
    assert_eq!(repository.diff("HEAD").exit, Exit::Clean, "the tree is what was committed");
    assert_eq!(repository.lines("HEAD~1").len(), 10, "the tree against the commit before");
}

#[test]
fn json_holds_the_commit_and_each_change() {
    let repository = Repository::new();
    let said = diff(repository.root(), "HEAD", true);
    let json: serde_json::Value = serde_json::from_str(&said.text).unwrap();
    assert_eq!(json["revision"]["asked"], "HEAD");
    assert_eq!(json["revision"]["commit"].as_str().map(str::len), Some(40));
    assert_eq!(json["changes"][0]["contract"], "routes");
    assert_eq!(json["summary"]["compatible"], 1);
}

#[test]
fn a_removed_event_breaks_and_a_removed_contract_is_unusable() {
    let repository = Repository::new();
    repository
        .write("crates/engines/src/logs/emitter/snapshots/emitter__tests__denied_is_a_contract.snap", "{}");
    std::fs::remove_file(repository.root().join(EVENTS)).unwrap();
    assert!(
        repository
            .lines("HEAD")
            .iter()
            .any(|line| line.starts_with("BREAKS  events        allowed: removed"))
    );
    std::fs::remove_file(repository.root().join(OPERATIONS)).unwrap();
    let said = repository.diff("HEAD");
    assert_eq!(said.exit, Exit::Unusable);
    assert!(
        said.text.starts_with("operations: no snapshot at crates/spine/tests/it/snapshots/*"),
        "{}",
        said.text
    );
}

#[test]
fn what_cannot_be_compared_is_unusable_and_says_what_to_do() {
    let repository = Repository::new();
    for rev in ["no-such-branch", "", "--help", "HEAD~9", "HEAD:crates"] {
        let said = repository.diff(rev);
        assert_eq!(said.exit, Exit::Unusable, "{rev}");
        assert!(said.text.starts_with(&format!("revision `{rev}`: not known to git")), "{}", said.text);
        assert!(said.text.contains("give a commit"), "{}", said.text);
    }
    let bare = tempfile::tempdir().unwrap();
    assert_eq!(diff(bare.path(), "HEAD", false).exit, Exit::Unusable, "no repository");

    repository.write(ROUTES, "GET /a");
    assert_eq!(repository.diff("HEAD").exit, Exit::Clean, "only one side has it: there is nothing to read");
    repository.write(OPERATIONS, "{");
    let said = repository.diff("HEAD");
    assert!(said.text.contains("dispatch__operations.snap, in the tree: expected a JSON"), "{}", said.text);
    std::fs::write(repository.root().join(OPERATIONS), "[]").unwrap();
    assert!(repository.diff("HEAD").text.contains("not a snapshot of insta"));
}

/// The table of sources, against this repository: a snapshot that moved must not read as a contract that is new.
#[test]
fn every_contract_has_its_snapshots_here() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the workspace");
    for source in snapshots::SOURCES {
        let found = source.now(root).expect("readable");
        let many = matches!(source.contract, change::Contract::Events | change::Contract::Tables);
        assert!(
            found.len() == 1 || (many && !found.is_empty()),
            "{}: {:?}",
            source.contract.name(),
            found.keys()
        );
        for (name, text) in &found {
            assert_eq!(source.judge(name, text, text), Ok(Vec::new()), "{} {name}", source.contract.name());
        }
    }
}
