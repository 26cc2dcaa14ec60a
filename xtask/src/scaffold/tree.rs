//! The texts that a scaffold looks at: this repository's sources, manifests and law, by path.

use std::collections::BTreeMap;

/// Files by their path from the root, with `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tree(BTreeMap<String, String>);

impl Tree {
    pub(crate) fn new(files: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(files.into_iter().collect())
    }

    /// The text of a file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// Files below a folder that ends in `/`.
    pub(crate) fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0
            .range(folder.to_owned()..)
            .take_while(move |(path, _)| path.starts_with(folder))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Whether code below a folder uses this identifier. Comments and literals of a whole line do not count.
    pub(crate) fn names(&self, folder: &str, identifier: &str) -> bool {
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
        self.below(folder)
            .flat_map(|(_, text)| text.lines())
            .filter(|line| !line.trim_start().starts_with("//"))
            .any(|line| line.split(|letter| !is_part(letter)).any(|word| word == identifier))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        Tree::new(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())))
    }

    #[test]
    fn identifiers_count_whole_and_outside_of_comments() {
        let tree = tree(&[
            ("a/x.rs", "/// Servers of it.\npub struct McpServers;\n"),
            ("b/y.rs", "enum Servers {}"),
        ]);
        assert!(tree.names("a/", "McpServers") && tree.names("b/", "Servers"));
        assert!(!tree.names("a/", "Servers") && !tree.names("a/", "Mcp"));
    }
}
