//! What code does: calls, macro rows, implementations, and functions that only hand on.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::types::{position, type_name};
use super::{Call, Handed, ImplFact, MacroRow, Operand};

/// A method call; module and test are the caller's to fill in.
pub(super) fn method_call(call: &syn::ExprMethodCall) -> Call {
    let types = call.turbofish.as_ref().map_or_else(Vec::new, |generics| paths(&generics.args));
    Call {
        name: call.method.to_string(),
        method: true,
        receiver: receiver(&call.receiver),
        subject: Some(receiver(&call.receiver)),
        types,
        arguments: call.args.iter().map(operand).collect(),
        module: Vec::new(),
        in_test: false,
        at: position(call.method.span()),
    }
}

/// A call of a function by its path; `None` for a call of anything else.
pub(super) fn function_call(call: &syn::ExprCall) -> Option<Call> {
    let syn::Expr::Path(function) = call.func.as_ref() else { return None };
    let last = function.path.segments.last()?;
    let types = match &last.arguments {
        syn::PathArguments::AngleBracketed(generics) => paths(&generics.args),
        _ => Vec::new(),
    };
    let mut before = full(function);
    before.pop();
    let is_of_type = function.qself.is_some() || before.last().is_some_and(|last| is_type(last));
    let subject = call.args.first().filter(|_| is_of_type).map(receiver);
    Some(Call {
        name: last.ident.to_string(),
        method: false,
        receiver: before,
        subject,
        types,
        arguments: call.args.iter().map(operand).collect(),
        module: Vec::new(),
        in_test: false,
        at: position(last.ident.span()),
    })
}

/// A function of a type as a value; `None` for any other path. Module and test are the caller's to fill in.
pub(super) fn handed(path: &syn::ExprPath) -> Option<Handed> {
    let last = path.path.segments.last()?;
    let mut of = full(path);
    of.pop();
    let is_of_type = path.qself.is_some() || of.last().is_some_and(|last| is_type(last));
    let name = last.ident.to_string();
    let at = position(last.ident.span());
    (is_of_type && !is_type(&name)).then(|| Handed { of, name, module: Vec::new(), in_test: false, at })
}

/// The facts of a trait's implementation; `None` for an inherent one.
pub(super) fn implementation(item: &syn::ItemImpl) -> Option<ImplFact> {
    let path = item.trait_.as_ref().map(|(path, _)| path)?;
    let mut fact = ImplFact {
        of_trait: segments(path),
        for_type: type_name(&item.self_ty),
        functions: Vec::new(),
        constants: Vec::new(),
        module: Vec::new(),
        in_test: false,
        at: position(item.impl_token.span),
    };
    for inner in &item.items {
        match inner {
            syn::ImplItem::Fn(function) => fact.functions.push(function.sig.ident.to_string()),
            syn::ImplItem::Const(constant) => {
                let value = match operand(&constant.expr) {
                    Operand::Text(text) => Some(text),
                    Operand::Path(path) => path.last().cloned(),
                    Operand::Other => None,
                };
                fact.constants.extend(value.map(|value| (constant.ident.to_string(), value)));
            }
            _ => {}
        }
    }
    Some(fact)
}

/// The rows of a macro's body.
pub(super) fn rows(tokens: &TokenStream) -> Vec<MacroRow> {
    let mut rows = vec![MacroRow::default()];
    let mut attribute = false;
    for token in tokens.clone() {
        let Some(row) = rows.last_mut() else { break };
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == ';' => {
                rows.push(MacroRow::default());
                continue;
            }
            TokenTree::Punct(punct) if punct.as_char() == '#' => attribute = true,
            TokenTree::Group(group) if attribute && group.delimiter() == Delimiter::Bracket => {
                row.docs.extend(doc(&group.stream()));
                attribute = false;
                continue;
            }
            TokenTree::Ident(ident) => row.idents.push(ident.to_string()),
            TokenTree::Literal(literal) => row.texts.extend(text_of(literal)),
            _ => {}
        }
        if row.line == 0 && !attribute {
            row.line = token.span().start().line;
        }
    }
    rows.retain(|row| row.line > 0);
    rows
}

/// The body is one call, perhaps awaited, of all parameters in order and of nothing else.
pub(super) fn passes_through(signature: &syn::Signature, block: &syn::Block) -> bool {
    let [syn::Stmt::Expr(expression, None)] = block.stmts.as_slice() else { return false };
    let parameters: Option<Vec<String>> = signature
        .inputs
        .iter()
        .filter_map(|input| match input {
            syn::FnArg::Typed(typed) => Some(match typed.pat.as_ref() {
                syn::Pat::Ident(ident) => Some(ident.ident.to_string()),
                _ => None,
            }),
            syn::FnArg::Receiver(_) => None,
        })
        .collect();
    let handed_on = match unwrapped(expression) {
        syn::Expr::MethodCall(call) if is_plain(&call.receiver) => names(&call.args),
        syn::Expr::Call(call) if !constructs(&call.func) => names(&call.args),
        _ => return false,
    };
    matches!((parameters, handed_on), (Some(own), Some(given)) if own == given && !own.is_empty())
}

