//! Records: a page of what a query selects, one by its id, and the lines around one.

use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::log_store::{Context, Cursor, LogQuery, Order, Page};
use tocsin_domain::query::matches;
use tocsin_domain::{LogRecord, RecordId};

use super::inner::Inner;
use super::literal::literal;
use super::rows::{Row, record_columns};
use super::translate::{Condition, FALSE, condition, id_of, number};

/// Rows that are fetched at first, and at most at once, where the language decides over each.
const DOUBTFUL_ROWS_MIN: usize = 256;
const DOUBTFUL_ROWS_MAX: usize = 16_384;
/// So many batches around a line are looked into for its neighbours, then more.
const NEIGHBOUR_BATCHES: [u64; 4] = [64, 4_096, 262_144, u64::MAX];

impl Inner {
    /// One page of the records a query selects.
    pub(super) async fn search(
        &self,
        query: &LogQuery,
        order: Order,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let condition = condition(query);
        let mut records = Vec::new();
        if limit == 0 || condition.may == FALSE {
            return Ok(Page {
                records,
                next: None,
            });
        }
        self.settle().await?;
        let wanted = limit.saturating_add(1);
        let mut cursor = after;
        let mut rows_max = DOUBTFUL_ROWS_MIN.max(wanted);
        loop {
            if condition.is_exact() {
                rows_max = wanted;
            }
            let sql = page_sql(&condition, order, cursor, rows_max);
            let mut rows = self.connection.ask(&sql)?;
            let mut seen = 0;
            while records.len() < wanted
                && let Some(row) = rows.next(Row::take).await?
            {
                seen += 1;
                cursor = Some(cursor_of(&row.record));
                if condition.is_exact() || matches(&query.expression, &row.view()) {
                    records.push(row.record);
                }
            }
            if records.len() == wanted || seen < rows_max {
                break;
            }
            rows_max = (rows_max * 4).min(DOUBTFUL_ROWS_MAX);
        }
        let has_more = records.len() > limit;
        records.truncate(limit);
        let next = records.last().filter(|_| has_more).map(cursor_of);
        Ok(Page { records, next })
    }

    /// One record.
    pub(super) async fn get(&self, id: RecordId) -> Result<Option<LogRecord>, StoreError> {
        self.settle().await?;
        Ok(self.row(id).await?.map(|row| row.record))
    }

    async fn row(&self, id: RecordId) -> Result<Option<Row>, StoreError> {
        let sql = format!(
            "SELECT {} FROM logs WHERE id = {} LIMIT 1",
            record_columns(),
            id_of(id)
        );
        Ok(self.connection.all(&sql, Row::take).await?.pop())
    }

    /// The lines around one line.
    pub(super) async fn context(
        &self,
        id: RecordId,
        before: usize,
        after: usize,
    ) -> Result<Option<Context>, StoreError> {
        self.settle().await?;
        let Some(row) = self.row(id).await? else {
            return Ok(None);
        };
        let mut earlier = self.neighbours(&row, Direction::Earlier, before).await?;
        earlier.reverse();
        let later = self.neighbours(&row, Direction::Later, after).await?;
        Ok(Some(Context {
            before: earlier,
            line: row.record,
            after: later,
        }))
    }

    /// The nearest lines of the same source, the nearest first. They arrived in the order of the
    /// bus, which is looked through in growing steps.
    async fn neighbours(
        &self,
        row: &Row,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<LogRecord>, StoreError> {
        let mut records = Vec::new();
        for batches in NEIGHBOUR_BATCHES {
            if limit == 0 {
                break;
            }
            let sql = neighbours_sql(row, direction, batches, limit);
            let rows = self.connection.all(&sql, Row::take).await?;
            records = rows.into_iter().map(|row| row.record).collect();
            if records.len() == limit {
                break;
            }
        }
        Ok(records)
    }

    /// Calls `each` with every record that SQL alone is not sure of and that the query selects.
    pub(super) async fn each_doubtful(
        &self,
        query: &LogQuery,
        condition: &Condition,
        mut each: impl FnMut(&Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT {} FROM logs WHERE {} AND NOT {}",
            record_columns(),
            condition.may,
            condition.must
        );
        let mut rows = self.connection.ask(&sql)?;
        while let Some(row) = rows.next(Row::take).await? {
            if matches(&query.expression, &row.view()) {
                each(&row)?;
            }
        }
        Ok(())
    }
}

fn cursor_of(record: &LogRecord) -> Cursor {
    Cursor {
        timestamp: record.timestamp,
        id: record.id,
    }
}

fn page_sql(condition: &Condition, order: Order, after: Option<Cursor>, limit: usize) -> String {
    let (word, sign) = match order {
        Order::NewestFirst => ("DESC", '<'),
        Order::OldestFirst => ("ASC", '>'),
    };
    let after = after.map(|cursor| {
        let (time, id) = (number(cursor.timestamp.0), id_of(cursor.id));
        format!(" AND timestamp {sign}= {time} AND (timestamp {sign} {time} OR id {sign} {id})")
    });
    format!(
        "SELECT {} FROM logs WHERE {}{} ORDER BY timestamp {word}, id {word} LIMIT {limit}",
        record_columns(),
        condition.may,
        after.unwrap_or_default(),
    )
}

/// Which way to go from a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Earlier,
    Later,
}

fn neighbours_sql(row: &Row, direction: Direction, batches: u64, limit: usize) -> String {
    let (word, sign, low, high) = match direction {
        Direction::Earlier => ("DESC", '<', row.offset.saturating_sub(batches), row.offset),
        Direction::Later => ("ASC", '>', row.offset, row.offset.saturating_add(batches)),
    };
    format!(
        "SELECT {} FROM logs WHERE source = {} AND bus_partition = {} \
         AND bus_offset BETWEEN {low} AND {high} \
         AND (bus_offset {sign} {} OR id {sign} {}) \
         ORDER BY bus_offset {word}, id {word} LIMIT {limit}",
        record_columns(),
        literal(row.record.source.as_bytes()),
        row.partition,
        row.offset,
        id_of(row.record.id),
    )
}
