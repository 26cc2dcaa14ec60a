//! Trees of `use`, leaf by leaf.

use proc_macro2::Ident;

use super::{Said, Walk};
use crate::source::types::position;

impl Walk {
    pub(super) fn use_tree(&mut self, tree: &syn::UseTree, prefix: &mut Vec<String>, absolute: bool) {
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
                let said = Said {
                    absolute,
                    import: true,
                    glob: true,
                    ..Said::at(position(glob.star_token.spans[0]))
                };
                self.name(prefix.clone(), said);
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
        self.name(target.clone(), Said { absolute, import: true, ..Said::at(position(ident.span())) });
        if called.as_deref() != Some("_") {
            self.alias(called, target, absolute);
        }
    }
}
