//! `tombstones`: which re-exports wait for their end; with `--collapse`, those go of which LA-706 says that they may.

use std::path::Path;

use super::place::Place;
use super::{Said, Setting};
use crate::report::Exit;
use crate::tombstones::{collapse, tombstones};

pub(super) fn run(root: Option<&Path>, goes: bool, setting: &Setting) -> Result<Said, String> {
    let place = Place::find(root, setting)?;
    let config = place.config()?;
    let workspace = place.workspace(&config)?;
    let found = tombstones(&workspace, &config);
    if !goes {
        let lines: String = found.iter().map(|one| format!("{}\n", one.line(workspace.today))).collect();
        return Ok(Said::fine(format!("{lines}{} tombstones\n", found.len())));
    }
    let read = |file: &str| place.text(file).ok_or_else(|| format!("{file}: cannot be read"));
    let plan = collapse(&found, &config, workspace.today, read)?;
    for (file, text) in &plan.rewrite {
        place.write(file, text)?;
    }
    for file in &plan.delete {
        place.delete(file)?;
    }
    let changed = plan.rewrite.keys().map(|file| format!("changed {file}\n"));
    let deleted = plan.delete.iter().map(|file| format!("deleted {file}\n"));
    let stays = plan.stays.iter().map(|line| format!("stays: {line}\n"));
    let by_hand = plan.by_hand.iter().map(|line| format!("by hand: {line}\n"));
    let out = changed.chain(deleted).chain(stays).chain(by_hand).collect::<String>();
    let out = format!("{out}{} of {} tombstones gone\n", plan.delete.len(), found.len());
    let exit = if plan.by_hand.is_empty() { Exit::Clean } else { Exit::Violations };
    Ok(Said { out, err: String::new(), exit })
}
