//! RFC 8785 appendix B, its number file, and the edges of exactness.

use proptest::prelude::*;
use serde_json::Number;

use super::{exact, write};
use crate::{arbitrary, sha256};

fn ecmascript(float: f64) -> String {
    let mut out = Vec::new();
    assert!(write(&Number::from_f64(float).unwrap(), &mut out));
    String::from_utf8(out).unwrap()
}

/// RFC 8785 appendix B. Its rows for NaN and infinity have no counterpart: a JSON number holds neither.
#[test]
fn rfc_8785_appendix_b() {
    for (bits, expected) in [
        (0x0000_0000_0000_0000, "0"),
        (0x8000_0000_0000_0000, "0"),
        (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"),
        (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
        (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
        (0x4340_0000_0000_0000, "9007199254740992"),
        (0xc340_0000_0000_0000, "-9007199254740992"),
        (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
        (0x44b5_2d02_c7e1_4af6, "1e+23"),
        (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
        (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
        (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
        (0x444b_1ae4_d6e2_ef50, "1e+21"),
        (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
        (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
        (0x41b3_de43_5555_5553, "333333333.3333332"),
        (0x41b3_de43_5555_5554, "333333333.33333325"),
        (0x41b3_de43_5555_5555, "333333333.3333333"),
        (0x41b3_de43_5555_5556, "333333333.3333334"),
        (0x41b3_de43_5555_5557, "333333333.33333343"),
        (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        (0x4340_0000_0000_0001, "9007199254740994"),
        (0x4340_0000_0000_0002, "9007199254740996"),
    ] {
        assert_eq!(ecmascript(f64::from_bits(bits)), expected, "{bits:016x}");
    }
}

/// The first 10 000 lines of the number file that RFC 8785 appendix B points to: edge values, then 2000 doubles from
/// the smallest normal one, then doubles cut from a SHA-256 chain. Only its published digest is kept here.
#[test]
fn the_published_number_file() {
    let mut lines = String::new();
    for bits in edge_bits()
        .into_iter()
        .chain((0..2000).map(|n| 0x0010_0000_0000_0000 + n))
        .chain(hashed_bits())
        .take(10_000)
    {
        lines.push_str(&format!("{bits:x},{}\n", ecmascript(f64::from_bits(bits))));
    }
    assert_eq!(
        sha256(lines.as_bytes()).to_string(),
        "b9f7a8e75ef22a835685a52ccba7f7d6bdc99e34b010992cbc5864cd12be6892"
    );
}

fn edge_bits() -> Vec<u64> {
    include_str!("edge_bits.txt")
        .split_whitespace()
        .map(|hex| u64::from_str_radix(hex, 16).unwrap())
        .collect()
}

fn hashed_bits() -> impl Iterator<Item = u64> {
    std::iter::successors(Some(sha256(&[0; 32])), |block| Some(sha256(block.as_bytes())))
        .flat_map(|block| {
            block
                .as_bytes()
                .as_chunks::<8>()
                .0
                .iter()
                .map(|bytes| u64::from_le_bytes(*bytes))
                .collect::<Vec<_>>()
        })
        .filter(|bits| f64::from_bits(*bits).is_finite() && f64::from_bits(*bits) != 0.0)
}

#[test]
fn integers_are_written_exactly_or_not_at_all() {
    for (number, expected) in [
        (Number::from(0), Some("0")),
        (Number::from(-1), Some("-1")),
        (Number::from(1_u64 << 53), Some("9007199254740992")),
        (Number::from((1_u64 << 53) + 1), None),
        (Number::from((1_u64 << 53) + 2), Some("9007199254740994")),
        (Number::from(-(1_i64 << 53) - 1), None),
        (Number::from(10_000_000_000_000_000_000_u64), Some("10000000000000000000")),
        (Number::from(u64::MAX), None),
        (Number::from(i64::MIN), None),
    ] {
        let mut out = Vec::new();
        let written = write(&number, &mut out).then(|| String::from_utf8(out.clone()).unwrap());
        assert_eq!(written.as_deref(), expected, "{number}");
        assert!(expected.is_some() || out.is_empty(), "{number}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_double_is_written_so_that_it_reads_back(float in arbitrary::float()) {
        let text = ecmascript(float);
        prop_assert_eq!(text.parse::<f64>().unwrap(), float);
        prop_assert_eq!(exact(&text).and_then(|number| number.as_f64()), Some(float));
    }

    /// Seventeen digits always name one double, but rarely as JCS would: kept only if they are its text.
    #[test]
    fn a_literal_is_kept_only_with_its_value(digits in 1_u64..100_000_000_000_000_000, power in -20_i32..20) {
        let literal = format!("{digits}e{power}");
        let float: f64 = literal.parse().unwrap();
        let padded = format!("{digits}0.00e{}", power - 1);
        prop_assert_eq!(exact(&literal), exact(&padded));
        if let Some(number) = exact(&literal) {
            prop_assert_eq!(number.as_f64(), Some(float));
        } else {
            prop_assert!(digits >= 1_000_000_000_000_000, "15 digits always survive a double");
        }
    }
}
