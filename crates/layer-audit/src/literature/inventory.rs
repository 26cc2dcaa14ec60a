//! The generated blocks of a document, from the source.

use std::collections::HashSet;

use super::markdown::{code, codes, sentence, table};
use super::references::{References, module_name};
use super::shelf::Volume;
use crate::config::{Config, PairSource};
use crate::finding::Severity;
use crate::home::layer;
use crate::inventory::{OperationFact, PortFact};
use crate::rules;
use crate::source::{Pair, SourceFile};
use crate::workspace::Workspace;

/// Everything that blocks are made from; read once for all documents.
pub(crate) struct Source<'a> {
    pub(crate) config: &'a Config,
    pub(crate) operations: Vec<OperationFact>,
    pub(crate) ports: Vec<PortFact>,
    pub(crate) references: References<'a>,
    pub(crate) codes: Vec<&'a Pair>,
    pub(crate) events: Vec<&'a Pair>,
}

/// The blocks that a domain's document has.
pub(crate) const OF_DOMAIN: [&str; 6] = ["inventory", "operations", "ports", "tables", "codes", "events"];

impl Source<'_> {
    /// The content of the block of that name in this document; `None` if there is no such block.
    pub(crate) fn block(&self, name: &str, volume: &Volume<'_>) -> Option<String> {
        let content = match name {
            "inventory" => self.inventory(volume),
            "operations" => self.operations(volume),
            "ports" => self.ports(volume),
            "tables" => self.tables(volume),
            "codes" => used(&self.codes, volume, &["Code", "Meaning"]),
            "events" => used(&self.events, volume, &["Event", "Meaning"]),
            "rules" => rules_table(),
            _ => return None,
        };
        Some(if content.is_empty() { "None.".to_owned() } else { content })
    }

    fn inventory(&self, volume: &Volume<'_>) -> String {
        let mut text = String::new();
        for files in volume.files.chunk_by(|(a, _), (b, _)| a.name == b.name) {
            let Some((member, _)) = files.first() else { continue };
            let heading = match layer(member, self.config) {
                Some(layer) => format!("{} ({layer})", member.name),
                None => member.name.clone(),
            };
            let rows: Vec<Vec<String>> = files
                .iter()
                .map(|(member, file)| {
                    let (callers, delegates) =
                        (self.references.callers(file), self.references.delegates(file));
                    vec![code(&module_name(member, file)), sentence(&role(file)), callers, delegates]
                })
                .collect();
            text.push_str(&format!("### {heading}: {}\n\n", counted(files.len(), "file")));
            text.push_str(&table(&["Module", "Role", "Named by", "Names"], &rows));
            text.push('\n');
        }
        text
    }

    fn operations(&self, volume: &Volume<'_>) -> String {
        let here = self.operations.iter().filter(|operation| operation.domain == volume.name);
        let row = |operation: &OperationFact| {
            let routes: Vec<String> =
                operation.routes.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
            vec![
                code(&operation.name),
                sentence(operation.summary.as_deref().unwrap_or_default()),
                operation.authority.clone().unwrap_or_default().to_lowercase(),
                format!(
                    "{} → {}",
                    code(&operation.request_type),
                    code(operation.output_type.as_deref().unwrap_or_default())
                ),
                codes(routes.iter().map(String::as_str)),
                codes(operation.handlers.iter().map(|handler| handler.function.as_str())),
            ]
        };
        let heads = ["Operation", "What it does", "Authority", "Request → answer", "Routes", "Handler"];
        table(&heads, &here.map(row).collect::<Vec<_>>())
    }

    fn ports(&self, volume: &Volume<'_>) -> String {
        let here =
            self.ports.iter().filter(|port| volume.files.iter().any(|(_, file)| file.path == port.at.file));
        let row = |port: &PortFact| {
            let implementations: Vec<String> =
                port.implementations.iter().map(|one| format!("{} ({})", one.type_name, one.krate)).collect();
            vec![
                code(&port.name),
                codes(port.methods.iter().map(String::as_str)),
                codes(port.suites.iter().map(String::as_str)),
                codes(implementations.iter().map(String::as_str)),
            ]
        };
        table(
            &["Port", "Methods", "Conformance suite", "Implementations"],
            &here.map(row).collect::<Vec<_>>(),
        )
    }

    fn tables(&self, volume: &Volume<'_>) -> String {
        let Some(source) = self.config.literature.as_ref().and_then(|literature| literature.tables.as_ref())
        else {
            return String::new();
        };
        let mut rows = Vec::new();
        for (member, file) in &volume.files {
            let attributes = file.facts.types.iter().flat_map(|one| &one.attributes);
            for (attribute, key, name) in attributes {
                if *attribute == source.attribute && *key == source.key {
                    rows.push(vec![code(name), code(&module_name(member, file))]);
                }
            }
        }
        rows.sort();
        table(&["Table", "Rows in"], &rows)
    }
}

/// The pairs that a macro of `layers.toml` declares.
pub(crate) fn pairs<'a>(workspace: &'a Workspace, source: Option<&PairSource>) -> Vec<&'a Pair> {
    let Some(source) = source else { return Vec::new() };
    let module: Vec<&str> = source.module.split("::").collect();
    let files = workspace.get(&source.name).into_iter().flat_map(|member| member.src());
    let macros = files.filter(|file| file.module == module).flat_map(|file| &file.facts.macros);
    macros.filter(|call| call.name == source.macro_name).flat_map(|call| &call.pairs).collect()
}

/// The role that a file's first sentence gives it.
pub(crate) fn role(file: &SourceFile) -> String {
    let paragraph: Vec<&str> =
        file.facts.header.iter().map(String::as_str).take_while(|line| !line.is_empty()).collect();
    let text = paragraph.join(" ");
    let end = text.find(". ").map_or(text.len(), |end| end + 1);
    text[..end].replace("[`", "`").replace("`]", "`")
}

/// The pairs whose names the document's files name.
fn used(pairs: &[&Pair], volume: &Volume<'_>, heads: &[&str]) -> String {
    let names = volume.files.iter().flat_map(|(_, file)| &file.facts.names).filter(|name| !name.in_test);
    let named: HashSet<&String> = names.filter_map(|name| name.segments.last()).collect();
    let rows: Vec<_> = pairs
        .iter()
        .filter(|pair| named.contains(&pair.name))
        .map(|pair| vec![code(&pair.text), sentence(&pair.doc)])
        .collect();
    table(heads, &rows)
}

fn rules_table() -> String {
    let severity = |severity| match severity {
        Severity::Blocking => "blocking",
        Severity::Advisory => "advisory",
    };
    let rows: Vec<_> = rules::all()
        .map(|rule| {
            vec![code(rule.id), sentence(rule.title), severity(rule.severity).to_owned(), sentence(rule.why)]
        })
        .collect();
    table(&["Rule", "What holds", "Severity", "Why"], &rows)
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
