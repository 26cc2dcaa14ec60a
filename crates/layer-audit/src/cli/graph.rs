//! `graph`: the crates by layer and what breaks the law between them, as a picture.

use super::command::{Form, Graph};
use super::place::{Place, write};
use super::{Said, Setting};
use crate::draw::Drawing;
use crate::evaluate::{Selection, evaluate};

pub(super) fn run(options: &Graph, setting: &Setting) -> Result<Said, String> {
    let place = Place::find(options.root.as_deref(), setting)?;
    let config = place.config()?;
    let workspace = place.workspace(&config)?;
    let report = evaluate(&workspace, &config, &Selection::all());
    let drawing = Drawing::of(&workspace, &config, &report.findings);
    let picture = match options.form {
        Form::Mermaid => drawing.mermaid(),
        Form::Dot => drawing.dot(),
        Form::Svg => drawing.svg(),
    };
    match &options.output {
        Some(file) => {
            write(file, &picture)?;
            Ok(Said::fine(format!("{}: {} crates\n", file.display(), workspace.crates.len())))
        }
        None => Ok(Said::fine(picture)),
    }
}
