//! Limits: which way one moved.

use std::cmp::Ordering;

use serde_json::Value;

/// Limits from above; absent is no limit.
const UPPER: [&str; 5] = ["maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum"];
/// Limits from below; absent is no limit.
const LOWER: [&str; 2] = ["minimum", "exclusiveMinimum"];
/// Limits from below; absent is zero.
const COUNTS: [&str; 3] = ["minLength", "minItems", "minProperties"];

/// What a change of a limit does to what is allowed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shift {
    Same,
    Tighter,
    Looser,
}

pub(super) fn is_bound(keyword: &str) -> bool {
    UPPER.contains(&keyword)
        || LOWER.contains(&keyword)
        || COUNTS.contains(&keyword)
        || keyword == "uniqueItems"
}

/// How the limit moved; none if a value is not what the keyword takes.
pub(super) fn shift(keyword: &str, old: Option<&Value>, new: Option<&Value>) -> Option<Shift> {
    let zero = Value::from(0);
    let least = COUNTS.contains(&keyword).then_some(&zero);
    let (old, new) = (old.or(least), new.or(least));
    let demands_more = if keyword == "uniqueItems" {
        truth(new)?.cmp(&truth(old)?)
    } else {
        match (old, new) {
            (None, None) => Ordering::Equal,
            (None, Some(new)) => order(new, new).and(Some(Ordering::Greater))?,
            (Some(old), None) => order(old, old).and(Some(Ordering::Less))?,
            (Some(old), Some(new)) if UPPER.contains(&keyword) => order(old, new)?,
            (Some(old), Some(new)) => order(new, old)?,
        }
    };
    Some(match demands_more {
        Ordering::Less => Shift::Looser,
        Ordering::Equal => Shift::Same,
        Ordering::Greater => Shift::Tighter,
    })
}

fn truth(value: Option<&Value>) -> Option<bool> {
    value.map_or(Some(false), Value::as_bool)
}

/// The order of two numbers, exact for integers.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

fn integer(value: &Value) -> Option<i128> {
    value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_limit_moves_one_way() {
        let tighter = [
            ("maxLength", json!(9), json!(8)),
            ("maximum", json!(1.5), json!(1)),
            ("minimum", json!(0), json!(1)),
            ("minLength", json!(1), json!(2)),
            ("exclusiveMinimum", json!(-1), json!(-0.5)),
            ("maximum", json!(u64::MAX), json!(u64::MAX - 1)),
            ("uniqueItems", json!(false), json!(true)),
        ];
        for (keyword, old, new) in tighter {
            assert_eq!(shift(keyword, Some(&old), Some(&new)), Some(Shift::Tighter), "{keyword} {old} {new}");
            assert_eq!(shift(keyword, Some(&new), Some(&old)), Some(Shift::Looser), "{keyword} {new} {old}");
            assert_eq!(shift(keyword, Some(&new), Some(&new)), Some(Shift::Same), "{keyword} {new} {new}");
        }
    }

    #[test]
    fn an_absent_limit_is_none_and_an_absent_count_is_zero() {
        for keyword in ["maxItems", "minimum", "exclusiveMaximum"] {
            assert_eq!(shift(keyword, None, Some(&json!(0))), Some(Shift::Tighter), "{keyword}");
            assert_eq!(shift(keyword, Some(&json!(0)), None), Some(Shift::Looser), "{keyword}");
        }
        assert_eq!(shift("minItems", None, Some(&json!(0))), Some(Shift::Same));
        assert_eq!(shift("minItems", Some(&json!(1)), None), Some(Shift::Looser));
        assert_eq!(shift("uniqueItems", None, Some(&json!(true))), Some(Shift::Tighter));
    }

    #[test]
    fn what_is_no_limit_is_not_judged() {
        assert_eq!(shift("maxLength", Some(&json!("9")), Some(&json!(8))), None);
        assert_eq!(shift("minimum", None, Some(&json!("9"))), None);
        assert_eq!(shift("uniqueItems", None, Some(&json!(1))), None);
    }
}
