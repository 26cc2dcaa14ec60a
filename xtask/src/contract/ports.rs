//! Ports: traits that embedders implement and that we call. A change can hurt either side.

mod surface;

use std::collections::BTreeMap;

use super::change::{Change, Contract};
use surface::{Item, Port};

const PORTS: Contract = Contract::Ports;

pub(super) fn compare(_name: &str, old: &str, new: &str) -> Result<Vec<Change>, String> {
    let (old, new) = (surface::read(old)?, surface::read(new)?);
    let mut changes = Vec::new();
    for (name, before) in &old {
        match new.get(name) {
            Some(now) => changes.extend(changed(name, before, now)),
            None => changes.push(PORTS.breaks(name, "removed", "who implements it no longer compiles")),
        }
    }
    let added = new.keys().filter(|name| !old.contains_key(*name));
    changes.extend(added.map(|name| PORTS.compatible(name, "added")));
    Ok(changes)
}

fn changed(port: &str, old: &Port, new: &Port) -> Vec<Change> {
    let mut changes = Vec::new();
    if old.head != new.head {
        let what = format!("`{}` was `{}`", new.head, old.head);
        changes.push(PORTS.breaks(
            port,
            what,
            "implementations, or those who rely on the old bounds, fail to compile",
        ));
    }
    let mut items: BTreeMap<&str, (Option<&Item>, Option<&Item>)> = BTreeMap::new();
    for (name, item) in &old.items {
        items.entry(name).or_default().0 = Some(item);
    }
    for (name, item) in &new.items {
        items.entry(name).or_default().1 = Some(item);
    }
    for (name, pair) in items {
        match pair {
            (Some(before), Some(now)) => changes.extend(changed_item(port, name, before, now)),
            (Some(_), None) => {
                let why = "who implements or calls it no longer compiles";
                changes.push(PORTS.breaks(port, format!("`{name}` removed"), why));
            }
            (None, Some(Item { default: Some(_), .. })) => {
                changes.push(PORTS.compatible(port, format!("`{name}` added, with a default")));
            }
            (None, _) => {
                let why = "implementations lack it, and no longer compile";
                changes.push(PORTS.breaks(port, format!("`{name}` added, without a default"), why));
            }
        }
    }
    changes
}

fn changed_item(port: &str, name: &str, old: &Item, new: &Item) -> Vec<Change> {
    let mut changes = Vec::new();
    if old.shape != new.shape {
        let what = format!("`{}` was `{}`", new.text, old.text);
        changes.push(PORTS.breaks(port, what, "who implements or calls it no longer compiles"));
    } else if old.text != new.text {
        changes.push(PORTS.compatible(port, format!("`{name}` names its parameters anew")));
    }
    match (&old.default, &new.default) {
        (None, None) => {}
        (None, Some(_)) => changes.push(PORTS.compatible(port, format!("`{name}` has a default now"))),
        (Some(_), None) => {
            let why = "implementations that lean on it no longer compile";
            changes.push(PORTS.breaks(port, format!("`{name}` has no default any more"), why));
        }
        (Some(before), Some(now)) if before == now => {}
        (Some(_), Some(_)) => {
            let why = "implementations that lean on it do something else now";
            changes.push(PORTS.review(port, format!("the default of `{name}` changed"), why));
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::super::change::told;
    use super::*;

    fn against(new: &str) -> Vec<String> {
        const OLD: &str = "pub trait A: Send + Sync {\n    fn f(&self, id: &Id) -> bool;\n    fn g(&self) {\n        \
                           1\n    }\n";
        told(&compare("", OLD, new).expect("both are surfaces"))
    }

    #[test]
    fn each_change_of_a_port_has_its_verdict() {
        let f = "    fn f(&self, id: &Id) -> bool;\n";
        let g = "    fn g(&self) {\n        1\n    }\n";
        let cases: [(String, &[&str]); 12] = [
            (format!("pub trait A: Send + Sync {{\n{g}{f}"), &[]),
            (format!("pub trait A: Sync + Send {{\n{f}{g}"), &[]),
            (
                format!("pub trait A: Send {{\n{f}{g}"),
                &["BREAKS A: `pub trait A: Send` was `pub trait A: Send + Sync`"],
            ),
            (format!("pub trait A: Send + Sync {{\n{f}"), &["BREAKS A: `g` removed"]),
            (
                format!("pub trait A: Send + Sync {{\n{f}{g}    fn h(&self);\n"),
                &["BREAKS A: `h` added, without a default"],
            ),
            (
                format!("pub trait A: Send + Sync {{\n{f}{g}    fn h(&self) {{}}\n"),
                &["ok A: `h` added, with a default"],
            ),
            (
                format!("pub trait A: Send + Sync {{\n    fn f(&self, id: &Id) -> u8;\n{g}"),
                &["BREAKS A: `fn f(&self, id: &Id) -> u8` was `fn f(&self, id: &Id) -> bool`"],
            ),
            (
                format!("pub trait A: Send + Sync {{\n    async fn f(&self, id: &Id) -> bool;\n{g}"),
                &["BREAKS A: `async fn f(&self, id: &Id) -> bool` was `fn f(&self, id: &Id) -> bool`"],
            ),
            (
                format!(
                    "pub trait A: Send + Sync {{\n    fn f(\n        &self,\n        key: &Id,\n    ) -> bool;\n{g}"
                ),
                &["ok A: `f` names its parameters anew"],
            ),
            (
                format!("pub trait A: Send + Sync {{\n{f}    fn g(&self);\n"),
                &["BREAKS A: `g` has no default any more"],
            ),
            (
                format!("pub trait A: Send + Sync {{\n{f}    fn g(&self) {{ 2 }}\n"),
                &["REVIEW A: the default of `g` changed"],
            ),
            (
                format!("pub trait A: Send + Sync {{\n{f}{g}\n\npub trait B: Send {{\n    fn x(&self);\n"),
                &["ok B: added"],
            ),
        ];
        for (new, expected) in cases {
            assert_eq!(against(&new), expected, "{new}");
        }
        assert_eq!(against(""), ["BREAKS A: removed"]);
    }
}
