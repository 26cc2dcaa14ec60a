//! All documents of a site by path, each with its outline: what links, navigation and search look things up in.

use std::collections::{BTreeMap, BTreeSet};

use super::outline::Outline;
use super::{Site, markdown, paths};

/// The documents of a site.
pub(super) struct Library<'a> {
    /// The site's title.
    pub(super) title: &'a str,
    /// By path.
    pub(super) documents: BTreeMap<String, Document<'a>>,
}

/// One document.
pub(super) struct Document<'a> {
    /// Relative to the root of the documents.
    pub(super) path: String,
    /// The file that it becomes, relative to the root of the site.
    pub(super) output: String,
    /// Its source.
    pub(super) markdown: &'a str,
    /// Its title and sections.
    pub(super) outline: Outline,
}

impl<'a> Library<'a> {
    /// Reads every document once.
    pub(super) fn of(site: &'a Site) -> Self {
        let mut documents = BTreeMap::new();
        let mut outputs = BTreeSet::new();
        for page in &site.pages {
            let path = paths::clean(&page.path);
            let output = paths::output(&path);
            if !outputs.insert(output.clone()) {
                continue;
            }
            let outline = Outline::of(&markdown::events(&page.markdown), &fallback_title(&path, &site.title));
            documents.insert(path.clone(), Document { path, output, markdown: &page.markdown, outline });
        }
        Self { title: &site.title, documents }
    }

    /// The document at that path, or the `README.md` of that folder; the root's folder is the empty path.
    pub(super) fn find(&self, path: &str) -> Option<&Document<'a>> {
        let readme =
            if path.is_empty() { paths::README.to_owned() } else { format!("{path}/{}", paths::README) };
        self.documents.get(path).or_else(|| self.documents.get(&readme))
    }

    /// Whether some document stands in that folder.
    pub(super) fn has_folder(&self, folder: &str) -> bool {
        let inside = |path: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        self.documents.keys().any(|path| inside(path))
    }

    /// Whether a document becomes that file.
    pub(super) fn has_output(&self, output: &str) -> bool {
        self.documents.values().any(|document| document.output == output)
    }
}

/// The name of the file, or of the folder for its README; the site's title for the root's README.
fn fallback_title(path: &str, site: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    if name != paths::README {
        return name.strip_suffix(".md").unwrap_or(name).to_owned();
    }
    match folder.rsplit('/').next() {
        Some(last) if !last.is_empty() => last.to_owned(),
        _ => site.to_owned(),
    }
}
