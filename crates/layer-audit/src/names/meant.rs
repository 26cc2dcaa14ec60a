//! What all names of a file mean. Every rule that follows names needs it, so it is worked out once, on all cores.

use std::collections::{BTreeSet, HashMap};
use std::panic::resume_unwind;

use super::across::{Across, Meaning};
use super::lookup::Table;
use crate::cores::on_all_cores;
use crate::source::{Area, NamedPath, SourceFile};
use crate::workspace::{Crate, Workspace};

/// A file with what its names mean.
pub(crate) struct Meant<'a> {
    pub(crate) across: Across<'a>,
    pub(crate) file: &'a SourceFile,
    meanings: &'a Meanings,
}

/// What the names of one file mean.
pub(crate) struct Meanings {
    /// Whose names they are.
    own: Table,
    /// The meanings of each different name.
    different: Vec<Vec<Meaning>>,
    /// Where among these those of each path are.
    paths: Vec<usize>,
    /// Of a name of one segment nothing is kept unless a `use` or a glob brought it in.
    bare: Vec<Option<usize>>,
}

impl Workspace {
    /// The files of a member.
    pub(crate) fn meant<'a>(&'a self, member: &'a Crate) -> impl Iterator<Item = Meant<'a>> {
        let read = |file: &SourceFile| Meanings::of(self, member, file);
        let all = self.known(&member.name).into_iter().flat_map(move |known| {
            let work = || on_all_cores(&member.files, read).unwrap_or_else(|panic| resume_unwind(panic));
            known.meant.get_or_init(work)
        });
        member.files.iter().zip(all).map(|(file, meanings)| Meant {
            across: Across::with(self, meanings.own.clone()),
            file,
            meanings,
        })
    }

    /// Those under `src/`.
    pub(crate) fn meant_in_src<'a>(&'a self, member: &'a Crate) -> impl Iterator<Item = Meant<'a>> {
        self.meant(member).filter(|meant| meant.file.area == Area::Src)
    }
}

impl<'a> Meant<'a> {
    /// Its names with their meanings: the paths, and those of one segment that a `use` or a glob brought in.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&'a NamedPath, &'a [Meaning])> + use<'a> {
        let different = &self.meanings.different;
        self.places().map(|(name, at)| (name, different[at].as_slice()))
    }

    /// What the names mean that `counts` lets pass, each different name once.
    pub(crate) fn different(
        &self,
        counts: impl Fn(&NamedPath) -> bool,
    ) -> impl Iterator<Item = &'a [Meaning]> {
        let counted: BTreeSet<usize> =
            self.places().filter(|(name, _)| counts(name)).map(|(_, at)| at).collect();
        let different = &self.meanings.different;
        counted.into_iter().map(|at| different[at].as_slice())
    }

    /// The name stands in a test.
    pub(crate) fn in_test(&self, name: &NamedPath) -> bool {
        self.across.in_test(self.file, name)
    }

    /// Its names with their places among the different ones.
    fn places(&self) -> impl Iterator<Item = (&'a NamedPath, usize)> + use<'a> {
        let Meanings { paths, bare, .. } = self.meanings;
        let paths = self.file.facts.names.iter().zip(paths.iter().copied());
        let bare = self.file.facts.bare.iter().zip(bare).filter_map(|(name, at)| Some((name, (*at)?)));
        paths.chain(bare)
    }
}

impl Meanings {
    fn of<'f>(workspace: &Workspace, member: &Crate, file: &'f SourceFile) -> Self {
        let across = Across::of_file(workspace, member, file);
        let mut different = Vec::new();
        let mut known = HashMap::new();
        let mut place = |name: &'f NamedPath| {
            // How else it is said does not change what it means.
            let key = (name.module.as_slice(), name.segments.as_slice(), name.absolute, name.glob);
            *known.entry(key).or_insert_with(|| {
                different.push(across.meanings(name));
                different.len() - 1
            })
        };
        let paths = file.facts.names.iter().map(&mut place).collect();
        let brought = |name: &NamedPath| across.is_brought(&name.module, &name.segments[0]);
        let bare = file.facts.bare.iter().map(|name| brought(name).then(|| place(name))).collect();
        Self { own: across.own().clone(), different, paths, bare }
    }
}
