//! Columns of integers: what a simple rule does not predict, in as few bits as it takes.
//!
//! A column is predicted by nothing, by its predecessor or by the line through two of them; the
//! rest is divided by what it has in common and packed. Arithmetic wraps, so any integers come back.

use super::super::bytes::{Damaged, Read, Reader, put_number, put_signed};
use super::Effort;

/// Numbers that share a width of bits.
const MINIBLOCK: usize = 128;
/// From this width on numbers are written whole: a load of 8 bytes then holds any shifted number.
const WIDTH_PACKED_MAX: u32 = 56;
/// Below so many numbers pco's tables cost more than they gain.
const PCO_NUMBERS_MIN: usize = 96;
/// pco's level: higher ones gain under a percent on columns this short.
const PCO_LEVEL: usize = 4;

/// How the rest of a column is packed: bits 2 and 3 of its first byte.
mod packing {
    pub(super) const CONSTANT: u8 = 0;
    pub(super) const BITS: u8 = 1;
    pub(super) const PCO: u8 = 2;
}

/// The bit of the first byte that says that there is a common divisor.
const DIVISOR_BIT: u8 = 1 << 4;

/// Room that encoding and decoding use again and again.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    orders: [Vec<i64>; 3],
    rest: Vec<u64>,
    packed: Vec<u8>,
    narrow: Vec<u16>,
    middle: Vec<u32>,
}

/// Appends a column; its length has to be known to who reads it.
pub(crate) fn encode(values: &[i64], effort: Effort, scratch: &mut Scratch, out: &mut Vec<u8>) {
    let order = predict(values, scratch);
    let residuals = &scratch.orders[order];
    let base = residuals.iter().copied().min().unwrap_or(0);
    scratch.rest.clear();
    let rest = residuals.iter().map(|one| one.wrapping_sub(base) as u64);
    scratch.rest.extend(rest);
    let divisor = common_divisor(&scratch.rest);
    if divisor > 1 {
        for number in &mut scratch.rest {
            *number /= divisor;
        }
    }
    let max = scratch.rest.iter().copied().max().unwrap_or(0);
    let mut how = packing::CONSTANT;
    scratch.packed.clear();
    if max > 0 {
        how = packing::BITS;
        pack(&scratch.rest, &mut scratch.packed);
        if effort == Effort::Thorough
            && scratch.rest.len() >= PCO_NUMBERS_MIN
            && let Some(shorter) = entropy_code(scratch, max)
        {
            how = packing::PCO;
            scratch.packed = shorter;
        }
    }
    let divides = if divisor > 1 { DIVISOR_BIT } else { 0 };
    out.push(order as u8 | how << 2 | divides);
    for seed in &values[..order.min(values.len())] {
        put_signed(out, *seed);
    }
    put_signed(out, base);
    if divisor > 1 {
        put_number(out, divisor);
    }
    out.extend_from_slice(&scratch.packed);
}

/// Fills the residuals of every order and returns the order with the shortest ones.
fn predict(values: &[i64], scratch: &mut Scratch) -> usize {
    let [none, delta, second] = &mut scratch.orders;
    none.clear();
    none.extend_from_slice(values);
    delta.clear();
    delta.extend(values.windows(2).map(|two| two[1].wrapping_sub(two[0])));
    second.clear();
    second.extend(delta.windows(2).map(|two| two[1].wrapping_sub(two[0])));
    let cost = |residuals: &[i64]| -> u64 {
        let blocks = residuals.chunks(MINIBLOCK);
        let bits = blocks.map(|block| {
            let min = block.iter().copied().min().unwrap_or(0);
            let max = block.iter().copied().max().unwrap_or(0);
            u64::from(width(max.wrapping_sub(min) as u64)) * block.len() as u64
        });
        bits.sum()
    };
    // A seed costs some bytes, so a higher order has to be worth it.
    let costs = [cost(none), cost(delta) + 16, cost(second) + 32];
    let best = (0..3).min_by_key(|order| costs[*order]).unwrap_or(0);
    best.min(values.len().saturating_sub(1))
}

fn common_divisor(numbers: &[u64]) -> u64 {
    let mut divisor = 0;
    for number in numbers {
        let (mut large, mut small) = (divisor, *number);
        while small != 0 {
            (large, small) = (small, large % small);
        }
        divisor = large;
        if divisor == 1 {
            return 1;
        }
    }
    divisor.max(1)
}

fn width(number: u64) -> u32 {
    64 - number.leading_zeros()
}

