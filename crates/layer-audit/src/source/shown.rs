//! What a name shows of others without their being named: the target of an alias, the type of a public field, what a
//! public function returns, what an exported macro says.

use syn::visit::{self, Visit};

use super::{mods, tokens};

/// A path behind a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The name that is enough to reach it: of a type, a function or a macro; `Type::function` of a type's own.
    pub by: String,
    /// The module that declares it.
    pub module: Vec<String>,
    /// How it shows it: `.field` and `.Variant`, `()` by what a function returns, `!` by what a macro says; nothing for an
    /// alias.
    pub through: Option<String>,
    /// Segments as written, of one segment too.
    pub segments: Vec<String>,
    /// It began with `::`.
    pub absolute: bool,
}

impl Shown {
    /// It takes a call: what follows the name in a path is something else of the same name.
    pub(crate) fn is_called(&self) -> bool {
        matches!(self.through.as_deref(), Some("()" | "!"))
    }
}

/// What `type by = target;` shows.
pub(super) fn of_alias(by: &syn::Ident, module: &[String], target: &syn::Type) -> Vec<Shown> {
    shown(&by.to_string(), module, None, target)
}

/// What a function returns; `of` is the type whose own it is.
pub(super) fn of_function(of: Option<&str>, module: &[String], signature: &syn::Signature) -> Vec<Shown> {
    let syn::ReturnType::Type(_, returned) = &signature.output else { return Vec::new() };
    let name = signature.ident.to_string();
    let by = of.map_or(name.clone(), |of| format!("{of}::{name}"));
    shown(&by, module, Some("()".to_owned()), returned)
}

/// What an exported macro says; wherever it stands, its name stands at the root of the crate.
pub(super) fn of_macro(item: &syn::ItemMacro) -> Vec<Shown> {
    let is_exported = item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export"));
    let Some(by) = item.ident.as_ref().filter(|_| is_exported) else { return Vec::new() };
    let said = |path: tokens::TokenPath| {
        let mut segments: Vec<String> = path.segments.iter().map(ToString::to_string).collect();
        mods::strip_raw(&mut segments);
        let (by, through) = (by.to_string(), Some("!".to_owned()));
        Shown { by, module: Vec::new(), through, segments, absolute: path.absolute }
    };
    tokens::names(item.mac.tokens.clone()).paths.into_iter().map(said).collect()
}

/// What the public fields of a struct or union show.
pub(super) fn of_fields<'a>(
    by: &syn::Ident,
    module: &[String],
    fields: impl IntoIterator<Item = &'a syn::Field>,
) -> Vec<Shown> {
    let public = |(_, field): &(usize, &syn::Field)| matches!(field.vis, syn::Visibility::Public(_));
    let name = |at: usize, field: &syn::Field| {
        field.ident.as_ref().map_or_else(|| format!(".{at}"), |ident| format!(".{ident}"))
    };
    let by = by.to_string();
    let fields = fields.into_iter().enumerate().filter(public);
    fields.flat_map(|(at, field)| shown(&by, module, Some(name(at, field)), &field.ty)).collect()
}

/// What the variants of an enum show: they are as public as it is.
pub(super) fn of_variants(item: &syn::ItemEnum, module: &[String]) -> Vec<Shown> {
    let fields = |variant: &syn::Variant| {
        let name = format!(".{}", variant.ident);
        let of = |field: &syn::Field| shown(&item.ident.to_string(), module, Some(name.clone()), &field.ty);
        variant.fields.iter().flat_map(of).collect::<Vec<_>>()
    };
    item.variants.iter().flat_map(fields).collect()
}

fn shown(by: &str, module: &[String], through: Option<String>, ty: &syn::Type) -> Vec<Shown> {
    let mut paths = Paths(Vec::new());
    paths.visit_type(ty);
    let shown = |(segments, absolute)| Shown {
        by: by.to_owned(),
        module: module.to_vec(),
        through: through.clone(),
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
