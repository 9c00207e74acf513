//! The two engines, and the words in which they differ.

use std::borrow::Cow;

/// Which database is below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Engine {
    /// SQLite, in process.
    Sqlite,
    /// PostgreSQL 15 or newer.
    Postgres,
}

impl Engine {
    /// The time, in ms since the epoch, by the database's own clock.
    pub(in super::super) fn now_ms(self) -> &'static str {
        match self {
            Self::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            // Not the time at which the transaction began.
            Self::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
        }
    }

    /// What stands before a column whose index is not to be used. PostgreSQL knows by its statistics.
    pub(in super::super) fn unindexed(self) -> &'static str {
        match self {
            Self::Sqlite => "+",
            Self::Postgres => "",
        }
    }

    /// A column that is a JSON object, to be asked by `->>`.
    pub(in super::super) fn json(self, column: &str) -> String {
        match self {
            Self::Sqlite => column.to_owned(),
            Self::Postgres => format!("CAST({column} AS JSON)"),
        }
    }

    /// A statement as this engine reads it. In SQLite `CROSS JOIN … ON` is a join whose order is kept;
    /// PostgreSQL calls that a join, and orders it by its statistics.
    pub(super) fn spelled(self, sql: Cow<'static, str>) -> Cow<'static, str> {
        match self {
            Self::Postgres if sql.contains("CROSS JOIN") => {
                Cow::Owned(sql.replace("CROSS JOIN", "JOIN"))
            }
            _ => sql,
        }
    }
}

/// A pattern of `LIKE` for texts that have this one in them.
pub(in super::super) fn within(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}
