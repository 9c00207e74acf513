//! A value of a column as JSON, the same whichever engine it comes from or goes to.

use serde_json::{Map, Value, json};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, TypeInfo, ValueRef};
use tocsin_domain::ports::StoreError;

use crate::relational::sql::{Query, Row};
use crate::relational::store_error;

/// What a column holds, by the type that the schema gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A whole number.
    Integer,
    /// Yes or no.
    Bool,
    /// A number with a fraction.
    Float,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
}

impl Kind {
    /// The kind of a type, in the words of either engine.
    pub(super) fn of(declared: &str) -> Option<Self> {
        let declared = declared.to_ascii_uppercase();
        Some(match declared.as_str() {
            "BIGINT" | "INTEGER" | "SMALLINT" | "INT" => Self::Integer,
            "BOOLEAN" => Self::Bool,
            "DOUBLE PRECISION" | "REAL" => Self::Float,
            "TEXT" | "CHARACTER VARYING" => Self::Text,
            "BLOB" | "BYTEA" => Self::Bytes,
            _ => return None,
        })
    }
}

/// A value that is to be written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Integer(Option<i64>),
    Bool(Option<bool>),
    Float(Option<f64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// A row of a table as a JSON list.
pub(super) fn row_json(row: &Row, kinds: &[Kind]) -> Result<Value, StoreError> {
    let cells = kinds.iter().enumerate();
    cells
        .map(|(at, kind)| value_json(row, at, *kind).map_err(store_error))
        .collect()
}

fn value_json(row: &Row, at: usize, kind: Kind) -> Result<Value, sqlx::Error> {
    if let Row::Sqlite(row) = row {
        return sqlite_json(row, at, kind);
    }
    Ok(match kind {
        Kind::Bool => json!(row.try_get::<Option<bool>, _>(at)?),
        Kind::Integer => json!(row.try_get::<Option<i64>, _>(at)?),
        Kind::Float => {
            let number = row.try_get::<Option<f64>, _>(at)?;
            number.map_or(Value::Null, float_json)
        }
        Kind::Text => json!(row.try_get::<Option<String>, _>(at)?),
        Kind::Bytes => {
            let bytes = row.try_get::<Option<Vec<u8>>, _>(at)?;
            bytes.map_or(Value::Null, |bytes| tagged("bytes", &hex(&bytes)))
        }
    })
}

fn sqlite_json(row: &SqliteRow, at: usize, kind: Kind) -> Result<Value, sqlx::Error> {
    let raw = row.try_get_raw(at)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    // SQLite keeps what it was given, which may be a whole number in a column of fractions.
    let kept = raw.type_info().name().to_owned();
    Ok(match (kind, kept.as_str()) {
        (Kind::Bool, _) => json!(row.try_get::<bool, _>(at)?),
        (Kind::Integer, _) => json!(row.try_get::<i64, _>(at)?),
        (Kind::Float, "INTEGER") => float_json(row.try_get::<i64, _>(at)? as f64),
        (Kind::Float, _) => float_json(row.try_get::<f64, _>(at)?),
        (Kind::Text, _) => json!(row.try_get::<String, _>(at)?),
        (Kind::Bytes, _) => {
            let bytes: Vec<u8> = row.try_get_unchecked(at)?;
            tagged("bytes", &hex(&bytes))
        }
    })
}

/// As text, which brings every value back, also those that are no JSON numbers.
fn float_json(number: f64) -> Value {
    tagged("float", &number.to_string())
}

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |four: u8| char::from(DIGITS[usize::from(four)]);
    let pair = |byte: &u8| [digit(byte >> 4), digit(byte & 15)];
    bytes.iter().flat_map(pair).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| {
        let digit = |digit: &u8| char::from(*digit).to_digit(16);
        u8::try_from(digit(high)? << 4 | digit(low)?).ok()
    };
    rest.is_empty().then_some(())?;
    pairs.iter().map(byte).collect()
}

fn tagged(tag: &str, text: &str) -> Value {
    Value::Object(Map::from_iter([(tag.to_owned(), json!(text))]))
}

impl Cell {
    /// The value of a column from its JSON; none if it is of another kind.
    pub(super) fn read(kind: Kind, value: &Value) -> Option<Self> {
        let text = |tag: &str| value.get(tag).and_then(Value::as_str);
        let is_null = value.is_null();
        Some(match kind {
            Kind::Integer if is_null => Self::Integer(None),
            // A column that was a flag may be a number elsewhere, and the other way round.
            Kind::Integer => Self::Integer(Some(match value {
                Value::Bool(flag) => i64::from(*flag),
                other => other.as_i64()?,
            })),
            Kind::Bool if is_null => Self::Bool(None),
            Kind::Bool => Self::Bool(Some(match value {
                Value::Bool(flag) => *flag,
                other => other.as_i64()? != 0,
            })),
            Kind::Float if is_null => Self::Float(None),
            Kind::Float => Self::Float(Some(text("float")?.parse().ok()?)),
            Kind::Text if is_null => Self::Text(None),
            Kind::Text => Self::Text(Some(value.as_str()?.to_owned())),
            Kind::Bytes if is_null => Self::Bytes(None),
            Kind::Bytes => Self::Bytes(Some(unhex(text("bytes")?)?)),
        })
    }

    /// Adds the value to the arguments of a statement.
    pub(super) fn bind(self, query: Query) -> Query {
        match self {
            Self::Integer(value) => query.bind(value),
            Self::Bool(value) => query.bind(value),
            Self::Float(value) => query.bind(value),
            Self::Text(value) => query.bind(value),
            Self::Bytes(value) => query.bind(value),
        }
    }
}

/// The columns of the key of the last row, to go on from.
pub(super) fn key_of(row: &Value, columns: &[(usize, Kind)]) -> Option<Vec<Cell>> {
    let cells = columns.iter();
    cells
        .map(|(at, kind)| Cell::read(*kind, row.get(*at)?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_what_they_were() {
        let cases = [
            (
                Kind::Integer,
                json!(i64::MIN),
                Cell::Integer(Some(i64::MIN)),
            ),
            (Kind::Integer, json!(true), Cell::Integer(Some(1))),
            (Kind::Bool, json!(0), Cell::Bool(Some(false))),
            (Kind::Float, float_json(0.1), Cell::Float(Some(0.1))),
            (
                Kind::Float,
                float_json(f64::NEG_INFINITY),
                Cell::Float(Some(f64::NEG_INFINITY)),
            ),
            (Kind::Text, json!("é\0"), Cell::Text(Some("é\0".into()))),
            (
                Kind::Bytes,
                tagged("bytes", "ff00"),
                Cell::Bytes(Some(vec![255, 0])),
            ),
            (Kind::Bytes, Value::Null, Cell::Bytes(None)),
        ];
        for (kind, value, cell) in cases {
            assert_eq!(Cell::read(kind, &value), Some(cell), "{value}");
        }
        assert_eq!(Cell::read(Kind::Text, &json!(1)), None);
        assert_eq!(Cell::read(Kind::Bytes, &tagged("bytes", "?")), None);
        assert_eq!(Kind::of("double precision"), Some(Kind::Float));
    }
}
