//! Who calls whom, by the lines of one trace: who speaks first has called who speaks next.

use std::collections::{BTreeMap, BTreeSet};

use tocsin_domain::LogRecord;
use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::log_store::{LogQuery, Order};
use tocsin_domain::query::{Expression, FieldTest};

use super::edges::{Link, LinkProof, link};
use crate::root_cause::RootCauseFinder;
use crate::root_cause::window::Window;

/// Lines with a trace that are read.
const LINES_MAX: usize = 400;
/// Traces in which two must follow each other before their order says anything.
const TRACES_MIN: usize = 2;
/// How sure such an order is: who speaks first may only have been quicker to say so.
const WEIGHT: f64 = 0.8;

impl RootCauseFinder {
    /// Lines of the window that belong to traces, if any of those that were read does.
    pub(super) async fn traced_lines(
        &self,
        window: Window,
        samples: &[LogRecord],
    ) -> Result<Vec<LogRecord>, StoreError> {
        if samples.iter().all(|line| line.trace_id.is_none()) {
            return Ok(Vec::new());
        }
        let query = LogQuery {
            expression: Expression::Field {
                key: "trace_id".into(),
                test: FieldTest::Exists,
            },
            ..LogQuery::all(window.range())
        };
        let logs = &self.parts.logs;
        let page = logs
            .search(&query, Order::NewestFirst, None, LINES_MAX)
            .await?;
        Ok(page.records)
    }

    /// Dependencies that the order of lines within traces tells of.
    pub(super) fn links_of_traces(&self, lines: &[LogRecord]) -> Vec<Link> {
        let mut traces: BTreeMap<[u8; 16], Vec<(&LogRecord, String)>> = BTreeMap::new();
        for line in lines {
            if let (Some(trace), Some(owner)) = (line.trace_id, self.conventions.of_line(line)) {
                traces
                    .entry(trace.0)
                    .or_default()
                    .push((line, owner.entity));
            }
        }
        let mut orders: BTreeMap<(String, String), (usize, &LogRecord)> = BTreeMap::new();
        for said in traces.values_mut() {
            said.sort_by_key(|(line, _)| (line.timestamp, line.id));
            let mut met = BTreeSet::new();
            said.retain(|(_, entity)| met.insert(entity.clone()));
            for pair in said.windows(2) {
                if let [(_, caller), (line, callee)] = pair {
                    let order = orders.entry((caller.clone(), callee.clone()));
                    order.or_insert((0, line)).0 += 1;
                }
            }
        }
        let count = |caller: &str, callee: &str| {
            let order = orders.get(&(caller.to_owned(), callee.to_owned()));
            order.map_or(0, |(traces, _)| *traces)
        };
        let ordered = orders
            .iter()
            .filter_map(|((caller, callee), (traces, line))| {
                let is_clear = *traces >= TRACES_MIN && *traces > 4 * count(callee, caller);
                let body = String::from_utf8_lossy(&line.body).into_owned();
                let proof = LinkProof::Trace(line.id, body);
                is_clear
                    .then(|| link((caller, callee), WEIGHT, proof))
                    .flatten()
            });
        ordered.collect()
    }
}
