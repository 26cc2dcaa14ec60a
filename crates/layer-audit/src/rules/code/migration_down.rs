//! LA-805: each migration can be undone, or says why not.

use crate::config::{Config, Migrations};
use crate::finding::Place;
use crate::markers::value;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::source::{ImplFact, SourceFile};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-805",
    title: "each migration has a way back, or says why not",
    why: "Whoever must roll back a release at night needs to know whether the database goes back with it. A default \
          that does nothing looks like a way back.",
    fix: "Write the method that undoes; or say in the header, after the label of [migrations], why nothing can.",
    blind: "whether the way back restores everything, and whether it does more than fail: a body that only returns an \
            error is a body.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[migrations]\ncrates = [\"a\"]\ntrait = \"MigrationTrait\"\ndown = \"down\"\nlabel = \"No down:\"\n",
        bad: &[(
            "crates/a/src/m1.rs",
            "struct M;\nimpl MigrationTrait for M { fn up(&self) { make(); } fn down(&self) {} }",
        )],
        good: &[(
            "crates/a/src/m1.rs",
            "struct M;\nimpl MigrationTrait for M { fn up(&self) { make(); } fn down(&self) { drop(); } }",
        )],
        finds: "M has no way back",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let migrations = config.migrations.as_ref()?;
    let mut checked = Checked::new();
    for file in workspace.listed(&migrations.crates).flat_map(|member| member.src()) {
        let impls = file.facts.impls.iter().filter(|one| one.of_trait.last() == Some(&migrations.of_trait));
        for migration in impls.filter(|one| !one.in_test) {
            checked.matched += 1;
            judge(&mut checked, migrations, file, migration);
        }
    }
    Some(checked)
}

fn judge(checked: &mut Checked, migrations: &Migrations, file: &SourceFile, migration: &ImplFact) {
    let Migrations { down, label, .. } = migrations;
    let goes_back = goes_back(file, migration, down);
    match value(file, label) {
        None if !goes_back => {
            let message = format!(
                "{} has no way back; write `{down}`, or say why not: `//! {label} ..`",
                migration.for_type
            );
            checked.report(file.place(migration.at), &file.path, message);
        }
        Some(("", line)) => {
            let message = format!("`{label}` gives no reason; give it");
            checked.report(Place::line(&file.path, line), &file.path, message);
        }
        Some((_, line)) if goes_back => {
            let message =
                format!("`{label}` stands beside a `{down}` that does something; remove one of them");
            checked.report(Place::line(&file.path, line), &file.path, message);
        }
        _ => {}
    }
}

/// The implementation has that method, and its body does something.
fn goes_back(file: &SourceFile, migration: &ImplFact, down: &str) -> bool {
    migration.functions.iter().any(|name| name == down)
        && !file.facts.functions.iter().any(|function| {
            function.name == down
                && function.of_trait
                && function.does_nothing
                && function.owner.as_ref() == Some(&migration.for_type)
                && function.module == migration.module
        })
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const LAW: &str =
        "[migrations]\ncrates = [\"a\"]\ntrait = \"MigrationTrait\"\ndown = \"down\"\nlabel = \"No down:\"";

    fn workspace(header: &str, body: &str) -> Ws {
        let text =
            format!("//! Tables.\n{header}\nstruct M;\nimpl migration::MigrationTrait for M {{ {body} }}");
        Ws::default().file("a", "src/m1.rs", &text)
    }

    #[test]
    fn must_fire() {
        let none = "M has no way back; write `down`, or say why not: `//! No down: ..`";
        let cases = [
            ("", "fn up(&self) { make(); }", none),
            ("", "fn down(&self) {}", none),
            ("", "async fn down(&self) -> R { Ok(()) }", none),
            ("//! No down:", "", "`No down:` gives no reason; give it"),
            (
                "//! No down: rows are gone.",
                "fn down(&self) { drop(); }",
                "`No down:` stands beside a `down` that does something; remove one of them",
            ),
        ];
        for (header, body, expected) in cases {
            let found = workspace(header, body).findings("LA-805", LAW);
            assert!(found.len() == 1 && found[0].ends_with(expected), "{header} {body}: {found:?}");
        }
    }

    #[test]
    fn must_not_fire() {
        workspace("", "fn down(&self) { drop(); }").clean("LA-805", LAW);
        workspace("//! No down: rows are gone.", "fn up(&self) { make(); }").clean("LA-805", LAW);
        workspace("//! no down: rows are gone.", "fn down(&self) -> R { Ok(()) }").clean("LA-805", LAW);
    }

    #[test]
    fn no_migration_at_all_must_fire() {
        let found = Ws::default().file("a", "src/m1.rs", "struct M;").findings("LA-805", LAW);
        assert_eq!(found, ["LA-805 layers.toml matched nothing; mend or remove what configures it"]);
    }
}
