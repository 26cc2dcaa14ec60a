//! LA-110: a layer with a list of externals depends on no others.

use crate::config::Config;
use crate::finding::Place;
use crate::graph::is_meant;
use crate::layers::crates_of;
use crate::manifest::DependencyKind;
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-110",
    title: "a layer depends only on the externals that it lists",
    why: "What a vocabulary depends on, everybody depends on. Where few packages are right, a list of those is shorter \
          and safer than a list of the wrong ones.",
    fix: "Do without the package, or use it a layer up; or add it to `externals.allow` of the layer.",
    blind: "what the listed packages depend on, their features, and dev-dependencies.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[[layer]]\nid = \"low\"\ncrates = [\"core\"]\nexternals = { allow = [\"serde*\"], because = \"everybody builds it\" }\n",
        bad: &[(
            "crates/core/Cargo.toml",
            "[package]\nname = \"core\"\n[dependencies]\nserde = \"1\"\nhyper = \"1\"\n",
        )],
        good: &[("crates/core/Cargo.toml", "[package]\nname = \"core\"\n[dependencies]\nserde = \"1\"\n")],
        finds: "core -> hyper ([dependencies]) is no external of layer low",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    config.layers.iter().find(|layer| layer.externals.is_some())?;
    let mut checked = Checked::new();
    for layer in &config.layers {
        let Some(externals) = &layer.externals else { continue };
        let mut used = vec![false; externals.allow.len()];
        for member in crates_of(workspace, config, layer) {
            checked.matched += 1;
            let linked = member.dependencies.iter().filter(|one| one.kind != DependencyKind::Dev);
            for dependency in linked.filter(|one| workspace.member_of(one).is_none()) {
                let package = &dependency.package;
                let allowed = externals.allow.iter().position(|pattern| is_meant(pattern, package));
                match allowed {
                    Some(at) => used[at] = true,
                    None => {
                        let table = dependency.kind.table();
                        let message = format!(
                            "{} -> {package} ([{table}]) is no external of layer {}; {}",
                            member.name, layer.id, externals.because
                        );
                        checked.report(member.place_of(dependency), package, message);
                    }
                }
            }
        }
        for (pattern, _) in externals.allow.iter().zip(used).filter(|(_, used)| !used) {
            let message =
                format!("layer {} allows {pattern}, which none of its crates uses; remove it", layer.id);
            checked.report(Place::file(CONFIG), format!("{} {pattern}", layer.id), message);
        }
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[[layer]]\nid = \"low\"\ncrates = [\"a*\"]\nexternals = { allow = [\"serde*\", \"time\"], because = \"it is small\" }\n\
                          [[layer]]\nid = \"rest\"\ncrates = [\"b\"]";

    #[test]
    fn must_fire() {
        let a = "[package]\nname = \"a\"\n[dependencies]\nserde_json = {}\norm = {}\n[build-dependencies]\ncc = {}";
        assert_eq!(
            Ws::default().raw("a", a, &[]).findings("LA-110", CONFIG),
            [
                "LA-110 crates/a/Cargo.toml:5 a -> orm ([dependencies]) is no external of layer low; it is small",
                "LA-110 crates/a/Cargo.toml:7 a -> cc ([build-dependencies]) is no external of layer low; it is small",
                "LA-110 layers.toml layer low allows time, which none of its crates uses; remove it",
            ]
        );
    }

    #[test]
    fn must_not_fire() {
        let a = "[package]\nname = \"a\"\n[dependencies]\nserde = {}\na2 = {}\n[dev-dependencies]\ncc = {}";
        Ws::default()
            .raw("a", a, &[])
            .member("a2", "time = {}")
            .member("b", "orm = {}")
            .clean("LA-110", CONFIG);
    }
}
