//! Where an operation's lines go, on texts in the form of the tables.

use super::tables::{FACADE, REGISTRATION};
use super::*;
use crate::scaffold::draft::Change;
use crate::scaffold::family::ROUTES;

const LAW: &str = "[domains]\ndomain = [\n  { name = \"pays\" },\n  { name = \"fresh\" },\n]\n";

const REGISTERED: &str = "\
//! R.

use portcullis_schemas::pays::bills::operations as bills;

pub fn register(registry: &mut OperationRegistry) -> Result<(), RegistryError> {
    registry.on::<bills::ListBills>(crate::pays::bills::list_bills)?;
    registry.on::<bills::PayBill>(
        crate::pays::bills::pay_bill,
    )
}
";

const TABLE: &str = "\
//! T.

use portcullis_schemas::pays::bills::operations::*;

pub static ROUTES: &[Route] = &[
    route::<ListBills>(GET, \"/pays/bills\"),
    route::<PayBill>(POST, \"/pays/bills/{bill_id}/pay\"),
];
";

const DECLARED: &str = "\
//! O.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operation::operations;
use crate::text::Name;

operations! {
    ListBills => Page<Bill>, \"pays.bills.list_bills\", Read, Read, \"List\";
    PayBill => Bill, \"pays.bills.pay_bill\", Operator, Write, \"Pay\";
}
";

fn tree() -> Tree {
    let files = [
        ("layers.toml", LAW),
        ("crates/schemas/src/lib.rs", "//! S.\n\npub mod fresh;\npub mod pays;\n"),
        ("crates/schemas/src/fresh/mod.rs", "//! F.\n"),
        ("crates/schemas/src/pays/mod.rs", "//! P.\n\npub mod bills;\n"),
        ("crates/schemas/src/pays/bills/mod.rs", "//! B.\n\npub mod operations;\n"),
        ("crates/schemas/src/pays/bills/operations.rs", DECLARED),
        ("crates/spine/src/lib.rs", "//! L.\n\nmod fresh;\nmod pays;\n"),
        ("crates/spine/src/fresh.rs", "//! F.\n"),
        ("crates/spine/src/pays.rs", "//! P.\n\npub(crate) mod bills;\n"),
        ("crates/spine/src/pays/bills.rs", "//! B.\n\nuse a::B;\n\nfn list_bills() {}\n"),
        (REGISTRATION, REGISTERED),
        ("crates/spine/tests/it/main.rs", "//! M.\n\nmod house;\n"),
        (ROUTES, TABLE),
        (FACADE, "//! F.\n\npub use portcullis_schemas::pays::bills::operations as bills;\n"),
    ];
    Tree::new(files.map(|(path, text)| (path.to_owned(), text.to_owned())))
}

fn text(plan: &Plan, path: &str) -> String {
    plan.changes[path].text().to_owned()
}

/// The line after the one that holds `before`.
fn after<'a>(text: &'a str, before: &str) -> &'a str {
    text.lines().skip_while(|line| !line.contains(before)).nth(1).unwrap_or_default()
}

#[test]
fn an_operation_of_a_known_family_joins_its_lines() {
    let plan = plan(&tree(), "pays.bills.void_bill").unwrap();
    let registered = text(&plan, REGISTRATION);
    let line = "    registry.on::<bills::VoidBill>(crate::pays::bills::void_bill::void_bill)?;";
    assert_eq!(after(&registered, "ListBills"), line, "{registered}");
    assert_eq!(
        after(&text(&plan, ROUTES), "PayBill"),
        "    route::<VoidBill>(POST, \"/pays/bills/void-bill\"),"
    );
    let declared = text(&plan, "crates/schemas/src/pays/bills/operations.rs");
    assert!(
        declared.contains("    VoidBill => VoidBillResult, \"pays.bills.void_bill\", Operator, Write,\n")
    );
    assert!(
        declared.contains("use crate::text::{Name, Reason};\nuse crate::timestamp::Timestamp;\n"),
        "{declared}"
    );
    assert_eq!(after(&text(&plan, "crates/spine/src/pays/bills.rs"), "use a::B;"), "");
    assert!(!plan.changes.contains_key(FACADE), "the family is re-exported already");
    assert_eq!(plan.contracts, CONTRACTS);
}

#[test]
fn reads_are_gets_with_a_path_of_their_own() {
    let routes = |name: &str| text(&plan(&tree(), name).unwrap(), ROUTES);
    let line = |name: &str| after(&routes(name), "PayBill").to_owned();
    assert_eq!(line("pays.bills.get_total"), "    route::<GetTotal>(GET, \"/pays/bills/total\"),");
    assert_eq!(line("pays.bills.list_totals"), "    route::<ListTotals>(GET, \"/pays/bills/totals\"),");
    // The path of the family itself is taken.
    assert_eq!(line("pays.bills.get_bills"), "    route::<GetBills>(GET, \"/pays/bills/get-bills\"),");
}

#[test]
fn the_first_operation_of_a_domain_brings_its_imports() {
    let plan = plan(&tree(), "fresh.things.list_things").unwrap();
    let registered = text(&plan, REGISTRATION);
    assert!(registered.contains("use portcullis_schemas::fresh::operations as fresh;\n"), "{registered}");
    let line = "    registry.on::<fresh::ListThings>(crate::fresh::list_things::list_things)?;";
    let tail = registered.lines().skip_while(|found| *found != line).nth(1);
    assert_eq!(tail, Some("    registry.on::<bills::PayBill>("), "{registered}");
    let routes = text(&plan, ROUTES);
    assert!(routes.contains("use portcullis_schemas::fresh::operations::*;\n"), "{routes}");
    assert!(routes.ends_with("\n\n    route::<ListThings>(GET, \"/fresh/things\"),\n];\n"), "{routes}");
    assert!(text(&plan, FACADE).contains("pub use portcullis_schemas::fresh::operations as things;\n"));
    assert_eq!(plan.contracts.last(), Some(&FACADE_CONTRACT));
    assert!(matches!(plan.changes["crates/schemas/src/fresh/operations.rs"], Change::Write { .. }));
    assert_eq!(text(&plan, "crates/schemas/src/fresh/mod.rs"), "//! F.\n\npub mod operations;\n");
}

#[test]
fn a_name_that_is_taken_is_refused() {
    for (name, expected) in [
        ("pays.bills.pay_bill", "it is PayBill"),
        ("fresh.things.pay_bill", "the type `PayBill` is there already"),
        ("pays.bills.house", "a verb and a noun"),
    ] {
        let refusal = plan(&tree(), name).unwrap_err();
        assert!(refusal.contains(expected), "{refusal}");
    }
}
