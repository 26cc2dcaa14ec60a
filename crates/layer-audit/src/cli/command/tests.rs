//! Command lines as tables.

use super::*;
use crate::cli::options::Deed;
use crate::render::Format;

fn parse(line: &str) -> Result<Command, String> {
    Command::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
}

#[test]
fn what_audit_is_asked_for() {
    let none = Options::default;
    let cases = [
        ("", none()),
        ("audit", none()),
        ("--rule LA-1*", Options { rule: Some("LA-1*".to_owned()), ..none() }),
        (
            "audit --rule=LA-101 --advisory",
            Options { rule: Some("LA-101".to_owned()), advisory: true, ..none() },
        ),
        (
            "audit --domain logs --summary --timings",
            Options { domain: Some("logs".to_owned()), summary: true, timings: true, ..none() },
        ),
        ("--json", Options { format: Some(Format::Json), ..none() }),
        (
            "--sarif --output a.sarif",
            Options { format: Some(Format::Sarif), output: Some("a.sarif".into()), ..none() },
        ),
        (
            "--github --also sarif=a.sarif --also=json=a=b.json",
            Options {
                format: Some(Format::Github),
                also: vec![(Format::Sarif, "a.sarif".into()), (Format::Json, "a=b.json".into())],
                ..none()
            },
        ),
        ("--format text --fix", Options { format: Some(Format::Text), deed: Deed::Fix, ..none() }),
        ("--update-baseline", Options { deed: Deed::UpdateBaseline, ..none() }),
        ("--first-baseline", Options { deed: Deed::FirstBaseline, ..none() }),
        (
            "--self-test --rule LA-201",
            Options { rule: Some("LA-201".to_owned()), deed: Deed::SelfTest, ..none() },
        ),
        ("--root there", Options { root: Some("there".into()), ..none() }),
        ("--manifest-path there/Cargo.toml", Options { root: Some("there".into()), ..none() }),
        ("--manifest-path Cargo.toml", Options { root: Some(".".into()), ..none() }),
    ];
    for (line, options) in cases {
        assert_eq!(parse(line), Ok(Command::Audit(options)), "{line}");
    }
}

#[test]
fn the_other_commands() {
    let graph = |form, output: Option<&str>| {
        Command::Graph(Graph { root: None, form, output: output.map(Into::into) })
    };
    let cases = [
        ("explain LA-101", Command::Explain("LA-101".to_owned())),
        ("rules", Command::Rules { json: false }),
        ("rules --json", Command::Rules { json: true }),
        ("graph --mermaid", graph(Form::Mermaid, None)),
        ("graph --output g.dot --dot", graph(Form::Dot, Some("g.dot"))),
        ("graph --svg --output=g.svg", graph(Form::Svg, Some("g.svg"))),
        ("init --root there", Command::Init { root: Some("there".into()) }),
        ("tombstones", Command::Tombstones { root: None, collapse: false }),
        ("tombstones --collapse", Command::Tombstones { root: None, collapse: true }),
        ("help", Command::Help),
        ("--help", Command::Help),
        ("graph -h", Command::Help),
        ("--version", Command::Version),
    ];
    for (line, command) in cases {
        assert_eq!(parse(line), Ok(command), "{line}");
    }
}

#[test]
fn what_is_not_understood_is_said_with_what_is_known() {
    let cases = [
        ("judge", "no command judge; known: audit, explain"),
        ("audit --colour", "audit does not know --colour; known: --rule, --domain"),
        ("audit here", "audit does not know here"),
        ("--colour=red", "audit does not know --colour=red"),
        ("--rule", "--rule takes a value"),
        ("--rule=", "--rule takes a value"),
        ("--rule --json", "--rule takes a value"),
        ("--rule a --rule b", "--rule is said twice"),
        ("--json --sarif", "the format is said twice"),
        ("--json=yes", "--json takes no value"),
        ("--format xml", "no format xml; known: text, json, sarif, github"),
        ("--also sarif", "as in --also sarif=audit.sarif"),
        ("--also xml=a", "no format xml"),
        ("--fix --update-baseline", "is said twice"),
        ("--update-baseline --rule LA-101", "remove --rule and --domain"),
        ("--first-baseline --domain logs", "remove --rule and --domain"),
        ("--first-baseline --update-baseline", "is said twice"),
        ("--self-test --json", "prints its own lines"),
        ("--manifest-path there", "expected the path of a Cargo.toml"),
        ("--root a --manifest-path a/Cargo.toml", "the root is said twice"),
        ("explain", "explain takes one rule id"),
        ("explain LA-101 LA-102", "explain takes one rule id"),
        ("rules --text", "rules does not know --text; known: --json"),
        ("graph", "graph takes a form"),
        ("graph --dot --svg", "the form is said twice"),
        ("init --force", "init does not know --force"),
        ("tombstones --all", "tombstones does not know --all"),
        ("--version --json", "audit does not know --version"),
    ];
    for (line, expected) in cases {
        let error = parse(line).expect_err(line);
        assert!(error.contains(expected), "{line}: {error}");
    }
}
