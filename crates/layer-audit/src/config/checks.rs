//! What `layers.toml` may not say although it parses: reasons that are empty, lists and paths that could match nothing.

use super::{Allow, Ban, CodeExempt, Config, ConfigError, Conformance, Operations, Unsafety};
use crate::finding::is_of_the_law;

/// Refuses the first such entry.
pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    reasons_are_given(config)?;
    allowances_leave_the_law(config)?;
    exemptions_have_a_ban(config)?;
    lists_are_filled(config)?;
    externals_can_be_met(config)?;
    let pure =
        config.pure.iter().flat_map(|entry| &entry.names).map(|path| ("[[pure]] names", path.as_str()));
    let paths = config.abolished.iter().map(|entry| ("[[abolished]] name", entry.name.as_str()));
    for (field, path) in pure.chain(paths) {
        let method = path.strip_prefix('.').filter(|_| field == "[[abolished]] name");
        if !method.map_or_else(|| is_path(path), is_word) {
            return Err(ConfigError(format!(
                "{field}: {path:?} can match nothing; expected a path such as \"std::fs\", which means all below it too"
            )));
        }
    }
    Ok(())
}

/// An allowance for the rules that keep the audit honest would be a green run for the wrong reason.
fn allowances_leave_the_law(config: &Config) -> Result<(), ConfigError> {
    let about_it = |entry: &&Allow| {
        is_of_the_law(&entry.rule, &entry.file, entry.subject.as_deref().unwrap_or_default())
    };
    match config.allowances.iter().find(about_it) {
        Some(Allow { rule, file, .. }) => Err(ConfigError(format!(
            "[[allow]] {rule} {file}: findings about the law itself (rules LA-0xx, and that a rule matched nothing) \
             cannot be let off; mend what is reported, and remove the entry"
        ))),
        None => Ok(()),
    }
}

/// The rule of a ban that is not there does not run, and so could not say that an exemption from it lets nothing off.
fn exemptions_have_a_ban(config: &Config) -> Result<(), ConfigError> {
    let Some(code) = &config.code else { return Ok(()) };
    for CodeExempt { from, path, .. } in &code.exempt {
        let (name, there) = match from {
            Ban::Unsafe => ("unsafe", code.unsafety == Unsafety::Forbid),
            Ban::Panic => ("panic", !code.panic_macros.is_empty() || !code.panic_methods.is_empty()),
            Ban::Print => ("print", !code.print_macros.is_empty()),
            Ban::PassThrough => ("pass_through", !code.pass_through.is_empty()),
        };
        if !there {
            return Err(ConfigError(format!(
                "[[code.exempt]] {path}: from = \"{name}\", but [code] has no such ban; add the ban, or remove the \
                 exemption"
            )));
        }
    }
    Ok(())
}

fn lists_are_filled(config: &Config) -> Result<(), ConfigError> {
    let pure = config
        .pure
        .iter()
        .flat_map(|entry| [("[[pure]] names", entry.names.len()), ("[[pure]] crates", entry.crates.len())]);
    let unreachable = config.unreachable.iter().flat_map(|entry| {
        [("[[unreachable]] from", entry.from.len()), ("[[unreachable]] to", entry.to.len())]
    });
    let exclusive = config.exclusive.iter().map(|entry| ("[[exclusive]] externals", entry.externals.len()));
    let transactions =
        config.transactions.iter().map(|entry| ("[transactions] methods", entry.methods.len()));
    let mut lists = pure.chain(unreachable).chain(exclusive).chain(transactions);
    match lists.find(|(_, length)| *length == 0) {
        Some((field, _)) => Err(ConfigError(format!(
            "{field} is empty and can match nothing; expected at least one entry, or no such section"
        ))),
        None => Ok(()),
    }
}

