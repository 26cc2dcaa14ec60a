//! Names, hints and classifications, as tables.

use proptest::prelude::*;

use super::*;

use RiskLevel::{Critical, High, Low, Medium};

const SILENT: ToolAnnotations =
    ToolAnnotations { read_only: None, destructive: None, idempotent: None, open_world: None };

#[test]
fn the_name_alone() {
    let table = [
        ("delete_user", Critical, true),
        ("DropTable", Critical, true),
        ("run_query", High, true),
        ("update_row", Medium, true),
        ("read_file", Low, true),
        ("fetch", Low, true),
        ("getAndDelete", Critical, true),
        ("list_or_kill", Critical, true),
        // what substring matching gets wrong
        ("truncate", High, false),
        ("reset", High, false),
        ("dropdown", High, false),
        ("input", High, false),
        ("undelete", High, false),
        // one known deed does not vouch for another
        ("get_and_purge", High, false),
        ("update_then_wipe", High, false),
        ("remove_and_purge", Critical, false),
        ("echo", High, false),
        ("", High, false),
    ];
    for (name, inferred, known) in table {
        let expected = RiskAssessment { inferred, known, level: inferred };
        assert_eq!(assess(ItemKind::Tool, name, SILENT, None), expected, "{name}");
    }
}

#[test]
fn hints_raise_and_never_lower() {
    let hints = |read_only, destructive, open_world| ToolAnnotations {
        read_only,
        destructive,
        open_world,
        idempotent: None,
    };
    let table = [
        ("get_x", hints(None, Some(true), None), Critical),
        ("get_x", hints(None, Some(false), Some(true)), Medium),
        ("get_x", hints(Some(false), None, None), Medium),
        ("get_x", hints(Some(true), Some(false), Some(false)), Low),
        ("delete_x", hints(Some(true), Some(false), Some(false)), Critical),
        ("echo", hints(Some(true), Some(false), Some(false)), High),
    ];
    for (name, annotations, level) in table {
        assert_eq!(assess(ItemKind::Tool, name, annotations, None).level, level, "{name} {annotations:?}");
    }
}

#[test]
fn a_classification_replaces_the_unknown_only() {
    let destructive = ToolAnnotations { destructive: Some(true), ..SILENT };
    let table = [
        ("echo", SILENT, Some(Low), Low),
        ("echo", SILENT, Some(Critical), Critical),
        ("echo", destructive, Some(Low), Critical),
        ("delete_x", SILENT, Some(Low), Critical),
        ("get_x", SILENT, Some(High), High),
        ("update_then_wipe", SILENT, Some(Low), Medium),
    ];
    for (name, annotations, classified, level) in table {
        assert_eq!(
            assess(ItemKind::Tool, name, annotations, classified).level,
            level,
            "{name} {classified:?}"
        );
    }
}

proptest! {
    /// Whatever a server appends to a name or claims, the risk of what it named before does not sink.
    #[test]
    fn more_words_never_lower_a_known_risk(first in "(delete|run|update)", rest in "[a-zA-Z_]{0,12}") {
        let alone = assess(ItemKind::Tool, &first, SILENT, None).level;
        let longer = format!("{first}_{rest}");
        prop_assert!(assess(ItemKind::Tool, &longer, SILENT, None).level >= alone);
    }
}

#[test]
fn what_can_only_be_read_is_low_until_an_admin_says_more() {
    for kind in [ItemKind::Prompt, ItemKind::Resource, ItemKind::ResourceTemplate] {
        for classified in [None, Some(Low), Some(Medium), Some(Critical)] {
            let risk = assess(kind, "delete_everything", SILENT, classified);
            assert_eq!((risk.inferred, risk.level), (Low, classified.unwrap_or(Low)), "{kind}");
        }
    }
}
