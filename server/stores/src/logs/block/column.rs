//! One column of texts, such as the variables of one slot of one template in one block, decoded so
//! that any row can be had.

use super::codec::{Damaged, Read, Reader, unfold};
use super::numbers::integers;

pub(super) const CONSTANT: u8 = 0;
pub(super) const PLAIN: u8 = 1;
pub(super) const FOLDED: u8 = 2;
pub(super) const DICTIONARY: u8 = 3;
pub(super) const DECIMAL: u8 = 4;
pub(super) const PADDED: u8 = 5;
pub(super) const HEX_LOWER: u8 = 6;
pub(super) const HEX_UPPER: u8 = 7;
pub(super) const FIELDS: u8 = 8;
pub(super) const AFFIXED: u8 = 9;

/// How deep columns may lie within columns.
pub(super) const DEPTH_MAX: usize = 4;

/// A column of texts.
#[derive(Debug)]
pub(crate) enum Column {
    /// All rows are the same.
    Constant(Box<[u8]>),
    /// The rows one after the other.
    Bytes { ends: Vec<u32>, data: Vec<u8> },
    /// Few distinct rows.
    Dictionary {
        values: Box<Column>,
        distinct: usize,
        codes: Vec<u16>,
    },
    /// Integers, and how they were written.
    Numbers { form: Form, values: Vec<i64> },
    /// Columns with constant texts before, between and after them.
    Fields {
        separators: Vec<Box<[u8]>>,
        fields: Vec<Column>,
    },
}

/// How an integer was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Decimal, as short as can be.
    Decimal,
    /// Decimal, with zeros in front up to this width.
    Padded(u8),
    /// Hexadecimal of this width in lower case.
    HexLower(u8),
    /// Hexadecimal of this width in upper case.
    HexUpper(u8),
}

impl Column {
    /// Reads a column of `rows` rows.
    pub(crate) fn decode(bytes: &[u8], rows: usize) -> Read<Self> {
        Self::read(&mut Reader::new(bytes), rows, 0)
    }

    fn read(reader: &mut Reader<'_>, rows: usize, depth: usize) -> Read<Self> {
        if depth > DEPTH_MAX {
            return Err(Damaged);
        }
        let tag = reader.byte()?;
        match tag {
            CONSTANT => Ok(Self::Constant(reader.bytes()?.into())),
            PLAIN | FOLDED => Self::read_bytes(reader, rows, tag),
            DICTIONARY => {
                let distinct = reader.bounded(usize::from(u16::MAX) + 1)?;
                let values = Box::new(Self::read(reader, distinct, depth + 1)?);
                let codes = read_codes(reader, rows, distinct)?;
                Ok(Self::Dictionary {
                    values,
                    distinct,
                    codes,
                })
            }
            DECIMAL | PADDED | HEX_LOWER | HEX_UPPER => {
                let form = match tag {
                    DECIMAL => Form::Decimal,
                    PADDED => Form::Padded(reader.byte()?),
                    HEX_LOWER => Form::HexLower(reader.byte()?),
                    _ => Form::HexUpper(reader.byte()?),
                };
                let values = integers(reader, rows)?;
                Ok(Self::Numbers { form, values })
            }
            FIELDS | AFFIXED => {
                let count = if tag == AFFIXED {
                    1
                } else {
                    reader.bounded(256)?
                };
                if count == 0 {
                    return Err(Damaged);
                }
                let separators = (0..=count)
                    .map(|_| Ok(reader.bytes()?.into()))
                    .collect::<Read<_>>()?;
                let fields = (0..count)
                    .map(|_| Self::read(reader, rows, depth + 1))
                    .collect::<Read<_>>()?;
                Ok(Self::Fields { separators, fields })
            }
            _ => Err(Damaged),
        }
    }

