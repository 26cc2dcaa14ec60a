//! Where a file belongs: to which member, to which layer, and to which domain.

use std::path::Path;

use crate::config::Config;
use crate::workspace::{Crate, Workspace};

/// Where a file belongs, as far as the law says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Home<'a> {
    /// Package name of the member whose folder holds it.
    pub member: Option<&'a str>,
    /// Id of that member's layer.
    pub layer: Option<&'a str>,
    /// Name of its domain.
    pub domain: Option<&'a str>,
}

impl<'a> Home<'a> {
    /// The home of a file or folder, given by its path from the workspace root.
    ///
    /// In the members of `[domains]` the first module decides about the domain; anywhere else any part of the path does.
    pub fn of(path: &str, workspace: &'a Workspace, config: &'a Config) -> Self {
        let holding = workspace.crates.iter().filter(|member| within(path, &member.dir).is_some());
        match holding.max_by_key(|member| member.dir.len()) {
            Some(member) => Self::in_member(path, member, config),
            None => Self { domain: domain(path, false, config), ..Self::default() },
        }
    }

    /// The same for a path that is known to lie in `member`.
    pub(crate) fn in_member(path: &str, member: &'a Crate, config: &'a Config) -> Self {
        let domain = domain_in(path, member, config);
        Self { member: Some(&member.name), layer: layer(member, config), domain }
    }
}

/// The domain of a path that lies in `member`.
pub(crate) fn domain_in<'a>(path: &str, member: &Crate, config: &'a Config) -> Option<&'a str> {
    let apart = config.domains.as_ref().is_some_and(|domains| domains.crates.contains(&member.name));
    domain(within(path, &member.dir).unwrap_or_default(), apart, config)
}

/// Id of the layer that the law gives a member.
pub(crate) fn layer<'a>(member: &Crate, config: &'a Config) -> Option<&'a str> {
    config.layer_of(&member.name).map(|layer| layer.id.as_str())
}

fn within<'p>(path: &'p str, dir: &str) -> Option<&'p str> {
    if dir == "." { Some(path) } else { path.strip_prefix(dir)?.strip_prefix('/') }
}

fn domain<'a>(path: &str, first_only: bool, config: &'a Config) -> Option<&'a str> {
    let path = Path::new(path).with_extension("");
    let mut parts = path.iter().filter_map(|part| part.to_str());
    let domains = &config.domains.as_ref()?.domains;
    let named =
        |part: &str| domains.iter().find(|domain| domain.name == part).map(|domain| domain.name.as_str());
    match parts.next() {
        Some("src") if first_only => parts.next().and_then(named),
        first => first.into_iter().chain(parts).find_map(named),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Ws;

    #[test]
    fn each_file_has_the_home_that_the_law_gives() {
        let law = "schema = 1\n[[layer]]\nid = \"L5\"\nname = \"rules\"\n[[crate]]\nname = \"engines\"\nlayer = \"L5\"\n\
                   [domains]\ncrates = [\"engines\"]\ndomain = [{ name = \"logs\" }, { name = \"tools\" }]\n";
        let config = Config::parse(law).expect("valid");
        let workspace = Ws::default().member("engines", "").member("api", "").member("api/inner", "").build();
        let cases: &[(&str, [Option<&str>; 3])] = &[
            ("crates/engines/src/logs/event.rs", [Some("engines"), Some("L5"), Some("logs")]),
            ("crates/engines/src/logs.rs", [Some("engines"), Some("L5"), Some("logs")]),
            ("crates/engines/src/store/logs.rs", [Some("engines"), Some("L5"), None]),
            ("crates/engines/tests/logs.rs", [Some("engines"), Some("L5"), Some("logs")]),
            ("crates/engines/Cargo.toml", [Some("engines"), Some("L5"), None]),
            ("crates/api/src/pages/tools.rs", [Some("api"), None, Some("tools")]),
            ("crates/api/inner/src/lib.rs", [Some("api/inner"), None, None]),
            ("crates/apiary/src/lib.rs", [None, None, None]),
            ("handbook/tools/README.md", [None, None, Some("tools")]),
            ("layers.toml", [None, None, None]),
        ];
        for (path, [member, layer, domain]) in cases {
            let home = Home { member: *member, layer: *layer, domain: *domain };
            assert_eq!(Home::of(path, &workspace, &config), home, "{path}");
        }
    }
}
