//! LA-903: the sections that only people can write are written.

use crate::config::Config;
use crate::finding::Place;
use crate::literature::{prose, volumes};
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-903",
    title: "each document says what it is for in its own words",
    why: "An inventory shows what is there; why it is there, what must hold and what was decided against, it cannot know.",
    fix: "Write the section under its `## ` heading, outside of generated blocks. Where there are [domains], their \
          documents have the sections; where there are none, every [[literature.document]] has.",
    blind: "whether what is written is true.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: super::LAW,
        bad: &[
            super::ROOT,
            super::LOGS,
            super::REST,
            ("literature/logs/README.md", "# Logs\n\n## Purpose\n\n## Other\n\nText.\n"),
        ],
        good: &[
            super::ROOT,
            super::LOGS,
            super::REST,
            ("literature/logs/README.md", "# Logs\n\n## Purpose\n\nThe trail.\n"),
        ],
        finds: "section `Purpose` is empty",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let literature = config.literature.as_ref().filter(|literature| !literature.sections.is_empty())?;
    let mut checked = Checked::new();
    for document in volumes(workspace, config, literature).0.iter().filter(|volume| volume.prose) {
        let Some(present) = workspace.documents.get(&document.path) else { continue };
        for section in &literature.sections {
            checked.matched += 1;
            match lines_of(present, section) {
                None => {
                    let message = format!("section `{section}` is missing; add `## {section}`");
                    checked.report(Place::file(&document.path), section, message);
                }
                Some((line, 0)) => {
                    let message = format!("section `{section}` is empty; write it");
                    checked.report(Place::line(&document.path, line), section, message);
                }
                Some(_) => {}
            }
        }
    }
    Some(checked)
}

/// Line of the section's heading, and how many lines of prose stand under it.
fn lines_of(text: &str, section: &str) -> Option<(usize, usize)> {
    let heading = format!("## {section}");
    let mut lines = prose(text).skip_while(|(_, line)| line.trim_end() != heading);
    let (at, _) = lines.next()?;
    let own = lines.take_while(|(_, line)| !line.starts_with("## ") && !line.starts_with("# "));
    Some((at, own.filter(|(_, line)| !line.trim().is_empty()).count()))
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const LAW: &str = "[literature]\nfolder = \"texts\"\nsections = [\"Purpose\"]\n\
                       [[literature.document]]\nfolder = \"rest\"\ncrates = [\"a\"]\n";

    fn found(text: &str, law: &str) -> Vec<String> {
        let workspace = Ws::default().file("a", "src/lib.rs", "//! A.");
        workspace.document("texts/rest/README.md", text).findings("LA-903", law)
    }

    #[test]
    fn documents_are_judged_where_there_are_no_domains() {
        assert_eq!(found("# Rest\n\n## Purpose\n\nIt is there.\n", LAW), Vec::<String>::new());
        let missing = "LA-903 texts/rest/README.md section `Purpose` is missing; add `## Purpose`";
        assert_eq!(found("# Rest\n", LAW), [missing]);
        let domains = format!("{LAW}[domains]\ncrates = [\"a\"]\ndomain = [{{ name = \"logs\" }}]\n");
        assert!(!found("# Rest\n", &domains).contains(&missing.to_owned()));
    }
}
