//! Facts of items: functions, types, traits and implementations.

use proc_macro2::Ident;

use super::Walk;
use crate::source::types::{constructs, method, position, type_name, visibility};
use crate::source::{
    FunctionFact, ImplFact, InherentMethod, TraitFact, TypeFact, attributes, deeds, pairs, shown,
};

impl Walk {
    pub(super) fn function(&mut self, public: bool, signature: &syn::Signature, block: &syn::Block) {
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
            in_test: self.in_test(),
            at,
        });
    }

    pub(super) fn type_fact(&mut self, vis: &syn::Visibility, ident: &Ident, attrs: &[syn::Attribute]) {
        self.item(ident);
        self.facts.types.push(TypeFact {
            name: ident.to_string(),
            module: self.module.clone(),
            public: is_public(vis),
            attributes: attrs.iter().flat_map(pairs::in_attribute).collect(),
            in_test: self.in_test(),
            at: position(ident.span()),
        });
    }

    pub(super) fn trait_fact(&mut self, item: &syn::ItemTrait) {
        let methods = item.items.iter().filter_map(|inner| match inner {
            syn::TraitItem::Fn(function) if !attributes::is_test(&function.attrs) => {
                Some(method(&function.sig))
            }
            _ => None,
        });
        let is_async = |attribute| attributes::last_segment(attribute) == "async_trait";
        let fact = TraitFact {
            name: item.ident.to_string(),
            module: self.module.clone(),
            async_trait: item.attrs.iter().any(is_async),
            methods: methods.collect(),
            in_test: self.in_test(),
            at: position(item.ident.span()),
        };
        self.facts.traits.push(fact);
    }

    /// What callers get without naming it. A test's functions nobody calls from elsewhere.
    pub(super) fn returns(&mut self, vis: &syn::Visibility, of: Option<&str>, signature: &syn::Signature) {
        if is_public(vis) && !self.in_test() {
            self.facts.shown.extend(shown::of_function(of, &self.module, signature));
        }
    }

    pub(super) fn implementation(&mut self, item: &syn::ItemImpl) {
        let (of, in_test) = (type_name(&item.self_ty), self.in_test());
        if let Some(fact) = deeds::implementation(item) {
            self.facts.impls.push(ImplFact { module: self.module.clone(), in_test, ..fact });
            return;
        }
        for inner in &item.items {
            if let syn::ImplItem::Fn(function) = inner {
                self.facts.methods.push(InherentMethod {
                    visibility: visibility(&function.vis),
                    constructs: constructs(&function.sig, &of),
                    in_test: in_test || attributes::is_test(&function.attrs),
                    method: method(&function.sig),
                    of: of.clone(),
                });
            }
        }
    }
}

pub(super) fn is_public(visibility: &syn::Visibility) -> bool {
    matches!(visibility, syn::Visibility::Public(_))
}

/// Modules and re-exports are no items of their own.
pub(super) fn is_public_item(item: &syn::Item) -> bool {
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
