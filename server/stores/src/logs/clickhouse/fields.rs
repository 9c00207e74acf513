//! Tests of a field's text, as SQL.

use tocsin_domain::query::FieldTest;

use super::literal::literal;
use super::translate::{Condition, FALSE, TRUE};

/// Added to the type of an attribute that a slot reads from the body and whose escapes are undone:
/// the text stands beside the body for SQL alone, and is passed over when a record is read.
pub(super) const ATTRIBUTE_OF_SLOT: u8 = 16;

/// Whole numbers that are exact in whichever way they are read.
const WHOLE: &str = "^-?[0-9]{1,15}$";
/// Numbers with a fraction that are read to within a billionth in whichever way.
const FRACTION: &str = "^-?[0-9]{1,15}\\.[0-9]{1,15}$";
/// Everything that could be a number.
const PLAUSIBLE: &str = "^[0-9+.-][0-9eE+.-]*$";
/// So near to an end of a range, in parts of it, the language decides.
const NEAR: f64 = 1e-9;

/// The test of a text, `text` being SQL that gives it.
pub(super) fn text_test(test: &FieldTest, text: &str) -> Condition {
    let lower = |value: &str| literal(value.to_ascii_lowercase().as_bytes());
    match test {
        FieldTest::Exists => Condition::exact(TRUE),
        FieldTest::Equals(value) => Condition::exact(format!("lower({text}) = {}", lower(value))),
        FieldTest::StartsWith(prefix) if prefix.is_empty() => Condition::exact(TRUE),
        FieldTest::StartsWith(prefix) => {
            Condition::exact(format!("startsWith(lower({text}), {})", lower(prefix)))
        }
        FieldTest::Range { low, high } => in_range(text, *low, *high),
    }
}

/// An end of a range and whether it belongs.
type End = Option<(f64, bool)>;

fn in_range(text: &str, low: End, high: End) -> Condition {
    let is_odd = |end: End| end.is_some_and(|(end, _)| !end.is_finite());
    if is_odd(low) || is_odd(high) {
        return Condition {
            may: TRUE.into(),
            must: FALSE.into(),
        };
    }
    let form = |pattern: &str| format!("match({text}, {})", literal(pattern.as_bytes()));
    let (whole, fraction, plausible) = (form(WHOLE), form(FRACTION), form(PLAUSIBLE));
    let exact = compared(
        &format!("toInt64OrZero({text})"),
        rounded(low, f64::ceil),
        rounded(high, f64::floor),
        0.0,
    );
    let value = format!("toFloat64OrZero({text})");
    let (near, within) = (
        compared(&value, low, high, NEAR),
        compared(&value, low, high, -NEAR),
    );
    Condition {
        may: format!(
            "(({whole} AND {exact}) OR ({fraction} AND {near}) OR \
             ({plausible} AND NOT {whole} AND NOT {fraction}))"
        ),
        must: format!("(({whole} AND {exact}) OR ({fraction} AND {within}))"),
    }
}

/// An end for whole numbers: the next whole number inside belongs.
fn rounded(end: End, inwards: fn(f64) -> f64) -> End {
    end.map(|(end, belongs)| {
        let whole = inwards(end.clamp(-1e15, 1e15));
        (whole, belongs || whole != end)
    })
}

/// `value` against the ends, moved outwards by `slack` parts of them.
fn compared(value: &str, low: End, high: End, slack: f64) -> String {
    let moved = |end: f64, outwards: f64| end + outwards * slack * end.abs().max(1.0);
    let sign = |sign: &str, belongs: bool| match belongs || slack > 0.0 {
        true => format!("{sign}="),
        false => sign.to_owned(),
    };
    let low = low.map(|(end, belongs)| {
        format!("{value} {} {}", sign(">", belongs), float(moved(end, -1.0)))
    });
    let high = high
        .map(|(end, belongs)| format!("{value} {} {}", sign("<", belongs), float(moved(end, 1.0))));
    let ends: Vec<String> = low.into_iter().chain(high).collect();
    match ends.is_empty() {
        true => TRUE.into(),
        false => format!("({})", ends.join(" AND ")),
    }
}

/// A number as SQL reads it; whole ones without a fraction, so that whole numbers compare exactly.
fn float(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() <= 1e15 {
        return format!("{}", number as i64);
    }
    format!("toFloat64('{number:e}')")
}
