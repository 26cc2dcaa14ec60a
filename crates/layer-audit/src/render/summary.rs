//! What was judged, by layer and by domain, and what it comes to.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Account;
use crate::config::Config;
use crate::home::{Home, domain_in};
use crate::inventory;
use crate::report::Tally;

/// Row of what belongs to no layer: members that the law forgot, and findings about the law itself.
const REST: &str = "(none)";

/// The figures of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Members read.
    pub crates: usize,
    /// Source files read.
    pub files: usize,
    /// Their lines.
    pub lines: usize,
    /// Rules that ran.
    pub rules: usize,
    /// Rules that ran and have no finding that blocks.
    pub kept: usize,
    /// Findings by kind.
    #[serde(flatten)]
    pub tally: Tally,
    /// The whole run's time.
    pub milliseconds: u128,
    /// One row per layer that holds something, in the law's order.
    pub layers: Vec<Row>,
    /// One row per domain, in the law's order.
    pub domains: Vec<Row>,
}

/// What stands in one layer or one domain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Id of the layer, name of the domain.
    pub name: String,
    /// Members that hold a file of it.
    pub crates: usize,
    /// Source files.
    pub files: usize,
    /// Lines in them.
    pub lines: usize,
    /// Ports declared there; nothing where the law has no ports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports: Option<usize>,
    /// Operations declared there; nothing where the law has no operations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operations: Option<usize>,
    /// Findings that count.
    pub findings: usize,
}

/// Something that counts in the rows of its layer and of its domain.
struct Piece<'a> {
    home: Home<'a>,
    what: What,
}

enum What {
    Member,
    File { lines: usize },
    Port,
    Operation,
    Finding,
}

impl Summary {
    /// Counts.
    pub fn of(account: &Account<'_>) -> Self {
        let Account { workspace, config, report, .. } = *account;
        let pieces = pieces(account);
        let layers = config.layers.iter().map(|layer| layer.id.as_str()).chain([REST]);
        let layer =
            |id: &str| row(id, config, pieces.iter().filter(|piece| piece.home.layer.unwrap_or(REST) == id));
        let domains = config.domains.iter().flat_map(|domains| &domains.domains);
        let domain =
            |name: &str| row(name, config, pieces.iter().filter(|piece| piece.home.domain == Some(name)));
        Self {
            crates: report.crates,
            files: report.files,
            lines: workspace
                .crates
                .iter()
                .flat_map(|member| &member.files)
                .map(|file| file.facts.lines)
                .sum(),
            rules: report.rules.len(),
            kept: report.kept(),
            tally: report.tally(),
            milliseconds: account.milliseconds,
            layers: layers.map(layer).filter(|row| row.crates + row.findings > 0).collect(),
            domains: domains.map(|named| domain(&named.name)).collect(),
        }
    }

    /// Both tables for people; that of domains only where there are any.
    pub fn tables(&self) -> String {
        let layers = table("layer", &self.layers);
        if self.domains.is_empty() { layers } else { format!("{layers}\n{}", table("domain", &self.domains)) }
    }
}

fn pieces<'a>(account: &Account<'a>) -> Vec<Piece<'a>> {
    let Account { workspace, config, report, .. } = *account;
    let mut pieces = Vec::new();
    for member in &workspace.crates {
        let home = Home::in_member(&member.dir, member, config);
        pieces.push(Piece { home, what: What::Member });
        for file in &member.files {
            let home = Home { domain: domain_in(&file.path, member, config), ..home };
            pieces.push(Piece { home, what: What::File { lines: file.facts.lines } });
        }
    }
    let mut at = |path: &str, what| pieces.push(Piece { home: Home::of(path, workspace, config), what });
    let ports = config.ports.iter().flat_map(|ports| inventory::traits(workspace, ports));
    ports.for_each(|(_, file, _)| at(&file.path, What::Port));
    let operations = inventory::operations(workspace, config);
    operations.iter().for_each(|operation| at(&operation.declared.file, What::Operation));
    report.open().for_each(|finding| at(&finding.place.file, What::Finding));
    pieces
}

fn row<'p>(name: &str, config: &Config, pieces: impl Iterator<Item = &'p Piece<'p>>) -> Row {
    let mut row = Row { name: name.to_owned(), ..Row::default() };
    let (mut members, mut ports, mut operations) = (BTreeSet::new(), 0, 0);
    for piece in pieces {
        match piece.what {
            What::Member => members.extend(piece.home.member),
            What::File { lines } => {
                members.extend(piece.home.member);
                row.files += 1;
                row.lines += lines;
            }
            What::Port => ports += 1,
            What::Operation => operations += 1,
            What::Finding => row.findings += 1,
        }
    }
    row.crates = members.len();
    row.ports = config.ports.as_ref().map(|_| ports);
    row.operations = config.operations.as_ref().map(|_| operations);
    row
}

/// Columns as wide as they must be; figures to the right.
fn table(head: &str, rows: &[Row]) -> String {
    let heads = [head, "crates", "files", "lines", "ports", "operations", "findings"];
    let mut lines = vec![heads.map(str::to_owned)];
    lines.extend(rows.iter().map(cells));
    let width = |column: usize| lines.iter().map(|cells| cells[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 7] = std::array::from_fn(width);
    let mut text = String::new();
    for cells in &lines {
        let first = format!("{:<width$}", cells[0], width = widths[0]);
        let rest = (1..7).map(|column| format!("  {:>width$}", cells[column], width = widths[column]));
        text.push_str(&format!("{first}{}\n", rest.collect::<String>()));
    }
    text
}

fn cells(row: &Row) -> [String; 7] {
    let or_dash = |count: Option<usize>| count.map_or("-".to_owned(), |count| count.to_string());
    [
        row.name.clone(),
        row.crates.to_string(),
        row.files.to_string(),
        row.lines.to_string(),
        or_dash(row.ports),
        or_dash(row.operations),
        row.findings.to_string(),
    ]
}
