//! What a member's `Cargo.toml` says: does it inherit the lints, and how does it name its dependencies.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Normal, dev or build dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DependencyKind {
    /// `[dependencies]`
    Normal,
    /// `[dev-dependencies]`
    Dev,
    /// `[build-dependencies]`
    Build,
}

impl DependencyKind {
    /// The manifest table of this kind.
    pub fn table(self) -> &'static str {
        match self {
            Self::Normal => "dependencies",
            Self::Dev => "dev-dependencies",
            Self::Build => "build-dependencies",
        }
    }
}

/// The facts of one manifest.
#[derive(Debug, Clone, Default)]
pub struct Manifest {
    /// `package.name`; empty in a virtual manifest.
    pub name: String,
    /// `[lints] workspace = true` is there.
    pub inherits_lints: bool,
    /// The edition that stands here; 2015 if none does, nothing if it is inherited.
    pub edition: Option<String>,
    /// The library's name in code, where it is not that of the package.
    pub library: Option<String>,
    /// Targets whose root file is given a path, the library first.
    pub targets: Vec<Target>,
    /// Dependencies of all tables, target-specific ones included, in file order.
    pub entries: Vec<Entry>,
}

/// A target that does not stand where Cargo looks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// `lib`, `bin`, `test`, `bench`, `example`, or `build` for the build script.
    pub kind: &'static str,
    /// Its root file, from the crate's folder, with forward slashes.
    pub path: String,
}

/// One dependency line.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key: the name in code, with hyphens as written.
    pub key: String,
    /// `package = "..."` where it stands here (a rename in the workspace table is known only to Cargo).
    pub package: Option<String>,
    /// The table it stands in.
    pub kind: DependencyKind,
    /// Line, from 1.
    pub line: usize,
    /// `workspace = true` is there.
    pub inherited: bool,
    /// A version or a repository stands here, and no path: the package comes from outside.
    pub outside: bool,
}

/// A manifest that is not TOML. The message is the parser's, with the line.
#[derive(Debug)]
pub struct ManifestError(pub String);

impl Manifest {
    /// Reads the text of a `Cargo.toml`.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let document = DeTable::parse(text).map_err(|error| ManifestError(error.to_string()))?;
        let root = document.get_ref();
        let mut manifest = Self {
            name: text_at(root, &["package", "name"]),
            inherits_lints: is_true(table(root, "lints").and_then(|lints| lints.get("workspace"))),
            edition: edition(root),
            library: Some(text_at(root, &["lib", "name"])).filter(|name| !name.is_empty()),
            targets: targets(root),
            entries: Vec::new(),
        };
        collect(text, root, &mut manifest.entries);
        for (_, target) in table(root, "target").into_iter().flatten() {
            if let DeValue::Table(target) = target.get_ref() {
                collect(text, target, &mut manifest.entries);
            }
        }
        manifest.entries.sort_by_key(|entry| entry.line);
        Ok(manifest)
    }
}

/// The workspace's manifest.
pub(crate) const ROOT: &str = "Cargo.toml";

/// The text of a workspace's root manifest has lints that members can inherit. Cargo loads no workspace at all in which
/// one inherits what is not there.
pub(crate) fn offers_lints(root: &str) -> bool {
    let Ok(document) = DeTable::parse(root) else { return false };
    table(document.get_ref(), "workspace").is_some_and(|workspace| workspace.get("lints").is_some())
}

/// The packages for which the text of a workspace's root manifest gives a folder under `[patch]`.
pub(crate) fn patched(text: &str) -> Vec<String> {
    let Ok(document) = DeTable::parse(text) else { return Vec::new() };
    let sources = table(document.get_ref(), "patch").into_iter().flatten();
    let entries = sources.filter_map(|(_, source)| source.get_ref().as_table()).flatten();
    let folders = entries.filter(|(_, entry)| entry.get_ref().get("path").is_some());
    let named = |(key, entry): (&Spanned<std::borrow::Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
        let package = entry.get_ref().get("package").and_then(|name| name.get_ref().as_str());
        package.map_or_else(|| key.get_ref().to_string(), str::to_owned)
    };
    folders.map(named).collect()
}

fn edition(root: &DeTable<'_>) -> Option<String> {
    match table(root, "package").and_then(|package| package.get("edition")) {
        Some(value) => value.get_ref().as_str().map(str::to_owned),
        None => Some("2015".to_owned()),
    }
}

