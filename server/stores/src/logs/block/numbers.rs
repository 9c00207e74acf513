//! Columns of integers: a constant, a few short numbers, or pco's entropy coding.

use super::codec::{Damaged, Read, Reader, put_bytes, put_signed};

const CONSTANT: u8 = 0;
const SHORT: u8 = 1;
const PACKED: u8 = 2;

/// Up to this many numbers pco's header costs about what it gains, and its tables take longer than
/// all else that is done with the column.
const SHORT_COUNT_MAX: usize = 128;
/// pco's level: 8 gains under a percent over this on logs, and takes half as long again.
const PCO_LEVEL: usize = 4;

/// How neighbours are expected to relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trend {
    /// Not at all, such as ports.
    None,
    /// Each is near the one before, such as times.
    Near,
}

/// Appends integers; their count is kept elsewhere.
pub(crate) fn put_integers(out: &mut Vec<u8>, values: &[i64], trend: Trend) {
    let first = values.first().copied().unwrap_or(0);
    if values.iter().all(|value| *value == first) {
        out.push(CONSTANT);
        put_signed(out, first);
        return;
    }
    if values.len() > SHORT_COUNT_MAX {
        let config = pco::ChunkConfig::default()
            .with_compression_level(PCO_LEVEL)
            .with_mode_spec(match trend {
                Trend::None => pco::ModeSpec::Classic,
                Trend::Near => pco::ModeSpec::Auto,
            })
            .with_delta_spec(match trend {
                Trend::None => pco::DeltaSpec::NoOp,
                Trend::Near => pco::DeltaSpec::TryConsecutive(1),
            });
        if let Ok(packed) = pco::standalone::simple_compress(values, &config) {
            out.push(PACKED);
            put_bytes(out, &packed);
            return;
        }
    }
    out.push(SHORT);
    let mut before = 0i64;
    for value in values {
        put_signed(out, value.wrapping_sub(before));
        before = *value;
    }
}

/// Reads `count` integers.
pub(crate) fn integers(reader: &mut Reader<'_>, count: usize) -> Read<Vec<i64>> {
    match reader.byte()? {
        CONSTANT => Ok(vec![reader.signed()?; count]),
        SHORT => {
            let mut before = 0i64;
            (0..count)
                .map(|_| {
                    before = before.wrapping_add(reader.signed()?);
                    Ok(before)
                })
                .collect()
        }
        PACKED => {
            let packed = reader.bytes()?;
            let mut values = vec![0i64; count];
            let progress = pco::standalone::simple_decompress_into(packed, &mut values)
                .map_err(|_| Damaged)?;
            if progress.n_processed == count {
                Ok(values)
            } else {
                Err(Damaged)
            }
        }
        _ => Err(Damaged),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[i64]) {
        for trend in [Trend::None, Trend::Near] {
            let mut out = Vec::new();
            put_integers(&mut out, values, trend);
            assert_eq!(
                integers(&mut Reader::new(&out), values.len()).as_deref(),
                Ok(values)
            );
        }
    }

    #[test]
    fn integers_come_back() {
        check(&[]);
        check(&[7; 1000]);
        check(&[i64::MIN, i64::MAX, 0, -1]);
        check(
            &(0..5000)
                .map(|at| at * 1_000_000_000 + at % 7)
                .collect::<Vec<_>>(),
        );
    }
}
