//! One walk over a syntax tree, which notes down the facts of a file.

use proc_macro2::{Ident, TokenStream};
use syn::visit::{self, Visit};

use super::parts::Parts;
use super::types::{method, position, type_name, visibility};
use super::{
    Alias, Call, FileFacts, FunctionFact, ImplFact, InherentMethod, MacroCall, MacroRow, NamedPath, Pair,
    Position, Spot, TraitFact, TypeFact, Visibility, deeds, mods, pairs, plain, shown, tokens,
};

/// Notes the facts of a file. `test` is true where the whole file is a test.
pub(super) fn facts(text: &str, parts: &Parts, module: &[String], test: bool) -> FileFacts {
    let mut walk = Walk {
        facts: FileFacts::default(),
        module: module.to_vec(),
        folders: Vec::new(),
        beside: false,
        test_depth: usize::from(test),
        owner: None,
    };
    walk.facts.lines = text.lines().count();
    walk.facts.header = header(text);
    walk.visit_file(&parts.file);
    for tokens in &parts.tokens {
        walk.brings(mods::in_tokens(tokens, &walk.inside()));
        walk.tokens(tokens);
    }
    walk.facts
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
}

/// The `impl` or trait that the walk is in.
struct Owner {
    name: String,
    of_trait: bool,
}

impl Walk {
    fn in_test(&self) -> bool {
        self.test_depth > 0
    }

    fn name(&mut self, mut segments: Vec<String>, absolute: bool, import: bool, glob: bool, at: Position) {
        mods::strip_raw(&mut segments);
        let (module, in_test) = (self.module.clone(), self.in_test());
        self.facts.names.push(NamedPath { module, segments, absolute, import, glob, in_test, at });
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
        for path in tokens::paths(tokens.clone()) {
            let at = position(path.segments[0].span());
            let segments = path.segments.iter().map(Ident::to_string).collect();
            self.name(segments, path.absolute, false, false, at);
        }
    }

    fn use_tree(&mut self, tree: &syn::UseTree, prefix: &mut Vec<String>, absolute: bool) {
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.use_tree(&path.tree, prefix, absolute);
                prefix.pop();
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(tree, prefix, absolute);
                }
            }
            syn::UseTree::Name(name) => self.use_leaf(&name.ident, &name.ident, prefix, absolute),
            syn::UseTree::Rename(rename) => self.use_leaf(&rename.ident, &rename.rename, prefix, absolute),
            syn::UseTree::Glob(glob) => {
                self.name(prefix.clone(), absolute, true, true, position(glob.star_token.spans[0]));
                self.alias(None, prefix.clone(), absolute);
            }
        }
    }

    /// `use a::b::{self}` names `a::b`, and calls it `b`.
    fn use_leaf(&mut self, ident: &Ident, called: &Ident, prefix: &[String], absolute: bool) {
        let mut target = prefix.to_vec();
        if ident != "self" {
            target.push(ident.to_string());
        } else if target.is_empty() {
            return;
        }
        let called = if called == "self" { target.last().cloned() } else { Some(called.to_string()) };
        self.name(target.clone(), absolute, true, false, position(ident.span()));
        if called.as_deref() != Some("_") {
            self.alias(called, target, absolute);
        }
    }

    fn function(
        &mut self,
        public: bool,
        signature: &syn::Signature,
        block: &syn::Block,
        attrs: &[syn::Attribute],
    ) {
        let at = position(signature.ident.span());
        let end = block.brace_token.span.close().end().line;
        let first = signature.fn_token.span.start().line;
        self.facts.functions.push(FunctionFact {
            name: signature.ident.to_string(),
            module: self.module.clone(),
            owner: self.owner.as_ref().map(|owner| owner.name.clone()),
            public,
            of_trait: self.owner.as_ref().is_some_and(|owner| owner.of_trait),
            passes_through: deeds::passes_through(signature, block),
            does_nothing: deeds::does_nothing(block),
            lines: (end + 1).saturating_sub(first),
            in_test: self.in_test() || is_test(attrs),
            at,
        });
    }

    fn within_test(&mut self, test: bool, walk: impl FnOnce(&mut Self)) {
        self.test_depth += usize::from(test);
        walk(self);
        self.test_depth -= usize::from(test);
    }

    fn type_fact(&mut self, vis: &syn::Visibility, ident: &Ident, attrs: &[syn::Attribute]) {
        self.item(ident);
        self.facts.types.push(TypeFact {
            name: ident.to_string(),
            module: self.module.clone(),
            public: is_public(vis),
            attributes: attrs.iter().flat_map(pairs::in_attribute).collect(),
            in_test: self.in_test() || is_test(attrs),
            at: position(ident.span()),
        });
    }

    fn call(&mut self, call: Call) {
        let (module, in_test) = (self.module.clone(), self.in_test());
        self.facts.calls.push(Call { module, in_test, ..call });
    }

    fn macro_call(&mut self, call: &syn::Macro, rows: Vec<MacroRow>, pairs: Vec<Pair>) {
        let Some(last) = call.path.segments.last() else { return };
        let (name, at) = (last.ident.to_string(), position(last.ident.span()));
        self.facts.macros.push(MacroCall {
            name,
            rows,
            pairs,
            module: self.module.clone(),
            in_test: self.in_test(),
            at,
        });
    }

    fn brings(&mut self, found: mods::Brought) {
        self.facts.mods.extend(found.mods);
        self.facts.includes.extend(found.includes);
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
}

