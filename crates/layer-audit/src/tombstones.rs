//! Tombstones: modules that only re-export what has moved, until a day. Which there are, who names them, what may go.

mod declaration;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Allow, Config};
use crate::day::Day;
use crate::finding::Place;
use crate::importers::{Module, importers};
use crate::markers::{Marked, marked};
use crate::source::FileFacts;
use crate::workspace::Workspace;

/// The rule that says of a tombstone that it may go, and whose allowance keeps it.
const RULE: &str = "LA-706";

/// A module that stands where something used to be, and hands on from where it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// Its file, relative to the workspace root.
    pub file: String,
    /// The module: `member::path::to::module`.
    pub module: String,
    /// Its last day.
    pub until: Day,
    /// What to name instead.
    pub instead: String,
    /// Places that still name it, in the workspace.
    pub importers: Vec<Place>,
    /// The files that declare it.
    pub declared_in: Vec<String>,
    /// Its path as these files see it.
    path: Vec<Vec<String>>,
    /// It declares things of its own, which nobody may delete with it.
    holds_more: bool,
}

/// What becomes of a tombstone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nobody names it, and its day is past: it may be deleted.
    Goes,
    /// Nobody in the workspace names it, but others may until its day.
    Waits,
    /// Somebody names it, and may until its day.
    Stands,
    /// Somebody names it, and its day is past: the importers must change first.
    Overdue,
}

/// What to do so that every tombstone that may go is gone. Nothing is written here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collapse {
    /// Files to delete.
    pub delete: BTreeSet<String>,
    /// Files to write anew, without the declarations of what is deleted.
    pub rewrite: BTreeMap<String, String>,
    /// What stays although nobody in the workspace names it, a line each, with the reason.
    pub stays: Vec<String>,
    /// What must be done by hand, a line each: declarations that could not be found, importers past the day.
    pub by_hand: Vec<String>,
}

impl Tombstone {
    /// What becomes of it on that day.
    pub fn fate(&self, today: Day) -> Fate {
        fate(self.importers.is_empty(), self.until, today)
    }

    /// One line about it: where, until when, who names it.
    pub fn line(&self, today: Day) -> String {
        let Self { file, module, until, instead, importers, .. } = self;
        let fate = match self.fate(today) {
            Fate::Goes => "nobody names it; it may go".to_owned(),
            Fate::Waits => "nobody here names it, but its day has not come".to_owned(),
            Fate::Stands => format!("named by {}", list(importers)),
            Fate::Overdue => format!("its day is past; name {instead} in {}", list(importers)),
        };
        format!("{file} {module} until {until}: {fate}")
    }

    /// The entry lets off that it could go.
    fn is_kept_by(&self, entry: &Allow) -> bool {
        entry.rule == RULE
            && entry.file == self.file
            && entry.subject.as_ref().is_none_or(|subject| *subject == self.file)
    }

    fn kept(&self, entry: &Allow) -> String {
        let Self { file, module, .. } = self;
        let Allow { rule, until, reason, .. } = entry;
        format!("{file} {module}: {rule} is allowed until {until}: {reason}")
    }
}

