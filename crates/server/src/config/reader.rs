//! Reads settings out of the layers, and collects what is wrong with them.

use std::collections::BTreeSet;

use config::ValueKind;

use super::layers::Layer;
use super::mistakes::{Mistake, Mistakes};
use super::rules::Given;

/// Reads each setting from every layer; the strongest valid value wins.
pub(super) struct Reader<'a> {
    /// Weakest first.
    layers: &'a [Layer],
    known: BTreeSet<&'static str>,
    mistakes: Vec<Mistake>,
}

impl<'a> Reader<'a> {
    /// `mistakes` are those of the layers themselves.
    pub(super) fn new(layers: &'a [Layer], mistakes: Vec<Mistake>) -> Self {
        Self { layers, known: BTreeSet::new(), mistakes }
    }

    /// One setting; `None` when no layer has a valid value. `rule` answers with what was expected.
    pub(super) fn read<T>(
        &mut self,
        key: &'static str,
        rule: impl Fn(Given<'_>) -> Result<T, String>,
    ) -> Option<T> {
        self.known.insert(key);
        let mut chosen = None;
        for layer in self.layers {
            let Some(value) = layer.get(key) else { continue };
            match rule(Given { value, is_text: layer.is_textual() }) {
                Ok(value) => chosen = Some(value),
                Err(expected) => self.mistakes.push(mistake(layer, key, expected)),
            }
        }
        chosen
    }

    /// Notes that a setting is missing which another one needs.
    pub(super) fn demand(&mut self, key: &'static str, because: &'static str, expected: &str) {
        let layer = self.layers.iter().rev().find(|layer| layer.get(because).is_some());
        self.mistakes.extend(layer.map(|layer| mistake(layer, key, expected.to_owned())));
    }

    /// All mistakes, with those of keys that nobody has read.
    pub(super) fn finish(mut self) -> Result<(), Mistakes> {
        for layer in self.layers {
            for key in layer.keys().filter(|key| !self.known.contains(key)) {
                let expected = self.expected_instead_of(key, layer.get(key));
                self.mistakes.push(mistake(layer, key, expected));
            }
        }
        let place = |mistake: &Mistake| {
            self.layers.iter().position(|layer| layer.place(&mistake.key) == mistake.origin)
        };
        // What has no layer is a layer that could not be read: first.
        self.mistakes.sort_by_key(|mistake| place(mistake).map_or(0, |at| at + 1));
        if self.mistakes.is_empty() { Ok(()) } else { Err(Mistakes(self.mistakes)) }
    }

    fn expected_instead_of(&self, key: &str, value: Option<&ValueKind>) -> String {
        let section = format!("{key}.");
        if self.known.iter().any(|known| known.starts_with(&section)) {
            return format!("expected a section: write `[{key}]` and its keys");
        }
        if matches!(value, Some(ValueKind::String(_))) && is_of_a_service(key) {
            return "unknown setting; it looks like a variable that Kubernetes sets for a service of this name: \
                    set `enableServiceLinks: false`, or name the service differently"
                .to_owned();
        }
        let parent = parent_of(key);
        let siblings: Vec<_> =
            self.known.iter().filter(|known| parent_of(known) == parent).copied().collect();
        let all: Vec<_> = self.known.iter().copied().collect();
        // At the top the key of a section may be meant, as `log_level` for `log.level`.
        let expected = if parent.is_empty() || siblings.is_empty() { all } else { siblings };
        format!("unknown setting; expected one of {}", expected.join(", "))
    }
}

fn mistake(layer: &Layer, key: &str, expected: String) -> Mistake {
    Mistake { key: key.to_owned(), origin: layer.place(key), expected }
}

fn parent_of(key: &str) -> &str {
    key.rsplit_once('.').unwrap_or_default().0
}

/// `PORTCULLIS_SERVICE_HOST`, `PORTCULLIS_PORT`, `PORTCULLIS_PORT_8642_TCP`, and so on.
fn is_of_a_service(key: &str) -> bool {
    key == "port" || key.starts_with("port_") || key.starts_with("service_")
}
