//! Every change of a table, and its verdict.

use super::super::change::told;
use super::*;

const OLD: &str = r#"CREATE TABLE "t" ( "id" text NOT NULL,
  "n" integer NULL,
  "d" integer NOT NULL DEFAULT 0,
  PRIMARY KEY ("id"),
  CHECK (d IN (1, 2)) ) WITHOUT ROWID

CREATE INDEX "i" ON "t" ("n")

CREATE UNIQUE INDEX "u" ON "t" ("d")

CREATE TRIGGER g BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 't is append-only'); END

CREATE VIEW v AS SELECT 1"#;

#[test]
fn each_change_of_a_schema_has_its_verdict() {
    let cases: [(&str, &str, &[&str]); 23] = [
        ("NULL,\n  \"d\"", "NULL, \"d\"", &[]),
        ("\"n\" integer NULL,", "", &["BREAKS sqlite t: column `n` removed"]),
        ("\"n\" integer", "\"n\" text", &["BREAKS sqlite t: column `n` was integer, is text"]),
        (
            "\"n\" integer NULL",
            "\"n\" integer NOT NULL",
            &["BREAKS sqlite t: column `n` must not be null now"],
        ),
        ("\"id\" text NOT NULL", "\"id\" text NULL", &["REVIEW sqlite t: column `id` may be null now"]),
        ("DEFAULT 0", "DEFAULT 1", &["REVIEW sqlite t: the default of `d` was 0, is 1"]),
        (" DEFAULT 0", "", &["REVIEW sqlite t: the default of `d` was 0, is none"]),
        (
            "text NOT NULL",
            "text NOT NULL UNIQUE",
            &["REVIEW sqlite t: rules of column `id` were ``, are `UNIQUE`"],
        ),
        ("  PRIMARY", "  \"x\" text NULL, PRIMARY", &["ok sqlite t: column `x` added"]),
        ("  PRIMARY", "  \"x\" text NOT NULL DEFAULT 'a, b', PRIMARY", &["ok sqlite t: column `x` added"]),
        (
            "  PRIMARY",
            "  \"x\" text NOT NULL, PRIMARY",
            &["REVIEW sqlite t: column `x` added, not null and without a default"],
        ),
        (
            "\"id\" text NOT NULL,\n  \"n\" integer NULL,",
            "\"n\" integer NULL, \"id\" text NOT NULL,",
            &["REVIEW sqlite t: columns stand in another order"],
        ),
        (
            "(\"id\")",
            "(\"id\", \"n\")",
            &[
                "BREAKS sqlite t: `PRIMARY KEY (\"id\")` removed",
                "REVIEW sqlite t: `PRIMARY KEY (\"id\", \"n\")` added",
            ],
        ),
        (
            "(1, 2)",
            "(1, 2, 3)",
            &[
                "REVIEW sqlite t: `CHECK (d IN (1, 2, 3))` added",
                "REVIEW sqlite t: `CHECK (d IN (1, 2))` removed",
            ],
        ),
        (" WITHOUT ROWID", "", &["REVIEW sqlite t: options were `WITHOUT ROWID`, are ``"]),
        ("CREATE INDEX \"i\" ON \"t\" (\"n\")", "", &["ok sqlite i: index removed"]),
        ("(\"n\")\n", "(\"n\", \"d\")\n", &["ok sqlite i: index changed"]),
        ("CREATE INDEX", "CREATE UNIQUE INDEX", &["REVIEW sqlite i: unique index changed"]),
        ("CREATE UNIQUE INDEX \"u\" ON \"t\" (\"d\")", "", &["REVIEW sqlite u: unique index removed"]),
        (
            "CREATE TRIGGER g",
            "CREATE TRIGGER h",
            &["REVIEW sqlite g: trigger removed", "REVIEW sqlite h: trigger added"],
        ),
        ("BEFORE DELETE", "AFTER DELETE", &["REVIEW sqlite g: trigger changed"]),
        ("SELECT 1", "SELECT 2", &["REVIEW sqlite CREATE VIEW v: changed"]),
        (
            "CREATE TABLE \"t\" (",
            "CREATE TABLE \"s\" (",
            &["BREAKS sqlite t: table removed", "ok sqlite s: table added"],
        ),
    ];
    for (from, to, expected) in cases {
        assert!(OLD.contains(from), "{from}");
        let changes = compare("sqlite", OLD, &OLD.replacen(from, to, 1)).unwrap();
        let mut expected: Vec<&str> = expected.to_vec();
        let mut found = told(&changes);
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected, "{from} -> {to}");
    }
}

#[test]
fn a_table_without_an_end_is_an_error() {
    assert!(compare("sqlite", "CREATE TABLE \"t\" ( \"a\" text", "").is_err());
    assert!(compare("sqlite", "CREATE TABLE t", "").is_err());
}