/// Appends miniblocks: a byte of width, then the numbers, low bits first.
fn pack(numbers: &[u64], out: &mut Vec<u8>) {
    for block in numbers.chunks(MINIBLOCK) {
        let widest = block.iter().fold(0, |all, one| all | one);
        let bits = width(widest);
        if bits > WIDTH_PACKED_MAX {
            out.push(64);
            out.extend(block.iter().flat_map(|one| one.to_le_bytes()));
            continue;
        }
        out.push(bits as u8);
        let (mut pending, mut filled) = (0u64, 0u32);
        for number in block {
            pending |= number << filled;
            filled += bits;
            while filled >= 8 {
                out.push(pending as u8);
                pending >>= 8;
                filled -= 8;
            }
        }
        if filled > 0 {
            out.push(pending as u8);
        }
    }
}

fn unpack(reader: &mut Reader<'_>, count: usize, mut each: impl FnMut(u64)) -> Read<()> {
    let mut left = count;
    while left > 0 {
        let length = left.min(MINIBLOCK);
        left -= length;
        let bits = usize::from(reader.byte()?);
        if bits == 64 {
            let bytes = reader.take(length * 8)?;
            for chunk in bytes.chunks_exact(8) {
                each(u64::from_le_bytes(chunk.try_into().map_err(|_| Damaged)?));
            }
            continue;
        }
        if bits > WIDTH_PACKED_MAX as usize {
            return Err(Damaged);
        }
        let rest = reader.rest();
        reader.take((length * bits).div_ceil(8))?;
        let mask = (1u64 << bits) - 1;
        for at in 0..length {
            let bit = at * bits;
            each(load(rest, bit / 8) >> (bit % 8) & mask);
        }
    }
    Ok(())
}

/// 8 bytes from `at` on, zeros beyond the end.
#[inline]
fn load(bytes: &[u8], at: usize) -> u64 {
    if let Some(Ok(eight)) = bytes.get(at..at + 8).map(<[u8; 8]>::try_from) {
        return u64::from_le_bytes(eight);
    }
    let mut eight = [0; 8];
    let tail = bytes.get(at..).unwrap_or_default();
    eight[..tail.len()].copy_from_slice(tail);
    u64::from_le_bytes(eight)
}

/// The numbers as pco has them, if that is shorter than `scratch.packed`.
fn entropy_code(scratch: &mut Scratch, max: u64) -> Option<Vec<u8>> {
    let coded = if max < 1 << 16 {
        scratch.narrow.clear();
        let numbers = scratch.rest.iter().map(|one| *one as u16);
        scratch.narrow.extend(numbers);
        code(&scratch.narrow, 16)
    } else if max < 1 << 32 {
        scratch.middle.clear();
        let numbers = scratch.rest.iter().map(|one| *one as u32);
        scratch.middle.extend(numbers);
        code(&scratch.middle, 32)
    } else {
        code(&scratch.rest, 64)
    };
    coded.filter(|coded| coded.len() < scratch.packed.len())
}

fn code<T: pco::data_types::Number>(numbers: &[T], bits: u8) -> Option<Vec<u8>> {
    let config = pco::ChunkConfig::default()
        .with_compression_level(PCO_LEVEL)
        .with_mode_spec(pco::ModeSpec::Classic)
        .with_delta_spec(pco::DeltaSpec::NoOp)
        .with_paging_spec(pco::PagingSpec::Exact(vec![numbers.len()]));
    let file = pco::wrapped::FileCompressor::default();
    let mut chunk = file.chunk_compressor(numbers, &config).ok()?;
    let mut out = vec![bits];
    out = file.write_header(out).ok()?;
    out = chunk.write_meta(out).ok()?;
    chunk.write_page(0, out).ok()
}

fn decode_coded(bytes: &[u8], count: usize, scratch: &mut Scratch) -> Read<()> {
    let (bits, bytes) = bytes.split_first().ok_or(Damaged)?;
    match bits {
        16 => {
            scratch.narrow.resize(count, 0);
            decode_page(bytes, &mut scratch.narrow)?;
            scratch
                .rest
                .extend(scratch.narrow.iter().map(|one| u64::from(*one)));
        }
        32 => {
            scratch.middle.resize(count, 0);
            decode_page(bytes, &mut scratch.middle)?;
            scratch
                .rest
                .extend(scratch.middle.iter().map(|one| u64::from(*one)));
        }
        64 => {
            scratch.rest.resize(count, 0);
            decode_page(bytes, &mut scratch.rest)?;
        }
        _ => return Err(Damaged),
    }
    Ok(())
}

