//! Puts a statement together whose text depends on what is asked.

use super::engine::Engine;
use super::query::{Query, QueryScalar};
use super::row::Read;
use super::value::{Bind, Value};

/// A statement that is put together. Values never become text.
#[derive(Debug)]
pub(in super::super) struct QueryBuilder {
    engine: Engine,
    sql: String,
    values: Vec<Value>,
}

impl QueryBuilder {
    /// Begins with some text.
    pub(in super::super) fn new(engine: Engine, sql: &str) -> Self {
        Self {
            engine,
            sql: sql.to_owned(),
            values: Vec::new(),
        }
    }

    /// For which engine it is.
    pub(in super::super) fn engine(&self) -> Engine {
        self.engine
    }

    /// Adds text.
    pub(in super::super) fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// Adds a column whose index is not to be used.
    pub(in super::super) fn push_unindexed(&mut self, column: &str) -> &mut Self {
        self.push(self.engine.unindexed()).push(column)
    }

    /// Adds a value.
    pub(in super::super) fn push_bind(&mut self, value: impl Bind) -> &mut Self {
        self.values.push(value.value());
        let place = self.values.len().to_string();
        self.push("$").push(&place)
    }

    /// Adds values, with commas between them.
    pub(in super::super) fn push_binds<T: Bind>(
        &mut self,
        values: impl IntoIterator<Item = T>,
    ) -> &mut Self {
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.push_bind(value);
        }
        self
    }

    /// The statement. Nothing is left of it here.
    pub(in super::super) fn build(&mut self) -> Query {
        Query::new(
            std::mem::take(&mut self.sql),
            std::mem::take(&mut self.values),
        )
    }

    /// The statement, of whose rows the first column is wanted.
    pub(in super::super) fn build_query_scalar<T>(&mut self) -> QueryScalar<T>
    where
        T: for<'r> Read<'r>,
    {
        QueryScalar::of(self.build())
    }
}
