//! What a family of operations has already: their declarations, where they live, and their routes.

use super::homes::{Home, known};
use super::names::kebab;
use super::tree::Tree;

/// The route table.
pub(crate) const ROUTES: &str = "crates/api/src/routes.rs";

/// One line of an `operations!` list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Declared {
    /// The request type.
    pub(crate) request: String,
    /// The stable name.
    pub(crate) name: String,
    /// Variant of `Authority`.
    pub(crate) authority: String,
    /// Variant of `Effect`.
    pub(crate) effect: String,
}

/// `<domain>.<family>` and what stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Family {
    /// Where its types and handlers live.
    pub(crate) home: Home,
    /// Its operations so far.
    pub(crate) declared: Vec<Declared>,
    /// The static part of its routes.
    pub(crate) prefix: String,
}

impl Family {
    /// The family of that name: one that has operations, or the first of a home that has none yet.
    ///
    /// # Errors
    /// When the domain or the family is unknown; says which there are, and how to make one.
    pub(crate) fn find(tree: &Tree, domain: &str, family: &str) -> Result<Self, String> {
        let start = format!("{domain}.{family}.");
        let mut families = Vec::new();
        for home in known(tree) {
            let declared = operations_of(tree, &home);
            let own: Vec<_> = declared.iter().filter(|one| one.name.starts_with(&start)).cloned().collect();
            if let Some(first) = own.first() {
                let prefix =
                    routes_prefix(tree, &first.request).unwrap_or_else(|| new_prefix(domain, family));
                return Ok(Self { home, declared: own, prefix });
            }
            families.extend(
                declared.iter().filter_map(|one| one.name.rsplit_once('.')).map(|(f, _)| f.to_owned()),
            );
        }
        let home = new_home(tree, domain, family, &families)?;
        Ok(Self { home, declared: Vec::new(), prefix: new_prefix(domain, family) })
    }

    /// The strictest authority that its operations of this effect ask for.
    pub(crate) fn authority(&self, effect: &str) -> &'static str {
        let rising = ["Read", "Admin", "Operator"];
        let least = if effect == "Read" { "Read" } else { "Admin" };
        let used = |authority: &str| {
            self.declared.iter().any(|one| one.effect == effect && one.authority == authority)
        };
        rising.into_iter().rev().find(|authority| used(authority)).unwrap_or(least)
    }
}

/// The operations that a home declares.
pub(crate) fn operations_of(tree: &Tree, home: &Home) -> Vec<Declared> {
    let path = super::homes::SCHEMAS.inside(home, "operations.rs");
    declarations(tree.text(&path).unwrap_or_default())
}

fn declarations(text: &str) -> Vec<Declared> {
    let Some((_, list)) = text.split_once("operations! {") else { return Vec::new() };
    let list = list.split_once("\n}").map_or(list, |(list, _)| list);
    list.split(";\n").filter_map(declaration).collect()
}

/// `Request => Output, "name", Authority, Effect, "summary"`
fn declaration(line: &str) -> Option<Declared> {
    let (request, rest) = line.split_once("=>")?;
    let mut quoted = rest.splitn(3, '"').skip(1);
    let (name, rest) = (quoted.next()?, quoted.next()?);
    let mut words = rest.split(',').map(str::trim).filter(|word| !word.is_empty());
    let (authority, effect) = (words.next()?, words.next()?);
    let owned = |text: &str| text.trim().to_owned();
    Some(Declared {
        request: owned(request),
        name: owned(name),
        authority: owned(authority),
        effect: owned(effect),
    })
}

