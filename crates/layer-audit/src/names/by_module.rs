//! Things by the module that they stand for, so that what a path leads to is found at the innermost one on it.

use std::collections::HashMap;

use super::Path;

/// Things by module, crates as code calls them.
pub(crate) struct ByModule<T> {
    crates: HashMap<String, HashMap<Path, T>>,
}

impl<T> Default for ByModule<T> {
    fn default() -> Self {
        Self { crates: HashMap::new() }
    }
}

impl<T: Copy> ByModule<T> {
    /// Puts a thing in the place of the one that stood for the module.
    pub(crate) fn put(&mut self, krate: &str, module: &[String], thing: T) {
        self.crates.entry(krate.to_owned()).or_default().insert(module.to_vec(), thing);
    }

    /// What stands for exactly this module.
    pub(crate) fn get(&self, krate: &str, module: &[String]) -> Option<T> {
        self.crates.get(krate)?.get(module).copied()
    }

    /// What stands for the innermost module on this path; that of the crate's root at last.
    pub(crate) fn innermost(&self, krate: &str, path: &[String]) -> Option<T> {
        let modules = self.crates.get(krate)?;
        (0..=path.len()).rev().find_map(|end| modules.get(&path[..end]).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_module_on_a_path_counts() {
        let path = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Path>();
        let mut things = ByModule::default();
        things.put("a", &[], 1);
        things.put("a", &path("tools mcp"), 2);
        things.put("b", &path("tools"), 3);
        let cases = [
            ("a", "", Some(1)),
            ("a", "tools Tool", Some(1)),
            ("a", "tools mcp Tool", Some(2)),
            ("b", "tools mcp", Some(3)),
            ("b", "logs", None),
            ("c", "", None),
        ];
        for (krate, text, expected) in cases {
            assert_eq!(things.innermost(krate, &path(text)), expected, "{krate} {text}");
        }
        assert_eq!((things.get("a", &path("tools mcp")), things.get("a", &path("tools"))), (Some(2), None));
    }
}
