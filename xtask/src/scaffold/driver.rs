//! `new driver <domain> <Port>`: a look-up port on the database: the table with its migration and its right, the row, the
//! query and the run of the port's suite.

use super::draft::{Contract, Draft, Plan};
use super::homes::{DRIVERS, Home, SCHEMAS};
use super::law::Law;
use super::template::fill;
use super::tree::Tree;
use super::{insert, names};

const MIGRATIONS: &str = "migrations/src/";
const MIGRATOR: &str = "migrations/src/lib.rs";
const SUITES: &str = "crates/drivers/tests/conformance.rs";
/// What the role that serves may do with each table, sorted.
const RIGHTS: &str = "crates/drivers/src/database/roles.rs";

const CONTRACT: Contract = Contract {
    // The schema on SQLite, and the rights.
    test: "test -p portcullis-drivers --lib database::",
    snapshots: "crates/drivers/src/database/snapshots",
};

/// The one shape that a table of names and values can serve.
const SHAPE: &str =
    "async fn find(&self, tenant: &TenantId, name: &Name) -> Result<Option<Description>, PortError>;";

/// Plans a driver.
///
/// # Errors
/// When the domain or the port is unknown, the port has another shape, or it has a driver.
pub(crate) fn plan(tree: &Tree, domain: &str, port: &str) -> Result<Plan, String> {
    let home = Home::find(tree, domain)?;
    Law::of(tree).type_name(port, &["portcullis-drivers"])?;
    check_shape(tree, &home, port)?;
    let snake = names::snake(port);
    let table = format!("{}_values", snake.strip_suffix("_store").unwrap_or(&snake));
    if tree.below(MIGRATIONS).any(|(_, text)| text.contains(&format!("\"{table}\""))) {
        return Err(format!("the table `{table}` is there already: choose another name for the port"));
    }
    let migration = format!("m{:04}_{table}", next_number(tree));
    let (path, dotted) = (home.path(), home.dotted());
    let values = [
        ("Port", port),
        ("snake", snake.as_str()),
        ("home", &path),
        ("domain", &dotted),
        ("table", &table),
        ("migration", &migration),
    ];
    let mut draft = Draft::of(tree);
    driver(&mut draft, &home, &snake, &values)?;
    migrated(&mut draft, &migration, &values)?;
    draft.insert(RIGHTS, format!("the right to read `{table}`"), |text| granted(text, &table))?;
    let test = fill(include_str!("templates/driver_test.rs.txt"), &values)?;
    draft.insert(SUITES, format!("the suite of {port}"), |text| insert::item(text, &test))?;
    let next = vec![
        "the schema's snapshot of PostgreSQL: PORTCULLIS_TEST_POSTGRES_URL=.. INSTA_UPDATE=always cargo test -p \
         portcullis-drivers --test persistence -- --ignored postgres_schema"
            .to_owned(),
        format!(
            "{MIGRATIONS}{migration}.rs: the columns that {port} really needs; then the row in the driver"
        ),
        format!(
            "what writes `{table}` belongs to a unit of work: a method of the domain's store, or a new one of \
             `UnitOfWork` (crates/schemas/src/store.rs)"
        ),
        format!(
            "hand Sql{port} out: crates/portcullis/src/embedded.rs, once crates/spine/src/ports.rs has a field"
        ),
    ];
    Ok(draft.plan(&[CONTRACT], next))
}

fn check_shape(tree: &Tree, home: &Home, port: &str) -> Result<(), String> {
    let path = SCHEMAS.inside(home, "ports.rs");
    let start = format!("pub trait {port}:");
    let text = tree.text(&path).unwrap_or_default();
    let Some((_, body)) = text.split_once(&start) else {
        return Err(format!(
            "{path} has no port `{port}`: make it first: cargo xtask new port {} {port}",
            home.dotted()
        ));
    };
    let body = body.split_once("\n}").map_or(body, |(body, _)| body);
    let methods =
        body.lines().filter(|line| line.trim_start().starts_with("async fn ") || line.contains(" fn "));
    let only_look_up = body.lines().any(|line| line.trim() == SHAPE) && methods.count() == 1;
    if only_look_up && body.trim_start().starts_with("Send + Sync {") {
        return Ok(());
    }
    Err(format!(
        "{path}: `{port}` has other methods than a fresh port has, and this driver knows that one only: \
         write it as crates/drivers/src/tenants/mod.rs does"
    ))
}

/// The row and the query.
fn driver(draft: &mut Draft<'_>, home: &Home, snake: &str, values: &[(&str, &str)]) -> Result<(), String> {
    let path = DRIVERS.inside(home, &format!("{snake}.rs"));
    draft.write(&path, fill(include_str!("templates/driver.rs.txt"), values)?)?;
    let module = DRIVERS.module(draft, home)?;
    let declaration = format!("pub mod {snake};");
    draft.insert(&module, declaration.clone(), |text| insert::module(text, &declaration))
}

/// The migration, last in the list.
fn migrated(draft: &mut Draft<'_>, name: &str, values: &[(&str, &str)]) -> Result<(), String> {
    let migration = fill(include_str!("templates/migration.rs.txt"), values)?;
    draft.write(&format!("{MIGRATIONS}{name}.rs"), migration)?;
    let declaration = format!("mod {name};");
    draft.insert(MIGRATOR, declaration.clone(), |text| insert::module(text, &declaration))?;
    let entry = format!("Box::new({name}::Migration)");
    draft.insert(MIGRATOR, entry.clone(), |text| {
        let start = text.find("vec![").ok_or("the list of migrations, `vec![`, is not there")?;
        let end =
            text[start..].find(']').map(|at| start + at).ok_or("the list of migrations does not end")?;
        let list = text[..end].trim_end().trim_end_matches(',');
        Ok(format!("{list}, {entry}{}", &text[end..]))
    })
}

/// The table among those that the role which serves may read. Nothing writes it yet.
fn granted(text: &str, table: &str) -> Result<String, String> {
    let earlier = |line: &str| line.strip_prefix("    (\"").is_some_and(|rest| rest < table);
    let right = format!("    (\"{table}\", \"SELECT\"),");
    insert::after_last(text, &right, earlier)
        .ok_or_else(|| "the list of rights, RIGHTS, is not there".to_owned())
}

fn next_number(tree: &Tree) -> u32 {
    let names =
        tree.below(MIGRATIONS).filter_map(|(path, _)| path.strip_prefix(MIGRATIONS)?.strip_prefix('m'));
    names.filter_map(|name| name.get(..4)?.parse::<u32>().ok()).max().unwrap_or(0) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_takes_its_place_in_the_sorted_list() {
        let list = "const RIGHTS: &[(&str, &str)] = &[\n    (\"api_keys\", \"SELECT\"),\n    (\"tenants\", \"SELECT\"),\n];\n";
        let granted =
            |table| granted(list, table).map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
        for (table, place) in [("paint_values", 2), ("tenants_values", 3), ("zoo_values", 3)] {
            let lines = granted(table).expect(table);
            assert_eq!(lines[place], format!("    (\"{table}\", \"SELECT\"),"));
        }
        assert!(granted("aaa").is_err());
    }
}