/// What becomes of each of these modules; nothing where the header is not well formed.
pub(crate) fn fates(workspace: &Workspace, marked: &[Marked<'_>]) -> Vec<Option<Fate>> {
    let modules: Vec<Module> = marked.iter().map(Marked::module).collect();
    let each = marked.iter().zip(importers(workspace, &modules));
    let of = |(one, importers): (&Marked<'_>, Vec<_>)| {
        let (until, _) = terms(one.value).ok()?;
        Some(fate(importers.is_empty(), until, workspace.today))
    };
    each.map(of).collect()
}

fn fate(unnamed: bool, until: Day, today: Day) -> Fate {
    match (unnamed, until < today) {
        (true, true) => Fate::Goes,
        (true, false) => Fate::Waits,
        (false, false) => Fate::Stands,
        (false, true) => Fate::Overdue,
    }
}

/// Every tombstone whose header is well formed; what is wrong with the others is the audit's to say.
pub fn tombstones(workspace: &Workspace, config: &Config) -> Vec<Tombstone> {
    let Some(label) = &config.markers.tombstone else { return Vec::new() };
    let marked = marked(workspace, label);
    let modules: Vec<Module> = marked.iter().map(Marked::module).collect();
    let importers = importers(workspace, &modules);
    let mut found = Vec::new();
    for (one, importers) in marked.iter().zip(importers) {
        let Ok((until, instead)) = terms(one.value) else { continue };
        let declaring: Vec<_> = declaring(one).collect();
        let mut places: Vec<Place> = importers.iter().map(crate::importers::Importer::place).collect();
        places.sort();
        found.push(Tombstone {
            file: one.file.path.clone(),
            module: one.module().to_string(),
            until,
            instead,
            importers: places,
            declared_in: declaring.iter().map(|(file, _)| file.clone()).collect(),
            path: declaring.into_iter().map(|(_, path)| path).collect(),
            holds_more: !only_reexports(&one.file.facts),
        });
    }
    found
}

/// Plans the removal of every tombstone of which LA-706 says on that day that nobody names it any more: an allowance of
/// `config` that counts on that day keeps it. `read` gives the text of a file that declares one.
pub fn collapse<E>(
    tombstones: &[Tombstone],
    config: &Config,
    today: Day,
    read: impl Fn(&str) -> Result<String, E>,
) -> Result<Collapse, E> {
    let mut plan = Collapse::default();
    for tombstone in tombstones {
        match tombstone.fate(today) {
            Fate::Stands => {}
            Fate::Waits => plan.stays.push(tombstone.line(today)),
            Fate::Overdue => plan.by_hand.push(tombstone.line(today)),
            Fate::Goes if tombstone.holds_more => {
                let Tombstone { file, module, .. } = tombstone;
                plan.by_hand.push(format!("{file} {module}: declares things of its own; move them first"));
            }
            Fate::Goes => match config.in_force(today).find(|entry| tombstone.is_kept_by(entry)) {
                Some(entry) => plan.stays.push(tombstone.kept(entry)),
                None => remove(&mut plan, tombstone, &read)?,
            },
        }
    }
    Ok(plan)
}

fn remove<E>(
    plan: &mut Collapse,
    tombstone: &Tombstone,
    read: &impl Fn(&str) -> Result<String, E>,
) -> Result<(), E> {
    let mut rewritten = Vec::new();
    for (file, path) in tombstone.declared_in.iter().zip(&tombstone.path) {
        let text = match plan.rewrite.get(file) {
            Some(text) => text.clone(),
            None => read(file)?,
        };
        rewritten.extend(declaration::removed(&text, path).map(|text| (file.clone(), text)));
    }
    if rewritten.is_empty() || rewritten.len() < tombstone.declared_in.len() {
        let Tombstone { file, module, .. } = tombstone;
        plan.by_hand.push(format!("{file} {module}: its `mod` line could not be found; remove both by hand"));
        return Ok(());
    }
    plan.delete.insert(tombstone.file.clone());
    plan.rewrite.extend(rewritten);
    Ok(())
}

/// What the header line says: the last day, and what to name instead.
pub(crate) fn terms(value: &str) -> Result<(Day, String), String> {
    let form = "expected a form like 2030-12-31 use crate::new::path";
    let (day, path) = value.split_once(" use ").ok_or_else(|| form.to_owned())?;
    let until = Day::parse(day).map_err(|error| error.to_string())?;
    let is_name = |part: &str| syn::parse_str::<syn::Ident>(part).is_ok() || part == "crate";
    if !path.contains("::") || !path.split("::").all(is_name) {
        return Err(form.to_owned());
    }
    Ok((until, path.to_owned()))
}

/// Everything but `use` items leaves one of these facts.
pub(crate) fn only_reexports(facts: &FileFacts) -> bool {
    facts.items.is_empty()
        && facts.functions.is_empty()
        && facts.impls.is_empty()
        && facts.macros.is_empty()
        && facts.methods.is_empty()
}

/// The files that declare the module, and its path from there.
fn declaring<'a>(one: &'a Marked<'_>) -> impl Iterator<Item = (String, Vec<String>)> + 'a {
    let module = &one.file.module;
    one.member.src().filter_map(move |file| {
        file.facts.mods.iter().find(|declared| declared.module == *module)?;
        let path = module.strip_prefix(file.module.as_slice())?;
        Some((file.path.clone(), path.to_vec()))
    })
}

fn list(places: &[Place]) -> String {
    places.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
