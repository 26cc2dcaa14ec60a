//! `literature`: writes the inventories of the documents anew; with `--check` only says which differ; with `--site` renders.

use std::path::Path;

use super::command::Literature;
use super::place::Place;
use super::{Said, Setting, site_folder};
use crate::config::Config;
use crate::literature::{Document, documents, site};
use crate::report::Exit;
use crate::site::{broken_links, render};
use crate::workspace::Workspace;

pub(super) fn run(options: &Literature, setting: &Setting) -> Result<Said, String> {
    let place = Place::find(options.root.as_deref(), setting)?;
    let config = place.config()?;
    let mut workspace = place.workspace(&config)?;
    let fresh = fresh(&workspace, &config)?;
    let before = options.site.as_deref().map_or_else(|| Ok(Vec::new()), site_folder::owned)?;
    let differing: Vec<_> =
        fresh.iter().filter(|(path, text)| workspace.documents.get(path) != Some(text)).collect();
    let names: String = differing.iter().map(|(path, _)| format!("{path}\n")).collect();
    if options.check {
        let exit = if differing.is_empty() { Exit::Clean } else { Exit::Violations };
        let out = format!("{names}{} of {} documents differ from the source\n", differing.len(), fresh.len());
        return Ok(Said { out, err: String::new(), exit });
    }
    for (path, text) in &differing {
        place.write(path, text)?;
    }
    let wrote = format!("{names}{} of {} documents written\n", differing.len(), fresh.len());
    let Some(folder) = &options.site else { return Ok(Said::fine(wrote)) };
    workspace.documents.extend(fresh);
    let said = write_site(&workspace, &config, folder, &before)?;
    Ok(Said { out: format!("{wrote}{}", said.out), ..said })
}

/// Every document as it should be, by path.
fn fresh(workspace: &Workspace, config: &Config) -> Result<Vec<(String, String)>, String> {
    if config.literature.is_none() {
        return Err(
            "layers.toml has no [literature]; say there in which folder the documents stand".to_owned()
        );
    }
    let text = |document: Document| match (document.text, workspace.problem(&document.path)) {
        (_, Some(problem)) => Err(format!("{}: {}", problem.place, problem.message)),
        (Ok(text), None) => Ok((document.path, text)),
        (Err((line, why)), None) => Err(format!("{}:{line}: {why}", document.path)),
    };
    documents(workspace, config).into_iter().map(text).collect()
}

/// `before` are the files of the site that stands there already.
fn write_site(
    workspace: &Workspace,
    config: &Config,
    folder: &Path,
    before: &[String],
) -> Result<Said, String> {
    let site = site(workspace, config);
    let assets = render(&site);
    site_folder::fill(folder, &assets, before)?;
    let links = broken_links(&site);
    let broken: String = links.iter().map(|link| format!("{link}\n")).collect();
    let out = format!("{}: {} files, {} broken links\n{broken}", folder.display(), assets.len(), links.len());
    let exit = if links.is_empty() { Exit::Clean } else { Exit::Violations };
    Ok(Said { out, err: String::new(), exit })
}
