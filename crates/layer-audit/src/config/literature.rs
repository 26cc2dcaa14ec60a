//! The literature: one document per domain, and documents for what belongs to no domain.

use serde::Deserialize;

/// Where documents stand, and where their inventories come from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Literature {
    /// The folder that holds a folder for each document, relative to the workspace root.
    pub folder: String,
    /// What the rendered site calls itself.
    #[serde(default)]
    pub title: String,
    /// Headings that a domain's document must hold, each with prose of its own; where there are no domains, every document.
    #[serde(default)]
    pub sections: Vec<String>,
    /// How rows name their table.
    pub tables: Option<TableSource>,
    /// Macro whose pairs `NAME = "text"` are error codes.
    pub codes: Option<PairSource>,
    /// Macro whose pairs `Name = "text"` are events.
    pub events: Option<PairSource>,
    /// Documents for members, or the part of them that belongs to no domain.
    #[serde(default, rename = "document")]
    pub documents: Vec<Document>,
}

/// `#[orm(table_name = "x")]` on a type: the attribute, and the key in it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSource {
    /// Last segment of the attribute's path.
    pub attribute: String,
    /// The key.
    pub key: String,
}

/// A macro call that declares pairs of a name and a text.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairSource {
    /// The member that holds it.
    #[serde(rename = "crate")]
    pub name: String,
    /// The module that holds it, with `::`.
    pub module: String,
    /// Name of the macro.
    #[serde(rename = "macro")]
    pub macro_name: String,
}

/// A document about members.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Its folder below the literature's folder.
    pub folder: String,
    /// The members whose files it lists, unless a domain's document does.
    pub crates: Vec<String>,
}
