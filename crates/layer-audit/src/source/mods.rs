//! What brings other files in: `mod name;` with its `#[path]`, and `include!` with its family. Also inside macro calls,
//! where crates keep their `cfg` switches.

use proc_macro2::{TokenStream, TokenTree};

use super::types::position;
use super::{Position, deeds, pairs};

/// `mod name;`: a module in a file of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModFact {
    /// Its path in the crate, its own name last.
    pub module: Vec<String>,
    /// Folders that the inline modules around it add to the path of its file.
    pub folders: Vec<String>,
    /// The first of these folders has its name from `#[path]`, and so stands beside the file.
    pub beside: bool,
    /// It stands in a macro's definition: whoever calls the macro has the module.
    pub floating: bool,
    /// What `#[path]` says, also under `cfg_attr`.
    pub paths: Vec<String>,
    /// Where.
    pub at: Position,
}

/// `include!("file")`, `include_str!` or `include_bytes!`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncludeFact {
    /// The argument, where it is plain text, alone or behind `CARGO_MANIFEST_DIR`.
    pub path: String,
    /// It begins at the crate's folder, not at that of the file.
    pub from_root: bool,
    /// The file is code: `include!`.
    pub code: bool,
    /// The module that it stands in.
    pub module: Vec<String>,
    /// Where.
    pub at: Position,
}

/// Where a scan stands: the module, and the folders of inline modules.
#[derive(Debug, Clone, Default)]
pub(super) struct Inside {
    pub(super) module: Vec<String>,
    pub(super) folders: Vec<String>,
    pub(super) beside: bool,
    pub(super) floating: bool,
}

/// What a scan found.
#[derive(Debug, Default)]
pub(super) struct Brought {
    pub(super) mods: Vec<ModFact>,
    pub(super) includes: Vec<IncludeFact>,
    /// Texts that may be paths of Rust files.
    pub(super) texts: Vec<String>,
}

impl Inside {
    /// The inside of `mod name { .. }`, whose `#[path]` names its folder.
    pub(super) fn entered(&self, name: &str, paths: &[String]) -> Self {
        let mut inner = self.clone();
        inner.beside |= self.folders.is_empty() && !paths.is_empty();
        inner.module.push(plain(name).to_owned());
        inner.folders.push(paths.first().map_or_else(|| plain(name).to_owned(), Clone::clone));
        inner
    }

    /// `mod name;`
    pub(super) fn declared(&self, name: &str, paths: Vec<String>, at: Position) -> ModFact {
        let module = self.module.iter().cloned().chain([plain(name).to_owned()]).collect();
        let Self { folders, beside, floating, .. } = self.clone();
        ModFact { module, folders, beside, floating, paths, at }
    }
}

