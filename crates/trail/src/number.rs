//! Numbers: the decimal that a literal denotes, the ECMAScript text of a float, and whether the two agree.
//!
//! RFC 8785 section 3.2.2.3 sends every number through an IEEE 754 double and ECMA-262 `Number::toString`.
//! A literal that comes out as another decimal has been changed by that; it is refused, not rounded.

use std::io::Write as _;

use serde_json::Number;

/// Integers up to this magnitude (2^53) are held by a double without a gap.
const EXACT: u64 = 1 << 53;

/// The number that `literal` denotes, if a double keeps it: its RFC 8785 text must denote the same decimal.
///
/// `literal` must match the JSON number grammar. The spelling is free (`1.10`, `1e2`, `1.0`, `-0`): what counts is
/// the value, and the result is the same for every spelling of it (an integer wherever it fits `u64` or `i64`,
/// zero without a sign). Does not depend on serde_json's `float_roundtrip`.
pub(crate) fn exact(literal: &str) -> Option<Number> {
    if literal.len() <= 15
        && let Ok(small) = literal.parse::<i64>()
    {
        return Some(small.into());
    }
    let float = literal.parse::<f64>().ok().filter(|float| float.is_finite())?;
    // A double keeps every decimal of 15 digits; here at most 14 stand beside the point.
    if literal.len() <= 15 && float.fract() != 0.0 && !literal.contains(['e', 'E']) {
        return Number::from_f64(float);
    }
    let decimal = Decimal::parse(literal);
    if decimal != Decimal::of(float) {
        return None;
    }
    decimal.integer().or_else(|| Number::from_f64(float))
}

/// Appends the RFC 8785 text of `number`; `false`, and nothing appended, if a double does not keep its value.
pub(crate) fn write(number: &Number, out: &mut Vec<u8>) -> bool {
    let magnitude = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
    if magnitude.is_some_and(|magnitude| magnitude <= EXACT) {
        return write!(out, "{number}").is_ok();
    }
    let Some(decimal) = number.as_f64().filter(|float| float.is_finite()).map(Decimal::of) else {
        return false;
    };
    if magnitude.is_some() && decimal != Decimal::parse(&number.to_string()) {
        return false;
    }
    decimal.write_ecmascript(out);
    true
}

/// The whole number whose one decimal text this is: digits without a leading zero.
pub(crate) fn whole(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| canonical)
}

/// `digits` read as an integer, times ten to the `exponent`. Normal form: no zero at either end of `digits`;
/// zero has no digits, no sign and exponent 0. So equal numbers are equal values.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    /// The shortest decimal that reads back as `float`; of several, the nearest; of two as near, the even one
    /// (ECMA-262 `Number::toString`, as RFC 8785 appendix B requires).
    fn of(float: f64) -> Self {
        let mut shortest = Self::parse(&format!("{float:e}"));
        if let Some(even) = shortest.even_neighbour(float) {
            shortest.digits = even;
        }
        shortest
    }

    /// Rust's `{:e}` rounds away from zero where the exact value lies midway between two shortest decimals: it
    /// writes 1424953923781206.25 as ..206.3, ECMAScript as ..206.2. The digits of the lower one, if this is so.
    fn even_neighbour(&self, float: f64) -> Option<Vec<u8>> {
        /// Significant digits that write any double exactly.
        const ALL: usize = 767;
        let (last, leading) = self.digits.split_last()?;
        let digits = self.digits.len();
        if last % 2 == 0 || !format!("{float:.digits$e}").split('e').next()?.ends_with('5') {
            return None;
        }
        let exact = Self::parse(&format!("{float:.ALL$e}")).digits;
        let midway = exact.len() == digits + 1 && exact.ends_with(b"5");
        (midway && exact[..digits - 1] == *leading && exact[digits - 1] == last - 1)
            .then(|| exact[..digits].to_vec())
    }

    /// The decimal that a literal of the JSON number grammar denotes.
    fn parse(literal: &str) -> Self {
        let (negative, unsigned) = match literal.strip_prefix('-') {
            Some(unsigned) => (true, unsigned),
            None => (false, literal),
        };
        let (mantissa, power) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits = [whole.as_bytes(), fraction.as_bytes()].concat();
        let mut exponent = saturating_power(power).saturating_sub_unsigned(fraction.len() as u64);
        while digits.pop_if(|digit| *digit == b'0').is_some() {
            exponent = exponent.saturating_add(1);
        }
        let leading = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.drain(..leading);
        if digits.is_empty() {
            return Self { negative: false, digits, exponent: 0 };
        }
        Self { negative, digits, exponent }
    }

    /// As an integer, if it is one that fits `u64` or `i64`.
    fn integer(&self) -> Option<Number> {
        let zeros = usize::try_from(self.exponent).ok().filter(|zeros| *zeros <= 20)?;
        let mut text = String::from(if self.negative { "-0" } else { "0" });
        text.extend(self.digits.iter().map(|digit| char::from(*digit)));
        text.extend(std::iter::repeat_n('0', zeros));
        text.parse::<u64>().map(Number::from).or_else(|_| text.parse::<i64>().map(Number::from)).ok()
    }

    /// ECMA-262 `Number::toString` with radix 10; `point` is the specification's n, `digits.len()` its k.
    fn write_ecmascript(&self, out: &mut Vec<u8>) {
        if self.digits.is_empty() {
            return out.push(b'0');
        }
        if self.negative {
            out.push(b'-');
        }
        let digits = self.digits.as_slice();
        let point = self.exponent + digits.len() as i64;
        match point {
            1..=21 => {
                let whole = (point as usize).min(digits.len());
                out.extend_from_slice(&digits[..whole]);
                out.extend(std::iter::repeat_n(b'0', point as usize - whole));
                if whole < digits.len() {
                    out.push(b'.');
                    out.extend_from_slice(&digits[whole..]);
                }
            }
            -5..=0 => {
                out.extend_from_slice(b"0.");
                out.extend(std::iter::repeat_n(b'0', point.unsigned_abs() as usize));
                out.extend_from_slice(digits);
            }
            _ => {
                out.push(digits[0]);
                if digits.len() > 1 {
                    out.push(b'.');
                    out.extend_from_slice(&digits[1..]);
                }
                out.extend_from_slice(format!("e{:+}", point - 1).as_bytes());
            }
        }
    }
}

/// The exponent part of a literal. One beyond `i64` only has to stay far outside what a double can hold.
fn saturating_power(power: &str) -> i64 {
    const FAR: i64 = i64::MAX / 2;
    power.parse().unwrap_or(if power.starts_with('-') { -FAR } else { FAR }).clamp(-FAR, FAR)
}

#[cfg(test)]
mod tests;
