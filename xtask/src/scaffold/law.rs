//! What `layers.toml` says about names: which domains there are, and what may not be called what.

use super::names;
use super::tree::Tree;

/// Where the law stands.
pub(crate) const LAW: &str = "layers.toml";

/// The part of the law that new names must keep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Law {
    /// Domains, in its order.
    pub(crate) domains: Vec<String>,
    /// Words that say nothing, in lower case.
    words: Vec<String>,
    /// Ends of file names that repeat the role of what is inside: `_engine`.
    suffixes: Vec<String>,
    /// Ends of type names, and the crates in which such types stand.
    roles: Vec<(String, Vec<String>)>,
}

impl Law {
    /// As it stands in the texts.
    pub(crate) fn of(tree: &Tree) -> Self {
        let text = tree.text(LAW).unwrap_or_default();
        let banned = lists(text, "banned_").flat_map(texts).map(str::to_ascii_lowercase);
        let (suffixes, words) = banned.partition(|entry| entry.starts_with('_'));
        let entries = lists(text, "domain = [").flat_map(|list| list.split("name = \"").skip(1));
        let domains =
            entries.filter_map(|rest| rest.split_once('"')).map(|(name, _)| name.to_owned()).collect();
        let roles = text.split("[[naming.role]]\n").skip(1).map(role).collect();
        Self { domains, words, suffixes, roles }
    }

    /// Whether a module may be called so.
    ///
    /// # Errors
    /// Names the rule that the name breaks, and what was expected.
    pub(crate) fn module(&self, name: &str) -> Result<(), String> {
        names::module(name)?;
        if let Some(word) = name.split('_').find(|word| self.words.iter().any(|banned| banned == word)) {
            return Err(format!(
                "`{name}`: `{word}` says nothing about what is inside (layers.toml, [naming]): name what it holds"
            ));
        }
        match self.suffixes.iter().find(|suffix| name.ends_with(suffix.as_str())) {
            Some(suffix) => Err(format!(
                "`{name}`: the folder says the role, so no file ends in `{suffix}` (layers.toml, [naming]): leave it out"
            )),
            None => Ok(()),
        }
    }

    /// Whether a type may be called so in each of these crates, and its module as [`Law::module`] says.
    ///
    /// # Errors
    /// Names the rule that the name breaks, and what was expected.
    pub(crate) fn type_name(&self, name: &str, crates: &[&str]) -> Result<(), String> {
        names::type_name(name)?;
        self.module(&names::snake(name))?;
        let is_of = |suffix: &str| name.len() > suffix.len() && name.ends_with(suffix);
        for (suffix, allowed) in self.roles.iter().filter(|(suffix, _)| is_of(suffix)) {
            if let Some(place) = crates.iter().find(|place| !allowed.iter().any(|one| one == *place)) {
                return Err(format!(
                    "`{name}`: a type that ends in `{suffix}` stands in {} only (layers.toml, [[naming.role]]), and \
                     this one would stand in {place}: choose another end",
                    allowed.join(", ")
                ));
            }
        }
        Ok(())
    }
}

/// The lists whose line begins so, each up to its `]`.
fn lists<'a>(law: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    let begins = law.match_indices(start).map(|(at, _)| at);
    let begins = begins.filter(|at| *at == 0 || law[..*at].ends_with('\n'));
    begins.map(|at| law[at..].split_once(']').map_or(&law[at..], |(list, _)| list))
}

fn texts(list: &str) -> impl Iterator<Item = &str> {
    list.split('"').skip(1).step_by(2)
}

/// `suffix = "Engine"` and the list of crates, from the lines below a heading.
fn role(text: &str) -> (String, Vec<String>) {
    let suffix = lists(text, "suffix = ").flat_map(texts).next().unwrap_or_default().to_owned();
    let crates = lists(text, "crates = [").next().map(texts).into_iter().flatten();
    (suffix, crates.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
[[crate]]
name = "c"

[domains]
crates = ["c"]
domain = [
  { name = "a" },
  { name = "b", bridge = "BBridge" },
]

[naming]
banned_files = ["utils", "misc"]
banned_words = [
  "Service",
]
banned_suffixes = ["_engine"]

[[naming.role]]
suffix = "Engine"
crates = ["rules"]
because = "it decides"

[[naming.role]]
suffix = "Store"
crates = ["words", "kit"]
because = "it is a port"
"#;

    fn law() -> Law {
        Law::of(&Tree::new([(LAW.to_owned(), TEXT.to_owned())]))
    }

    #[test]
    fn it_is_read_from_the_text() {
        let law = law();
        assert_eq!(
            (law.domains, law.words),
            (vec!["a".into(), "b".into()], vec!["utils".into(), "misc".into(), "service".into()])
        );
        assert_eq!(law.suffixes, ["_engine"]);
        let words: Vec<String> = vec!["words".into(), "kit".into()];
        assert_eq!(law.roles, [("Engine".to_owned(), vec!["rules".to_owned()]), ("Store".to_owned(), words)]);
    }

    #[test]
    fn names_keep_it() {
        let law = law();
        for good in ["rate_limit", "engine_room", "utilities"] {
            assert_eq!(law.module(good), Ok(()), "{good}");
        }
        for (bad, rule) in [
            ("utils", "says nothing"),
            ("mcp_utils", "says nothing"),
            ("log_service", "says nothing"),
            ("rate_engine", "`_engine`"),
        ] {
            assert!(law.module(bad).is_err_and(|refusal| refusal.contains(rule)), "{bad}");
        }
        assert_eq!(law.type_name("PaintStore", &["words", "kit"]), Ok(()));
        assert_eq!(law.type_name("Store", &["api"]), Ok(()), "the word alone is no role");
        for (bad, crates) in
            [("PaintStore", ["words", "api"]), ("MiscPaints", ["words", "kit"]), ("paints", ["words", "kit"])]
        {
            assert!(law.type_name(bad, &crates).is_err(), "{bad}");
        }
    }
}
