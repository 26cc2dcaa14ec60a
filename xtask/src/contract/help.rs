//! The server's command line, by its help pages: `$ program command --help`, then what it prints.
//!
//! Every verdict is a review: scripts break by a lost flag, but the text cannot tell a lost one from a renamed one.

use std::collections::BTreeMap;

use super::change::{Change, Contract};

const HELP: Contract = Contract::Help;

/// A page: its flags and commands by name, each with its text, and the lines that belong to none of them.
#[derive(Debug, Default)]
struct Page {
    entries: BTreeMap<String, String>,
    prose: String,
}

pub(super) fn compare(_name: &str, old: &str, new: &str) -> Result<Vec<Change>, String> {
    let (old, new) = (pages(old), pages(new));
    let mut changes = Vec::new();
    for (name, before) in &old {
        match new.get(name) {
            Some(now) => changes.extend(changed(name, before, now)),
            None => changes.push(HELP.review(name, "page removed", "scripts that run it fail")),
        }
    }
    let added = new.keys().filter(|name| !old.contains_key(*name));
    changes.extend(added.map(|name| HELP.compatible(name, "page added")));
    Ok(changes)
}

fn changed(page: &str, old: &Page, new: &Page) -> Vec<Change> {
    let mut changes = Vec::new();
    for (entry, before) in &old.entries {
        match new.entries.get(entry) {
            Some(now) if default(before) != default(now) => {
                let what = format!("`{entry}`: the default was {}, is {}", default(before), default(now));
                changes.push(HELP.review(page, what, "who leaves it out gets something else"));
            }
            Some(now) if before != now => {
                changes.push(HELP.compatible(page, format!("`{entry}`: worded anew")))
            }
            Some(_) => {}
            None => changes.push(HELP.review(page, format!("`{entry}` removed"), "scripts that use it fail")),
        }
    }
    let added = new.entries.keys().filter(|entry| !old.entries.contains_key(*entry));
    changes.extend(added.map(|entry| HELP.compatible(page, format!("`{entry}` added"))));
    if old.prose != new.prose {
        let why = "usage and exit codes stand between the words: read both";
        changes.push(HELP.review(page, "text outside of flags and commands changed", why));
    }
    changes
}

/// What stands in `[default: ..]`.
fn default(text: &str) -> &str {
    text.split_once("[default: ")
        .and_then(|(_, rest)| rest.split_once(']'))
        .map_or("none", |(value, _)| value)
}

fn pages(text: &str) -> BTreeMap<String, Page> {
    let mut pages = BTreeMap::new();
    let mut page = Page::default();
    let mut name = String::new();
    let mut entry: Option<String> = None;
    let mut commands = false;
    for line in text.lines() {
        let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(command) = words.strip_prefix("$ ") {
            pages.insert(std::mem::replace(&mut name, command.to_owned()), std::mem::take(&mut page));
            (entry, commands) = (None, false);
        } else if words.is_empty() {
            continue;
        } else if !line.starts_with(' ') {
            (entry, commands) = (None, words == "Commands:");
            page.prose.push_str(&format!("{words}\n"));
        } else {
            entry = named(line, commands).or(entry);
            let text = entry
                .as_ref()
                .map_or(&mut page.prose, |entry| page.entries.entry(entry.clone()).or_default());
            text.push_str(&format!("{words}\n"));
        }
    }
    pages.insert(name, page);
    pages.retain(|name, _| !name.is_empty());
    pages
}

/// The flag (`-h, --help`, `--config <FILE>`) or the command that begins on this line.
fn named(line: &str, commands: bool) -> Option<String> {
    let trimmed = line.trim_start();
    if trimmed.starts_with('-') {
        let flag = trimmed.split_once("  ").map_or(trimmed, |(flag, _)| flag);
        return Some(flag.trim_end().to_owned());
    }
    let indent = line.len() - trimmed.len();
    (commands && indent == 2).then(|| trimmed.split_whitespace().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::change::told;
    use super::*;

    const OLD: &str = "\
$ gate  --help

The gate.

Commands:
  serve  Run
  demo   Show

Options:
  -h, --help
          Print help

Exit codes: 0 done.

$ gate serve --help

Options:
      --port <PORT>
          Where to listen, on
          loopback [default: 80]
";

    #[test]
    fn each_change_of_a_page_has_its_verdict() {
        let cases: [(&str, &str, &[&str]); 9] = [
            ("  serve  Run\n", "  serve    Run\n", &[]),
            ("  demo   Show\n", "", &["REVIEW gate --help: `demo` removed"]),
            ("  demo   Show\n", "  demo   Show\n  tell   Tell\n", &["ok gate --help: `tell` added"]),
            ("Print help", "Print this", &["ok gate --help: `-h, --help`: worded anew"]),
            ("0 done", "0 ok", &["REVIEW gate --help: text outside of flags and commands changed"]),
            (
                "--port <PORT>",
                "--at <ADDR>",
                &[
                    "REVIEW gate serve --help: `--port <PORT>` removed",
                    "ok gate serve --help: `--at <ADDR>` added",
                ],
            ),
            (": 80]", ": 8080]", &["REVIEW gate serve --help: `--port <PORT>`: the default was 80, is 8080"]),
            (
                " [default: 80]",
                "",
                &["REVIEW gate serve --help: `--port <PORT>`: the default was 80, is none"],
            ),
            (
                "$ gate serve",
                "$ gate run",
                &["REVIEW gate serve --help: page removed", "ok gate run --help: page added"],
            ),
        ];
        for (from, to, expected) in cases {
            assert!(OLD.contains(from), "{from}");
            assert_eq!(told(&compare("", OLD, &OLD.replace(from, to)).unwrap()), expected, "{from} -> {to}");
        }
    }
}