/// The body is empty, or `Ok(())`.
pub(super) fn does_nothing(block: &syn::Block) -> bool {
    match block.stmts.as_slice() {
        [] => true,
        [syn::Stmt::Expr(syn::Expr::Call(call), None)] => {
            let is_ok =
                matches!(call.func.as_ref(), syn::Expr::Path(function) if function.path.is_ident("Ok"));
            let is_unit =
                |argument: &syn::Expr| matches!(argument, syn::Expr::Tuple(tuple) if tuple.elems.is_empty());
            is_ok && call.args.len() == 1 && call.args.iter().all(is_unit)
        }
        _ => false,
    }
}

fn unwrapped(expression: &syn::Expr) -> &syn::Expr {
    match expression {
        syn::Expr::Await(inner) => unwrapped(&inner.base),
        syn::Expr::Paren(inner) => unwrapped(&inner.expr),
        other => other,
    }
}

/// `Self(..)`, `Some(..)`: a value is made, which is more than handing on.
fn constructs(function: &syn::Expr) -> bool {
    let syn::Expr::Path(function) = function else { return false };
    let last = function.path.segments.last().map(|last| last.ident.to_string());
    last.is_some_and(|name| is_type(&name))
}

/// `self`, a name, or fields of them: nothing that computes.
fn is_plain(expression: &syn::Expr) -> bool {
    match expression {
        syn::Expr::Path(_) => true,
        syn::Expr::Field(field) => is_plain(&field.base),
        _ => false,
    }
}

fn names<'a>(arguments: impl IntoIterator<Item = &'a syn::Expr>) -> Option<Vec<String>> {
    let name = |argument: &syn::Expr| match argument {
        syn::Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
        _ => None,
    };
    arguments.into_iter().map(name).collect()
}

fn receiver(expression: &syn::Expr) -> Vec<String> {
    match expression {
        syn::Expr::Path(path) => segments(&path.path),
        syn::Expr::Field(field) => match &field.member {
            syn::Member::Named(name) => vec![name.to_string()],
            syn::Member::Unnamed(_) => receiver(&field.base),
        },
        syn::Expr::MethodCall(call) => vec![call.method.to_string()],
        syn::Expr::Await(inner) => receiver(&inner.base),
        syn::Expr::Try(inner) => receiver(&inner.expr),
        syn::Expr::Paren(inner) => receiver(&inner.expr),
        syn::Expr::Reference(inner) => receiver(&inner.expr),
        syn::Expr::Unary(inner) => receiver(&inner.expr),
        _ => Vec::new(),
    }
}

fn operand(expression: &syn::Expr) -> Operand {
    match expression {
        syn::Expr::Path(path) => Operand::Path(segments(&path.path)),
        syn::Expr::Lit(literal) => match &literal.lit {
            syn::Lit::Str(text) => Operand::Text(text.value()),
            _ => Operand::Other,
        },
        syn::Expr::Reference(inner) => operand(&inner.expr),
        _ => Operand::Other,
    }
}

fn paths<'a>(arguments: impl IntoIterator<Item = &'a syn::GenericArgument>) -> Vec<Vec<String>> {
    let path = |argument: &syn::GenericArgument| match argument {
        syn::GenericArgument::Type(syn::Type::Path(path)) => Some(segments(&path.path)),
        _ => None,
    };
    arguments.into_iter().filter_map(path).collect()
}

/// `<Type>::name` is `Type::name`; the trait of `<Type as Trait>::name` stands in the path itself.
pub(super) fn full(function: &syn::ExprPath) -> Vec<String> {
    let own = function.qself.as_ref().filter(|own| own.position == 0);
    let mut path = match own.map(|own| own.ty.as_ref()) {
        Some(syn::Type::Path(ty)) if ty.qself.is_none() => segments(&ty.path),
        _ => Vec::new(),
    };
    path.extend(segments(&function.path));
    path
}

/// The name is one of a type, or of a variant.
pub(super) fn is_type(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

pub(super) fn segments(path: &syn::Path) -> Vec<String> {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}

pub(super) fn doc(attribute: &TokenStream) -> Option<String> {
    let mut tokens = attribute.clone().into_iter();
    match (tokens.next(), tokens.next(), tokens.next()) {
        (Some(TokenTree::Ident(name)), Some(TokenTree::Punct(_)), Some(TokenTree::Literal(text)))
            if name == "doc" =>
        {
            text_of(&text).map(|text| text.trim().to_owned())
        }
        _ => None,
    }
}

pub(super) fn text_of(literal: &proc_macro2::Literal) -> Option<String> {
    syn::parse_str::<syn::LitStr>(&literal.to_string()).ok().map(|text| text.value())
}
