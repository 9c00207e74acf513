//! Columns of values: decimal numbers as integers where they are decimal, whole floats elsewhere.
//!
//! The decimal form is that of ALP (Afroozeh, Kuffo and Boncz, SIGMOD 2023): a value is an integer
//! over a power of ten if dividing gives back the same bits; what does not is listed beside it.

use super::super::bytes::{Damaged, Read, Reader, put_number};
use super::Effort;
use super::ints::{self, Scratch};

/// The greatest power of ten that is tried.
const POWER_MAX: usize = 14;
const POWERS: [f64; POWER_MAX + 1] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14,
];
/// Integers up to 2^53 are floats without loss.
const INTEGER_MAX: f64 = 9_007_199_254_740_992.0;
/// One value in so many may be an exception.
const EXCEPTION_SHARE: usize = 16;
const PCO_LEVEL: usize = 4;

/// The first byte of a column.
mod form {
    pub(super) const SAME: u8 = 0;
    pub(super) const DECIMAL: u8 = 1;
    pub(super) const PCO: u8 = 2;
    pub(super) const BITS: u8 = 3;
}

/// Room that encoding and decoding use again and again.
#[derive(Debug, Default)]
pub(crate) struct ValueScratch {
    ints: Scratch,
    numbers: Vec<i64>,
    exceptions: Vec<(usize, u64)>,
    floats: Vec<f64>,
}

impl ValueScratch {
    /// The room for columns of integers.
    pub(crate) fn ints(&mut self) -> &mut Scratch {
        &mut self.ints
    }
}

/// Appends a column; its length has to be known to who reads it.
pub(crate) fn encode(
    values: &[f64],
    effort: Effort,
    scratch: &mut ValueScratch,
    out: &mut Vec<u8>,
) {
    let first = values.first().map_or(0, |value| value.to_bits());
    if values.iter().all(|value| value.to_bits() == first) {
        out.push(form::SAME);
        out.extend_from_slice(&first.to_le_bytes());
        return;
    }
    if let Some(power) = to_integers(values, scratch) {
        out.push(form::DECIMAL);
        out.push(power as u8);
        put_number(out, scratch.exceptions.len() as u64);
        for (at, bits) in &scratch.exceptions {
            put_number(out, *at as u64);
            out.extend_from_slice(&bits.to_le_bytes());
        }
        ints::encode(&scratch.numbers, effort, &mut scratch.ints, out);
        return;
    }
    let floats = floats_of(values, effort);
    if let Some(packed) = floats.filter(|packed| packed.len() < values.len() * 8) {
        out.push(form::PCO);
        out.extend_from_slice(&packed);
    } else {
        out.push(form::BITS);
        out.extend(
            values
                .iter()
                .flat_map(|value| value.to_bits().to_le_bytes()),
        );
    }
}

fn floats_of(values: &[f64], effort: Effort) -> Option<Vec<u8>> {
    let config = pco::ChunkConfig::default()
        .with_compression_level(PCO_LEVEL)
        .with_mode_spec(match effort {
            Effort::Quick => pco::ModeSpec::Classic,
            Effort::Thorough => pco::ModeSpec::Auto,
        })
        .with_delta_spec(match effort {
            Effort::Quick => pco::DeltaSpec::TryConsecutive(1),
            Effort::Thorough => pco::DeltaSpec::Auto,
        });
    pco::standalone::simple_compress(values, &config).ok()
}

/// The integer that over a power of ten is the value, bit for bit.
#[inline]
fn integer_of(value: f64, power: usize) -> Option<i64> {
    let scaled = (value * POWERS[power]).round_ties_even();
    if scaled.is_nan() || scaled.abs() >= INTEGER_MAX {
        return None;
    }
    ((scaled as i64 as f64 / POWERS[power]).to_bits() == value.to_bits()).then_some(scaled as i64)
}

/// Fills the integers and exceptions, and returns the power of ten; none if there are too many
/// exceptions.
fn to_integers(values: &[f64], scratch: &mut ValueScratch) -> Option<usize> {
    let allowed = values.len() / EXCEPTION_SHARE + 1;
    let power = power_of(values, allowed)?;
    scratch.numbers.clear();
    scratch.exceptions.clear();
    let mut previous = None;
    for (at, value) in values.iter().enumerate() {
        if let Some(number) = integer_of(*value, power) {
            if previous.is_none() && at > 0 {
                scratch.numbers.iter_mut().for_each(|one| *one = number);
            }
            previous = Some(number);
        } else {
            scratch.exceptions.push((at, value.to_bits()));
        }
        scratch.numbers.push(previous.unwrap_or(0));
    }
    (scratch.exceptions.len() <= allowed).then_some(power)
}

