//! Names: what form a new name must have, and the other spellings of it.

/// Longest name of a module or type; longer ones no longer fit a line of the tables that they stand in.
const LONGEST: usize = 40;

/// What no module may be called: keywords of every edition, reserved words, and what Cargo or Rust gives a meaning.
const RESERVED: &str = "abstract alloc as async await become box break const continue core crate do dyn else enum \
    extern false final fn for gen if impl in lib let loop macro main match mod move mut override priv pub ref return \
    self static std struct super test tests trait true try type typeof unsafe unsized use virtual where while yield";

/// Checks the name of a module: `snake_case`, not too long, not reserved.
///
/// # Errors
/// Names the rule that it breaks, and what was expected.
pub(crate) fn module(name: &str) -> Result<(), String> {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if !name.split('_').all(is_word) || name.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(format!("`{name}`: expected snake_case, for example `rate_limit`"));
    }
    if name.len() > LONGEST {
        return Err(format!("`{name}`: expected at most {LONGEST} characters, not {}", name.len()));
    }
    if RESERVED.split_whitespace().any(|word| word == name) {
        return Err(format!("`{name}` is reserved by Rust or Cargo: choose another word"));
    }
    Ok(())
}

/// Checks the name of a type: `CamelCase`, with acronyms as words so that its module's name gives it back.
///
/// # Errors
/// Names the rule that it breaks, and what was expected.
pub(crate) fn type_name(name: &str) -> Result<(), String> {
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let acronym = name.as_bytes().windows(2).any(|pair| pair.iter().all(u8::is_ascii_uppercase));
    if !letters || acronym || !name.starts_with(|first: char| first.is_ascii_uppercase()) {
        return Err(format!(
            "`{name}`: expected CamelCase, acronyms as words, for example `RateLimits` or `McpServerStore`"
        ));
    }
    module(&snake(name))
}

/// `RateLimits` as `rate_limits`.
pub(crate) fn snake(camel: &str) -> String {
    let mut text = String::new();
    for (at, letter) in camel.char_indices() {
        if at > 0 && letter.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// `rate_limits` as `RateLimits`.
pub(crate) fn camel(snake: &str) -> String {
    snake.split('_').map(capitalized).collect()
}

/// `rate_limits` as `rate-limits`.
pub(crate) fn kebab(snake: &str) -> String {
    snake.replace('_', "-")
}

/// `rate_limits` as `rate limits`.
pub(crate) fn words(snake: &str) -> String {
    snake.replace('_', " ")
}

/// With its first letter large.
pub(crate) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_snake_case() {
        for good in ["a", "rate_limit", "s3", "sha_256"] {
            assert_eq!(module(good), Ok(()), "{good}");
        }
        for (bad, rule) in [
            ("", "snake_case"),
            ("RateLimit", "snake_case"),
            ("rate-limit", "snake_case"),
            ("rate__limit", "snake_case"),
            ("_rate", "snake_case"),
            ("3d", "snake_case"),
            ("../x", "snake_case"),
            ("größe", "snake_case"),
            ("match", "reserved"),
            ("gen", "reserved"),
            ("tests", "reserved"),
            (&"x".repeat(41), "at most 40"),
        ] {
            let refusal = module(bad).unwrap_err();
            assert!(refusal.contains(rule), "{bad}: {refusal}");
        }
    }

    #[test]
    fn types_are_camel_case_with_acronyms_as_words() {
        for good in ["Limits", "RateLimits", "McpServerStore", "S3"] {
            assert_eq!(type_name(good), Ok(()), "{good}");
        }
        for bad in ["", "rateLimits", "rate_limits", "MCPStore", "Rate-Limits", "Self", "3D"] {
            assert!(type_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn spellings_go_both_ways() {
        for (one, other) in
            [("Limits", "limits"), ("RateLimits", "rate_limits"), ("McpS3Store", "mcp_s3_store")]
        {
            assert_eq!((snake(one).as_str(), camel(other).as_str()), (other, one));
        }
        assert_eq!(
            (kebab("a_b"), words("a_b"), capitalized("a b")),
            ("a-b".into(), "a b".into(), "A b".into())
        );
        assert_eq!(capitalized(""), "");
    }
}
