//! Which layer a member stands in, and which layers that one may use.

use crate::config::{Config, Layer};
use crate::graph::is_meant;
use crate::workspace::{Crate, Workspace};

impl Config {
    /// The layer of a member: its own entry says so, or the layer that lists it; the longest pattern wins.
    pub fn layer_of(&self, member: &str) -> Option<&Layer> {
        let claims = claims(self, member);
        let id = claims.first()?;
        self.layers.iter().find(|layer| layer.id == **id)
    }
}

/// Ids of the layers that claim a member, as closely as any does: a name before a pattern, a longer pattern before a
/// shorter one. More than one is a contradiction.
pub(crate) fn claims<'a>(config: &'a Config, member: &str) -> Vec<&'a str> {
    let entries = config.crates.iter().filter(|entry| entry.name == member);
    let entries = entries.map(|entry| (usize::MAX, entry.layer.as_str()));
    let lists = config.layers.iter().filter_map(|layer| {
        let meant = layer.crates.iter().filter(|pattern| is_meant(pattern, member));
        Some((meant.map(|pattern| closeness(pattern)).max()?, layer.id.as_str()))
    });
    let all: Vec<(usize, &str)> = entries.chain(lists).collect();
    let closest = all.iter().map(|(closeness, _)| *closeness).max();
    all.into_iter().filter(|(closeness, _)| Some(*closeness) == closest).map(|(_, id)| id).collect()
}

fn closeness(pattern: &str) -> usize {
    pattern.strip_suffix('*').map_or(usize::MAX, str::len)
}

/// The crates of a layer, in workspace order.
pub(crate) fn crates_of<'a>(
    workspace: &'a Workspace,
    config: &'a Config,
    layer: &'a Layer,
) -> impl Iterator<Item = &'a Crate> {
    workspace
        .crates
        .iter()
        .filter(move |member| config.layer_of(&member.name).is_some_and(|own| own.id == layer.id))
}

/// Ids of the layers that `layer` may use, itself left out.
pub(crate) fn usable<'a>(config: &'a Config, layer: &'a Layer) -> Vec<&'a str> {
    let ids = config.layers.iter().map(|one| one.id.as_str());
    match &layer.uses {
        Some(uses) if uses.iter().any(|id| id == "*") => ids.filter(|id| *id != layer.id).collect(),
        Some(uses) => uses.iter().map(String::as_str).collect(),
        None => ids.skip_while(|id| *id != layer.id).skip(1).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        Config::parse(&format!("schema = 1\n{text}")).expect("valid")
    }

    #[test]
    fn the_closest_claim_wins() {
        let config = config(
            "[[layer]]\nid = \"top\"\ncrates = [\"x-*\", \"app\"]\n[[layer]]\nid = \"low\"\ncrates = [\"x-core-*\", \"x-one\", \"y*\"]\n\
             [[layer]]\nid = \"side\"\ncrates = [\"x-one\"]\n[[crate]]\nname = \"y1\"\nlayer = \"top\"\n",
        );
        let cases: &[(&str, &[&str])] = &[
            ("x-a", &["top"]),
            ("app", &["top"]),
            ("x-core-a", &["low"]),
            ("x-one", &["low", "side"]),
            ("y1", &["top"]),
            ("y2", &["low"]),
            ("z", &[]),
        ];
        for (member, expected) in cases {
            assert_eq!(claims(&config, member), *expected, "{member}");
        }
        assert_eq!(config.layer_of("x-core-a").map(|layer| layer.id.as_str()), Some("low"));
    }

    #[test]
    fn a_layer_uses_what_lies_below_unless_it_says_otherwise() {
        let config = config(
            "[[layer]]\nid = \"a\"\n[[layer]]\nid = \"b\"\nuses = [\"d\"]\n[[layer]]\nid = \"c\"\nuses = [\"*\"]\n[[layer]]\nid = \"d\"\n",
        );
        let uses: Vec<_> = config.layers.iter().map(|layer| usable(&config, layer).join(" ")).collect();
        assert_eq!(uses, ["b c d", "d", "a b d", ""]);
    }
}
