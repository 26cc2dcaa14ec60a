//! Reading a database schema: `CREATE` statements, a blank line between them.

use std::collections::{BTreeMap, BTreeSet};

/// What a schema holds, each by name.
#[derive(Debug, Default)]
pub(super) struct Schema {
    pub(super) tables: BTreeMap<String, Table>,
    /// The whole statement, as of triggers.
    pub(super) indexes: BTreeMap<String, String>,
    pub(super) triggers: BTreeMap<String, String>,
    /// Statements of other kinds, by their first three words.
    pub(super) unread: BTreeMap<String, String>,
}

/// A table.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// In their order.
    pub(super) columns: Vec<(String, Column)>,
    /// Keys, checks and foreign keys of the table.
    pub(super) rules: BTreeSet<String>,
    /// What stands behind the closing bracket.
    pub(super) options: String,
}

/// A column.
#[derive(Debug)]
pub(super) struct Column {
    /// The words of its type, in lower case.
    pub(super) kind: String,
    pub(super) nullable: bool,
    pub(super) default: Option<String>,
    /// `UNIQUE`, `PRIMARY KEY` and all that is not read here.
    pub(super) rest: String,
}

impl Table {
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(other, _)| other == name).map(|(_, column)| column)
    }
}

pub(super) fn read(text: &str) -> Result<Schema, String> {
    let mut schema = Schema::default();
    for statement in text.split("\n\n").map(one_line).filter(|statement| !statement.is_empty()) {
        let words: Vec<&str> = statement.split(' ').collect();
        match words.as_slice() {
            ["CREATE", "TABLE", name, ..] => {
                schema.tables.insert(unquoted(name), table(&statement)?);
            }
            ["CREATE", "INDEX", name, ..] | ["CREATE", "UNIQUE", "INDEX", name, ..] => {
                schema.indexes.insert(unquoted(name), statement);
            }
            ["CREATE", "TRIGGER", name, ..] => {
                schema.triggers.insert(unquoted(name), statement);
            }
            _ => {
                let head = words.iter().take(3).copied().collect::<Vec<_>>().join(" ");
                schema.unread.entry(head).or_default().push_str(&statement);
            }
        }
    }
    Ok(schema)
}

fn table(statement: &str) -> Result<Table, String> {
    let strange = || format!("expected `CREATE TABLE name ( .. )`, found `{statement}`");
    let (_, rest) = statement.split_once('(').ok_or_else(strange)?;
    let parts = parts(rest).ok_or_else(strange)?;
    let mut table = Table { options: parts.behind.trim().to_owned(), ..Table::default() };
    for part in parts.inside {
        let first = part.split([' ', '(']).next().unwrap_or_default();
        if ["PRIMARY", "CHECK", "FOREIGN", "UNIQUE", "CONSTRAINT", "EXCLUDE"].contains(&first) {
            table.rules.insert(part);
        } else {
            table.columns.push((unquoted(first), column(&part)));
        }
    }
    Ok(table)
}

struct Parts {
    inside: Vec<String>,
    behind: String,
}

/// Cuts what stands behind an opened bracket at its commas, up to the bracket that closes it. Quoted text is whole.
fn parts(text: &str) -> Option<Parts> {
    let (mut depth, mut from, mut quote, mut inside) = (1_i32, 0, None, Vec::new());
    for (at, sign) in text.char_indices() {
        match (quote, sign) {
            (Some(open), _) => quote = (sign != open).then_some(open),
            (None, '\'' | '"') => quote = Some(sign),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            _ => {}
        }
        let ends = depth == 0 || (depth == 1 && sign == ',' && quote.is_none());
        if ends {
            inside.push(text[from..at].trim().to_owned());
            from = at + 1;
        }
        if depth == 0 {
            return Some(Parts { inside, behind: text[from..].to_owned() });
        }
    }
    None
}

/// `"name" type NOT NULL DEFAULT 0 UNIQUE`
fn column(text: &str) -> Column {
    let mut column = Column { kind: String::new(), nullable: true, default: None, rest: String::new() };
    let words: Vec<&str> = text.split(' ').skip(1).collect();
    let is_rule = |word: &str| {
        let rules =
            ["NOT", "NULL", "DEFAULT", "UNIQUE", "PRIMARY", "CHECK", "REFERENCES", "COLLATE", "GENERATED"];
        rules.contains(&word.split('(').next().unwrap_or_default())
    };
    let kinds = words.iter().position(|word| is_rule(word)).unwrap_or(words.len());
    column.kind = words[..kinds].join(" ").to_lowercase();
    let mut rest = Vec::new();
    let mut left = &words[kinds..];
    loop {
        left = match left {
            [] => break,
            ["NOT", "NULL", after @ ..] => {
                column.nullable = false;
                after
            }
            ["NULL", after @ ..] => after,
            ["DEFAULT", after @ ..] => {
                let end =
                    after.iter().position(|word| is_rule(word) && *word != "NULL").unwrap_or(after.len());
                let end = end.max(1).min(after.len());
                column.default = Some(after[..end].join(" "));
                &after[end..]
            }
            [word, after @ ..] => {
                rest.push(*word);
                after
            }
        };
    }
    column.rest = rest.join(" ");
    column
}

fn unquoted(name: &str) -> String {
    name.trim_matches('"').to_owned()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("( ", "(").replace(" )", ")")
}
