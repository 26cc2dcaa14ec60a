//! One walk over a syntax tree, which notes down the facts of a file.

mod items;
mod uses;
mod visit;

use std::collections::HashMap;

use proc_macro2::{Ident, TokenStream};
use syn::visit::Visit;

use super::parts::Parts;
use super::types::position;
use super::{
    Alias, Call, FileFacts, Handed, MacroCall, MacroRow, NamedPath, Pair, Position, Spot, Visibility,
    attributes, deeds, mods, plain, tokens,
};

/// Notes the facts of a file. `test` is true where the whole file is a test.
pub(super) fn facts(text: &str, parts: &Parts, module: &[String], test: bool) -> FileFacts {
    let test = test || attributes::is_test(&parts.file.attrs);
    let mut walk = Walk {
        facts: FileFacts::default(),
        module: module.to_vec(),
        folders: Vec::new(),
        beside: false,
        test_depth: usize::from(test),
        owner: None,
        bare: HashMap::new(),
    };
    if attributes::is_test(&parts.file.attrs) && !module.is_empty() {
        walk.facts.test_modules.push(module.to_vec());
    }
    walk.facts.lines = text.lines().count();
    walk.facts.header = header(text);
    walk.visit_file(&parts.file);
    for tokens in &parts.tokens {
        walk.brings(mods::in_tokens(tokens, &walk.inside()));
        walk.tokens(tokens);
        walk.calls_in(tokens);
    }
    walk.finish()
}

fn header(text: &str) -> Vec<String> {
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(|line| line.trim().to_owned()).collect()
}

struct Walk {
    facts: FileFacts,
    module: Vec<String>,
    /// What the inline modules around add to the path of a module's file.
    folders: Vec<String>,
    /// The outermost of these folders stands beside the file.
    beside: bool,
    test_depth: usize,
    owner: Option<Owner>,
    /// Names of one segment by module, with their first place outside tests.
    bare: HashMap<Vec<String>, HashMap<String, Spot>>,
}

/// The `impl` or trait that the walk is in.
struct Owner {
    name: String,
    of_trait: bool,
    /// What `Self` stands for; empty if that is no path.
    path: Vec<String>,
    absolute: bool,
}

/// How a path is said.
struct Said {
    absolute: bool,
    import: bool,
    glob: bool,
    told: usize,
    at: Position,
}

impl Said {
    fn at(at: Position) -> Self {
        Self { absolute: false, import: false, glob: false, told: 0, at }
    }

    fn of(path: &syn::Path) -> Self {
        Self { absolute: path.leading_colon.is_some(), ..Self::at(position(path.segments[0].ident.span())) }
    }
}

impl Walk {
    fn in_test(&self) -> bool {
        self.test_depth > 0
    }

    fn name(&mut self, mut segments: Vec<String>, said: Said) {
        let Said { mut absolute, import, glob, mut told, at } = said;
        let own = self.owner.as_ref().filter(|own| !own.path.is_empty() && !absolute && !import);
        if let Some(own) = own.filter(|_| segments.len() > 1 && segments[0] == "Self") {
            (absolute, told) = (own.absolute, own.path.len());
            segments.splice(..1, own.path.iter().cloned());
        }
        mods::strip_raw(&mut segments);
        let (module, in_test) = (self.module.clone(), self.in_test());
        self.facts.names.push(NamedPath { module, segments, absolute, import, glob, told, in_test, at });
    }

    /// `<Type>::name`, whose type is a name of its own as well.
    fn of_type(&mut self, own: &syn::QSelf, path: &syn::Path) {
        self.visit_type(&own.ty);
        if let syn::Type::Path(ty) = own.ty.as_ref()
            && ty.qself.is_none()
        {
            let mut segments = deeds::segments(&ty.path);
            let said = Said { told: segments.len(), ..Said::of(&ty.path) };
            segments.extend(deeds::segments(path));
            self.name(segments, said);
        }
        for segment in &path.segments {
            self.visit_path_arguments(&segment.arguments);
        }
    }

    fn path_said(&mut self, path: &syn::ExprPath) {
        match &path.qself {
            Some(own) if own.position == 0 => self.of_type(own, &path.path),
            _ => syn::visit::visit_expr_path(self, path),
        }
    }

    fn bare_type(&mut self, ident: &Ident) {
        if ident.to_string().starts_with(char::is_uppercase) {
            self.bare(ident);
        }
    }

    fn bare(&mut self, ident: &Ident) {
        let spot = Spot { in_test: self.in_test(), at: position(ident.span()) };
        if !self.bare.contains_key(&self.module) {
            self.bare.insert(self.module.clone(), HashMap::new());
        }
        let Some(known) = self.bare.get_mut(&self.module) else { return };
        let first = known.entry(plain(&ident.to_string()).to_owned()).or_insert(spot);
        if first.in_test && !spot.in_test {
            *first = spot;
        }
    }