/// The least power of ten that turns almost all values into integers.
fn power_of(values: &[f64], allowed: usize) -> Option<usize> {
    let (mut power, mut failed) = (0, 0);
    for value in values {
        if integer_of(*value, power).is_some() {
            continue;
        }
        let higher = (power + 1..=POWER_MAX).find(|one| integer_of(*value, *one).is_some());
        if let Some(higher) = higher {
            power = higher;
        } else {
            failed += 1;
            if failed > allowed {
                return None;
            }
        }
    }
    Some(power)
}

/// Appends `count` values to `out` that [`encode`] wrote as the whole of `bytes`.
pub(crate) fn decode(
    bytes: &[u8],
    count: usize,
    scratch: &mut ValueScratch,
    out: &mut Vec<f64>,
) -> Read<()> {
    let mut reader = Reader::new(bytes);
    match reader.byte()? {
        form::SAME => {
            let value = f64::from_bits(u64::from_le_bytes(reader.array()?));
            out.resize(out.len() + count, value);
        }
        form::DECIMAL => decode_decimal(&mut reader, count, scratch, out)?,
        form::PCO => {
            scratch.floats.resize(count, 0.0);
            let progress =
                pco::standalone::simple_decompress_into(reader.rest(), &mut scratch.floats)
                    .map_err(|_| Damaged)?;
            if progress.n_processed != count {
                return Err(Damaged);
            }
            out.extend_from_slice(&scratch.floats);
        }
        form::BITS => {
            let bytes = reader.take(count * 8)?;
            for chunk in bytes.chunks_exact(8) {
                let bits = u64::from_le_bytes(chunk.try_into().map_err(|_| Damaged)?);
                out.push(f64::from_bits(bits));
            }
        }
        _ => return Err(Damaged),
    }
    Ok(())
}

fn decode_decimal(
    reader: &mut Reader<'_>,
    count: usize,
    scratch: &mut ValueScratch,
    out: &mut Vec<f64>,
) -> Read<()> {
    let divisor = POWERS.get(usize::from(reader.byte()?)).ok_or(Damaged)?;
    scratch.exceptions.clear();
    for _ in 0..reader.bounded(count)? {
        let at = reader.bounded(count.saturating_sub(1))?;
        let bits = u64::from_le_bytes(reader.array()?);
        scratch.exceptions.push((at, bits));
    }
    scratch.numbers.clear();
    ints::decode(
        reader.rest(),
        count,
        &mut scratch.ints,
        &mut scratch.numbers,
    )?;
    let start = out.len();
    out.extend(scratch.numbers.iter().map(|one| *one as f64 / divisor));
    for (at, bits) in &scratch.exceptions {
        out[start + at] = f64::from_bits(*bits);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn come_back(values: &[f64]) -> usize {
        let mut scratch = ValueScratch::default();
        let mut length = 0;
        for effort in [Effort::Quick, Effort::Thorough] {
            let mut bytes = Vec::new();
            encode(values, effort, &mut scratch, &mut bytes);
            let mut out = Vec::new();
            assert_eq!(decode(&bytes, values.len(), &mut scratch, &mut out), Ok(()));
            let bits = |values: &[f64]| values.iter().map(|one| one.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&out), bits(values));
            for cut in 0..bytes.len().min(40) {
                let mut out = Vec::new();
                let _ = decode(&bytes[..cut], values.len(), &mut scratch, &mut out);
            }
            length = bytes.len();
        }
        length
    }

    proptest! {
        #[test]
        fn any_values_come_back_bit_for_bit(
            bits in proptest::collection::vec(any::<u64>(), 1..200),
            decimals in proptest::collection::vec(-50_000i64..50_000, 1..400),
            power in 0usize..5,
        ) {
            come_back(&bits.iter().map(|bits| f64::from_bits(*bits)).collect::<Vec<_>>());
            let decimals: Vec<f64> = decimals.iter().map(|one| *one as f64 / POWERS[power]).collect();
            come_back(&decimals);
        }
    }

    #[test]
    fn stale_markers_and_odd_values_are_exceptions() {
        let mut values: Vec<f64> = (0..720).map(|at| 20.0 + f64::from(at % 7) / 10.0).collect();
        values[0] = f64::NAN;
        values[100] = f64::from_bits(0x7ff0_0000_0000_0002);
        values[101] = -0.0;
        values[102] = f64::NEG_INFINITY;
        assert!(come_back(&values) < 400);
        come_back(&[]);
        come_back(&[f64::NAN]);
    }
}
