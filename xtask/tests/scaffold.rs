//! Every scaffold in a copy of this workspace: what is made passes the audit and rustfmt as it is, a second time is
//! refused, and (in the whole gate) clippy, the tests and the contracts agree.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use layer_audit::{Config, Finding, Selection, evaluate, load};

/// In an order in which each finds what it needs. The things are such as this product will never have.
const SCAFFOLDS: [&str; 12] = [
    "domain paints",
    "domain integrations.easels",
    "operation integrations.mcp_servers.paint_server",
    "operation tenants.tenants.get_colour",
    "operation paints.pots.list_pots",
    "operation integrations.easels.list_easels",
    "engine tenants get_colour",
    "port integrations PaintStore",
    "driver integrations PaintStore",
    "adapter paint_shop",
    "adapter frame_shop",
    "bridge Paints",
];

/// The packages that scaffolds write to.
const TOUCHED: [&str; 9] = [
    "portcullis",
    "portcullis-adapters",
    "portcullis-api",
    "portcullis-drivers",
    "portcullis-engines",
    "portcullis-migrations",
    "portcullis-schemas",
    "portcullis-spine",
    "portcullis-testkit",
];

/// A copy of everything that is in the repository, or would be with the next commit.
struct Replica(PathBuf);

impl Replica {
    /// In a folder of this name, whatever stood there before. What has not changed is not written again, so that a
    /// build of an earlier copy is still good for it.
    fn fresh(name: &str) -> Self {
        let root = repository();
        let copy = root.join("target/scaffold").join(name);
        let listed = git(&root, &["ls-files", "-co", "--exclude-standard"]);
        let wanted: BTreeMap<PathBuf, Vec<u8>> = listed
            .lines()
            // A file that was removed is listed until the removal is committed.
            .filter_map(|path| Some((PathBuf::from(path), fs::read(root.join(path)).ok()?)))
            .collect();
        assert!(wanted.len() > 400, "the copy would be a part only");
        for path in files_below(&copy, &copy).keys().filter(|path| !wanted.contains_key(*path)) {
            fs::remove_file(copy.join(path)).expect("an old file can be removed");
        }
        for (path, bytes) in wanted {
            let to = copy.join(path);
            if fs::read(&to).ok().as_ref() != Some(&bytes) {
                fs::create_dir_all(to.parent().expect("a file has a folder")).expect("a folder can be made");
                fs::write(&to, bytes).expect("a file can be written");
            }
        }
        Self(copy)
    }

    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        files_below(&self.0, &self.0)
    }

    /// `cargo xtask new`, in the copy.
    fn scaffold(&self, words: &str, options: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.current_dir(&self.0).env("CARGO_MANIFEST_DIR", self.0.join("xtask")).arg("new");
        command.args(words.split(' ')).args(options).envs(self.build_environment());
        command.output().expect("xtask runs")
    }

    fn made(&self, words: &str, options: &[&str]) -> String {
        let output = self.scaffold(words, options);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "new {words}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }

    fn cargo(&self, arguments: &str) {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.current_dir(&self.0).args(arguments.split(' ')).envs(self.build_environment());
        let output = command.env_remove("CARGO_MANIFEST_DIR").output().expect("cargo runs");
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert!(output.status.success(), "cargo {arguments}: {}", said.concat());
    }

    /// Builds of the copy are kept apart from those of the repository, and from one run to the next.
    fn build_environment(&self) -> [(&'static str, PathBuf); 1] {
        [("CARGO_TARGET_DIR", repository().join("target/scaffold/build"))]
    }

    /// What the audit says, a line each. Lines and columns are left out: they move with what is inserted.
    fn findings(&self) -> Vec<String> {
        let law = fs::read_to_string(self.0.join("layers.toml")).expect("layers.toml is readable");
        let config = Config::parse(&law).expect("layers.toml is valid");
        let workspace = load(&self.0, &config).expect("the copy is readable");
        let report = evaluate(&workspace, &config, &Selection::all());
        let line = |found: &Finding| format!("{} {} {}", found.rule, found.place.file, found.message);
        report.open().map(line).collect()
    }
}

#[test]
fn what_is_made_keeps_the_law_and_is_made_once() {
    let copy = Replica::fresh("audited");
    let before = copy.findings();
    for words in SCAFFOLDS {
        let said = copy.made(words, &["--no-snapshots"]);
        assert!(said.contains("\nwrote\n") && said.contains("\nnext\n  1. "), "{said}");
    }
    let findings = copy.findings();
    let new: Vec<_> = findings.iter().filter(|finding| !before.contains(finding)).collect();
    assert!(new.iter().all(|finding| waits_for_contracts(finding)), "{new:#?}");
    copy.cargo(&format!("fmt --check -p {}", TOUCHED.join(" -p ")));
    let made = copy.files();
    for words in SCAFFOLDS {
        let again = copy.scaffold(words, &["--no-snapshots"]);
        let said = String::from_utf8_lossy(&again.stderr).into_owned();
        assert_eq!(again.status.code(), Some(3), "new {words}: {said}");
        assert!(said.contains("already"), "new {words}: {said}");
        assert!(copy.files() == made, "new {words} was refused, and changed a file");
    }
}

#[test]
#[ignore = "builds the copy, which takes minutes: see CONTRIBUTING.md"]
fn what_is_made_compiles_and_its_contracts_follow() {
    let copy = Replica::fresh("built");
    let before = copy.findings();
    for words in SCAFFOLDS {
        // A contract is made from all sources, so the last operation renews it for all of them.
        let earlier = words.starts_with("operation") && !words.contains("easels");
        copy.made(words, if earlier { &["--no-snapshots"] } else { &[] });
    }
    let new: Vec<_> = copy.findings().into_iter().filter(|finding| !before.contains(finding)).collect();
    assert_eq!(new, Vec::<String>::new());
    // The tools are the gate's business: no scaffold writes to them.
    let product = "--workspace --exclude xtask --exclude layer-audit --locked";
    copy.cargo(&format!("clippy {product} --all-targets -- -D warnings"));
    copy.cargo("clippy -p portcullis-adapters --all-features --all-targets --locked -- -D warnings");
    copy.cargo(&format!("test {product}"));
    copy.cargo("test -p portcullis-adapters --all-features --locked");
}

/// `--no-snapshots` leaves the contracts to the person who asked for it, and the audit says so.
fn waits_for_contracts(finding: &str) -> bool {
    finding.contains(".snap")
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the workspace").to_path_buf()
}

fn git(root: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").current_dir(root).args(arguments).output().expect("git runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("paths are UTF-8")
}

/// Files with their bytes, by path from `root`. Empty if the folder is not there.
fn files_below(root: &Path, folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let Ok(entries) = fs::read_dir(folder) else { return files };
    for entry in entries {
        let path = entry.expect("an entry is readable").path();
        if path.is_dir() {
            files.extend(files_below(root, &path));
        } else {
            let within = path.strip_prefix(root).expect("it stands below").to_path_buf();
            files.insert(within, fs::read(&path).expect("a file is readable"));
        }
    }
    files
}
