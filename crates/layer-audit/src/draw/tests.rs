//! What a drawing holds, and how it reads as Mermaid and DOT.

use super::*;
use crate::evaluate::{Selection, evaluate};
use crate::fixture::Ws;

const LAYERS: &str = "schema = 1\n[[layer]]\nid = \"top\"\nname = \"entry\"\n\
    [[layer]]\nid = \"mid\"\nname = \"rules\"\n[[layer]]\nid = \"low\"\nname = \"types & values\"\n\
    [[layer]]\nid = \"none\"\nname = \"empty\"\n\
    [[crate]]\nname = \"app\"\nlayer = \"top\"\nmay_use = [\"*\"]\n\
    [[crate]]\nname = \"core\"\nlayer = \"mid\"\nmay_use = [\"types\"]\n\
    [[crate]]\nname = \"rows\"\nlayer = \"mid\"\nmay_use = [\"types\"]\n\
    [[crate]]\nname = \"types\"\nlayer = \"low\"\n\
    [tests]\ncrates = [\"kit\"]\nexternals = [\"snap\"]\n";

fn workspace() -> Workspace {
    let app =
        "[package]\nname = \"app\"\n[dependencies]\ncore = {}\ntypes = {}\n[build-dependencies]\nrows = {}";
    let core = "[package]\nname = \"core\"\n[dependencies]\ntypes = {}\nrows = {}\norm = {}\nkit = {}\nserde = {}\n\
        [dev-dependencies]\nkit = {}\nsnap = {}";
    Ws::default()
        .raw("app", app, &[])
        .raw("core", core, &[])
        .member("rows", "types = {}")
        .member("types", "")
        .member("kit", "")
        .build()
}

fn drawn(law: &str) -> Drawing {
    let config = Config::parse(&format!("{LAYERS}{law}")).expect("the law is valid");
    let findings = evaluate(&workspace(), &config, &Selection::all()).findings;
    Drawing::of(&workspace(), &config, &findings)
}

/// A drawing as it could come from anywhere; `!` marks a broken arrow, `~` one that is let off, `?` a dev one, `%` a build
/// one.
pub(super) fn drawing(layers: &[(&str, &[&str])], arrows: &[&str]) -> Drawing {
    let layer = |(id, crates): &(&str, &[&str])| {
        group(id, &format!("what {id} is"), crates.iter().map(|name| (*name).to_owned()).collect())
    };
    let arrow = |text: &&str| {
        let breach = |excuse: Option<&str>| {
            Some(Breach { rules: "LA-101".to_owned(), excuse: excuse.map(str::to_owned) })
        };
        let (ends, breach) = match (text.strip_suffix('!'), text.strip_suffix('~')) {
            (Some(ends), _) => (ends, breach(None)),
            (None, Some(ends)) => (ends, breach(Some("moves <soon>"))),
            (None, None) => (*text, None),
        };
        let (ends, kind) = match (ends.strip_suffix('?'), ends.strip_suffix('%')) {
            (Some(ends), _) => (ends, DependencyKind::Dev),
            (None, Some(ends)) => (ends, DependencyKind::Build),
            (None, None) => (ends, DependencyKind::Normal),
        };
        let (from, to) = ends.split_once('>').expect("two ends");
        Arrow { from: from.to_owned(), to: to.to_owned(), kind, breach }
    };
    let title = "A small one".to_owned();
    Drawing { title, layers: layers.iter().map(layer).collect(), arrows: arrows.iter().map(arrow).collect() }
}

/// One of each: every kind of arrow, an implied one, one against the direction, broken ones, one let off, an external.
pub(super) fn small() -> Drawing {
    drawing(
        &[("top", &["app"]), ("mid", &["core", "rows"]), ("low", &["types"]), (EXTERNALS, &["orm", "web"])],
        &[
            "app>core",
            "app>rows%",
            "app>types",
            "core>orm!",
            "core>rows?!",
            "core>types",
            "rows>types",
            "rows>web~",
            "types>core?",
        ],
    )
}

/// Names that would end a string, a tag, a label or a line.
pub(super) fn odd() -> Drawing {
    let names: &[&str] =
        &["a\"b", "a\\", "a-b", "a_b", "a-b--2", "<i>&amp;", "end", "#35;", "a\nb\u{1}", "`x`", "名前"];
    let mut odd =
        drawing(&[("subgraph", names), ("\"]\n", &["graph"])], &["a\"b>a\\!", "end>graph", "`x`>名前"]);
    odd.title = "\"</title>\\ -->\n---".to_owned();
    odd
}

