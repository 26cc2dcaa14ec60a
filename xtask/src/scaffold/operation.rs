//! `new operation <domain>.<family>.<verb_noun>`: request, registration, handler, route and test of an operation.
//!
//! Nobody knows its rule yet, so the handler refuses, as everything does here that no rule permits: the operation is
//! registered, guarded, audited and documented, and does nothing until somebody decides what.

use super::draft::{Contract, Draft, Plan};
use super::family::Family;
use super::homes::{Home, SCHEMAS, SPINE};
use super::law::Law;
use super::template::fill;
use super::tree::Tree;
use super::{insert, names};
use shape::Shape;

mod shape;
mod sources;
mod tables;

const TESTS: &str = "crates/spine/tests/it/";

const CONTRACTS: [Contract; 2] = [
    Contract {
        test: "test --workspace --test it the_contract_of_every_operation",
        snapshots: "crates/spine/tests/it/snapshots",
    },
    Contract { test: "test -p portcullis-api --lib is_a_contract", snapshots: "crates/api/src" },
];

const FACADE_CONTRACT: Contract = Contract {
    test: "test --workspace --test public_items the_public_items_are_a_contract",
    snapshots: "crates/portcullis/tests/snapshots",
};

/// An operation to be, with every spelling of it that the files need.
struct Operation {
    /// `integrations.mcp_servers.do_thing`
    name: String,
    /// `do_thing`
    verb_noun: String,
    /// `DoThing`
    request: String,
    shape: &'static Shape,
    family: Family,
}

/// Plans an operation.
///
/// # Errors
/// When the name is bad or taken, or its family is unknown.
pub(crate) fn plan(tree: &Tree, name: &str) -> Result<Plan, String> {
    let operation = Operation::named(tree, name)?;
    let mut draft = Draft::of(tree);
    sources::request(&mut draft, &operation)?;
    sources::handler(&mut draft, &operation)?;
    tables::registration(&mut draft, &operation)?;
    tables::route(&mut draft, &operation)?;
    let mut contracts = CONTRACTS.to_vec();
    if tables::facade(&mut draft, &operation)? {
        contracts.push(FACADE_CONTRACT);
    }
    Ok(draft.plan(&contracts, operation.next_steps()))
}

impl Operation {
    fn named(tree: &Tree, name: &str) -> Result<Self, String> {
        let parts: Vec<&str> = name.split('.').collect();
        let &[domain, family, verb_noun] = parts.as_slice() else {
            return Err(format!(
                "`{name}`: expected <domain>.<family>.<verb_noun>, for example integrations.mcp_servers.rename_server"
            ));
        };
        let law = Law::of(tree);
        [domain, family, verb_noun].iter().try_for_each(|part| law.module(part))?;
        if !verb_noun.contains('_') {
            return Err(format!("`{verb_noun}`: expected a verb and a noun, for example `rename_server`"));
        }
        let operation = Self {
            name: name.to_owned(),
            verb_noun: verb_noun.to_owned(),
            request: names::camel(verb_noun),
            shape: Shape::of(verb_noun),
            family: Family::find(tree, domain, family)?,
        };
        law.type_name(&operation.request, &["portcullis-schemas"])?;
        operation.is_free(tree)?;
        Ok(operation)
    }

    fn is_free(&self, tree: &Tree) -> Result<(), String> {
        if let Some(known) = self.family.declared.iter().find(|known| known.name == self.name) {
            return Err(format!("`{}` is there already: it is {}", known.name, known.request));
        }
        for taken in [&self.request, &self.answer()] {
            if tree.names("crates/schemas/src/", taken) {
                return Err(format!("the type `{taken}` is there already: choose another verb or noun"));
            }
        }
        Ok(())
    }

    /// What it answers, or what a page of it holds.
    fn answer(&self) -> String {
        format!("{}{}", self.request, self.shape.answer)
    }

    fn home(&self) -> &Home {
        &self.family.home
    }

    fn authority(&self) -> &'static str {
        self.family.authority(self.shape.effect)
    }

    fn handler_file(&self) -> String {
        SPINE.inside(self.home(), &format!("{}.rs", self.verb_noun))
    }

    /// Fills a template with everything that is known of the operation.
    fn filled(&self, template: &str) -> Result<String, String> {
        let answer = self.answer();
        let (output, page_import) = match self.shape.pages {
            true => (format!("Page<{answer}>"), "use portcullis_schemas::paging::Page;\n"),
            false => (answer.clone(), ""),
        };
        fill(
            template,
            &[
                ("name", &self.name),
                ("verb_noun", &self.verb_noun),
                ("Request", &self.request),
                ("Answer", &answer),
                ("Output", &output),
                ("page_import", page_import),
                ("sentence", &names::capitalized(&names::words(&self.verb_noun))),
                ("home", &self.home().path()),
                ("authority", self.authority()),
                ("effect", self.shape.effect),
                ("body", self.shape.body),
            ],
        )
    }

    fn next_steps(&self) -> Vec<String> {
        let Self { request, verb_noun, .. } = self;
        let home = self.home().dotted();
        vec![
            format!(
                "{}: give {request} and {} their real members, and say in the summary what it does",
                SCHEMAS.inside(self.home(), "operations.rs"),
                self.answer()
            ),
            format!("the rule, as a decision over values: cargo xtask new engine {home} {verb_noun}"),
            format!(
                "{}: load for the caller's tenant, decide, write, append the event, commit; then its test in \
                 {TESTS}{verb_noun}.rs",
                self.handler_file()
            ),
        ]
    }
}

#[cfg(test)]
mod tests;
