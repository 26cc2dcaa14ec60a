//! One walk over a syntax tree, which notes down the facts of a file.

use proc_macro2::{Ident, TokenStream};
use syn::visit::{self, Visit};

use super::types::{method, position, type_name};
use super::{
    Alias, FileFacts, FunctionFact, InherentMethod, NamedPath, Position, TraitFact, TypeFact, tokens,
};

/// Parses `text` and notes its facts. `test` is true where the whole file is a test.
pub(super) fn facts(text: &str, module: &[String], test: bool) -> Result<FileFacts, (Position, String)> {
    let file = syn::parse_file(text).map_err(|error| (position(error.span()), error.to_string()))?;
    let mut walk =
        Walk { facts: FileFacts::default(), module: module.to_vec(), test_depth: usize::from(test) };
    walk.facts.lines = text.lines().count();
    walk.facts.header = header(text);
    walk.visit_file(&file);
    Ok(walk.facts)
}

fn header(text: &str) -> Vec<String> {
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(|line| line.trim().to_owned()).collect()
}

struct Walk {
    facts: FileFacts,
    module: Vec<String>,
    test_depth: usize,
}

impl Walk {
    fn in_test(&self) -> bool {
        self.test_depth > 0
    }

    fn name(&mut self, segments: Vec<String>, absolute: bool, import: bool, glob: bool, at: Position) {
        let (module, in_test) = (self.module.clone(), self.in_test());
        self.facts.names.push(NamedPath { module, segments, absolute, import, glob, in_test, at });
    }

    fn alias(&mut self, name: Option<String>, target: Vec<String>, absolute: bool) {
        self.facts.aliases.push(Alias { module: self.module.clone(), name, target, absolute });
    }

    fn item(&mut self, ident: &Ident) {
        self.facts.items.push((self.module.clone(), ident.to_string()));
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

    fn function(&mut self, signature: &syn::Signature, block: &syn::Block, attrs: &[syn::Attribute]) {
        let at = position(signature.ident.span());
        let end = block.brace_token.span.close().end().line;
        let first = signature.fn_token.span.start().line;
        self.facts.functions.push(FunctionFact {
            name: signature.ident.to_string(),
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

    fn type_fact(&mut self, ident: &Ident, attrs: &[syn::Attribute]) {
        self.item(ident);
        let in_test = self.in_test() || is_test(attrs);
        self.facts.types.push(TypeFact { name: ident.to_string(), in_test, at: position(ident.span()) });
    }
}

impl<'ast> Visit<'ast> for Walk {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.item(&item.ident);
        for attribute in &item.attrs {
            self.visit_attribute(attribute);
        }
        self.module.push(item.ident.to_string());
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
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.within_test(is_test(&item.attrs), |walk| {
            walk.use_tree(&item.tree, &mut Vec::new(), item.leading_colon.is_some());
        });
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        let called = item.rename.as_ref().map_or(&item.ident, |(_, name)| name).to_string();
        let target = vec![item.ident.to_string()];
        self.name(target.clone(), true, true, false, position(item.ident.span()));
        self.alias(Some(called), target, true);
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
        self.tokens(&call.tokens);
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(&list.tokens);
        }
        visit::visit_attribute(self, attribute);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.item(&item.sig.ident);
        self.function(&item.sig, &item.block, &item.attrs);
        self.within_test(is_test(&item.attrs), |walk| visit::visit_item_fn(walk, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block, &item.attrs);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block, &item.attrs);
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
        visit::visit_item_trait(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let of = type_name(&item.self_ty);
        for inner in &item.items {
            if let (syn::ImplItem::Fn(function), None) = (inner, &item.trait_) {
                let public = matches!(function.vis, syn::Visibility::Public(_));
                let method = method(&function.sig);
                self.facts.methods.push(InherentMethod { of: of.clone(), public, method });
            }
        }
        self.within_test(is_test(&item.attrs), |walk| visit::visit_item_impl(walk, item));
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.type_fact(&item.ident, &item.attrs);
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.type_fact(&item.ident, &item.attrs);
        visit::visit_item_enum(self, item);
    }

    fn visit_item_union(&mut self, item: &'ast syn::ItemUnion) {
        self.type_fact(&item.ident, &item.attrs);
        visit::visit_item_union(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.item(&item.ident);
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