    fn alias(&mut self, name: Option<String>, mut target: Vec<String>, absolute: bool) {
        mods::strip_raw(&mut target);
        let module = self.module.clone();
        self.facts.aliases.push(Alias { module, name, target, absolute, visibility: Visibility::Private });
    }

    fn item(&mut self, ident: &Ident) {
        self.facts.items.push((self.module.clone(), plain(&ident.to_string()).to_owned()));
    }

    fn tokens(&mut self, tokens: &TokenStream) {
        let names = tokens::names(tokens.clone());
        for path in names.paths {
            let Some(first) = path.segments.first() else { continue };
            let said = Said {
                absolute: path.absolute,
                glob: path.glob,
                told: path.told,
                ..Said::at(position(first.span()))
            };
            self.name(path.segments.iter().map(Ident::to_string).collect(), said);
        }
        for ident in &names.single {
            self.bare(ident);
        }
    }

    fn calls_in(&mut self, tokens: &TokenStream) {
        let tokens::Calls { calls, handed, macros } = tokens::calls(tokens);
        for fact in handed {
            self.handed(fact);
        }
        for call in calls {
            self.call(call);
        }
        for (name, span) in macros {
            self.note_macro(name, span, Vec::new(), Vec::new());
        }
    }

    fn within_test(&mut self, test: bool, walk: impl FnOnce(&mut Self)) {
        self.test_depth += usize::from(test);
        walk(self);
        self.test_depth -= usize::from(test);
    }

    fn call(&mut self, call: Call) {
        let (module, in_test) = (self.module.clone(), self.in_test());
        self.facts.calls.push(Call { module, in_test, ..call });
    }

    fn handed(&mut self, handed: Handed) {
        let (module, in_test) = (self.module.clone(), self.in_test());
        self.facts.handed.push(Handed { module, in_test, ..handed });
    }

    fn macro_call(&mut self, call: &syn::Macro, rows: Vec<MacroRow>, pairs: Vec<Pair>) {
        if let Some(last) = call.path.segments.last() {
            self.note_macro(last.ident.to_string(), last.ident.span(), rows, pairs);
        }
    }

    fn note_macro(&mut self, name: String, span: proc_macro2::Span, rows: Vec<MacroRow>, pairs: Vec<Pair>) {
        let (module, in_test, at) = (self.module.clone(), self.in_test(), position(span));
        self.facts.macros.push(MacroCall { name, rows, pairs, module, in_test, at });
    }

    /// What the tokens of a macro call say. They are no syntax yet.
    fn macro_body(&mut self, call: &syn::Macro) {
        self.brings(mods::in_macro(call, &self.inside()));
        self.tokens(&call.tokens);
        self.calls_in(&call.tokens);
        for span in attributes::unsafe_words(&call.tokens) {
            self.spot_unsafe(span);
        }
    }

    fn brings(&mut self, found: mods::Brought) {
        self.facts.mods.extend(found.mods);
        self.facts.includes.extend(found.includes);
        self.facts.texts.extend(found.texts);
    }

    fn inside(&self) -> mods::Inside {
        let (module, folders) = (self.module.clone(), self.folders.clone());
        mods::Inside { module, folders, beside: self.beside, floating: false }
    }

    fn spot_unsafe(&mut self, at: proc_macro2::Span) {
        self.facts.unsafes.push(Spot { in_test: self.in_test(), at: position(at) });
    }

    fn within_owner(&mut self, owner: Owner, walk: impl FnOnce(&mut Self)) {
        let outer = self.owner.replace(owner);
        walk(self);
        self.owner = outer;
    }

    /// Of the names of one segment, those stay that a glob or a re-export of their module may stand for.
    fn finish(self) -> FileFacts {
        let Self { mut facts, bare, .. } = self;
        for (module, names) in bare {
            let aliases = || facts.aliases.iter().filter(|alias| alias.module == module);
            let any = aliases().any(|alias| alias.name.is_none());
            let offered = |name: &str| {
                aliases().any(|one| one.visibility > Visibility::Private && one.name.as_deref() == Some(name))
            };
            let kept = names.into_iter().filter(|(name, _)| any || offered(name));
            let named = |(name, Spot { in_test, at }): (String, Spot)| NamedPath {
                module: module.clone(),
                segments: vec![name],
                absolute: false,
                import: false,
                glob: false,
                told: 0,
                in_test,
                at,
            };
            facts.bare.extend(kept.map(named).collect::<Vec<_>>());
        }
        facts.bare.sort_by_key(|name| (name.at.line, name.at.column));
        facts
    }
}
