//! The walk itself: what is noted at which syntax. What stands under `#[cfg(test)]` is in a test, whatever it is.

use syn::visit::{self, Visit};

use super::items::{is_public, is_public_item};
use super::{Owner, Said, Walk};
use crate::source::types::{position, type_name, visibility};
use crate::source::{attributes, deeds, mods, pairs, plain, shown};

impl<'ast> Visit<'ast> for Walk {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        self.within_test(attributes::is_test(attributes::of_item(item)), |walk| {
            walk.facts.public_items += usize::from(!walk.in_test() && is_public_item(item));
            visit::visit_item(walk, item);
        });
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let test = attributes::is_test(attributes::of_impl_item(item));
        self.within_test(test, |walk| visit::visit_impl_item(walk, item));
    }

    fn visit_trait_item(&mut self, item: &'ast syn::TraitItem) {
        let test = attributes::is_test(attributes::of_trait_item(item));
        self.within_test(test, |walk| visit::visit_trait_item(walk, item));
    }

    fn visit_foreign_item(&mut self, item: &'ast syn::ForeignItem) {
        let test = attributes::is_test(attributes::of_foreign_item(item));
        self.within_test(test, |walk| visit::visit_foreign_item(walk, item));
    }

    fn visit_expr(&mut self, expression: &'ast syn::Expr) {
        let test = attributes::is_test(attributes::of_expression(expression));
        self.within_test(test, |walk| visit::visit_expr(walk, expression));
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        self.within_test(attributes::is_test(&local.attrs), |walk| visit::visit_local(walk, local));
    }

    fn visit_stmt_macro(&mut self, call: &'ast syn::StmtMacro) {
        self.within_test(attributes::is_test(&call.attrs), |walk| visit::visit_stmt_macro(walk, call));
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        self.within_test(attributes::is_test(&arm.attrs), |walk| visit::visit_arm(walk, arm));
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        self.within_test(attributes::is_test(&field.attrs), |walk| visit::visit_field(walk, field));
    }

    fn visit_field_value(&mut self, value: &'ast syn::FieldValue) {
        self.within_test(attributes::is_test(&value.attrs), |walk| visit::visit_field_value(walk, value));
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.within_test(attributes::is_test(&variant.attrs), |walk| visit::visit_variant(walk, variant));
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
        if attributes::is_test(&item.attrs) {
            self.facts.test_modules.push(self.module.clone());
        }
        for inner in item.content.iter().flat_map(|(_, items)| items) {
            self.visit_item(inner);
        }
        self.module.pop();
        (self.folders, self.beside) = outer;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let known = self.facts.aliases.len();
        self.use_tree(&item.tree, &mut Vec::new(), item.leading_colon.is_some());
        for alias in &mut self.facts.aliases[known..] {
            alias.visibility = visibility(&item.vis);
        }
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        let called = item.rename.as_ref().map_or(&item.ident, |(_, name)| name).to_string();
        let target = vec![item.ident.to_string()];
        let said = Said { absolute: true, import: true, ..Said::at(position(item.ident.span())) };
        self.name(target.clone(), said);
        self.alias(Some(called), target, true);
        if let Some(alias) = self.facts.aliases.last_mut() {
            alias.visibility = visibility(&item.vis);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() >= 2 {
            self.name(deeds::segments(path), Said::of(path));
        } else if let Some(ident) = path.get_ident().or_else(|| path.segments.first().map(|one| &one.ident)) {
            self.bare_type(ident);
        }
        visit::visit_path(self, path);
    }

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        if let Some(fact) = deeds::handed(path) {
            self.handed(fact);
        }
        self.path_said(path);
    }

    fn visit_type_path(&mut self, path: &'ast syn::TypePath) {
        match &path.qself {
            Some(own) if own.position == 0 => self.of_type(own, &path.path),
            _ => visit::visit_type_path(self, path),
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.macro_call(call, Vec::new(), Vec::new());
        self.macro_body(call);
        visit::visit_macro(self, call);
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        self.macro_call(&item.mac, deeds::rows(&item.mac.tokens), pairs::pairs(&item.mac.tokens));
        self.macro_body(&item.mac);
        if !self.in_test() {
            self.facts.shown.extend(shown::of_macro(item));
        }
        self.visit_path(&item.mac.path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.call(deeds::method_call(call));
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let Some(fact) = deeds::function_call(call) {
            self.call(fact);
        }
        if let syn::Expr::Path(function) = call.func.as_ref()
            && let Some(ident) = function.path.get_ident()
        {
            self.bare(ident);
        }
        for attribute in &call.attrs {
            self.visit_attribute(attribute);
        }
        match call.func.as_ref() {
            syn::Expr::Path(function) => self.path_said(function), // Called, and so not handed on.
            other => self.visit_expr(other),
        }
        for argument in &call.args {
            self.visit_expr(argument);
        }
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

    fn visit_item_foreign_mod(&mut self, item: &'ast syn::ItemForeignMod) {
        if let Some(token) = &item.unsafety {
            self.spot_unsafe(token.span);
        }
        visit::visit_item_foreign_mod(self, item);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let Some(span) = attributes::unsafe_word(attribute) {
            self.spot_unsafe(span);
        }
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(&list.tokens);
        }
        visit::visit_attribute(self, attribute);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.item(&item.sig.ident);
        self.function(is_public(&item.vis), &item.sig, &item.block);
        self.returns(&item.vis, None, &item.sig);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(is_public(&item.vis), &item.sig, &item.block);
        let of = self.owner.as_ref().filter(|owner| owner.path.len() == 1).map(|owner| owner.name.clone());
        if of.is_some() {
            self.returns(&item.vis, of.as_deref(), &item.sig);
        }
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(false, &item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.item(&item.ident);
        self.trait_fact(item);
        let owner = Owner { name: item.ident.to_string(), of_trait: true, path: Vec::new(), absolute: false };
        if let Some(token) = &item.unsafety {
            self.spot_unsafe(token.span);
        }
        self.within_owner(owner, |walk| visit::visit_item_trait(walk, item));
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        self.implementation(item);
        if let Some(token) = &item.unsafety {
            self.spot_unsafe(token.span);
        }
        let (path, absolute) = match item.self_ty.as_ref() {
            syn::Type::Path(ty) if ty.qself.is_none() => {
                (deeds::segments(&ty.path), ty.path.leading_colon.is_some())
            }
            _ => (Vec::new(), false),
        };
        let (name, of_trait) = (type_name(&item.self_ty), item.trait_.is_some());
        self.within_owner(Owner { name, of_trait, path, absolute }, |walk| {
            visit::visit_item_impl(walk, item)
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