fn externals_can_be_met(config: &Config) -> Result<(), ConfigError> {
    let exclusive = config
        .exclusive
        .iter()
        .flat_map(|entry| &entry.externals)
        .map(|one| ("[[exclusive]] externals", one));
    let unreachable =
        config.unreachable.iter().flat_map(|entry| &entry.to).map(|one| ("[[unreachable]] to", one));
    let layers = config.layers.iter().filter_map(|layer| layer.externals.as_ref());
    let layers = layers.flat_map(|entry| &entry.allow).map(|one| ("[[layer]] externals.allow", one));
    match exclusive.chain(unreachable).chain(layers).find(|(_, pattern)| !is_package(pattern)) {
        Some((field, pattern)) => Err(ConfigError(format!(
            "{field}: {pattern:?} can match nothing; expected the name of a package, or its beginning and one \"*\""
        ))),
        None => Ok(()),
    }
}

/// The name of a package, or the beginning of one before a `*`.
fn is_package(pattern: &str) -> bool {
    let name = pattern.strip_suffix('*').unwrap_or(pattern);
    let letter = |letter: char| letter == '_' || letter == '-' || letter.is_alphanumeric();
    !pattern.is_empty() && name.chars().all(letter)
}

/// Names between `::`, and no pattern.
fn is_path(path: &str) -> bool {
    path.split("::").all(is_word)
}

fn is_word(word: &str) -> bool {
    let letter = |letter: char| letter == '_' || letter.is_alphanumeric();
    word.chars().all(letter) && word.starts_with(|first: char| !first.is_numeric())
}

fn reasons_are_given(config: &Config) -> Result<(), ConfigError> {
    let externals = config.layers.iter().filter_map(|layer| layer.externals.as_ref());
    let files = config.modules.iter().flat_map(|modules| &modules.exempt);
    let owners = config.transactions.iter().flat_map(|transactions| &transactions.only);
    let shared = config.domains.iter().flat_map(|domains| &domains.shared);
    let exempt = config.ports.iter().flat_map(|ports| &ports.exempt);
    let consumers = config.shared.iter().flat_map(|shared| &shared.exempt);
    let functions = config.vocabulary.iter().flat_map(|vocabulary| &vocabulary.exempt);
    let roles = config.naming.iter().flat_map(|naming| &naming.roles);
    let code = config.code.iter().flat_map(|code| &code.exempt);
    let unplanted = config.self_test.iter().flat_map(|test| &test.exempt);
    let suites = config.ports.iter().filter_map(|ports| ports.conformance.as_ref());
    let reasons = (config.never.iter().map(|entry| ("never", &entry.because)))
        .chain(config.unreachable.iter().map(|entry| ("unreachable", &entry.because)))
        .chain(config.exclusive.iter().map(|entry| ("exclusive", &entry.because)))
        .chain(config.pure.iter().map(|entry| ("pure", &entry.because)))
        .chain(externals.map(|entry| ("layer.externals", &entry.because)))
        .chain(files.map(|entry| ("modules.exempt", &entry.because)))
        .chain(owners.map(|entry| ("transactions.only", &entry.because)))
        .chain(config.abolished.iter().map(|entry| ("abolished", &entry.because)))
        .chain(shared.map(|entry| ("domains.shared", &entry.because)))
        .chain(exempt.map(|entry| ("ports.exempt", &entry.because)))
        .chain(consumers.map(|entry| ("shared.exempt", &entry.because)))
        .chain(functions.map(|entry| ("vocabulary.exempt", &entry.because)))
        .chain(config.frozen.iter().map(|entry| ("frozen", &entry.because)))
        .chain(config.operations.iter().flat_map(Operations::reasons))
        .chain(suites.flat_map(Conformance::reasons))
        .chain(roles.map(|entry| ("naming.role", &entry.because)))
        .chain(code.map(|entry| ("code.exempt", &entry.because)))
        .chain(unplanted.map(|entry| ("self_test.exempt", &entry.because)))
        .chain(config.allowances.iter().map(|entry| ("allow", &entry.reason)))
        .chain(config.allowances.iter().map(|entry| ("allow", &entry.owner)));
    for (section, because) in reasons {
        if because.trim().is_empty() {
            return Err(ConfigError(format!("[[{section}]]: a reason or owner is empty; give it")));
        }
    }
    Ok(())
}
