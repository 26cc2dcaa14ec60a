//! The words of names that programs give to things.

/// The words of a name in lower case: split where it is not alphanumeric, between letters and digits, before a capital
/// that follows a small letter, and before the last capital of a run (`deleteURLNow` is delete, url, now).
pub(crate) fn words(name: &str) -> Vec<String> {
    let characters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (index, &character) in characters.iter().enumerate() {
        let starts =
            index > 0 && begins_word(characters[index - 1], character, characters.get(index + 1).copied());
        if starts || !character.is_alphanumeric() {
            words.push(String::new());
        }
        if character.is_alphanumeric()
            && let Some(last) = words.last_mut()
        {
            last.extend(character.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn begins_word(before: char, this: char, after: Option<char>) -> bool {
    let digit_edge = before.is_ascii_digit() != this.is_ascii_digit();
    let camel_edge = before.is_lowercase() && this.is_uppercase();
    let run_ends = before.is_uppercase() && this.is_uppercase() && after.is_some_and(char::is_lowercase);
    digit_edge || camel_edge || run_ends
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn names_fall_into_words() {
        let table: [(&str, &[&str]); 10] = [
            ("delete_user", &["delete", "user"]),
            ("deleteURLNow", &["delete", "url", "now"]),
            ("getHTTP2Stream", &["get", "http", "2", "stream"]),
            ("list-files.v2", &["list", "files", "v", "2"]),
            ("GET", &["get"]),
            ("getAndDelete", &["get", "and", "delete"]),
            ("__x__", &["x"]),
            ("RunSQL", &["run", "sql"]),
            ("query1drop", &["query", "1", "drop"]),
            ("...", &[]),
        ];
        for (name, expected) in table {
            assert_eq!(words(name), expected, "{name}");
        }
    }
}
