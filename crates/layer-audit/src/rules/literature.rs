//! Rules about the literature: is it there, and does it say what the source says.

mod current;
mod links;
mod present;
mod prose;
mod rule_ids;

use crate::rules::Rule;

pub(super) static RULES: &[&Rule] =
    &[&present::RULE, &current::RULE, &prose::RULE, &rule_ids::RULE, &links::RULE];

/// The law, the sources and the document of the examples: one domain with one file.
const LAW: &str = "[domains]\ncrates = [\"a\"]\ndomain = [{ name = \"logs\" }]\n\
                   [literature]\nfolder = \"literature\"\nsections = [\"Purpose\"]\n\
                   [[literature.document]]\nfolder = \"rest\"\ncrates = [\"a\"]\n";
const ROOT: (&str, &str) = ("crates/a/src/lib.rs", "//! Rules.\npub mod logs;");
const LOGS: (&str, &str) = ("crates/a/src/logs.rs", "//! The trail.");
const REST: (&str, &str) = ("literature/rest/README.md", "# Rest\n");
