//! What a type shows of others without their being named: the target of an alias, the type of a public field.

use syn::visit::{self, Visit};

/// A path behind the name of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The type whose name is enough to reach it.
    pub by: String,
    /// The module that declares that type.
    pub module: Vec<String>,
    /// The public field or the variant; nothing for an alias.
    pub field: Option<String>,
    /// Segments as written, of one segment too.
    pub segments: Vec<String>,
    /// It began with `::`.
    pub absolute: bool,
}

/// What `type by = target;` shows.
pub(super) fn of_alias(by: &syn::Ident, module: &[String], target: &syn::Type) -> Vec<Shown> {
    shown(by, module, None, target)
}

/// What the public fields of a struct or union show.
pub(super) fn of_fields<'a>(
    by: &syn::Ident,
    module: &[String],
    fields: impl IntoIterator<Item = &'a syn::Field>,
) -> Vec<Shown> {
    let public = |(_, field): &(usize, &syn::Field)| matches!(field.vis, syn::Visibility::Public(_));
    let name =
        |at: usize, field: &syn::Field| field.ident.as_ref().map_or(at.to_string(), ToString::to_string);
    let fields = fields.into_iter().enumerate().filter(public);
    fields.flat_map(|(at, field)| shown(by, module, Some(name(at, field)), &field.ty)).collect()
}

/// What the variants of an enum show: they are as public as it is.
pub(super) fn of_variants(item: &syn::ItemEnum, module: &[String]) -> Vec<Shown> {
    let fields = |variant: &syn::Variant| {
        let name = variant.ident.to_string();
        let of = |field: &syn::Field| shown(&item.ident, module, Some(name.clone()), &field.ty);
        variant.fields.iter().flat_map(of).collect::<Vec<_>>()
    };
    item.variants.iter().flat_map(fields).collect()
}

fn shown(by: &syn::Ident, module: &[String], field: Option<String>, ty: &syn::Type) -> Vec<Shown> {
    let mut paths = Paths(Vec::new());
    paths.visit_type(ty);
    let by = by.to_string();
    let shown = |(segments, absolute)| Shown {
        by: by.clone(),
        module: module.to_vec(),
        field: field.clone(),
        segments,
        absolute,
    };
    paths.0.into_iter().map(shown).collect()
}

struct Paths(Vec<(Vec<String>, bool)>);

impl<'ast> Visit<'ast> for Paths {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if !is_everyday(&segments) {
            self.0.push((segments, path.leading_colon.is_some()));
        }
        visit::visit_path(self, path);
    }
}

/// What every file may name without importing it, and most fields are made of.
fn is_everyday(segments: &[String]) -> bool {
    let [one] = segments else { return false };
    let known = ["String", "Option", "Vec", "Box", "Self", "Result", "bool", "char", "str"];
    known.contains(&one.as_str())
        || one.strip_prefix(['i', 'u', 'f']).is_some_and(|rest| rest == "size" || rest.parse::<u8>().is_ok())
}
