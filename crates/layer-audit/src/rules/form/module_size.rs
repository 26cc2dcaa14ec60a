//! LA-503: no module is so large that it should be a crate.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::finding::Place;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::source::SourceFile;
use crate::workspace::{Crate, Workspace};

pub(super) static RULE: Rule = Rule {
    id: "LA-503",
    title: "modules stay smaller than a crate",
    why: "Inside a crate everything can name everything. A module that has grown past what one person knows needs a \
          wall, and Cargo's is the only one that holds.",
    fix: "Split the module where its parts do not name each other, or make it a crate.",
    blind: "inline modules, which count where their file stands. Tests are not counted.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[sizes]\nfile_lines = 9\nfunction_lines = 9\nmodule_lines = 3\n",
        bad: &[("crates/a/src/m.rs", "//! M.\n\n"), ("crates/a/src/m/n.rs", "//! N.\n\n")],
        good: &[("crates/a/src/m.rs", "//! M.\n"), ("crates/a/src/m/n.rs", "//! N.\n\n")],
        finds: "a::m has 4 lines in 2 files, at most 3",
    },
    check,
};

/// Lines and files of a module, and its first file.
#[derive(Default)]
struct Size<'a> {
    lines: usize,
    files: usize,
    head: Option<&'a SourceFile>,
}

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let most = config.sizes.as_ref()?.module_lines?;
    let mut checked = Checked::new();
    for member in &workspace.crates {
        for (module, size) in sizes(member) {
            checked.matched += 1;
            let Some(head) = size.head.filter(|_| size.lines > most) else { continue };
            let (name, Size { lines, files, .. }) = (format!("{}::{}", member.name, module.join("::")), size);
            let message = format!(
                "module {name} has {lines} lines in {files} files, at most {most}; split it, or make it a crate"
            );
            checked.report(Place::file(&head.path), name, message);
        }
    }
    Some(checked)
}

/// Every module that has files, with all below it.
fn sizes(member: &Crate) -> BTreeMap<&[String], Size<'_>> {
    let tests = member.test_modules();
    let mut sizes: BTreeMap<&[String], Size<'_>> = BTreeMap::new();
    for file in member.src().filter(|file| !tests.hold(file)) {
        for depth in 1..=file.module.len() {
            let size = sizes.entry(&file.module[..depth]).or_default();
            size.lines += file.facts.lines;
            size.files += 1;
            let is_nearer = size.head.is_none_or(|head| file.module.len() < head.module.len());
            size.head = if is_nearer { Some(file) } else { size.head };
        }
    }
    sizes
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const LAW: &str = "[sizes]\nfile_lines = 99\nfunction_lines = 99\nmodule_lines = 4";

    #[test]
    fn must_fire_at_the_head_of_each_module() {
        let files = [
            ("src/m/n/o.rs", "\n\n\n".to_owned()),
            ("src/m/n/mod.rs", "\n\n".to_owned()),
            ("src/m/p.rs", "\n".to_owned()),
        ];
        assert_eq!(
            Ws::default().member_with("a", "", &files).findings("LA-503", LAW),
            [
                "LA-503 crates/a/src/m/n/mod.rs module a::m has 6 lines in 3 files, at most 4; split it, or make it a crate",
                "LA-503 crates/a/src/m/n/mod.rs module a::m::n has 5 lines in 2 files, at most 4; split it, or make it a crate",
            ]
        );
    }

    #[test]
    fn must_not_fire() {
        let files = [
            ("src/lib.rs", "\n\n\n\n\n\n".to_owned()),
            ("src/m.rs", "\n\n#[cfg(test)] mod tests;\n".to_owned()),
            ("src/m/tests.rs", "\n\n\n\n\n".to_owned()),
            ("tests/t/one.rs", "\n\n\n\n\n".to_owned()),
        ];
        Ws::default().member_with("a", "", &files).clean("LA-503", LAW);
    }
}
