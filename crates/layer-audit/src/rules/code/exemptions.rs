//! Where a ban of `[code]` does not hold; an exemption that lets nothing off is a finding.

use crate::config::{Ban, Code, CodeExempt};
use crate::finding::Place;
use crate::rules::{CONFIG, Checked};

/// The exemptions from one ban.
pub(super) struct Exemptions<'a>(Vec<Entry<'a>>);

struct Entry<'a> {
    exempt: &'a CodeExempt,
    used: bool,
}

impl<'a> Exemptions<'a> {
    /// Those of `ban`, none of them used yet.
    pub(super) fn from(code: &'a Code, ban: Ban) -> Self {
        let entries = code.exempt.iter().filter(|exempt| exempt.from == ban);
        Self(entries.map(|exempt| Entry { exempt, used: false }).collect())
    }

    /// The ban does not hold in this file, or for this function in it.
    pub(super) fn cover(&mut self, file: &str, function: Option<&str>) -> bool {
        let mut covered = false;
        for Entry { exempt, used } in &mut self.0 {
            let below =
                file.strip_prefix(&exempt.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            let meant = exempt.function.as_deref().is_none_or(|name| function == Some(name));
            if below && meant {
                *used = true;
                covered = true;
            }
        }
        covered
    }

    /// Reports what was never used.
    pub(super) fn report_idle(self, checked: &mut Checked) {
        for Entry { exempt, .. } in self.0.iter().filter(|entry| !entry.used) {
            let message = format!("[[code.exempt]] {} lets nothing off there; remove it", exempt.path);
            checked.report(Place::file(CONFIG), &exempt.path, message);
        }
    }
}
