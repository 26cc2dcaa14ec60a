//! Arbitrary JSON values for property tests, weighted towards the edges.

use proptest::prelude::*;
use serde_json::{Map, Number, Value};

/// Any value that has a canonical form: nesting to 4, every kind of finite float, any characters in any place.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-(1_i64 << 53)..=1 << 53).prop_map(Value::from),
        float().prop_map(Value::from),
        text().prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            object_of(inner).prop_map(Value::Object),
        ]
    })
}

/// Any object whose members are arbitrary values.
pub(crate) fn object() -> impl Strategy<Value = Map<String, Value>> {
    object_of(value())
}

/// Any finite double, by its bits; powers of ten and their neighbours often.
pub(crate) fn float() -> impl Strategy<Value = f64> {
    let near_power = (-30_i32..30, -2_i64..=2)
        .prop_map(|(power, steps)| f64::from_bits(10_f64.powi(power).to_bits().saturating_add_signed(steps)));
    prop_oneof![any::<u64>().prop_map(f64::from_bits), near_power]
        .prop_filter("finite", |float| Number::from_f64(*float).is_some())
}

/// Any text; characters on both sides of the surrogate range and the escapes often.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let edge = prop::sample::select(vec![
        'a',
        '"',
        '\\',
        '/',
        '\0',
        '\n',
        '\u{1f}',
        '\u{7f}',
        '\u{d7ff}',
        '\u{e000}',
        '\u{feff}',
        '\u{ffff}',
        '\u{10000}',
        '\u{10ffff}',
    ]);
    prop::collection::vec(prop_oneof![edge, any::<char>()], 0..8).prop_map(String::from_iter)
}

fn object_of(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((text(), inner), 0..6).prop_map(Map::from_iter)
}
