//! Error codes: a JSON array of texts. Programs branch on them.

use std::collections::BTreeSet;

use super::change::{Change, Contract};

pub(super) fn compare(_name: &str, old: &str, new: &str) -> Result<Vec<Change>, String> {
    let (old, new) = (codes(old)?, codes(new)?);
    let removed = old
        .difference(&new)
        .map(|code| Contract::Codes.breaks(code, "removed", "callers that branch on it never see it again"));
    // `code` is an open string in OpenAPI, but no document tells callers to expect codes that they do not know.
    let added = new
        .difference(&old)
        .map(|code| Contract::Codes.review(code, "added", "callers that branch on every code must know it"));
    Ok(removed.chain(added).collect())
}

fn codes(text: &str) -> Result<BTreeSet<String>, String> {
    serde_json::from_str(text).map_err(|error| format!("expected a JSON array of codes: {error}"))
}

#[cfg(test)]
mod tests {
    use super::super::change::told;
    use super::*;

    #[test]
    fn a_removed_code_breaks_and_an_added_one_is_looked_at() {
        let changes = compare("", r#"["a","b"]"#, r#"["c","b"]"#).unwrap();
        assert_eq!(told(&changes), ["BREAKS a: removed", "REVIEW c: added"]);
    }

    #[test]
    fn their_order_is_no_contract() {
        assert_eq!(compare("", r#"["a","b"]"#, r#"["b","a"]"#), Ok(Vec::new()));
        assert!(compare("", "[1]", "[]").is_err());
    }
}
