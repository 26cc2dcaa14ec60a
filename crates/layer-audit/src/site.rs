//! A static site from markdown documents: searchable, and complete in itself, so that it opens from a folder.
//!
//! Every page is one file; style, scripts and the search index are files beside them. Nothing is fetched, and a
//! strict Content-Security-Policy holds that. Raw HTML in a document is shown as text, comments are left out,
//! images are shown as their alternative text.
//!
//! ```
//! use layer_audit::site::{Page, Site, broken_links, render};
//!
//! let page = Page { path: "README.md".to_owned(), markdown: "# Shop\n\nSee [orders](orders.md).".to_owned() };
//! let site = Site { title: "Shop".to_owned(), pages: vec![page] };
//! assert_eq!(broken_links(&site).len(), 1);
//! assert!(render(&site).iter().any(|asset| asset.path == "index.html"));
//! ```

mod article;
mod frame;
mod index;
mod library;
mod links;
mod markdown;
mod navigation;
mod outline;
mod paths;
mod table;
mod words;

#[cfg(test)]
mod tests;

pub use links::{BrokenLink, LinkProblem};

use library::Library;

/// The documents of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// What the site calls itself, on every page.
    pub title: String,
    /// The documents, in any order. Of two that become the same file the first counts.
    pub pages: Vec<Page>,
}

/// One markdown document: CommonMark with tables, strikethrough and task lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Path relative to the root of the documents, with forward slashes: `orders/README.md`. A folder's `README.md`
    /// becomes its `index.html`, any other `name.md` becomes `name.html`.
    pub path: String,
    /// The text. Its first heading of level 1 is the page's title.
    pub markdown: String,
}

/// One file of the rendered site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Path relative to the site's folder, with forward slashes, never above it.
    pub path: String,
    /// What to write there.
    pub bytes: Vec<u8>,
}

/// Renders all files of the site, sorted by path; the same site gives the same bytes. Without a `README.md` at the
/// root, `index.html` lists the documents.
///
/// A link to a file that is no document is shown as its text, since that file does not travel with the site; a broken
/// link is shown struck through. Ask [`broken_links`] before publishing.
pub fn render(site: &Site) -> Vec<Asset> {
    let library = Library::of(site);
    let mut assets: Vec<Asset> = library
        .documents
        .values()
        .map(|document| asset(&document.output, frame::page(document, &library)))
        .collect();
    if !library.has_output("index.html") {
        assets.push(asset("index.html", frame::overview(&library)));
    }
    assets.push(asset("site.css", include_str!("site/site.css")));
    assets.push(asset("page.js", include_str!("site/page.js")));
    assets.push(asset("search.js", include_str!("site/search.js")));
    assets.push(asset("search-index.js", index::script(&library)));
    assets.sort_by(|one, other| one.path.cmp(&other.path));
    assets
}

/// Every link that leads nowhere, by page and line: an unknown document or heading, an absolute path, a scheme other
/// than http, https and mailto. Links to the web and to files that are no documents are not looked at.
pub fn broken_links(site: &Site) -> Vec<BrokenLink> {
    let library = Library::of(site);
    library.documents.values().flat_map(|document| links::broken(document, &library)).collect()
}

fn asset(path: &str, text: impl Into<String>) -> Asset {
    Asset { path: path.to_owned(), bytes: text.into().into_bytes() }
}
