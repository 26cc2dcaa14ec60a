//! What of a name is named, and so judged, at another place of the same crate: where a `use` or a glob brought it in, where
//! a type alias is made, where the type behind `Self` stands.

use super::Path;
use super::across::{Across, Meaning};
use crate::source::NamedPath;

/// What another place names.
pub(crate) struct Told {
    pub(crate) meaning: Meaning,
    /// That place is a glob.
    pub(crate) glob: bool,
}

impl Told {
    /// The module of this crate that says so; nothing where it is that of the name itself.
    pub(crate) fn said_in(&self) -> Option<&Path> {
        self.meaning.said_in.as_ref()
    }
}

impl Across<'_> {
    /// What other places of this crate name of it.
    pub(crate) fn told(&self, name: &NamedPath) -> Vec<Told> {
        let mut told = Vec::new();
        let whole = name.segments.len();
        for end in 1..=whole {
            // A type stands before its own `Self::name`, and is a name of its own.
            let stands_alone = end <= name.told;
            for meaning in self.meanings(&beginning(name, end)) {
                let elsewhere = match &meaning.said_in {
                    Some(module) => !name.import || *module != name.module,
                    None => stands_alone,
                };
                if elsewhere {
                    told.push(Told { meaning, glob: false });
                }
            }
        }
        told.extend(self.by_globs(name));
        told
    }

    /// What the `use` of its first segment names, in the module of the name.
    pub(crate) fn imported(&self, name: &NamedPath) -> Vec<Path> {
        let first = name.segments.first().filter(|_| !name.import && !name.absolute);
        let own = self.module(&name.module);
        match first.zip(own).filter(|(first, own)| own.imports(first)) {
            Some(_) => self.in_full(&beginning(name, 1)),
            None => Vec::new(),
        }
    }

    /// What the globs of its module bring in, one of which may have brought its first segment.
    fn by_globs(&self, name: &NamedPath) -> Vec<Told> {
        let Some(own) = self.module(&name.module).filter(|_| !name.import && !name.absolute) else {
            return Vec::new();
        };
        if !name
            .segments
            .first()
            .is_some_and(|first| !own.imports(first) && self.is_brought(&name.module, first))
        {
            return Vec::new();
        }
        let meanings = own.globs().flat_map(|glob| self.of_glob(glob));
        meanings.map(|meaning| Told { meaning, glob: true }).collect()
    }
}

fn beginning(name: &NamedPath, end: usize) -> NamedPath {
    NamedPath { segments: name.segments[..end].to_vec(), glob: false, ..name.clone() }
}