#[test]
fn members_stand_in_their_layers() {
    let drawing = drawn("");
    let layers: Vec<_> =
        drawing.layers.iter().map(|layer| format!("{} {}", layer.id, layer.crates.join(" "))).collect();
    assert_eq!(layers, ["top app", "mid core rows", "low types", "no-layer kit"]);
    let arrows: Vec<_> = drawing
        .arrows
        .iter()
        .map(|arrow| format!("{} > {} {}", arrow.from, arrow.to, arrow.kind.table()))
        .collect();
    assert_eq!(
        arrows,
        [
            "app > core dependencies",
            "app > rows build-dependencies",
            "app > types dependencies",
            "core > kit dependencies",
            "core > kit dev-dependencies",
            "core > rows dependencies",
            "core > types dependencies",
            "rows > types dependencies",
        ]
    );
}

#[test]
fn a_finding_of_the_graph_marks_its_arrow() {
    let direct = ["core > kit dependencies LA-101", "core > rows dependencies LA-101"];
    let never = "[[never]]\ncrate = \"rows\"\nbecause = \"it is a tool\"";
    let cases: [(&str, &[&str]); 6] = [
        ("", &direct),
        (
            never,
            &["app > rows build-dependencies LA-103", direct[0], "core > rows dependencies LA-101, LA-103"],
        ),
        (
            "[[unreachable]]\nfrom = [\"app\"]\nto = [\"orm\"]\nbecause = \"no I/O\"",
            &["app > core dependencies LA-102", direct[0], direct[1]],
        ),
        (
            "[[exclusive]]\nexternals = [\"orm\", \"snap\"]\nonly = []\ndev = [\"core\"]\nbecause = \"no I/O\"",
            &[direct[0], "core > orm dependencies LA-104", direct[1]],
        ),
        (
            "[manifests]\nlints = true\ndependencies = false",
            &direct, // about a manifest, not about an arrow
        ),
        ("[manifests]\nlints = false\ndependencies = true", &direct),
    ];
    for (law, expected) in cases {
        let drawing = drawn(law);
        let broken: Vec<_> = drawing
            .arrows
            .iter()
            .filter_map(|arrow| {
                let told = arrow.breach.as_ref()?.told();
                Some(format!("{} > {} {} {told}", arrow.from, arrow.to, arrow.kind.table()))
            })
            .collect();
        assert_eq!(broken, expected, "{law}");
        let externals = drawing.layers.iter().find(|layer| layer.id == EXTERNALS);
        assert_eq!(externals.is_some(), law.contains("orm\", \"snap"), "{law}");
    }
}

#[test]
fn members_stand_in_the_layer_that_lists_them() {
    let law = "schema = 1\n[[layer]]\nid = \"top\"\ncrates = [\"app\"]\n[[layer]]\nid = \"mid\"\ncrates = [\"co*\"]\n\
               [[layer]]\nid = \"low\"\n[[crate]]\nname = \"rows\"\nlayer = \"low\"\n";
    let config = Config::parse(law).expect("the law is valid");
    let drawing = Drawing::of(&workspace(), &config, &[]);
    let layers: Vec<_> =
        drawing.layers.iter().map(|layer| format!("{} {}", layer.id, layer.crates.join(" "))).collect();
    assert_eq!(layers, ["top app", "mid core", "low rows", "no-layer kit types"]);
    for picture in [drawing.mermaid(), drawing.dot()] {
        assert!(picture.contains("\"top\""), "a layer without a name has no colon: {picture}");
    }
    assert!(drawing.svg().contains("\ntop: app.\n"));
}

#[test]
fn what_is_let_off_is_told_with_its_reason() {
    let allow = "[[allow]]\nrule = \"LA-101\"\nfile = \"crates/core/Cargo.toml\"\nsubject = \"rows\"\n\
                 reason = \"rows move down\"\nowner = \"o\"\nuntil = \"1970-06-30\"\n";
    let never = "[[never]]\ncrate = \"rows\"\nexcept = [\"app\"]\nbecause = \"it is a tool\"\n";
    let told = |law: &str| {
        let arrows = drawn(law).arrows;
        let rows = arrows.iter().find(|arrow| arrow.from == "core" && arrow.to == "rows");
        rows.and_then(|arrow| arrow.breach.as_ref()).map(Breach::told)
    };
    assert_eq!(told(""), Some("LA-101".to_owned()));
    assert_eq!(told(allow), Some("LA-101 (let off: rows move down)".to_owned()));
    assert_eq!(told(&allow.replace("1970", "1969")), Some("LA-101".to_owned()), "its day is past");
    assert_eq!(told(&format!("{never}{allow}")), Some("LA-103".to_owned()), "another rule still counts");
}

#[test]
fn what_the_baseline_knows_is_told_so() {
    let config = Config::parse(LAYERS).expect("the law is valid");
    let mut findings = evaluate(&workspace(), &config, &Selection::all()).findings;
    findings.iter_mut().for_each(|finding| finding.standing = crate::finding::Standing::Known);
    let arrows = Drawing::of(&workspace(), &config, &findings).arrows;
    let told: Vec<_> = arrows.iter().filter_map(|arrow| arrow.breach.as_ref()).map(Breach::told).collect();
    assert_eq!(told, ["LA-101 (let off: known to the baseline)"; 2]);
    assert!(!arrows.iter().any(Arrow::is_broken));
}