/// A family without operations lives in the part of its name, or in a domain that has no operation yet.
fn new_home(tree: &Tree, domain: &str, family: &str, families: &[String]) -> Result<Home, String> {
    let part = Home::new([domain, family]);
    let homes = known(tree);
    if homes.contains(&part) {
        return Ok(part);
    }
    let whole = Home::find(tree, domain)?;
    let start = format!("{domain}.");
    let mut own: Vec<&str> =
        families.iter().filter(|name| name.starts_with(&start)).map(String::as_str).collect();
    own.dedup();
    let has_parts = homes.iter().any(|home| home.parent().as_ref() == Some(&whole));
    if own.is_empty() && !has_parts {
        return Ok(whole);
    }
    let expected = match own.as_slice() {
        [] => "it has none yet".to_owned(),
        known => format!("expected one of {}", known.join(", ")),
    };
    Err(format!(
        "`{domain}` has no family `{family}`: {expected}; or make a place for it first: \
         cargo xtask new domain {domain}.{family}"
    ))
}

/// The static start of the first route of a request type.
fn routes_prefix(tree: &Tree, request: &str) -> Option<String> {
    let start = format!("route::<{request}>(");
    let line = tree.text(ROUTES)?.lines().find(|line| line.trim_start().starts_with(&start))?;
    let path = line.split('"').nth(1)?;
    let path = path.split_once("/{").map_or(path, |(path, _)| path);
    Some(path.to_owned())
}

fn new_prefix(domain: &str, family: &str) -> String {
    match domain == family {
        true => format!("/{}", kebab(domain)),
        false => format!("/{}/{}", kebab(domain), kebab(family)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATIONS: &str = "//! O.\n\noperations! {\n    GetBill => Page<Bill>, \"pays.bills.get_bill\", Read, Read, \
        \"Read; all\";\n    PayBill => Bill, \"pays.bills.pay_bill\", Operator, Write,\n        \"Pay\";\n}\n\npub struct GetBill;\n";

    fn tree() -> Tree {
        let files = [
            (
                "layers.toml",
                "[domains]\ndomain = [{ name = \"pays\" },\n  { name = \"pays\" },\n  { name = \"empty\" },\n  { name = \"split\" },\n]\n",
            ),
            ("crates/schemas/src/pays/mod.rs", ""),
            ("crates/schemas/src/pays/operations.rs", OPERATIONS),
            ("crates/schemas/src/empty/mod.rs", ""),
            ("crates/schemas/src/split/mod.rs", ""),
            ("crates/schemas/src/split/one/mod.rs", ""),
            (
                ROUTES,
                "    route::<GetBill>(GET, \"/pays/bills/{bill_id}\"),\n    route::<PayBill>(POST, \"/pays\"),\n",
            ),
        ];
        Tree::new(files.map(|(path, text)| (path.to_owned(), text.to_owned())))
    }

    #[test]
    fn a_family_is_known_by_its_operations() {
        let family = Family::find(&tree(), "pays", "bills").unwrap();
        assert_eq!((family.home.dotted().as_str(), family.prefix.as_str()), ("pays", "/pays/bills"));
        let names: Vec<_> =
            family.declared.iter().map(|one| (one.request.as_str(), one.name.as_str())).collect();
        assert_eq!(names, [("GetBill", "pays.bills.get_bill"), ("PayBill", "pays.bills.pay_bill")]);
        assert_eq!((family.authority("Read"), family.authority("Write")), ("Read", "Operator"));
    }

    #[test]
    fn a_new_family_needs_a_place_of_its_own() {
        let first = Family::find(&tree(), "empty", "things").unwrap();
        assert_eq!((first.home.dotted().as_str(), first.prefix.as_str()), ("empty", "/empty/things"));
        assert_eq!((first.authority("Read"), first.authority("Write")), ("Read", "Admin"));
        assert_eq!(Family::find(&tree(), "empty", "empty").unwrap().prefix, "/empty");
        assert_eq!(Family::find(&tree(), "split", "one").unwrap().home.dotted(), "split.one");
        for (domain, family, expected) in [
            (
                "pays",
                "other",
                "expected one of pays.bills; or make a place for it first: cargo xtask new domain pays.other",
            ),
            ("split", "two", "cargo xtask new domain split.two"),
            ("nothing", "x", "there is no domain `nothing`"),
        ] {
            let refusal = Family::find(&tree(), domain, family).unwrap_err();
            assert!(refusal.contains(expected), "{refusal}");
        }
    }
}
