//! Takes the line that declares a module out of a file's text, with its attributes and its documentation.

use std::ops::Range;

/// The text without `mod a;`, or without the `mod b;` inside of `mod a { .. }` where the path says so. `None` where
/// there is no such line.
pub(super) fn removed(text: &str, path: &[String]) -> Option<String> {
    // What the parser leaves out before it counts, it would count wrongly.
    if text.starts_with('\u{feff}') || (text.starts_with("#!") && !text.starts_with("#![")) {
        return None;
    }
    let file = syn::parse_file(text).ok()?;
    let range = whole_lines(text, find(&file.items, path)?);
    let mut rest = String::with_capacity(text.len());
    rest.push_str(text.get(..range.start)?);
    rest.push_str(text.get(range.end..)?);
    Some(rest)
}

fn find(items: &[syn::Item], path: &[String]) -> Option<Range<usize>> {
    let (first, rest) = path.split_first()?;
    items.iter().find_map(|item| match item {
        syn::Item::Mod(module) if module.ident == first => match (&module.content, rest.is_empty()) {
            (None, true) => Some(start(module)..module.semi.as_ref()?.span.byte_range().end),
            (Some((_, items)), false) => find(items, rest),
            _ => None,
        },
        _ => None,
    })
}

fn start(module: &syn::ItemMod) -> usize {
    let span = match (module.attrs.first(), &module.vis) {
        (Some(attribute), _) => attribute.pound_token.span,
        (None, syn::Visibility::Public(token)) => token.span,
        (None, syn::Visibility::Restricted(restricted)) => restricted.pub_token.span,
        (None, syn::Visibility::Inherited) => module.mod_token.span,
    };
    span.byte_range().start
}

/// The range with the whole of its lines, where nothing else stands on them.
fn whole_lines(text: &str, range: Range<usize>) -> Range<usize> {
    let begin = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[range.end..].find('\n').map_or(text.len(), |at| range.end + at + 1);
    let alone = text[begin..range.start].trim().is_empty() && text[range.end..end].trim().is_empty();
    if alone { begin..end } else { range }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_goes_with_what_belongs_to_it() {
        let cases: &[(&str, &[&str], Option<&str>)] = &[
            ("//! A.\n\nmod a;\npub mod old;\nmod b;\n", &["old"], Some("//! A.\n\nmod a;\nmod b;\n")),
            ("/// Gone.\n#[doc(hidden)]\npub(crate) mod old;\nmod b;", &["old"], Some("mod b;")),
            ("mod a; mod old; mod b;\n", &["old"], Some("mod a;  mod b;\n")),
            ("// ä ö\nmod a { mod old; fn f() {} }\n", &["a", "old"], Some("// ä ö\nmod a {  fn f() {} }\n")),
            ("mod old { fn f() {} }", &["old"], None),
            ("mod older;", &["old"], None),
            ("\u{feff}mod old;", &["old"], None),
        ];
        for (text, path, expected) in cases {
            let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
            assert_eq!(removed(text, &path).as_deref(), *expected, "{text}");
        }
    }
}
