//! The three places that settings come from, each as a flat map of keys.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use config::{Environment, FileFormat, Source, Value, ValueKind};

use super::CONFIG_VARIABLE;
use super::mistakes::{Mistake, Origin};

const PREFIX: &str = "PORTCULLIS";
/// Far more than all settings need.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// What one place says. Keys are dotted, as `log.level`.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    origin: Origin,
    values: BTreeMap<String, ValueKind>,
    /// Flag names by key; empty for other origins.
    flags: BTreeMap<String, &'static str>,
}

impl Layer {
    fn of(origin: Origin, values: impl IntoIterator<Item = (String, Value)>) -> Self {
        let mut flat = BTreeMap::new();
        flatten("", values, &mut flat);
        Self { origin, values: flat, flags: BTreeMap::new() }
    }

    pub(super) fn get(&self, key: &str) -> Option<&ValueKind> {
        self.values.get(key)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Whether values are texts that still have to be read as numbers and lists.
    pub(super) fn is_textual(&self) -> bool {
        !matches!(self.origin, Origin::File(_))
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match self.values.get(key) {
            Some(ValueKind::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Where a key stands, in an operator's words.
    pub(super) fn place(&self, key: &str) -> String {
        match &self.origin {
            Origin::File(path) => path.display().to_string(),
            Origin::Environment => format!("environment variable {}", variable(key)),
            Origin::Flags => format!("flag {}", self.flags.get(key).copied().unwrap_or("--")),
        }
    }
}

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    pub(super) config: Option<PathBuf>,
    values: Vec<(&'static str, &'static str, ValueKind)>,
}

impl Flags {
    /// No flags but, if named, the configuration file.
    pub fn new(config: Option<PathBuf>) -> Self {
        Self { config, values: Vec::new() }
    }

    /// Takes the text of a flag for a setting, if it was given.
    pub fn set(&mut self, key: &'static str, flag: &'static str, value: Option<String>) {
        self.values.extend(value.map(|text| (key, flag, ValueKind::String(text))));
    }

    /// Takes the texts of a flag that may be repeated; none given is no setting.
    pub fn set_list(&mut self, key: &'static str, flag: &'static str, values: Vec<String>) {
        if !values.is_empty() {
            let texts = values.into_iter().map(Value::from).collect();
            self.values.push((key, flag, ValueKind::Array(texts)));
        }
    }

    pub(super) fn into_layer(self) -> Layer {
        let flags = self.values.iter().map(|(key, flag, _)| ((*key).to_owned(), *flag)).collect();
        let values = self.values.into_iter().map(|(key, _, value)| (key.to_owned(), value)).collect();
        Layer { origin: Origin::Flags, values, flags }
    }
}

/// The variables `PORTCULLIS_*`, and the file that `PORTCULLIS_CONFIG` names.
pub(super) fn environment(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    mistakes: &mut Vec<Mistake>,
) -> (Layer, Option<PathBuf>) {
    let mut ours = HashMap::new();
    let mut file = None;
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with(&format!("{PREFIX}_"))) else {
            continue;
        };
        if name == CONFIG_VARIABLE {
            file = Some(PathBuf::from(value));
            continue;
        }
        match value.into_string() {
            Ok(value) => drop(ours.insert(name.to_owned(), value)),
            Err(_) => mistakes.push(Mistake {
                key: key_of(name),
                origin: format!("environment variable {name}"),
                expected: "expected UTF-8".to_owned(),
            }),
        }
    }
    let source = Environment::with_prefix(PREFIX).prefix_separator("_").separator("__").source(Some(ours));
    // Reading variables that are at hand as text cannot fail.
    let values = source.collect().unwrap_or_default();
    (Layer::of(Origin::Environment, values), file)
}

/// The configuration file; `None`, with a mistake, when it cannot be used.
pub(super) fn file(path: &Path, mistakes: &mut Vec<Mistake>) -> Option<Layer> {
    match read_file(path).and_then(|text| parse(&text)) {
        Ok(values) => Some(Layer::of(Origin::File(path.to_owned()), values)),
        Err(expected) => {
            let key = "configuration file".to_owned();
            mistakes.push(Mistake { key, origin: path.display().to_string(), expected });
            None
        }
    }
}

fn read_file(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text));
    match read {
        Ok(_) if text.len() as u64 > MAX_FILE_BYTES => Err("expected at most 64 KiB".to_owned()),
        Ok(_) => Ok(text),
        Err(error) => Err(format!("expected a readable file of UTF-8 text: {}", error.kind())),
    }
}

fn parse(text: &str) -> Result<config::Map<String, Value>, String> {
    config::File::from_str(text, FileFormat::Toml).collect().map_err(|error| {
        // The first line says where; the following ones repeat the file.
        let said = error.to_string();
        let place = said.lines().next().and_then(|line| line.split(" at ").nth(1)).unwrap_or("some place");
        format!("expected TOML, with each key once; it goes wrong at {}", place.trim_end_matches(" in "))
    })
}

fn flatten(
    prefix: &str,
    values: impl IntoIterator<Item = (String, Value)>,
    flat: &mut BTreeMap<String, ValueKind>,
) {
    for (key, value) in values {
        let path = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
        match value.kind {
            ValueKind::Table(table) => flatten(&path, table, flat),
            kind => drop(flat.insert(path, kind)),
        }
    }
}

/// `log.level` is `PORTCULLIS_LOG__LEVEL`.
fn variable(key: &str) -> String {
    format!("{PREFIX}_{}", key.replace('.', "__").to_uppercase())
}

fn key_of(variable: &str) -> String {
    let key = variable.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix('_')).unwrap_or(variable);
    key.to_lowercase().replace("__", ".")
}
