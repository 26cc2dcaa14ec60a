//! The literature follows a scaffold: inventories are made anew, and a new domain gets its first document.

use std::fs;
use std::path::Path;

use layer_audit::literature::documents;
use layer_audit::{Config, load};

use super::law::LAW;

/// Writes the documents that the source has outgrown, and the first one of `domain`. Others that are absent are left to
/// the literature command. Returns the paths.
///
/// # Errors
/// When the workspace cannot be read, or a document's markers are broken; the scaffold stands all the same.
pub(crate) fn renew(root: &Path, domain: Option<&str>) -> Result<Vec<String>, String> {
    let law = fs::read_to_string(root.join(LAW)).map_err(|error| format!("{LAW}: {error}"))?;
    let config = Config::parse(&law).map_err(|error| format!("{LAW}: {error}"))?;
    let workspace = load(root, &config).map_err(|error| error.to_string())?;
    let sections = config.literature.iter().flat_map(|literature| &literature.sections);
    let sections: Vec<&str> = sections.map(String::as_str).collect();
    let mut written = Vec::new();
    for document in documents(&workspace, &config) {
        let path = root.join(&document.path);
        let fresh = document.text.map_err(|(line, why)| format!("{}:{line}: {why}", document.path))?;
        let text = match (workspace.documents.get(&document.path), domain) {
            (Some(present), _) if *present == fresh => continue,
            (Some(_), _) => fresh,
            // What was not read may hold prose, which a first document would overwrite.
            (None, _) if path.exists() => {
                return Err(format!("{}: the audit did not read it", document.path));
            }
            (None, Some(name)) if document.path.ends_with(&format!("/{name}/README.md")) => {
                with_prose(&fresh, &sections, name)
            }
            (None, _) => continue,
        };
        let written_to = |error| format!("{}: {error}", document.path);
        fs::create_dir_all(path.parent().unwrap_or(root)).map_err(written_to)?;
        fs::write(&path, text).map_err(written_to)?;
        written.push(document.path);
    }
    Ok(written)
}

/// A first document, with what can be said of a domain that holds nothing yet.
fn with_prose(text: &str, sections: &[&str], domain: &str) -> String {
    let mut filled = String::new();
    for line in text.lines() {
        filled.push_str(&format!("{line}\n"));
        if let Some(section) = line.strip_prefix("## ").filter(|section| sections.contains(section)) {
            filled.push_str(&format!("\n{}\n", first_words(section, domain)));
        }
    }
    filled
}

fn first_words(section: &str, domain: &str) -> String {
    match section {
        "Purpose" => format!(
            "`{domain}` is new. Its first operation, `{domain}.<family>.<verb_noun>`, will show what it is for: \
             say it here."
        ),
        "Personas" => "Nobody has asked for anything of it yet.".to_owned(),
        "Invariants" => "Those of the whole, in ARCHITECTURE.md; none of its own yet.".to_owned(),
        _ => "Nothing yet.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_document_says_what_there_is_to_say() {
        let text = "# pays\n\n## Purpose\n\n## Tables\n\nNone.\n\n## Deviations\n";
        let expected = "# pays\n\n## Purpose\n\n`pays` is new. Its first operation, `pays.<family>.<verb_noun>`, will show \
            what it is for: say it here.\n\n## Tables\n\nNone.\n\n## Deviations\n\nNothing yet.\n";
        assert_eq!(with_prose(text, &["Purpose", "Deviations"], "pays"), expected);
    }
}
