//! How deep a policy may nest.

use super::*;

fn depth_of(condition: &str) -> u32 {
    let text = format!("permit(principal, action, resource) when {{ {condition} }}");
    let mut scan = Scan::default();
    for (_, token) in Tokens::of(&text) {
        scan.ends_policy(token);
    }
    scan.end_policy() - BRACKETS
}

#[test]
fn operators_stack_up_and_operands_lie_side_by_side() {
    let table = [
        ("true", 0),
        ("resource.risk", 1),
        ("1 + 1 + 1", 2),
        ("a || b || c", 2),
        ("a.b || a.b || a.b", 3),
        ("a && b || c && d && e || f", 4),
        ("(a || b) || (c || d)", 1 + 1 + BRACKETS),
        ("((a))", 2 * BRACKETS),
        ("[1, 2, 3, a.b]", 1 + BRACKETS),
        ("[1, [2], [3]]", 2 * BRACKETS),
        ("if a then b else if c then d else e", 2),
        ("a.b(1).c(2)", 2 + 2 * BRACKETS),
        ("principal has a && principal in b", 2),
        (r#""((((((" // ((((("#, 0),
        (r#""\"((((" == "\\""#, 2),
        ("1if", 1),
        ("(] (] (]", 3 * BRACKETS),
        ("( ; ( ; (", 3 * BRACKETS),
    ];
    for (condition, depth) in table {
        // A string or a bracket left open swallows the policy's closing brace; the scan closes what is open.
        assert_eq!(depth_of(condition), depth, "{condition}");
    }
}

#[test]
fn conditions_of_a_policy_and_policies_of_a_text_lie_side_by_side() {
    let policy =
        format!("permit(principal, action, resource){};\n", " when { (a) } unless { (b) }".repeat(50));
    assert_eq!(first_too_deep(&policy.repeat(3)), None);
    let deep = format!("permit(principal, action, resource) when {{ {}true }}", "! ".repeat(50));
    assert_eq!(first_too_deep(&format!("{policy}// here\n  {deep};{policy}")), Some(policy.len() + 10));
    assert_eq!(first_too_deep(&deep), Some(0), "a missing semicolon does not hide it");
}

#[test]
fn a_text_of_openings_alone_is_counted() {
    assert_eq!(first_too_deep(&"(".repeat(10)), None);
    assert_eq!(first_too_deep(&"(".repeat(11)), Some(0));
    assert_eq!(first_too_deep(&"[".repeat(16_384)), Some(0));
}
