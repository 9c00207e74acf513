//! Values on their way into a statement.

use std::borrow::Cow;

use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, Error};

/// What stands for the one character that a text of PostgreSQL cannot have.
const NUL_SHOWN: &str = "\u{fffd}";

/// The types that there are.
#[derive(Debug, Clone, Copy)]
pub(in super::super) enum Kind {
    Integer,
    Boolean,
    Float,
    Text,
    Bytes,
}

/// A value, or the lack of one.
#[derive(Debug, Clone)]
pub(in super::super) enum Value {
    Null(Kind),
    Integer(i64),
    Boolean(bool),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// What can be a value.
pub(in super::super) trait Bind {
    /// Its type, also when it is not there.
    const KIND: Kind;

    /// The value.
    fn value(self) -> Value;
}

impl Bind for i64 {
    const KIND: Kind = Kind::Integer;

    fn value(self) -> Value {
        Value::Integer(self)
    }
}

impl Bind for bool {
    const KIND: Kind = Kind::Boolean;

    fn value(self) -> Value {
        Value::Boolean(self)
    }
}

impl Bind for f64 {
    const KIND: Kind = Kind::Float;

    fn value(self) -> Value {
        Value::Float(self)
    }
}

impl Bind for String {
    const KIND: Kind = Kind::Text;

    fn value(self) -> Value {
        Value::Text(self)
    }
}

impl Bind for &str {
    const KIND: Kind = Kind::Text;

    fn value(self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl Bind for Vec<u8> {
    const KIND: Kind = Kind::Bytes;

    fn value(self) -> Value {
        Value::Bytes(self)
    }
}

impl Bind for &[u8] {
    const KIND: Kind = Kind::Bytes;

    fn value(self) -> Value {
        Value::Bytes(self.to_vec())
    }
}

impl<T: Bind + Clone> Bind for &T {
    const KIND: Kind = T::KIND;

    fn value(self) -> Value {
        self.clone().value()
    }
}

impl<T: Bind> Bind for Option<T> {
    const KIND: Kind = T::KIND;

    fn value(self) -> Value {
        self.map_or(Value::Null(T::KIND), T::value)
    }
}

/// Values for SQLite.
pub(super) fn sqlite(values: Vec<Value>) -> Result<SqliteArguments, Error> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        let added = match value {
            Value::Null(_) => arguments.add(None::<i64>),
            Value::Integer(value) => arguments.add(value),
            Value::Boolean(value) => arguments.add(value),
            Value::Float(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Bytes(value) => arguments.add(value),
        };
        added.map_err(Error::Encode)?;
    }
    Ok(arguments)
}

/// Values for PostgreSQL, which wants to know the type of what is not there.
pub(super) fn postgres(values: &[Value]) -> Result<PgArguments, Error> {
    let mut arguments = PgArguments::default();
    for value in values {
        let added = match value {
            Value::Null(Kind::Integer) => arguments.add(None::<i64>),
            Value::Null(Kind::Boolean) => arguments.add(None::<bool>),
            Value::Null(Kind::Float) => arguments.add(None::<f64>),
            Value::Null(Kind::Text) => arguments.add(None::<&str>),
            Value::Null(Kind::Bytes) => arguments.add(None::<&[u8]>),
            Value::Integer(value) => arguments.add(*value),
            Value::Boolean(value) => arguments.add(*value),
            // As SQLite keeps it, whose word for what is no number is nothing.
            Value::Float(value) => arguments.add(Some(*value).filter(|value| !value.is_nan())),
            Value::Text(value) => arguments.add(&*without_nul(value)),
            Value::Bytes(value) => arguments.add(value.as_slice()),
        };
        added.map_err(Error::Encode)?;
    }
    Ok(arguments)
}

fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', NUL_SHOWN))
    } else {
        Cow::Borrowed(text)
    }
}
