//! Tables: what reads or restores the database relies on. Triggers keep records append-only, so each is looked at.

mod statements;

use std::collections::BTreeMap;

use super::change::{Change, Contract};
use statements::{Column, Schema, Table};

const TABLES: Contract = Contract::Tables;

pub(super) fn compare(engine: &str, old: &str, new: &str) -> Result<Vec<Change>, String> {
    let (old, new) = (statements::read(old)?, statements::read(new)?);
    let mut changes = Vec::new();
    for (name, before) in &old.tables {
        let subject = format!("{engine} {name}");
        match new.tables.get(name) {
            Some(now) => changes.extend(changed(&subject, before, now)),
            None => changes.push(TABLES.breaks(&subject, "table removed", "who reads or restores it fails")),
        }
    }
    let added = new.tables.keys().filter(|name| !old.tables.contains_key(*name));
    changes.extend(added.map(|name| TABLES.compatible(&format!("{engine} {name}"), "table added")));
    changes.extend(indexes(engine, &old, &new));
    changes.extend(others(engine, &old, &new));
    Ok(changes)
}

fn changed(table: &str, old: &Table, new: &Table) -> Vec<Change> {
    let mut changes = Vec::new();
    for (name, before) in &old.columns {
        match new.column(name) {
            Some(now) => changes.extend(changed_column(table, name, before, now)),
            None => {
                let why = "who reads it fails, and a restore loses it";
                changes.push(TABLES.breaks(table, format!("column `{name}` removed"), why));
            }
        }
    }
    for (name, column) in new.columns.iter().filter(|(name, _)| old.column(name).is_none()) {
        changes.push(added_column(table, name, column));
    }
    let order = |of: &Table, other: &Table| -> Vec<String> {
        of.columns.iter().map(|(name, _)| name.clone()).filter(|name| other.column(name).is_some()).collect()
    };
    if order(old, new) != order(new, old) {
        let why = "dumps name no columns: their values would land in the wrong ones";
        changes.push(TABLES.review(table, "columns stand in another order", why));
    }
    changes.extend(rules(table, old, new));
    changes
}

fn added_column(table: &str, name: &str, column: &Column) -> Change {
    if column.nullable || column.default.is_some() {
        return TABLES.compatible(table, format!("column `{name}` added"));
    }
    let why = "rows of before have no value for it: look how the migration fills it";
    TABLES.review(table, format!("column `{name}` added, not null and without a default"), why)
}

fn changed_column(table: &str, name: &str, old: &Column, new: &Column) -> Vec<Change> {
    let mut changes = Vec::new();
    if old.kind != new.kind {
        let what = format!("column `{name}` was {}, is {}", old.kind, new.kind);
        changes.push(TABLES.breaks(table, what, "who reads or restores it meets another type"));
    }
    match (old.nullable, new.nullable) {
        (true, false) => {
            let why = "a restore of rows without it is refused";
            changes.push(TABLES.breaks(table, format!("column `{name}` must not be null now"), why));
        }
        (false, true) => {
            let why = "who reads it must know that it can be absent";
            changes.push(TABLES.review(table, format!("column `{name}` may be null now"), why));
        }
        _ => {}
    }
    if old.default != new.default {
        let shown = |default: &Option<String>| default.clone().unwrap_or_else(|| "none".to_owned());
        let what = format!("the default of `{name}` was {}, is {}", shown(&old.default), shown(&new.default));
        changes.push(TABLES.review(
            table,
            what,
            "writers that leave it out store something else, or are refused",
        ));
    }
    if old.rest != new.rest {
        let what = format!("rules of column `{name}` were `{}`, are `{}`", old.rest, new.rest);
        changes.push(TABLES.review(table, what, "rows of before may break the new ones"));
    }
    changes
}

/// Keys, checks, foreign keys, options.
fn rules(table: &str, old: &Table, new: &Table) -> Vec<Change> {
    let mut changes = Vec::new();
    for rule in old.rules.difference(&new.rules) {
        let why = "what it kept out can be stored now";
        changes.push(if rule.starts_with("PRIMARY KEY") {
            TABLES.breaks(table, format!("`{rule}` removed"), "rows are found by it")
        } else {
            TABLES.review(table, format!("`{rule}` removed"), why)
        });
    }
    for rule in new.rules.difference(&old.rules) {
        changes.push(TABLES.review(table, format!("`{rule}` added"), "rows of before may break it"));
    }
    if old.options != new.options {
        let what = format!("options were `{}`, are `{}`", old.options, new.options);
        changes.push(TABLES.review(table, what, "look what the database does differently"));
    }
    changes
}

/// A plain index is nobody's business; a unique one is a rule.
fn indexes(engine: &str, old: &Schema, new: &Schema) -> Vec<Change> {
    let is_rule = |text: Option<&String>| text.is_some_and(|text| text.starts_with("CREATE UNIQUE"));
    differing(&old.indexes, &new.indexes, |name, before, now, what| {
        let (subject, what) = (format!("{engine} {name}"), format!("index {what}"));
        match (is_rule(before), is_rule(now)) {
            (false, false) => TABLES.compatible(&subject, what),
            (_, true) => TABLES.review(&subject, format!("unique {what}"), "rows of before may break it"),
            (true, false) => {
                TABLES.review(&subject, format!("unique {what}"), "what it kept out can be stored now")
            }
        }
    })
}

/// Triggers, and statements of a kind that is not compared by its parts.
fn others(engine: &str, old: &Schema, new: &Schema) -> Vec<Change> {
    let triggers = differing(&old.triggers, &new.triggers, |name, _, now, what| {
        let why = match now {
            None => "what it guarded can be changed or deleted: append-only records must stay so",
            Some(_) => "look what it lets pass and what it refuses",
        };
        TABLES.review(&format!("{engine} {name}"), format!("trigger {what}"), why)
    });
    let unread = differing(&old.unread, &new.unread, |head, _, _, what| {
        let why = "a statement that this comparison cannot read: look at both";
        TABLES.review(&format!("{engine} {head}"), what, why)
    });
    triggers.into_iter().chain(unread).collect()
}

fn differing(
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
    judge: impl Fn(&str, Option<&String>, Option<&String>, &str) -> Change,
) -> Vec<Change> {
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    let mut changes = Vec::new();
    for name in names {
        match (old.get(name), new.get(name)) {
            (before, now) if before == now => {}
            (before, None) => changes.push(judge(name, before, None, "removed")),
            (None, now) => changes.push(judge(name, None, now, "added")),
            (before, now) => changes.push(judge(name, before, now, "changed")),
        }
    }
    changes
}

#[cfg(test)]
mod tests;
