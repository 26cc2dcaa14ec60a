//! The literature of a workspace: one document per domain, and documents for what belongs to none.
//!
//! Inventories stand in generated blocks and are made from the source; the prose around them is people's, and is never
//! touched. What a document should say is a value, so that the audit can compare and a command can write.

mod blocks;
mod inventory;
mod markdown;
mod references;
mod shelf;

use crate::config::{Config, Literature};
use crate::site::{Page, Site};
use crate::workspace::Workspace;
use inventory::{OF_DOMAIN, Source, pairs};
use references::References;
use shelf::Volume;

pub(crate) use blocks::prose;
pub(crate) use shelf::volumes;

/// A document as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its path, relative to the workspace root.
    pub path: String,
    /// It is a domain's.
    pub domain: bool,
    /// Its text with fresh blocks, or where its markers are broken: the line, and why.
    pub text: Result<String, (usize, String)>,
}

/// Every document that there should be, by the order of `layers.toml`: the present text with fresh blocks, or a first
/// one. Empty if no `[literature]` is configured.
pub fn documents(workspace: &Workspace, config: &Config) -> Vec<Document> {
    let Some(literature) = config.literature.as_ref() else { return Vec::new() };
    let source = Source {
        config,
        operations: crate::inventory::operations(workspace, config),
        ports: crate::inventory::ports(workspace, config),
        references: References::of(workspace),
        codes: pairs(workspace, literature.codes.as_ref()),
        events: pairs(workspace, literature.events.as_ref()),
    };
    let (volumes, _) = volumes(workspace, config, literature);
    volumes.iter().map(|volume| document(workspace, literature, &source, volume)).collect()
}

/// All documents below the literature's folder, as a site.
pub fn site(workspace: &Workspace, config: &Config) -> Site {
    let Some(literature) = config.literature.as_ref() else {
        return Site { title: String::new(), pages: Vec::new() };
    };
    let within = |path: &str| path.strip_prefix(&literature.folder)?.strip_prefix('/').map(str::to_owned);
    let pages = workspace.documents.iter().filter(|(path, _)| path.ends_with(".md"));
    let pages = pages.filter_map(|(path, text)| Some(Page { path: within(path)?, markdown: text.clone() }));
    Site { title: literature.title.clone(), pages: pages.collect() }
}

fn document(
    workspace: &Workspace,
    literature: &Literature,
    source: &Source<'_>,
    volume: &Volume<'_>,
) -> Document {
    let present = workspace.documents.get(&volume.path).cloned();
    let text = present.unwrap_or_else(|| first(literature, volume));
    let fresh = blocks::refreshed(&text, |name| source.block(name, volume));
    let text = fresh.map_err(|fault| (fault.line, fault.message));
    Document { path: volume.path.clone(), domain: volume.domain, text }
}

/// A document without prose: the headings that it needs, and its blocks.
fn first(literature: &Literature, volume: &Volume<'_>) -> String {
    let mut text = format!("# {}\n", volume.name);
    if volume.prose {
        for section in &literature.sections {
            text.push_str(&format!("\n## {section}\n"));
        }
    }
    if volume.domain {
        for name in OF_DOMAIN {
            text.push_str(&format!("\n## {}\n\n{}", heading(name), blocks::block(name, "")));
        }
    } else {
        text.push_str(&format!("\n## Inventory\n\n{}", blocks::block("inventory", "")));
    }
    text
}

fn heading(block: &str) -> &str {
    match block {
        "inventory" => "Inventory",
        "operations" => "Operations",
        "ports" => "Ports",
        "tables" => "Tables",
        "codes" => "Error codes",
        "events" => "Events",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAW: &str = "schema = 1\n[[layer]]\nid = \"L5\"\nname = \"rules\"\n[[crate]]\nname = \"a\"\nlayer = \"L5\"\n\
        [domains]\ncrates = [\"a\"]\ndomain = [{ name = \"logs\" }]\n\
        [literature]\nfolder = \"literature\"\nsections = [\"Purpose\"]\n\
        tables = { attribute = \"orm\", key = \"table\" }\n\
        codes = { crate = \"a\", module = \"codes\", macro = \"codes\" }\n\
        [[literature.document]]\nfolder = \"rest\"\ncrates = [\"a\"]\n";

    fn workspace() -> Workspace {
        let mut workspace = Workspace::default();
        workspace.plant(
            "crates/a/src/lib.rs",
            "//! Rules | of [`Things`]. More.\n//! Never: I/O.\npub mod logs; pub mod codes;",
        );
        workspace.plant(
            "crates/a/src/codes.rs",
            "//! Codes.\ncodes! {\n/// It is gone.\nGONE = \"gone\";\nMORE = \"more\"; }",
        );
        workspace.plant("crates/a/src/logs.rs", "//! Rows of events.\nuse crate::codes;\n#[orm(table = \"events\")]\npub struct Row; fn f() { codes::GONE; }");
        workspace
    }

    #[test]
    fn a_first_document_holds_headings_and_inventory() {
        let config = Config::parse(LAW).expect("valid");
        let documents = documents(&workspace(), &config);
        let texts: Vec<_> = documents
            .iter()
            .map(|one| format!("=== {}\n{}", one.path, one.text.as_ref().expect("markers")))
            .collect();
        insta::assert_snapshot!(texts.join("\n"));
    }

    #[test]
    fn prose_stays_and_blocks_follow_the_source() {
        let config = Config::parse(LAW).expect("valid");
        let mut workspace = workspace();
        workspace.plant(
            "literature/logs/README.md",
            "# Logs\n\nProse.\n\n<!-- generated: tables -->\nold\n<!-- end -->\n",
        );
        let text = documents(&workspace, &config)[0].text.clone().expect("markers");
        assert!(
            text.starts_with("# Logs\n\nProse.\n") && text.contains("`events`") && !text.contains("old"),
            "{text}"
        );
        workspace.plant("literature/logs/README.md", "<!-- generated: tables -->\n");
        assert_eq!(documents(&workspace, &config)[0].text.as_ref().expect_err("no end").0, 1);
    }
}
