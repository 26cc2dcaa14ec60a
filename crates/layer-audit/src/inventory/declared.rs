//! Operations as they are declared: rows of a macro, or constants of a trait's implementation.

use std::collections::BTreeMap;

use super::OperationFact;
use crate::config::{MacroForm, Operations, TraitForm};
use crate::finding::Place;
use crate::source::{ImplFact, MacroRow, SourceFile};
use crate::workspace::{Crate, Workspace, in_code};

/// A declaration, and what its request type is called in full.
pub(super) struct Declared {
    pub(super) fact: OperationFact,
    pub(super) requests: Vec<Vec<String>>,
}

/// Every declaration outside tests.
pub(super) fn all(workspace: &Workspace, config: &Operations) -> Vec<Declared> {
    let mut found = Vec::new();
    for member in workspace.listed(&config.crates) {
        let tests = member.test_modules();
        for file in member.src().filter(|file| !tests.hold(file)) {
            let source = Source { workspace, member, file };
            found.extend(config.macro_call.iter().flat_map(|form| source.rows(form)));
            found.extend(config.of_trait.iter().flat_map(|form| source.implementations(form)));
        }
    }
    found
}

struct Source<'a> {
    workspace: &'a Workspace,
    member: &'a Crate,
    file: &'a SourceFile,
}

impl Source<'_> {
    fn rows(&self, form: &MacroForm) -> Vec<Declared> {
        let calls = self.file.facts.macros.iter().filter(|call| call.name == form.name && !call.in_test);
        let rows = calls.flat_map(|call| call.rows.iter().map(|row| (&call.module, row)));
        rows.filter(|(_, row)| !row.idents.is_empty())
            .map(|(module, row)| {
                let (request, output, words) = read(form, row);
                let at = Place::line(&self.file.path, row.line);
                Declared { fact: self.fact(&request, output, &words, at), ..self.named(module, &request) }
            })
            .collect()
    }

    fn implementations(&self, form: &TraitForm) -> Vec<Declared> {
        let of = |fact: &&ImplFact| fact.of_trait.last() == Some(&form.name) && !fact.in_test;
        let facts = self.file.facts.impls.iter().filter(of);
        facts
            .map(|fact| {
                let held = |constant: &String| fact.constants.iter().find(|(name, _)| name == constant);
                let words = form.constants.iter().filter_map(|(word, constant)| {
                    held(constant).map(|(_, value)| (word.as_str(), value.as_str()))
                });
                let request = [fact.for_type.clone()];
                let at = self.file.place(fact.at);
                let operation = self.fact(&request, None, &words.collect(), at);
                Declared { fact: operation, ..self.named(&fact.module, &request) }
            })
            .collect()
    }

    fn fact(
        &self,
        request: &[String],
        output: Option<String>,
        words: &BTreeMap<&str, &str>,
        declared: Place,
    ) -> OperationFact {
        let word = |name: &str| words.get(name).map(|word| (*word).to_owned());
        let name = word("name").unwrap_or_default();
        OperationFact {
            request_type: request.last().cloned().unwrap_or_default(),
            output_type: output,
            authority: word("authority"),
            effect: word("effect"),
            summary: word("summary"),
            domain: name.split('.').next().unwrap_or_default().to_owned(),
            name,
            krate: self.member.name.clone(),
            declared,
            handlers: Vec::new(),
            routes: Vec::new(),
            in_contract: false,
        }
    }

    /// The request type as other files will name it.
    fn named(&self, module: &[String], request: &[String]) -> Declared {
        let mut requests = self.workspace.in_full(self.member, module, request, false);
        requests.retain(|path| self.workspace.is_known(path));
        if requests.is_empty() {
            let home = in_code(&self.member.name);
            let parts = std::iter::once(&home).chain(module).chain(request);
            requests.push(parts.cloned().collect());
        }
        let fact = self.fact(request, None, &BTreeMap::new(), Place::file(&self.file.path));
        Declared { fact, requests }
    }
}

/// Request type, output type and words of a row. The words of the last identifiers are told from the end, so that one
/// that is missing makes the first of them absent.
fn read<'a>(
    form: &'a MacroForm,
    row: &'a MacroRow,
) -> (Vec<String>, Option<String>, BTreeMap<&'a str, &'a str>) {
    let request = row.idents.iter().position(|ident| is_type(ident)).map_or(1, |at| at + 1);
    let (request, rest) = row.idents.split_at(request);
    let (output, last) = rest.split_at(rest.len().saturating_sub(form.idents.len()));
    let from_end = form.idents.iter().rev().zip(last.iter().rev());
    let texts = form.texts.iter().zip(&row.texts);
    let words = from_end.chain(texts).map(|(word, value)| (word.as_str(), value.as_str())).collect();
    (request.to_vec(), written(output), words)
}

/// A type of these identifiers, which came without their brackets: `Page`, `Tool` is taken for `Page<Tool>`.
fn written(idents: &[String]) -> Option<String> {
    let (last, before) = idents.split_last()?;
    let mut text = String::new();
    let mut open = 0;
    for ident in before {
        let generic = is_type(ident);
        text += ident;
        text += if generic { "<" } else { "::" };
        open += usize::from(generic);
    }
    Some(text + last + &">".repeat(open))
}

fn is_type(ident: &str) -> bool {
    ident.starts_with(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(idents: &str) -> MacroRow {
        MacroRow {
            idents: idents.split(' ').map(str::to_owned).collect(),
            texts: vec!["tools.list".to_owned(), "List".to_owned()],
            ..MacroRow::default()
        }
    }

    #[test]
    fn a_row_is_read_from_both_ends() {
        let form = MacroForm {
            name: "operations".to_owned(),
            texts: vec!["name".to_owned(), "summary".to_owned()],
            idents: vec!["authority".to_owned(), "effect".to_owned()],
        };
        let cases = [
            ("List Page Tool Read Write", "List", Some("Page<Tool>"), Some("Read"), Some("Write")),
            ("List Tool Read Write", "List", Some("Tool"), Some("Read"), Some("Write")),
            ("mcp List mcp Tool Read Write", "mcp::List", Some("mcp::Tool"), Some("Read"), Some("Write")),
            ("List Write", "List", None, None, Some("Write")),
            ("List", "List", None, None, None),
        ];
        for (idents, request, output, authority, effect) in cases {
            let row = row(idents);
            let (found, answer, words) = read(&form, &row);
            assert_eq!(found.join("::"), request, "{idents}");
            assert_eq!(answer.as_deref(), output, "{idents}");
            assert_eq!(words.get("authority").copied(), authority, "{idents}");
            assert_eq!(words.get("effect").copied(), effect, "{idents}");
            assert_eq!((words["name"], words["summary"]), ("tools.list", "List"));
        }
    }
}
