//! `new port <domain> <Name>`: a trait of the vocabulary with one look-up, in memory, broken, and the suite between them.

use super::draft::{Contract, Draft, Plan};
use super::homes::{Home, SCHEMAS};
use super::law::Law;
use super::template::fill;
use super::tree::Tree;
use super::{insert, names};

const TESTKIT: &str = "crates/testkit/";
const MEMORY: &str = "crates/testkit/src/memory";
const BROKEN: &str = "crates/testkit/src/broken";
const SUITES: &str = "crates/testkit/src/conformance";

const CONTRACT: Contract = Contract {
    test: "test --workspace --test port_surfaces port_surfaces",
    snapshots: "crates/schemas/tests/snapshots",
};

/// Plans a port.
///
/// # Errors
/// When the domain is unknown, or the name is bad or taken.
pub(crate) fn plan(tree: &Tree, domain: &str, name: &str) -> Result<Plan, String> {
    let home = Home::find(tree, domain)?;
    Law::of(tree).type_name(name, &["portcullis-schemas", "portcullis-testkit"])?;
    for taken in [name.to_owned(), format!("Memory{name}"), format!("Leaky{name}")] {
        if ["crates/schemas/src/", "crates/testkit/src/"].iter().any(|folder| tree.names(folder, &taken)) {
            return Err(format!("the type `{taken}` is there already: choose another name"));
        }
    }
    let mut draft = Draft::of(tree);
    let port = Port { name, snake: names::snake(name), home };
    port.declared(&mut draft)?;
    port.implemented(&mut draft)?;
    port.judged(&mut draft)?;
    Ok(draft.plan(&[CONTRACT], port.next_steps()))
}

struct Port<'a> {
    name: &'a str,
    snake: String,
    home: Home,
}

impl Port<'_> {
    fn filled(&self, template: &str) -> Result<String, String> {
        let words = names::words(&self.snake);
        let (home, dotted) = (self.home.path(), self.home.dotted());
        let values = [
            ("Name", self.name),
            ("snake", &self.snake),
            ("words", &words),
            ("home", &home),
            ("domain", &dotted),
        ];
        fill(template, &values)
    }

    /// The trait.
    fn declared(&self, draft: &mut Draft<'_>) -> Result<(), String> {
        let module = SCHEMAS.module(draft, &self.home)?;
        let path = SCHEMAS.inside(&self.home, "ports.rs");
        if draft.text(&path).is_none() {
            draft.write(&path, self.filled(include_str!("templates/ports.rs.txt"))?)?;
            draft.insert(&module, "pub mod ports;", |text| insert::module(text, "pub mod ports;"))?;
        }
        let port = self.filled(include_str!("templates/port.rs.txt"))?;
        let imports = [
            ("async_trait", "async_trait"),
            ("crate", "PortError"),
            ("crate::ids", "TenantId"),
            ("crate::text", "Description"),
            ("crate::text", "Name"),
        ];
        draft.insert(&path, format!("trait {}", self.name), |text| {
            insert::imports(&insert::item(text, &port)?, &imports)
        })
    }

    /// In memory as it should be, and broken.
    fn implemented(&self, draft: &mut Draft<'_>) -> Result<(), String> {
        let Self { name, snake, .. } = self;
        let kinds = [
            (MEMORY, include_str!("templates/port_memory.rs.txt"), format!("Memory{name}")),
            (BROKEN, include_str!("templates/port_broken.rs.txt"), format!("Leaky{name}")),
        ];
        for (folder, template, implementation) in kinds {
            draft.write(&format!("{folder}/{snake}.rs"), self.filled(template)?)?;
            self.exported(draft, folder, &implementation)?;
        }
        Ok(())
    }

    /// The suite, and the two tests that show what it is worth.
    fn judged(&self, draft: &mut Draft<'_>) -> Result<(), String> {
        draft.write(
            &format!("{SUITES}/{}.rs", self.snake),
            self.filled(include_str!("templates/port_suite.rs.txt"))?,
        )?;
        self.exported(draft, SUITES, &self.snake)?;
        let tests = [
            ("tests/suites_pass.rs", include_str!("templates/port_passes.rs.txt")),
            ("tests/suites_fail.rs", include_str!("templates/port_fails.rs.txt")),
        ];
        for (path, template) in tests {
            let test = self.filled(template)?;
            draft.insert(&format!("{TESTKIT}{path}"), format!("a test of {}", self.snake), |text| {
                insert::item(text, &test)
            })?;
        }
        Ok(())
    }

    fn exported(&self, draft: &mut Draft<'_>, folder: &str, what: &str) -> Result<(), String> {
        let module = format!("mod {};", self.snake);
        let export = format!("pub use {}::{what};", self.snake);
        let path = format!("{folder}.rs");
        draft.insert(&path, module.clone(), |text| insert::module(text, &module))?;
        draft.insert(&path, export.clone(), |text| insert::export(text, &export))
    }

    fn next_steps(&self) -> Vec<String> {
        let Self { name, snake, home } = self;
        let ports = SCHEMAS.inside(home, "ports.rs");
        vec![
            format!("{ports}: say what {name} is for, and give it the methods that you need (12 at most)"),
            format!("{SUITES}/{snake}.rs: a promise for each method; {BROKEN}/{snake}.rs: break each once"),
            format!("for persistence: cargo xtask new driver {} {name}", home.dotted()),
            "crates/spine/src/ports.rs: a field for it, once a handler needs it; or a method of `UnitOfWork` \
             (crates/schemas/src/store.rs), if it writes"
                .to_owned(),
        ]
    }
}
