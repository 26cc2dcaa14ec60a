//! Which document lists which file: a domain's modules stand in the domain's document, all else in its member's.

use crate::config::{Config, Literature};
use crate::home::{Home, layer};
use crate::source::{Area, SourceFile};
use crate::workspace::{Crate, Workspace};

/// A document and the source files that it lists.
pub(crate) struct Volume<'a> {
    /// Name of its folder: a domain, or what `[[literature.document]]` says.
    pub(crate) name: &'a str,
    /// Path of the document, relative to the workspace root.
    pub(crate) path: String,
    /// It is a domain's.
    pub(crate) domain: bool,
    /// People write its sections: a domain's document, or any where there are no domains.
    pub(crate) prose: bool,
    /// Its files, members in the order of the layers.
    pub(crate) files: Vec<(&'a Crate, &'a SourceFile)>,
}

/// Every document that there should be, and the files that no document lists.
pub(crate) fn volumes<'a>(
    workspace: &'a Workspace,
    config: &'a Config,
    literature: &'a Literature,
) -> (Vec<Volume<'a>>, Vec<&'a SourceFile>) {
    let path = |name: &str| format!("{}/{name}/README.md", literature.folder);
    let domains =
        config.domains.iter().flat_map(|domains| &domains.domains).map(|domain| (domain.name.as_str(), true));
    let others = literature.documents.iter().map(|document| (document.folder.as_str(), false));
    let none = config.domains.as_ref().is_none_or(|domains| domains.domains.is_empty());
    let mut volumes: Vec<Volume<'_>> = domains
        .chain(others)
        .map(|(name, domain)| Volume {
            name,
            path: path(name),
            domain,
            prose: domain || none,
            files: Vec::new(),
        })
        .collect();
    let mut unlisted = Vec::new();
    for member in in_layer_order(workspace, config) {
        let tests = member.test_modules();
        let mut files: Vec<&SourceFile> =
            member.files.iter().filter(|file| file.area == Area::Src && !tests.hold(file)).collect();
        files.sort_by(|a, b| a.module.cmp(&b.module));
        for file in files {
            match shelf(workspace, config, literature, member, file)
                .and_then(|name| volumes.iter_mut().find(|v| v.name == name))
            {
                Some(volume) => volume.files.push((member, file)),
                None => unlisted.push(file),
            }
        }
    }
    (volumes, unlisted)
}

fn shelf<'a>(
    workspace: &'a Workspace,
    config: &'a Config,
    literature: &'a Literature,
    member: &Crate,
    file: &SourceFile,
) -> Option<&'a str> {
    let of_member = || literature.documents.iter().find(|document| document.crates.contains(&member.name));
    Home::of(&file.path, workspace, config)
        .domain
        .or_else(|| of_member().map(|document| document.folder.as_str()))
}

fn in_layer_order<'a>(workspace: &'a Workspace, config: &Config) -> Vec<&'a Crate> {
    let rank = |member: &Crate| {
        let layer = layer(member, config);
        config.layers.iter().position(|one| Some(one.id.as_str()) == layer).unwrap_or(usize::MAX)
    };
    let mut members: Vec<&Crate> = workspace.crates.iter().collect();
    members.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.name.cmp(&b.name)));
    members
}
