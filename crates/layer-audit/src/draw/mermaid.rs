//! The drawing as a Mermaid flowchart.

use std::collections::{BTreeMap, BTreeSet};

use super::links::{Link, Links};
use super::{Breach, Drawing};
use crate::manifest::DependencyKind;

impl Drawing {
    /// A Mermaid flowchart: a subgraph per layer; dev arrows dotted, build arrows with short dashes, arrows that others
    /// imply faint, those that break a rule red, thick and labelled with it, those that may for now grey, thick, dashed and
    /// labelled with the reason.
    ///
    /// More than 120 crates are drawn as a box per layer, with the crates at either end of a broken rule by name:
    /// renderers refuse very large flowcharts.
    pub fn mermaid(&self) -> String {
        match self.condensed() {
            Some(condensed) => write(&condensed.drawing),
            None => write(self),
        }
    }
}

fn write(drawing: &Drawing) -> String {
    let all = Links::of(drawing);
    let mut ids = Ids::default();
    let crates: Vec<String> = all.names.iter().map(|name| ids.id("c", name)).collect();
    let mut text = format!("---\ntitle: \"{}\"\n---\nflowchart TD\n", in_front_matter(&drawing.title));
    for (layer, drawn) in drawing.layers.iter().enumerate() {
        let label = escaped(&drawn.heading());
        text.push_str(&format!("  subgraph {}[\"{label}\"]\n", ids.id("l", &drawn.id)));
        for at in (0..all.names.len()).filter(|at| all.layer[*at] == layer) {
            text.push_str(&format!("    {}[\"{}\"]\n", crates[at], escaped(all.names[at])));
        }
        text.push_str("  end\n");
    }
    for link in &all.links {
        text.push_str(&format!("  {} {} {}\n", crates[link.from], arrow(link), crates[link.to]));
    }
    for (style, numbers) in styles(&all.links) {
        text.push_str(&format!("  linkStyle {} {style}\n", numbers.join(",")));
    }
    text
}

fn arrow(link: &Link<'_>) -> String {
    let label = link.breach.map(|breach| format!("|\"{}\"|", escaped(&breach.told()))).unwrap_or_default();
    let line = if link.kind == DependencyKind::Dev { "-.->" } else { "-->" };
    format!("{line}{label}")
}

/// Numbers of the arrows that need a style, by style.
fn styles(links: &[Link<'_>]) -> BTreeMap<&'static str, Vec<String>> {
    let mut styles: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (number, link) in links.iter().enumerate() {
        let style = match (link.breach.map(Breach::counts), link.kind == DependencyKind::Build) {
            (Some(true), true) => "stroke:#dc2626,stroke-width:3px,stroke-dasharray:2 3,color:#dc2626",
            (Some(true), false) => "stroke:#dc2626,stroke-width:3px,color:#dc2626",
            (Some(false), true) => "stroke:#64748b,stroke-width:3px,stroke-dasharray:2 3,color:#64748b",
            (Some(false), false) => "stroke:#64748b,stroke-width:3px,stroke-dasharray:8 4,color:#64748b",
            (None, true) => "stroke-dasharray:2 3",
            (None, false) if link.implied => "stroke-width:1px,opacity:0.35",
            (None, false) => continue,
        };
        styles.entry(style).or_default().push(number.to_string());
    }
    styles
}

/// Ids that Mermaid reads as one word, each given once.
#[derive(Default)]
struct Ids(BTreeSet<String>);

impl Ids {
    /// The prefix keeps names apart from Mermaid's words, such as `end`; a number keeps `a-b` apart from `a_b`.
    fn id(&mut self, prefix: &str, name: &str) -> String {
        let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let plain = format!("{prefix}_{}", name.chars().map(word).collect::<String>());
        let mut id = plain.clone();
        let mut number = 1;
        while !self.0.insert(id.clone()) {
            number += 1;
            id = format!("{plain}__{number}");
        }
        id
    }
}

/// Mermaid decodes `#NN;` after it has read the label.
fn escaped(label: &str) -> String {
    let mut text = String::new();
    for c in label.chars() {
        match c {
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' | ';' => text.push_str(&format!("#{};", u32::from(c))),
            c if c.is_control() => text.push(' '),
            c => text.push(c),
        }
    }
    text
}

/// The front matter is YAML.
fn in_front_matter(title: &str) -> String {
    let plain: String = title.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.replace('\\', "\\\\").replace('"', "\\\"")
}
