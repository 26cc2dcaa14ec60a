//! `audit --self-test`: plants a violation of each rule, and counts how many were found.

use super::Said;
use super::place::Place;
use crate::config::Config;
use crate::evaluate::Selection;
use crate::report::Exit;
use crate::self_test::{Outcome, Plants, examples, here};
use crate::workspace::Workspace;

/// Tries the examples, and the plants of the workspace where it has any.
pub(super) fn run(
    place: &Place,
    workspace: &Workspace,
    config: &Config,
    selection: &Selection,
) -> Result<Said, String> {
    let own = examples(selection);
    let mut text = lines("planted", &own);
    let mut faults = own.faults.len();
    if let Some(terms) = &config.self_test {
        let file = &terms.plants;
        let plants =
            place.text(file).ok_or_else(|| format!("{file}: cannot be read; [self_test] names it"))?;
        let plants = Plants::parse(&plants).map_err(|error| format!("{file}: {error}"))?;
        let read = |path: &str| place.text(path);
        let outcome = here(workspace, config, &plants, selection, &read);
        text.push_str(&lines("planted here", &outcome));
        faults += outcome.faults.len();
    }
    let exit = if faults == 0 { Exit::Clean } else { Exit::Violations };
    Ok(Said { out: text, err: String::new(), exit })
}

fn lines(what: &str, outcome: &Outcome) -> String {
    let Outcome { planted, found, faults } = outcome;
    let faults: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
    format!("{faults}{what} {found}/{planted} found\n")
}
