//! The file of plants: violations to be put into a workspace in memory, and what must be found then.

use std::fmt;

use serde::Deserialize;

/// The whole file: `[[plant]]` entries.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plants {
    /// The plants.
    #[serde(default, rename = "plant")]
    pub plants: Vec<Plant>,
}

/// One violation: an edit of one file, and of others if it takes more.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plant {
    /// The rule that must find it.
    pub rule: String,
    /// The file that it must name, if that is none of the edited ones.
    pub finds_in: Option<String>,
    /// A part of what it must say.
    #[serde(default)]
    pub says: String,
    /// The file, relative to the workspace root.
    pub file: String,
    /// See [`Edit`].
    pub text: Option<String>,
    /// See [`Edit`].
    pub append: Option<String>,
    /// See [`Edit`].
    pub replace: Option<Replace>,
    /// See [`Edit`].
    #[serde(default)]
    pub remove: bool,
    /// Edits of other files.
    #[serde(default)]
    pub also: Vec<Edit>,
}

/// A change to one file: exactly one of `text`, `append`, `replace` and `remove`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The file, relative to the workspace root.
    pub file: String,
    /// Its whole text.
    pub text: Option<String>,
    /// What comes after its text.
    pub append: Option<String>,
    /// What comes in the place of a part of its text.
    pub replace: Option<Replace>,
    /// It goes.
    #[serde(default)]
    pub remove: bool,
}

/// A part of a text, the first of its kind, and what comes in its place.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replace {
    /// The part.
    pub from: String,
    /// What comes.
    pub to: String,
}

/// Plants that cannot be read. The message names the key and the line.
#[derive(Debug)]
pub struct PlantsError(String);

impl fmt::Display for PlantsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PlantsError {}

impl Plants {
    /// Reads the text of a file of plants.
    pub fn parse(text: &str) -> Result<Self, PlantsError> {
        toml::from_str(text).map_err(|error| PlantsError(error.to_string()))
    }
}

impl Plant {
    /// Every edit, that of its own file first.
    pub(super) fn edits(&self) -> Vec<Edit> {
        let Self { file, text, append, replace, remove, .. } = self.clone();
        [vec![Edit { file, text, append, replace, remove }], self.also.clone()].concat()
    }
}

impl Edit {
    /// The new text of the file, `None` if it goes. `old` is its text, `None` if it is not there.
    pub(super) fn of(&self, old: Option<String>) -> Result<Option<String>, String> {
        let Self { file, text, append, replace, remove } = self;
        let old = || old.ok_or_else(|| format!("{file} is not there to be edited"));
        match (text, append, replace, remove) {
            (Some(text), None, None, false) => Ok(Some(text.clone())),
            (None, Some(more), None, false) => Ok(Some(old()? + more)),
            (None, None, Some(Replace { from, to }), false) => {
                let old = old()?;
                let Some((before, after)) = old.split_once(from.as_str()) else {
                    return Err(format!("{file} does not hold `{from}` to be replaced"));
                };
                Ok(Some(format!("{before}{to}{after}")))
            }
            (None, None, None, true) => old().map(|_| None),
            _ => Err(format!("{file}: give exactly one of text, append, replace and remove")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(form: &str) -> Edit {
        let plants = Plants::parse(&format!("[[plant]]\nrule = \"LA-401\"\nfile = \"a.rs\"\n{form}"));
        plants.expect("valid").plants[0].edits()[0].clone()
    }

    #[test]
    fn a_file_is_written_changed_or_removed() {
        let cases = [
            ("text = \"new\"", None, Ok(Some("new"))),
            ("append = \" more\"", Some("old"), Ok(Some("old more"))),
            ("replace = { from = \"o\", to = \"0\" }", Some("oo"), Ok(Some("0o"))),
            ("remove = true", Some("old"), Ok(None)),
            ("append = \" more\"", None, Err("is not there")),
            ("remove = true", None, Err("is not there")),
            ("replace = { from = \"x\", to = \"0\" }", Some("oo"), Err("does not hold `x`")),
            ("", Some("old"), Err("exactly one of")),
            ("text = \"new\"\nremove = true", Some("old"), Err("exactly one of")),
        ];
        for (form, old, expected) in cases {
            match (edit(form).of(old.map(str::to_owned)), expected) {
                (Ok(text), Ok(expected)) => assert_eq!(text.as_deref(), expected, "{form}"),
                (Err(error), Err(expected)) => assert!(error.contains(expected), "{form}: {error}"),
                (got, _) => panic!("{form}: {got:?}"),
            }
        }
    }

    #[test]
    fn an_unknown_key_is_refused() {
        assert!(Plants::parse("[[plant]]\nrule = \"LA-401\"\nfile = \"a.rs\"\ntxt = \"\"").is_err());
    }
}
