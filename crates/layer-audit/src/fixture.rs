//! Workspaces in memory, for the fixtures of rules.

use crate::config::Config;
use crate::evaluate::{Selection, evaluate};
use crate::load::member;
use crate::workspace::Workspace;

/// Builds a workspace from manifest lines and source texts.
#[derive(Default)]
pub(crate) struct Ws(Workspace);

impl Ws {
    /// A member in `crates/<name>` that inherits the lints; `dependencies` are lines of `[dependencies]`.
    pub(crate) fn member(self, name: &str, dependencies: &str) -> Self {
        self.member_with(name, dependencies, &[])
    }

    /// The same, with files given by their path inside the crate.
    pub(crate) fn member_with(self, name: &str, dependencies: &str, files: &[(&str, String)]) -> Self {
        let manifest = format!(
            "[package]\nname = \"{name}\"\n[lints]\nworkspace = true\n[dependencies]\n{dependencies}\n"
        );
        self.raw(name, &manifest, files)
    }

    /// One source file in a member without dependencies.
    pub(crate) fn file(self, name: &str, path: &str, text: &str) -> Self {
        self.member_with(name, "", &[(path, text.to_owned())])
    }

    /// A member with its manifest as it stands.
    pub(crate) fn raw(mut self, name: &str, manifest: &str, files: &[(&str, String)]) -> Self {
        let dir = format!("crates/{name}");
        let read = files.iter().map(|(path, text)| ((*path).to_owned(), Ok(text.clone()))).collect();
        let made = member(&dir, manifest, &|_| None, read);
        self.0.problems.extend(made.problems);
        self.0.crates.extend(made.member);
        self.0.folders = vec!["crates".to_owned()];
        self
    }

    /// A text besides manifests of members and sources.
    pub(crate) fn document(mut self, path: &str, text: &str) -> Self {
        self.0.documents.insert(path.to_owned(), text.to_owned());
        self
    }

    /// The workspace.
    pub(crate) fn build(mut self) -> Workspace {
        self.0.crates.sort_by(|a, b| a.name.cmp(&b.name));
        self.0
    }

    /// What rule `id` says, one finding a line. The configuration is that of `text`.
    pub(crate) fn findings(self, id: &str, text: &str) -> Vec<String> {
        let config =
            Config::parse(&format!("schema = 1\n{text}")).expect("the fixture's configuration is valid");
        let selection = Selection::parse(id).expect("the rule exists");
        let report = evaluate(&self.build(), &config, &selection);
        assert_eq!(report.rules.len(), 1, "{id} is configured by this fixture");
        report.findings.iter().map(ToString::to_string).collect()
    }

    /// Asserts that rule `id` finds nothing.
    pub(crate) fn clean(self, id: &str, text: &str) {
        assert_eq!(self.findings(id, text), Vec::<String>::new());
    }
}
