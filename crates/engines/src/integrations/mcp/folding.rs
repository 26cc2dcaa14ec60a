//! Names as readers see them who do not mind case.

/// As Unicode folds: U+017F is an `s` to such readers, and U+212A a `k`.
pub(crate) fn folded(text: &str) -> String {
    text.to_uppercase().to_lowercase()
}