fn decode_page<T: pco::data_types::Number>(bytes: &[u8], out: &mut [T]) -> Read<()> {
    let damaged = |_| Damaged;
    let (file, rest) = pco::wrapped::FileDecompressor::new(bytes).map_err(damaged)?;
    let (mut chunk, rest) = file.chunk_decompressor::<T, _>(rest).map_err(damaged)?;
    let mut page = chunk.page_decompressor(rest, out.len()).map_err(damaged)?;
    let progress = page.read(out).map_err(damaged)?;
    if progress.n_processed == out.len() {
        Ok(())
    } else {
        Err(Damaged)
    }
}

/// Appends `count` integers to `out` that [`encode`] wrote as the whole of `bytes`.
pub(crate) fn decode(
    bytes: &[u8],
    count: usize,
    scratch: &mut Scratch,
    out: &mut Vec<i64>,
) -> Read<()> {
    let mut reader = Reader::new(bytes);
    let header = reader.byte()?;
    let order = usize::from(header & 3);
    if order > 2 || (order > 0 && order >= count) {
        return Err(Damaged);
    }
    let mut seeds = [0i64; 2];
    for seed in &mut seeds[..order] {
        *seed = reader.signed()?;
    }
    let base = reader.signed()?;
    let divisor = if header & DIVISOR_BIT == 0 {
        1
    } else {
        reader.number()?
    };
    let rest = count - order;
    out.reserve(count);
    out.extend_from_slice(&seeds[..order]);
    let how = header >> 2 & 3;
    let residual = |number: u64| (number.wrapping_mul(divisor) as i64).wrapping_add(base);
    // One loop for each order, so that no loop asks which it is.
    match order {
        0 => each_number(how, &mut reader, rest, scratch, |number| {
            out.push(residual(number))
        }),
        1 => {
            let mut value = seeds[0];
            each_number(how, &mut reader, rest, scratch, |number| {
                value = value.wrapping_add(residual(number));
                out.push(value);
            })
        }
        _ => {
            let (mut value, mut slope) = (seeds[1], seeds[1].wrapping_sub(seeds[0]));
            each_number(how, &mut reader, rest, scratch, |number| {
                slope = slope.wrapping_add(residual(number));
                value = value.wrapping_add(slope);
                out.push(value);
            })
        }
    }
}

/// Calls `each` with the packed numbers.
fn each_number(
    how: u8,
    reader: &mut Reader<'_>,
    count: usize,
    scratch: &mut Scratch,
    mut each: impl FnMut(u64),
) -> Read<()> {
    match how {
        packing::CONSTANT => (0..count).for_each(|_| each(0)),
        packing::BITS => unpack(reader, count, each)?,
        packing::PCO => {
            scratch.rest.clear();
            decode_coded(reader.rest(), count, scratch)?;
            scratch.rest.iter().copied().for_each(each);
        }
        _ => return Err(Damaged),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn come_back(values: &[i64]) {
        let mut scratch = Scratch::default();
        for effort in [Effort::Quick, Effort::Thorough] {
            let mut bytes = Vec::new();
            encode(values, effort, &mut scratch, &mut bytes);
            let mut out = Vec::new();
            assert_eq!(decode(&bytes, values.len(), &mut scratch, &mut out), Ok(()));
            assert_eq!(out, values);
            // Damage is an error or other numbers, never a panic.
            for cut in 0..bytes.len().min(40) {
                let mut out = Vec::new();
                let _ = decode(&bytes[..cut], values.len(), &mut scratch, &mut out);
            }
        }
    }

    proptest! {
        #[test]
        fn any_integers_come_back(
            values in proptest::collection::vec(any::<i64>(), 0..300),
            start in any::<i64>(),
            steps in proptest::collection::vec(-3i64..900, 0..600),
            scale in 1i64..5_000,
        ) {
            come_back(&values);
            let mut at = start;
            let walk: Vec<i64> = steps.iter().map(|step| { at = at.wrapping_add(step * scale); at }).collect();
            come_back(&walk);
        }
    }

    #[test]
    fn regular_times_take_a_few_bytes() {
        let times: Vec<i64> = (0..720).map(|at| 1_700_000_000_000 + at * 10_000).collect();
        let (mut scratch, mut bytes) = (Scratch::default(), Vec::new());
        encode(&times, Effort::Quick, &mut scratch, &mut bytes);
        assert!(bytes.len() <= 12, "{}", bytes.len());
    }
}
