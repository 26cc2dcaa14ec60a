//! Homes: a domain or a part of one (`integrations.mcp`), which is a module of the same path in every layer.

use std::collections::BTreeSet;

use super::draft::Draft;
use super::insert;
use super::law::Law;
use super::names::{capitalized, words};
use super::tree::Tree;

/// A layer crate in which homes are modules.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer {
    /// Folder of its sources, with `/` at the end.
    src: &'static str,
    /// Whether a module with parts is `a/mod.rs`, else `a.rs`.
    folders: bool,
    /// Visibility of a domain's module, and of a part's.
    visibility: [&'static str; 2],
    /// What a new home's header says; `{}` is its name.
    header: [&'static str; 2],
}

pub(crate) const SCHEMAS: Layer = Layer {
    src: "crates/schemas/src/",
    folders: true,
    visibility: ["pub ", "pub "],
    header: ["", ": what requests hold, and what they are answered."],
};

pub(crate) const ENGINES: Layer = Layer {
    src: "crates/engines/src/",
    folders: true,
    visibility: ["pub ", "pub "],
    header: ["", ": the rules, as decisions over values."],
};

pub(crate) const DRIVERS: Layer = Layer {
    src: "crates/drivers/src/",
    folders: true,
    visibility: ["pub ", "pub "],
    header: ["Persistence of `", "`."],
};

pub(crate) const SPINE: Layer = Layer {
    src: "crates/spine/src/",
    folders: false,
    visibility: ["", "pub(crate) "],
    header: ["Handlers of `", ".*`."],
};

/// A domain, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Home(Vec<String>);

impl Home {
    pub(crate) fn new(segments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(segments.into_iter().map(Into::into).collect())
    }

    /// The home that `text` names, as `integrations` or `integrations.mcp`.
    ///
    /// # Errors
    /// When there is none; says which there are, and how to make one.
    pub(crate) fn find(tree: &Tree, text: &str) -> Result<Self, String> {
        let known = known(tree);
        let home = Self::new(text.split('.'));
        if known.contains(&home) {
            return Ok(home);
        }
        let names: Vec<String> = known.iter().map(Self::dotted).collect();
        Err(format!(
            "there is no domain `{text}`: expected one of {}; or make it first: cargo xtask new domain {text}",
            names.join(", ")
        ))
    }

    /// `integrations.mcp`
    pub(crate) fn dotted(&self) -> String {
        self.0.join(".")
    }

    /// `integrations::mcp`
    pub(crate) fn path(&self) -> String {
        self.0.join("::")
    }

    /// `integrations`
    pub(crate) fn domain(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// `mcp`
    pub(crate) fn last(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// The domain of a part.
    pub(crate) fn parent(&self) -> Option<Self> {
        let (_, before) = self.0.split_last()?;
        (!before.is_empty()).then(|| Self(before.to_vec()))
    }
}

/// Every home: a folder of the vocabulary below a domain of the law.
pub(crate) fn known(tree: &Tree) -> BTreeSet<Home> {
    let domains = Law::of(tree).domains;
    let folders = tree.below(SCHEMAS.src).filter_map(|(path, _)| {
        let folder = path.strip_prefix(SCHEMAS.src)?.strip_suffix("/mod.rs")?;
        Some(Home::new(folder.split('/')))
    });
    folders.filter(|home| domains.iter().any(|domain| domain == home.domain())).collect()
}

impl Layer {
    /// Path of a file in the folder of `home`.
    pub(crate) fn inside(&self, home: &Home, file: &str) -> String {
        format!("{}{}/{file}", self.src, home.0.join("/"))
    }

    /// Whether the layer has a module for `home`.
    pub(crate) fn has(&self, draft: &Draft<'_>, home: &Home) -> bool {
        self.module_file(draft, home).is_some()
    }

    /// The file of the home's module, made and declared if the layer has none yet.
    ///
    /// # Errors
    /// When the place of the declaration is not found.
    pub(crate) fn module(&self, draft: &mut Draft<'_>, home: &Home) -> Result<String, String> {
        if let Some(file) = self.module_file(draft, home) {
            return Ok(file);
        }
        let parent = match home.parent() {
            Some(parent) => self.module(draft, &parent)?,
            None => format!("{}lib.rs", self.src),
        };
        let declaration = format!("{}mod {};", self.visibility[home.0.len().min(2) - 1], home.last());
        draft.insert(&parent, declaration.clone(), |text| insert::module(text, &declaration))?;
        let [file, _] = self.candidates(home);
        draft.write(&file, self.header(home))?;
        Ok(file)
    }

    fn module_file(&self, draft: &Draft<'_>, home: &Home) -> Option<String> {
        self.candidates(home).into_iter().find(|path| draft.text(path).is_some())
    }

    /// As this layer makes it, and the other way.
    fn candidates(&self, home: &Home) -> [String; 2] {
        let path = home.0.join("/");
        let mut both = [format!("{}{path}.rs", self.src), format!("{}{path}/mod.rs", self.src)];
        if self.folders {
            both.reverse();
        }
        both
    }

    fn header(&self, home: &Home) -> String {
        let [before, after] = self.header;
        let name = match before {
            "" => capitalized(&words(&home.dotted().replace('.', ", "))),
            _ => home.dotted(),
        };
        format!("//! {before}{name}{after}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        let files = [
            ("layers.toml", "[domains]\ndomain = [\n  { name = \"pays\" },\n  { name = \"later\" },\n]\n"),
            ("crates/schemas/src/lib.rs", "//! S.\n\npub mod pays;\n"),
            ("crates/schemas/src/pays/mod.rs", "//! P.\n\npub mod cards;\n"),
            ("crates/schemas/src/pays/cards/mod.rs", "//! C.\n"),
            ("crates/schemas/src/other/mod.rs", "//! Not a domain.\n"),
            ("crates/spine/src/lib.rs", "//! L.\n\nmod a;\nmod z;\n"),
        ];
        Tree::new(files.map(|(path, text)| (path.to_owned(), text.to_owned())))
    }

    #[test]
    fn homes_are_folders_of_the_vocabulary() {
        let tree = tree();
        assert_eq!(Home::find(&tree, "pays.cards"), Ok(Home::new(["pays", "cards"])));
        for unknown in ["later", "other", "pays.x", "", "pays."] {
            let refusal = Home::find(&tree, unknown).unwrap_err();
            assert!(refusal.contains("one of pays, pays.cards;"), "{refusal}");
        }
    }

    #[test]
    fn missing_modules_are_made_down_from_the_root() {
        let tree = tree();
        let mut draft = Draft::of(&tree);
        let home = Home::new(["pays", "cards"]);
        assert!(!SPINE.has(&draft, &home));
        assert_eq!(SPINE.module(&mut draft, &home).as_deref(), Ok("crates/spine/src/pays/cards.rs"));
        assert_eq!(SPINE.module(&mut draft, &home).as_deref(), Ok("crates/spine/src/pays/cards.rs"));
        assert_eq!(draft.text("crates/spine/src/lib.rs"), Some("//! L.\n\nmod a;\nmod pays;\nmod z;\n"));
        let parent = "//! Handlers of `pays.*`.\n\npub(crate) mod cards;\n";
        assert_eq!(draft.text("crates/spine/src/pays.rs"), Some(parent));
        assert_eq!(draft.text("crates/spine/src/pays/cards.rs"), Some("//! Handlers of `pays.cards.*`.\n"));
        let found = SCHEMAS.module(&mut draft, &home);
        assert_eq!(found.as_deref(), Ok("crates/schemas/src/pays/cards/mod.rs"));
    }
}
