//! Short text of types and signatures: enough to compare an argument, no more.

use syn::visit::Visit;

use super::{Argument, Method, Position, Visibility};

/// Position of a span, both figures from 1.
pub(super) fn position(span: proc_macro2::Span) -> Position {
    let start = span.start();
    Position { line: start.line, column: start.column + 1 }
}

/// The facts of a signature.
pub(super) fn method(signature: &syn::Signature) -> Method {
    let arguments = signature.inputs.iter().filter_map(|input| match input {
        syn::FnArg::Typed(typed) => Some(argument(typed)),
        syn::FnArg::Receiver(_) => None,
    });
    Method {
        name: signature.ident.to_string(),
        is_async: signature.asyncness.is_some(),
        arguments: arguments.collect(),
        at: position(signature.ident.span()),
    }
}

/// Who may name an item.
pub(super) fn visibility(visibility: &syn::Visibility) -> Visibility {
    match visibility {
        syn::Visibility::Public(_) => Visibility::Public,
        syn::Visibility::Restricted(inside) if inside.path.is_ident("self") => Visibility::Private,
        syn::Visibility::Restricted(_) => Visibility::Restricted,
        syn::Visibility::Inherited => Visibility::Private,
    }
}

/// The function makes a value of the type `of`: it has no receiver, and returns `Self` or the type, perhaps wrapped.
pub(super) fn constructs(signature: &syn::Signature, of: &str) -> bool {
    let syn::ReturnType::Type(_, returned) = &signature.output else { return false };
    let mut names = Identifiers(Vec::new());
    names.visit_type(returned);
    signature.receiver().is_none() && names.0.iter().any(|name| name == "Self" || name == of)
}

/// Last segment of the path of a type; empty for types without one.
pub(super) fn type_name(ty: &syn::Type) -> String {
    match ty {
        syn::Type::Path(path) => {
            path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default()
        }
        syn::Type::Reference(reference) => type_name(&reference.elem),
        syn::Type::Group(group) => type_name(&group.elem),
        syn::Type::Paren(paren) => type_name(&paren.elem),
        _ => String::new(),
    }
}

fn argument(typed: &syn::PatType) -> Argument {
    let name = match typed.pat.as_ref() {
        syn::Pat::Ident(ident) => ident.ident.to_string(),
        _ => "_".to_owned(),
    };
    let mut names = Identifiers(Vec::new());
    names.visit_type(&typed.ty);
    Argument { text: format!("{name}: {}", type_text(&typed.ty)), names: names.0 }
}

fn type_text(ty: &syn::Type) -> String {
    match ty {
        syn::Type::Reference(reference) => {
            let marker = if reference.mutability.is_some() { "&mut " } else { "&" };
            format!("{marker}{}", type_text(&reference.elem))
        }
        syn::Type::Slice(slice) => format!("[{}]", type_text(&slice.elem)),
        other => type_name(other),
    }
}

struct Identifiers(Vec<String>);

impl<'ast> Visit<'ast> for Identifiers {
    fn visit_ident(&mut self, ident: &'ast proc_macro2::Ident) {
        self.0.push(ident.to_string());
    }
}