    fn read_bytes(reader: &mut Reader<'_>, rows: usize, tag: u8) -> Read<Self> {
        let lengths = integers(reader, rows)?;
        let data = match tag {
            PLAIN => reader.bytes()?.to_vec(),
            _ => unfold(reader)?,
        };
        let mut end = 0u32;
        let mut ends = Vec::with_capacity(rows);
        for length in lengths {
            let length = u32::try_from(length).map_err(|_| Damaged)?;
            end = end.checked_add(length).ok_or(Damaged)?;
            ends.push(end);
        }
        if end as usize != data.len() {
            return Err(Damaged);
        }
        Ok(Self::Bytes { ends, data })
    }

    /// The text of a row, where it lies ready.
    pub(crate) fn text(&self, row: usize) -> Option<&[u8]> {
        match self {
            Self::Constant(text) => Some(text),
            Self::Bytes { ends, data } => {
                let start = row.checked_sub(1).map_or(Some(&0), |at| ends.get(at))?;
                data.get(*start as usize..*ends.get(row)? as usize)
            }
            _ => None,
        }
    }

    /// Appends the text of a row; nothing for a row that is not there.
    pub(crate) fn append(&self, row: usize, out: &mut Vec<u8>) {
        match self {
            Self::Constant(text) => out.extend_from_slice(text),
            Self::Bytes { ends, data } => {
                let start = row.checked_sub(1).and_then(|at| ends.get(at)).copied();
                let end = ends.get(row).copied().unwrap_or(0) as usize;
                let text = data.get(start.unwrap_or(0) as usize..end);
                out.extend_from_slice(text.unwrap_or_default());
            }
            Self::Dictionary { values, codes, .. } => {
                if let Some(code) = codes.get(row) {
                    values.append(usize::from(*code), out);
                }
            }
            Self::Numbers { form, values } => {
                if let Some(value) = values.get(row) {
                    form.append(*value, out);
                }
            }
            Self::Fields { separators, fields } => {
                for (at, separator) in separators.iter().enumerate() {
                    out.extend_from_slice(separator);
                    if let Some(field) = fields.get(at) {
                        field.append(row, out);
                    }
                }
            }
        }
    }

    /// How much memory it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Constant(text) => text.len(),
                Self::Bytes { ends, data } => ends.len() * 4 + data.len(),
                Self::Dictionary { values, codes, .. } => values.bytes() + codes.len() * 2,
                Self::Numbers { values, .. } => values.len() * 8,
                Self::Fields { fields, .. } => fields.iter().map(Self::bytes).sum(),
            }
    }
}

fn read_codes(reader: &mut Reader<'_>, rows: usize, distinct: usize) -> Read<Vec<u16>> {
    let bytes = unfold(reader)?;
    let codes: Vec<u16> = if distinct <= 256 {
        bytes.iter().map(|code| u16::from(*code)).collect()
    } else {
        let (low, high) = bytes.split_at_checked(rows).ok_or(Damaged)?;
        low.iter()
            .zip(high)
            .map(|(low, high)| u16::from(*low) | u16::from(*high) << 8)
            .collect()
    };
    if codes.len() != rows || codes.iter().any(|code| usize::from(*code) >= distinct) {
        return Err(Damaged);
    }
    Ok(codes)
}

impl Form {
    fn append(self, value: i64, out: &mut Vec<u8>) {
        use std::io::Write;
        // Writing to a vector cannot fail.
        let _ = match self {
            Self::Decimal => return append_decimal(value, out),
            Self::Padded(width) => write!(out, "{value:0width$}", width = usize::from(width)),
            Self::HexLower(width) => write!(out, "{value:0width$x}", width = usize::from(width)),
            Self::HexUpper(width) => write!(out, "{value:0width$X}", width = usize::from(width)),
        };
    }
}

fn append_decimal(value: i64, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

impl Form {
    /// The integer that `token` (lower case) is the token of, if a row can hold it so.
    pub(crate) fn read(self, token: &[u8]) -> Option<i64> {
        let text = std::str::from_utf8(token).ok()?;
        if !token.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let value = match self {
            Self::Decimal | Self::Padded(_) => text.parse().ok()?,
            Self::HexLower(_) | Self::HexUpper(_) => u64::from_str_radix(text, 16).ok()? as i64,
        };
        let mut written = Vec::new();
        self.append(value, &mut written);
        written.eq_ignore_ascii_case(token).then_some(value)
    }
}
