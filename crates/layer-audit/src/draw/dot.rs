//! The drawing in Graphviz's DOT.

use super::Drawing;
use super::links::{Link, Links};
use crate::manifest::DependencyKind;

const HEAD: &str = "  graph [rankdir=TB, newrank=true, nodesep=0.3, ranksep=0.5, fontname=\"sans-serif\", fontsize=11, \
    labelloc=t, labeljust=l];\n  \
    node [shape=box, style=\"rounded,filled\", fillcolor=white, color=\"#64748b\", fontname=\"monospace\", fontsize=10];\n  \
    edge [color=\"#475569\", arrowsize=0.7, fontname=\"sans-serif\", fontsize=9];\n";

impl Drawing {
    /// A Graphviz digraph: a cluster per layer, outermost on top; dev arrows dashed, build arrows dotted, arrows that
    /// others imply faint, those that break a rule red, thick and labelled with it, those that may for now grey, thick,
    /// dashed and labelled with the reason. Complete at any size.
    pub fn dot(&self) -> String {
        let all = Links::of(self);
        let mut text = format!("digraph crates {{\n{HEAD}  label={};\n", quoted(&self.title));
        let members: Vec<String> = (0..self.layers.len()).map(|layer| members(&all, layer)).collect();
        for (layer, drawn) in self.layers.iter().enumerate() {
            let label = quoted(&drawn.heading());
            text.push_str(&format!(
                "  subgraph cluster_{layer} {{\n    label={label}; style=\"rounded,filled\"; "
            ));
            text.push_str(&format!(
                "color=\"#cbd5e1\"; fillcolor=\"#f1f5f9\";\n    {}\n  }}\n",
                members[layer]
            ));
        }
        text.push_str("  // keeps the layers in order\n");
        for (layer, members) in members.iter().enumerate() {
            // No crate can have a name with a space.
            text.push_str(&format!("  \"above {layer}\" [shape=point, style=invis, width=0];\n"));
            text.push_str(&format!("  \"above {layer}\" -> {{ {members} }} [style=invis];\n"));
            if layer + 1 < self.layers.len() {
                text.push_str(&format!("  {{ {members} }} -> \"above {}\" [style=invis];\n", layer + 1));
            }
        }
        for link in &all.links {
            let (from, to) = (quoted(all.names[link.from]), quoted(all.names[link.to]));
            text.push_str(&format!("  {from} -> {to}{};\n", attributes(&all, link)));
        }
        text.push_str("}\n");
        text
    }
}

/// `"a"; "b";`
fn members(all: &Links<'_>, layer: usize) -> String {
    let names = all.names.iter().enumerate().filter(|(at, _)| all.layer[*at] == layer);
    names.map(|(_, name)| format!("{};", quoted(name))).collect::<Vec<_>>().join(" ")
}

fn attributes(all: &Links<'_>, link: &Link<'_>) -> String {
    let mut list: Vec<String> = Vec::new();
    match link.kind {
        DependencyKind::Normal if link.breach.is_some_and(|breach| !breach.counts()) => {
            list.push("style=dashed".to_owned());
        }
        DependencyKind::Normal => {}
        DependencyKind::Dev => list.push("style=dashed".to_owned()),
        DependencyKind::Build => list.push("style=dotted".to_owned()),
    }
    if let Some(breach) = link.breach {
        let (label, color) = (quoted(&breach.told()), if breach.counts() { "#dc2626" } else { "#64748b" });
        list.push(format!("color=\"{color}\", fontcolor=\"{color}\", penwidth=2.5, label={label}"));
    } else if link.implied {
        list.push("color=\"#cbd5e1\"".to_owned());
    }
    // An arrow to an outer layer must not pull that layer down.
    if all.layer[link.to] < all.layer[link.from] {
        list.push("constraint=false".to_owned());
    }
    if list.is_empty() { String::new() } else { format!(" [{}]", list.join(", ")) }
}

/// A DOT string. A backslash would begin an escape such as `\N`, an ampersand an entity.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '&' => quoted.push_str("&amp;"),
            c if c.is_control() => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