impl<'ast> Visit<'ast> for Walk {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        self.facts.public_items += usize::from(!self.in_test() && is_public_item(item));
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.item(&item.ident);
        for attribute in &item.attrs {
            self.visit_attribute(attribute);
        }
        let (name, paths) = (plain(&item.ident.to_string()).to_owned(), mods::paths(&item.attrs));
        let outer = (self.folders.clone(), self.beside);
        if item.content.is_some() {
            let inner = self.inside().entered(&name, &paths);
            (self.folders, self.beside) = (inner.folders, inner.beside);
        } else {
            let fact = self.inside().declared(&name, paths, position(item.ident.span()));
            self.facts.mods.push(fact);
        }
        self.module.push(name);
        let test = is_test(&item.attrs);
        if test {
            self.facts.test_modules.push(self.module.clone());
        }
        self.within_test(test, |walk| {
            for inner in item.content.iter().flat_map(|(_, items)| items) {
                walk.visit_item(inner);
            }
        });
        self.module.pop();
        (self.folders, self.beside) = outer;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let known = self.facts.aliases.len();
        self.within_test(is_test(&item.attrs), |walk| {
            walk.use_tree(&item.tree, &mut Vec::new(), item.leading_colon.is_some());
        });
        for alias in &mut self.facts.aliases[known..] {
            alias.visibility = visibility(&item.vis);
        }
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        let called = item.rename.as_ref().map_or(&item.ident, |(_, name)| name).to_string();
        let target = vec![item.ident.to_string()];
        self.name(target.clone(), true, true, false, position(item.ident.span()));
        self.alias(Some(called), target, true);
        if let Some(alias) = self.facts.aliases.last_mut() {
            alias.visibility = visibility(&item.vis);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() >= 2 {
            let segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            let at = position(path.segments[0].ident.span());
            self.name(segments, path.leading_colon.is_some(), false, false, at);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.macro_call(call, Vec::new(), Vec::new());
        self.brings(mods::in_macro(call, &self.inside()));
        self.tokens(&call.tokens);
        visit::visit_macro(self, call);
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        self.within_test(is_test(&item.attrs), |walk| {
            walk.macro_call(&item.mac, deeds::rows(&item.mac.tokens), pairs::pairs(&item.mac.tokens));
            walk.brings(mods::in_macro(&item.mac, &walk.inside()));
            walk.tokens(&item.mac.tokens);
            walk.visit_path(&item.mac.path);
        });
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.call(deeds::method_call(call));
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let Some(fact) = deeds::function_call(call) {
            self.call(fact);
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_unsafe(&mut self, block: &'ast syn::ExprUnsafe) {
        self.spot_unsafe(block.unsafe_token.span);
        visit::visit_expr_unsafe(self, block);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        if let syn::Safety::Unsafe(token) = &signature.safety {
            self.spot_unsafe(token.span);
        }
        visit::visit_signature(self, signature);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(&list.tokens);
        }
        visit::visit_attribute(self, attribute);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.item(&item.sig.ident);
        self.function(is_public(&item.vis), &item.sig, &item.block, &item.attrs);
        self.within_test(is_test(&item.attrs), |walk| visit::visit_item_fn(walk, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(is_public(&item.vis), &item.sig, &item.block, &item.attrs);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(false, &item.sig, block, &item.attrs);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.item(&item.ident);
        let methods = item.items.iter().filter_map(|inner| match inner {
            syn::TraitItem::Fn(function) => Some(method(&function.sig)),
            _ => None,
        });
        let fact = TraitFact {
            name: item.ident.to_string(),
            module: self.module.clone(),
            async_trait: item.attrs.iter().any(|attribute| last_segment(attribute) == "async_trait"),
            methods: methods.collect(),
            in_test: self.in_test() || is_test(&item.attrs),
            at: position(item.ident.span()),
        };
        self.facts.traits.push(fact);
        let owner = Owner { name: item.ident.to_string(), of_trait: true };
        if let Some(token) = &item.unsafety {
            self.spot_unsafe(token.span);
        }
        self.within_owner(owner, |walk| visit::visit_item_trait(walk, item));
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let of = type_name(&item.self_ty);
        let in_test = self.in_test() || is_test(&item.attrs);
        if let Some(fact) = deeds::implementation(item) {
            self.facts.impls.push(ImplFact { module: self.module.clone(), in_test, ..fact });
        }
        if let Some(token) = &item.unsafety {
            self.spot_unsafe(token.span);
        }
        for inner in &item.items {
            if let (syn::ImplItem::Fn(function), None) = (inner, &item.trait_) {
                let public = is_public(&function.vis);
                let method = method(&function.sig);
                self.facts.methods.push(InherentMethod { of: of.clone(), public, method });
            }
        }
        let owner = Owner { name: of, of_trait: item.trait_.is_some() };
        self.within_test(is_test(&item.attrs), |walk| {
            walk.within_owner(owner, |walk| visit::visit_item_impl(walk, item));
        });
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.type_fact(&item.vis, &item.ident, &item.attrs);
        self.facts.shown.extend(shown::of_fields(&item.ident, &self.module, &item.fields));
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.type_fact(&item.vis, &item.ident, &item.attrs);
        self.facts.shown.extend(shown::of_variants(item, &self.module));
        visit::visit_item_enum(self, item);
    }

    fn visit_item_union(&mut self, item: &'ast syn::ItemUnion) {
        self.type_fact(&item.vis, &item.ident, &item.attrs);
        self.facts.shown.extend(shown::of_fields(&item.ident, &self.module, &item.fields.named));
        visit::visit_item_union(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.item(&item.ident);
        self.facts.shown.extend(shown::of_alias(&item.ident, &self.module, &item.ty));
        visit::visit_item_type(self, item);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.item(&item.ident);
        visit::visit_item_const(self, item);
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.item(&item.ident);
        visit::visit_item_static(self, item);
    }
}

fn is_public(visibility: &syn::Visibility) -> bool {
    matches!(visibility, syn::Visibility::Public(_))
}

/// Modules and re-exports are no items of their own.
fn is_public_item(item: &syn::Item) -> bool {
    match item {
        syn::Item::Fn(item) => is_public(&item.vis),
        syn::Item::Struct(item) => is_public(&item.vis),
        syn::Item::Enum(item) => is_public(&item.vis),
        syn::Item::Union(item) => is_public(&item.vis),
        syn::Item::Trait(item) => is_public(&item.vis),
        syn::Item::Type(item) => is_public(&item.vis),
        syn::Item::Const(item) => is_public(&item.vis),
        syn::Item::Static(item) => is_public(&item.vis),
        _ => false,
    }
}

fn last_segment(attribute: &syn::Attribute) -> String {
    attribute.path().segments.last().map(|last| last.ident.to_string()).unwrap_or_default()
}

/// `#[test]`, `#[tokio::test]`, `#[cfg(test)]`, `#[cfg(all(test, ..))]`.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if attribute.path().is_ident("cfg") => {
            let condition = list.tokens.to_string().replace(' ', "");
            condition == "test" || condition.starts_with("all(test,")
        }
        _ => last_segment(attribute) == "test",
    })
}
