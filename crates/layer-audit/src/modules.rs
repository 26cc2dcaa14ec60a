//! Which files the targets of a crate reach, and as which modules: `mod` and `include!` are followed from each root.

use std::collections::{HashMap, HashSet};

use crate::source::{ModFact, Position, SourceFile, plain};
use crate::workspace::Crate;

/// The files that some target reaches.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    /// As which modules, by path from the workspace root.
    modules: HashMap<String, Vec<Vec<String>>>,
    /// What `#[path]` and `include!` bring in.
    pub(crate) brought: Vec<Brought>,
}

/// Code that is brought in by its path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Brought {
    /// The file that says so.
    pub(crate) by: String,
    /// Where, line and column.
    pub(crate) at: (usize, usize),
    /// The file that is brought in, from the workspace root; as written if its path is absolute.
    pub(crate) file: String,
}

/// A file to read on from.
struct Step {
    path: String,
    /// The module that it holds.
    module: Vec<String>,
    /// Its modules stand beside it, as those of a crate's root and of a `mod.rs` do.
    beside: bool,
}

impl Reached {
    /// Follows the `mod` items of these crates, each from its own targets.
    pub(crate) fn of<'a>(members: impl IntoIterator<Item = &'a Crate> + Clone) -> Self {
        let files = members.clone().into_iter().flat_map(|member| &member.files);
        let files: HashMap<&str, &SourceFile> = files.map(|file| (file.path.as_str(), file)).collect();
        let mut reached = Self::default();
        for member in members {
            let root = |path| Step { path, module: Vec::new(), beside: true };
            let mut open: Vec<Step> = roots(member).into_iter().map(root).collect();
            let mut done = HashSet::new();
            while let Some(step) = open.pop() {
                if !done.insert((step.path.clone(), step.module.clone())) {
                    continue;
                }
                if let Some(file) = files.get(step.path.as_str()) {
                    open.extend(reached.next(&step, file, &member.dir));
                }
                reached.modules.entry(step.path).or_default().push(step.module);
            }
        }
        reached.brought.sort();
        reached.brought.dedup();
        reached
    }

    /// Some target reaches this file.
    pub(crate) fn holds(&self, path: &str) -> bool {
        self.modules.contains_key(path)
    }

    /// The module that this file holds, where that is not the one that its path gives.
    pub(crate) fn moved(&self, path: &str, given: &[String]) -> Option<&[String]> {
        let modules = self.modules.get(path)?;
        if modules.iter().any(|module| module == given) { None } else { modules.first().map(Vec::as_slice) }
    }

    /// Where `file` leads on; `dir` is the folder of the crate whose target reached it.
    fn next(&mut self, step: &Step, file: &SourceFile, dir: &str) -> Vec<Step> {
        let folder = parent(&step.path);
        let children = if step.beside { folder } else { step.path.trim_end_matches(".rs") };
        let mut next = Vec::new();
        for fact in &file.facts.mods {
            let module = moved(step, file, &fact.module);
            let own = fact.folders.iter().fold(children.to_owned(), |own, inner| format!("{own}/{inner}"));
            for path in &fact.paths {
                let base = if fact.folders.is_empty() { folder } else { &own };
                let path = self.bring(step, fact.at, base, path);
                next.push(Step { path, module: module.clone(), beside: true });
            }
            next.extend(usual(&own, fact, &module));
        }
        for fact in &file.facts.includes {
            let module = moved(step, file, &fact.module);
            let base = if fact.from_root { dir } else { folder };
            let path = if fact.from_root { fact.path.trim_start_matches('/') } else { &fact.path };
            let path = match fact.code {
                true => self.bring(step, fact.at, base, path),
                false => join(base, path).unwrap_or_default(),
            };
            next.push(Step { path, module, beside: true });
        }
        next
    }

    fn bring(&mut self, step: &Step, at: Position, folder: &str, path: &str) -> String {
        let file = join(folder, path).unwrap_or_else(|| path.to_owned());
        self.brought.push(Brought { by: step.path.clone(), at: (at.line, at.column), file: file.clone() });
        file
    }
}

/// Where Cargo begins: the targets that it finds by itself, and those that the manifest gives a path.
fn roots(member: &Crate) -> Vec<String> {
    let explicit = member.manifest.targets.iter().filter_map(|target| join(&member.dir, &target.path));
    let found = member.files.iter().filter(|file| member.within(&file.path).is_some_and(is_root));
    let mut roots: Vec<String> = explicit.chain(found.map(|file| file.path.clone())).collect();
    roots.sort();
    roots.dedup();
    roots
}

fn is_root(within: &str) -> bool {
    match within.split('/').collect::<Vec<_>>().as_slice() {
        ["build.rs"] | ["src", "lib.rs" | "main.rs"] => true,
        ["tests" | "benches" | "examples", _] | ["src", "bin", _] => true,
        ["tests" | "benches" | "examples", _, last] | ["src", "bin", _, last] => *last == "main.rs",
        _ => false,
    }
}

/// `name.rs` and `name/mod.rs`.
fn usual(base: &str, fact: &ModFact, module: &[String]) -> Vec<Step> {
    let Some(name) = fact.module.last().map(|name| plain(name)) else { return Vec::new() };
    let step =
        |path: String, beside| Some(Step { path: join(base, &path)?, module: module.to_vec(), beside });
    [step(format!("{name}.rs"), false), step(format!("{name}/mod.rs"), true)].into_iter().flatten().collect()
}