/// A name without `r#`.
pub(crate) fn plain(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

/// Code may write `r#name` for a module whose file is `name.rs`.
pub(super) fn strip_raw(segments: &mut [String]) {
    for segment in segments.iter_mut().filter(|segment| segment.starts_with("r#")) {
        segment.drain(..2);
    }
}

/// The paths that the attributes of a `mod` item give.
pub(super) fn paths(attributes: &[syn::Attribute]) -> Vec<String> {
    let mut found = Vec::new();
    for attribute in attributes {
        match &attribute.meta {
            syn::Meta::NameValue(pair) if pair.path.is_ident("path") => {
                if let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &pair.value {
                    found.push(text.value());
                }
            }
            syn::Meta::List(list) if list.path.is_ident("cfg_attr") => {
                let pairs = pairs::pairs(&list.tokens).into_iter();
                found.extend(pairs.filter(|pair| pair.name == "path").map(|pair| pair.text));
            }
            _ => {}
        }
    }
    found
}

/// What a macro call brings in: itself if it is of the `include!` family, and what its body says.
pub(super) fn in_macro(call: &syn::Macro, inside: &Inside) -> Brought {
    let mut found = Brought::default();
    if let Some(last) = call.path.segments.last() {
        let at = position(last.ident.span());
        found.includes.extend(include(&last.ident.to_string(), &call.tokens, inside, at));
    }
    let floating = call.path.is_ident("macro_rules");
    scan(&call.tokens, &Inside { floating, ..inside.clone() }, &mut found);
    found
}

/// What tokens bring in that are no macro call.
pub(super) fn in_tokens(tokens: &TokenStream, inside: &Inside) -> Brought {
    let mut found = Brought::default();
    scan(tokens, inside, &mut found);
    found
}

/// What a file brings in that does not parse: as its tokens say, or where it has none, those of the lines that have.
pub(super) fn in_broken(text: &str, inside: &Inside) -> Brought {
    let tokens = |text: &str| text.parse::<TokenStream>().ok();
    let whole = |line: &str| if tokens(line).is_some() { format!("{line}\n") } else { "\n".to_owned() };
    let tokens = tokens(text).or_else(|| tokens(&text.lines().map(whole).collect::<String>()));
    in_tokens(&tokens.unwrap_or_default(), inside)
}

fn scan(tokens: &TokenStream, inside: &Inside, found: &mut Brought) {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut paths = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at..] {
            [TokenTree::Punct(hash), TokenTree::Group(attribute), ..] if hash.as_char() == '#' => {
                let pairs = pairs::pairs(&attribute.stream()).into_iter();
                paths.extend(pairs.filter(|pair| pair.name == "path").map(|pair| pair.text));
                at += 2;
            }
            [TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Group(body), ..] if word == "mod" => {
                let inner = inside.entered(&name.to_string(), &std::mem::take(&mut paths));
                scan(&body.stream(), &inner, found);
                at += 3;
            }
            [TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Punct(end), ..]
                if word == "mod" && end.as_char() == ';' =>
            {
                let spot = position(name.span());
                found.mods.push(inside.declared(&name.to_string(), std::mem::take(&mut paths), spot));
                at += 3;
            }
            [TokenTree::Ident(name), TokenTree::Punct(bang), TokenTree::Group(body), ..]
                if bang.as_char() == '!' =>
            {
                let spot = position(name.span());
                found.includes.extend(include(&name.to_string(), &body.stream(), inside, spot));
                scan(&body.stream(), inside, found);
                at += 3;
            }
            [TokenTree::Literal(text), ..] => {
                let path = deeds::text_of(text).filter(|text| text.ends_with(".rs"));
                found.texts.extend(path);
                at += 1;
            }
            [TokenTree::Group(group), ..] => {
                scan(&group.stream(), inside, found);
                paths.clear();
                at += 1;
            }
            [TokenTree::Punct(end), ..] if end.as_char() == ';' => {
                paths.clear();
                at += 1;
            }
            _ => at += 1,
        }
    }
}

/// A file that a call by this name brings in; `None` where only the build knows which.
fn include(name: &str, tokens: &TokenStream, inside: &Inside, at: Position) -> Option<IncludeFact> {
    let code = match name {
        "include" => true,
        "include_str" | "include_bytes" => false,
        _ => return None,
    };
    let (path, from_root) = argument(tokens)?;
    Some(IncludeFact { path, from_root, code, module: inside.module.clone(), at })
}

/// `"file"`, or `concat!(env!("CARGO_MANIFEST_DIR"), "/file")`.
fn argument(tokens: &TokenStream) -> Option<(String, bool)> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Literal(text), ..] => Some((deeds::text_of(text)?, false)),
        [TokenTree::Ident(name), _, TokenTree::Group(parts), ..] if name == "concat" => {
            let mut path = String::new();
            let mut from_root = false;
            let mut parts = parts.stream().into_iter();
            while let Some(part) = parts.next() {
                match part {
                    TokenTree::Literal(text) => path.push_str(&deeds::text_of(&text)?),
                    TokenTree::Ident(name) if name == "env" && path.is_empty() => {
                        let variable = parts.nth(1)?.to_string();
                        from_root = variable.contains("CARGO_MANIFEST_DIR");
                        if !from_root {
                            return None;
                        }
                    }
                    TokenTree::Punct(comma) if comma.as_char() == ',' => {}
                    _ => return None,
                }
            }
            Some((path, from_root))
        }
        _ => None,
    }
}