#[test]
fn of_dependencies_on_one_line_the_one_that_is_meant_is_marked() {
    let core = "dependencies = { app = {}, types = {}, rows = {} }\n[package]\nname = \"core\"\n";
    let workspace = Ws::default()
        .raw("app", "[package]\nname = \"app\"\n", &[])
        .raw("core", core, &[])
        .member("rows", "types = {}")
        .member("types", "")
        .build();
    let config = Config::parse(LAYERS).expect("the law is valid");
    let findings = evaluate(&workspace, &config, &Selection::all()).findings;
    let drawing = Drawing::of(&workspace, &config, &findings);
    let broken: Vec<_> =
        drawing.arrows.iter().filter(|arrow| arrow.is_broken()).map(|arrow| &arrow.to).collect();
    assert_eq!(broken, ["app", "rows"]);
}

#[test]
fn a_finding_of_another_kind_marks_nothing() {
    let config = Config::parse(LAYERS).expect("the law is valid");
    let mut findings = evaluate(&workspace(), &config, &Selection::all()).findings;
    findings.iter_mut().for_each(|finding| finding.rule = "LA-201");
    let drawing = Drawing::of(&workspace(), &config, &findings);
    assert!(!findings.is_empty() && drawing.arrows.iter().all(|arrow| arrow.breach.is_none()));
}

#[test]
fn an_arrow_is_implied_by_a_longer_way_of_normal_ones() {
    let cases: [(&[&str], &[&str]); 6] = [
        (&["a>b", "b>c", "a>c"], &["a>c"]),
        (&["a>b", "b>c", "c>d", "a>d", "b>d"], &["a>d", "b>d"]),
        (&["a>b", "b>c?", "a>c"], &[]),
        (&["a>b", "b>c", "a>c?"], &[]),
        (&["a>b", "b>c", "a>c!"], &[]),
        (&["a>b", "b>a", "a>c"], &[]),
    ];
    for (arrows, expected) in cases {
        let drawing = drawing(&[("L", &["a", "b", "c", "d"])], arrows);
        let all = links::Links::of(&drawing);
        let implied = all.links.iter().filter(|link| link.implied);
        let implied: Vec<_> =
            implied.map(|link| format!("{}>{}", all.names[link.from], all.names[link.to])).collect();
        assert_eq!(implied, expected, "{arrows:?}");
    }
}

#[test]
fn a_large_drawing_shows_layers_and_what_is_broken() {
    let names: Vec<String> = (0..130).map(|number| format!("c{number:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let layers: &[(&str, &[&str])] =
        &[("top", &names[..70]), ("mid", &names[70..129]), ("low", &names[129..])];
    let arrows =
        ["c000>c001", "c000>c070?", "c001>c071", "c002>c128!", "c003>c129", "c004>c005!", "c006>c072~"];
    let small = drawing(layers, &arrows).condensed().expect("more than 120 crates");
    let crates: Vec<_> = small.drawing.layers.iter().map(|layer| layer.crates.join(" ")).collect();
    assert_eq!(crates, ["70 crates in top c002 c004 c005", "59 crates in mid c128", "c129"]);
    let arrows = small.drawing.arrows.iter();
    let arrows: Vec<_> = arrows
        .map(|arrow| format!("{} > {} {:?}", arrow.from, arrow.to, arrow.breach.as_ref().map(Breach::told)))
        .collect();
    assert_eq!(
        arrows,
        [
            "70 crates in top > 59 crates in mid None",
            "70 crates in top > 59 crates in mid Some(\"LA-101 (let off: moves <soon>)\")",
            "70 crates in top > c129 None",
            "c002 > c128 Some(\"LA-101\")",
            "c004 > c005 Some(\"LA-101\")",
        ]
    );
    assert!(drawing(&[("top", &names[..120])], &[]).condensed().is_none());
}

#[test]
fn a_large_drawing_with_many_broken_arrows_names_no_crate() {
    let names: Vec<String> = (0..300).map(|number| format!("c{number:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let arrows: Vec<String> = (0..150).map(|from| format!("c{from:03}>c{:03}!", from + 150)).collect();
    let arrows: Vec<&str> = arrows.iter().map(String::as_str).collect();
    let small = drawing(&[("top", &names[..150]), ("low", &names[150..])], &arrows).condensed();
    let small = small.expect("more than 120 crates").drawing;
    assert_eq!(small.layers.iter().map(|layer| layer.crates.len()).sum::<usize>(), 2);
    assert_eq!(small.arrows.len(), 1);
    assert!(small.arrows[0].is_broken());
}

#[test]
fn mermaid() {
    insta::assert_snapshot!(small().mermaid());
}

#[test]
fn mermaid_of_odd_names() {
    insta::assert_snapshot!(odd().mermaid());
}

#[test]
fn dot() {
    insta::assert_snapshot!(small().dot());
}

#[test]
fn dot_of_odd_names() {
    insta::assert_snapshot!(odd().dot());
}