/// A module of `file` as it is reached, not as the file's path suggests.
fn moved(step: &Step, file: &SourceFile, module: &[String]) -> Vec<String> {
    let below = module.get(file.module.len()..).unwrap_or_default();
    step.module.iter().chain(below).cloned().collect()
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path from a folder, both relative to the workspace root. `None` if it is absolute.
fn join(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let path = path.replace('\\', "/");
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Ws;

    /// The root file, further files, and what is reached as what.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

    fn reached(files: &[(&str, &str)], manifest: &str) -> Vec<String> {
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, (*text).to_owned())).collect();
        let manifest = format!("[package]\nname = \"a\"\nedition = \"2024\"\n{manifest}");
        let workspace = Ws::default().raw("a", &manifest, &files).build();
        let reached = Reached::of(&workspace.crates);
        let files = workspace.crates[0].files.iter();
        let mut lines: Vec<_> = files
            .filter(|file| reached.holds(&file.path))
            .map(|file| {
                format!("{} {}", file.path.trim_start_matches("crates/a/"), file.module.join("::"))
                    .trim_end()
                    .to_owned()
            })
            .collect();
        lines.sort();
        lines
    }

    #[test]
    fn every_way_to_bring_in_a_file_is_followed() {
        let cases: &[Case<'_>] = &[
            ("mod m;", &[("src/m.rs", "mod n;"), ("src/m/n.rs", "")], "src/m.rs m, src/m/n.rs m::n"),
            ("mod m;", &[("src/m/mod.rs", "mod n;"), ("src/m/n.rs", "")], "src/m/mod.rs m, src/m/n.rs m::n"),
            ("mod m { mod n; }", &[("src/m/n.rs", "")], "src/m/n.rs m::n"),
            (
                "mod m;",
                &[("src/m.rs", "mod i { mod n; }"), ("src/m/i/n.rs", "")],
                "src/m.rs m, src/m/i/n.rs m::i::n",
            ),
            (
                "#[path = \"x/y.rs\"] mod m;",
                &[("src/x/y.rs", "mod n;"), ("src/x/n.rs", "")],
                "src/x/n.rs m::n, src/x/y.rs m",
            ),
            ("#[path = \"x\"] mod m { mod n; }", &[("src/x/n.rs", "")], "src/x/n.rs m::n"),
            (
                "#[cfg_attr(unix, path = \"u.rs\")] mod m;",
                &[("src/m.rs", ""), ("src/u.rs", "")],
                "src/m.rs m, src/u.rs m",
            ),
            ("#[cfg(windows)] mod m;", &[("src/m.rs", "")], "src/m.rs m"),
            (
                "cfg_rt! { pub mod m; mod i { mod n; } }",
                &[("src/m.rs", ""), ("src/i/n.rs", "")],
                "src/i/n.rs i::n, src/m.rs m",
            ),
            (
                "cfg_if! { if #[cfg(x)] { #[path = \"y.rs\"] mod m; } else { mod z; } }",
                &[("src/y.rs", ""), ("src/z.rs", "")],
                "src/y.rs m, src/z.rs z",
            ),
            ("include!(\"x.rs\");", &[("src/x.rs", "mod n;"), ("src/n.rs", "")], "src/n.rs n, src/x.rs"),
            ("const T: &str = include_str!(\"t.rs\");", &[("src/t.rs", "")], "src/t.rs"),
            (
                "include!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/src/x.rs\"));",
                &[("src/x.rs", "")],
                "src/x.rs",
            ),
            ("include!(concat!(env!(\"OUT_DIR\"), \"/x.rs\"));", &[("src/x.rs", "")], ""),
            ("mod r#type;", &[("src/type.rs", "")], "src/type.rs type"),
            ("// mod m;\nmacro_rules! m { ($x:ident) => { mod $x; } }", &[("src/m.rs", "")], ""),
            ("", &[("src/bin/t.rs", "mod n;"), ("src/bin/n.rs", "")], "src/bin/n.rs, src/bin/t.rs"),
            (
                "",
                &[("src/bin/t/main.rs", "mod n;"), ("src/bin/t/n.rs", "")],
                "src/bin/t/main.rs, src/bin/t/n.rs n",
            ),
            (
                "",
                &[("tests/t.rs", "mod common;"), ("tests/common/mod.rs", "")],
                "tests/common/mod.rs common, tests/t.rs t",
            ),
            (
                "",
                &[("tests/t.rs", "#[path = \"../src/x.rs\"] mod x;"), ("src/x.rs", "")],
                "src/x.rs x, tests/t.rs t",
            ),
        ];
        for (root, files, expected) in cases {
            let files: Vec<_> = [("src/lib.rs", *root)].into_iter().chain(files.iter().copied()).collect();
            let found = reached(&files, "").join(", ").replacen("src/lib.rs, ", "", 1);
            assert_eq!(found.trim_end_matches("src/lib.rs").trim_end_matches(", "), *expected, "{root}");
        }
    }

    #[test]
    fn targets_of_the_manifest_are_roots() {
        let manifest = "[lib]\npath = \"src/a.rs\"\n[[bin]]\nname = \"t\"\npath = \"src/tools/t.rs\"\n";
        let files = [("src/a.rs", "mod m;"), ("src/m.rs", ""), ("src/tools/t.rs", ""), ("src/left.rs", "")];
        assert_eq!(reached(&files, manifest), ["src/a.rs", "src/m.rs m", "src/tools/t.rs"]);
    }

    #[test]
    fn paths_are_joined() {
        let cases = [
            ("a/src", "b.rs", Some("a/src/b.rs")),
            ("a/src", "../../b/./c.rs", Some("b/c.rs")),
            (".", "src/b.rs", Some("src/b.rs")),
            ("a", "../../b.rs", Some("../b.rs")),
            ("../a", "b.rs", Some("../a/b.rs")),
            ("a", "/b.rs", None),
        ];
        for (folder, path, expected) in cases {
            assert_eq!(join(folder, path).as_deref(), expected, "{folder} {path}");
        }
    }
}
