//! The words of a command line as options: `--name value`, `--name=value` or a bare `--name`.

/// The options of one command, read from left to right.
pub(super) struct Words<'a> {
    rest: std::slice::Iter<'a, String>,
    command: &'static str,
    known: &'static [&'static str],
}

/// One option, with what stood behind its `=`.
pub(super) struct Word<'a> {
    pub(super) name: &'a str,
    value: Option<&'a str>,
}

impl<'a> Words<'a> {
    /// `known` are the options of `command`, for whoever mistypes one.
    pub(super) fn of(words: &'a [String], command: &'static str, known: &'static [&'static str]) -> Self {
        Self { rest: words.iter(), command, known }
    }

    /// The next option, which must be a known one.
    pub(super) fn next(&mut self) -> Option<Result<Word<'a>, String>> {
        let word = self.rest.next()?;
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word.as_str(), None),
        };
        let known = self.known.contains(&name);
        Some(if known { Ok(Word { name, value }) } else { Err(self.unknown(word)) })
    }

    /// The value of an option that needs one.
    pub(super) fn value(&mut self, word: &Word<'a>) -> Result<&'a str, String> {
        let next = || self.rest.next().map(String::as_str).filter(|next| !next.starts_with("--"));
        let value = word.value.or_else(next).filter(|value| !value.is_empty());
        value.ok_or_else(|| format!("{} takes a value: {} VALUE", word.name, word.name))
    }

    /// That an option stands without one.
    pub(super) fn bare(&self, word: &Word<'a>) -> Result<(), String> {
        word.value.map_or(Ok(()), |value| Err(format!("{} takes no value; remove `={value}`", word.name)))
    }

    fn unknown(&self, word: &str) -> String {
        let known = if self.known.is_empty() { "it takes none".to_owned() } else { self.known.join(", ") };
        format!("{} does not know {word}; known: {known}", self.command)
    }
}

/// Sets what may be said once.
pub(super) fn once<T>(slot: &mut Option<T>, value: T, name: &str) -> Result<(), String> {
    match slot.replace(value) {
        Some(_) => Err(format!("{name} is said twice; say it once")),
        None => Ok(()),
    }
}