fn targets(root: &DeTable<'_>) -> Vec<Target> {
    let mut targets = Vec::new();
    let mut add = |kind, value: Option<&Spanned<DeValue<'_>>>| {
        let path = value.and_then(|value| value.get_ref().as_str()).map(|path| path.replace('\\', "/"));
        targets.extend(path.map(|path| Target { kind, path: path.trim_start_matches("./").to_owned() }));
    };
    add("lib", table(root, "lib").and_then(|library| library.get("path")));
    for kind in ["bin", "test", "bench", "example"] {
        let all = root.get(kind).and_then(|value| value.get_ref().as_array());
        for target in all.into_iter().flatten().filter_map(|target| target.get_ref().as_table()) {
            add(kind, target.get("path"));
        }
    }
    add("build", table(root, "package").and_then(|package| package.get("build")));
    targets
}

fn collect(text: &str, from: &DeTable<'_>, entries: &mut Vec<Entry>) {
    for kind in [DependencyKind::Normal, DependencyKind::Dev, DependencyKind::Build] {
        for (key, value) in table(from, kind.table()).into_iter().flatten() {
            entries.push(Entry {
                key: key.get_ref().to_string(),
                package: value
                    .get_ref()
                    .get("package")
                    .and_then(|name| name.get_ref().as_str())
                    .map(str::to_owned),
                kind,
                line: line_of(text, key.span().start),
                inherited: is_true(value.get_ref().get("workspace")),
                outside: is_outside(value.get_ref()),
            });
        }
    }
}

fn is_outside(value: &DeValue<'_>) -> bool {
    let says = |key| value.get(key).is_some();
    value.as_str().is_some() || (!says("path") && (says("version") || says("git")))
}

fn table<'a, 'i>(from: &'a DeTable<'i>, key: &str) -> Option<&'a DeTable<'i>> {
    from.get(key).and_then(|value| value.get_ref().as_table())
}

fn text_at(from: &DeTable<'_>, keys: &[&str; 2]) -> String {
    let value = table(from, keys[0]).and_then(|inner| inner.get(keys[1]));
    value.and_then(|value| value.get_ref().as_str()).unwrap_or_default().to_owned()
}

fn is_true(value: Option<&Spanned<DeValue<'_>>>) -> bool {
    value.and_then(|value| value.get_ref().as_bool()) == Some(true)
}

/// The line of a byte, from 1.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_all_tables_with_lines() {
        let manifest = Manifest::parse(
            "[package]\nname = \"a\"\n[lints]\nworkspace = true\n[dependencies]\nb.workspace = true\nc = \"1\"\n\
             [dev-dependencies.d]\nworkspace = true\nfeatures = [\"x\"]\n[target.'cfg(unix)'.dependencies]\n\
             e = { path = \"../e\", package = \"f\" }\n",
        );
        let manifest = manifest.expect("valid manifest");
        let entry = |e: &Entry| (e.key.clone(), e.kind.table(), e.line, e.inherited, e.package.clone());
        assert!(manifest.inherits_lints);
        assert_eq!(
            manifest.entries.iter().map(entry).collect::<Vec<_>>(),
            [
                ("b".to_owned(), "dependencies", 6, true, None),
                ("c".to_owned(), "dependencies", 7, false, None),
                ("d".to_owned(), "dev-dependencies", 8, true, None),
                ("e".to_owned(), "dependencies", 12, false, Some("f".to_owned())),
            ]
        );
    }

    #[test]
    fn what_has_a_version_and_no_path_is_from_outside() {
        let text = "[dependencies]\na = \"1\"\nb = { version = \"1\" }\nc = { git = \"u\" }\n\
                    d = { version = \"1\", path = \"../d\" }\ne.workspace = true\nf = {}\n";
        let manifest = Manifest::parse(text).expect("valid manifest");
        let outside: Vec<_> = manifest.entries.iter().map(|entry| entry.outside).collect();
        assert_eq!(outside, [true, true, true, false, false, false]);
        let root = "[patch.crates-io]\na = { path = \"a\" }\nx = { package = \"b\", path = \"b\" }\nc = { git = \"u\" }\n";
        assert_eq!(patched(root), ["a", "b"]);
    }

    #[test]
    fn a_broken_manifest_is_an_error() {
        assert!(Manifest::parse("[package\nname").is_err());
    }
}
