//! One page of the records a query selects, in order of time.

use std::collections::BinaryHeap;

use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::log_store::{Cursor, LogQuery, Order, Page};
use tocsin_domain::{LogRecord, RecordId, Timestamp};

use super::block::meta::Summary;
use super::evaluate::BlockQuery;
use super::inner::{Inner, Trouble, View};
use super::part::BlockReader;
use super::plan::Plan;
use super::scan;
use super::selection::Selection;

/// Blocks that are kept open while the records of a page are read: bounds decoded columns.
const READERS_MAX: usize = 4;

/// Time and id of a record, smaller for what comes earlier in the order asked for.
type Rank = (i64, u128);

/// Where a found record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Head { batch: usize, row: usize },
    Block { block: usize, row: u32 },
}

/// The best records found so far.
struct Top {
    order: Order,
    after: Option<Rank>,
    limit: usize,
    /// The worst on top.
    heap: BinaryHeap<(Rank, Place)>,
}

fn rank(order: Order, timestamp: i64, id: RecordId) -> Rank {
    match order {
        // Complements reverse the order of two's complement and unsigned numbers alike.
        Order::NewestFirst => (!timestamp, !id.bits()),
        Order::OldestFirst => (timestamp, id.bits()),
    }
}

impl Top {
    /// True if a record of this time may still get in.
    fn admits(&self, timestamp: Timestamp) -> bool {
        let time = match self.order {
            Order::NewestFirst => !timestamp.0,
            Order::OldestFirst => timestamp.0,
        };
        self.heap.len() < self.limit || self.heap.peek().is_some_and(|(worst, _)| time <= worst.0)
    }

    fn offer(&mut self, timestamp: i64, id: RecordId, place: Place) {
        let rank = rank(self.order, timestamp, id);
        if self.after.is_some_and(|after| rank <= after) {
            return;
        }
        if self.heap.len() < self.limit {
            self.heap.push((rank, place));
        } else if let Some(mut worst) = self.heap.peek_mut()
            && rank < worst.0
        {
            *worst = (rank, place);
        }
    }

    /// The time of what is best between two ends.
    fn best_of(&self, first: Timestamp, last: Timestamp) -> Timestamp {
        match self.order {
            Order::NewestFirst => last,
            Order::OldestFirst => first,
        }
    }

    /// True if nothing between two times comes after the cursor.
    fn is_passed(&self, first: Timestamp, last: Timestamp) -> bool {
        self.after.is_some_and(|after| match self.order {
            Order::NewestFirst => !first.0 < after.0,
            Order::OldestFirst => last.0 < after.0,
        })
    }
}

impl Inner {
    /// One page of the records a query selects.
    pub(crate) fn search(
        &self,
        query: &LogQuery,
        order: Order,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let plan = Plan::new(query);
        self.with_view(|view| {
            let mut top = Top {
                order,
                after: after.map(|cursor| rank(order, cursor.timestamp.0, cursor.id)),
                limit: limit.saturating_add(1),
                heap: BinaryHeap::new(),
            };
            if limit > 0 {
                search_heads(&plan, view, &mut top);
                self.search_blocks(&plan, view, &mut top)?;
            }
            let mut found = top.heap.into_sorted_vec();
            let has_more = found.len() > limit;
            found.truncate(limit);
            let records = self.records(view, &found)?;
            let next = match (has_more, records.last()) {
                (true, Some(last)) => Some(Cursor {
                    timestamp: last.timestamp,
                    id: last.id,
                }),
                _ => None,
            };
            Ok(Page { records, next })
        })
    }

    /// Looks at the blocks in the order of the best time that each has to offer, until no block
    /// can offer anything better than what was found.
    fn search_blocks(&self, plan: &Plan, view: &View, top: &mut Top) -> Result<(), Trouble> {
        let mut offers: Vec<(i64, usize)> = Vec::new();
        for (at, block) in view.blocks.iter().enumerate() {
            if !plan.range.overlaps(block.first, block.last)
                || top.is_passed(block.first, block.last)
                || !top.admits(top.best_of(block.first, block.last))
            {
                continue;
            }
            let opened = self.unless_damaged(block, BlockQuery::open(self, plan, block))?;
            let best = opened.and_then(|query| {
                let templates = query.candidates.iter().map(|one| query.template(*one));
                let ranks = templates.map(|template| {
                    rank(
                        top.order,
                        top.best_of(template.first, template.last).0,
                        RecordId::from_bits(0),
                    )
                    .0
                });
                ranks.min()
            });
            offers.extend(best.map(|best| (best, at)));
        }
        offers.sort_unstable();
        for (best, at) in offers {
            let time = match top.order {
                Order::NewestFirst => !best,
                Order::OldestFirst => best,
            };
            if !top.admits(Timestamp(time)) {
                break;
            }
            let block = &view.blocks[at];
            let searched = self.search_block(plan, block, at, top);
            self.unless_damaged(block, searched)?;
        }
        self.keep_news(plan);
        Ok(())
    }

    fn search_block(
        &self,
        plan: &Plan,
        block: &Summary,
        number: usize,
        top: &mut Top,
    ) -> Result<(), Trouble> {
        let query = BlockQuery::open(self, plan, block)?;
        let mut candidates = query.candidates.clone();
        candidates.sort_by_key(|candidate| {
            let template = query.template(*candidate);
            rank(
                top.order,
                top.best_of(template.first, template.last).0,
                RecordId::from_bits(0),
            )
        });
        for candidate in candidates {
            let template = query.template(candidate);
            if !top.admits(top.best_of(template.first, template.last))
                || top.is_passed(template.first, template.last)
            {
                continue;
            }
            let selection = query.select(candidate)?;
            if selection == Selection::None {
                // The rows of a block take long to read.
                continue;
            }
            let rows = query.reader.rows()?;
            let of = &rows.rows_of[candidate.template];
            selection.for_each(of.len(), |at| {
                let row = of[at];
                let time = rows.times[row as usize];
                if top.admits(Timestamp(time)) {
                    let place = Place::Block { block: number, row };
                    top.offer(time, rows.id_of(row), place);
                }
            });
        }
        Ok(())
    }

    fn records(&self, view: &View, found: &[(Rank, Place)]) -> Result<Vec<LogRecord>, Trouble> {
        let mut readers: Vec<(usize, BlockReader<'_>)> = Vec::new();
        let mut records = Vec::with_capacity(found.len());
        for (_, place) in found {
            match *place {
                Place::Head { batch, row } => records.push(view.heads[batch].parsed.record(row)),
                Place::Block { block, row } => {
                    let known = readers.iter().position(|(known, _)| *known == block);
                    let at = match known {
                        Some(at) => at,
                        None => {
                            // What comes close in time is mostly close in blocks.
                            if readers.len() == READERS_MAX {
                                readers.remove(0);
                            }
                            readers.push((block, BlockReader::open(self, &view.blocks[block])?));
                            readers.len() - 1
                        }
                    };
                    let read = readers[at].1.record(row);
                    records.extend(self.unless_damaged(&view.blocks[block], read)?);
                }
            }
        }
        Ok(records)
    }
}

fn search_heads(plan: &Plan, view: &View, top: &mut Top) {
    for (number, batch) in view.heads.iter().enumerate() {
        let records = &batch.parsed.batch.records;
        scan::select(plan, batch).for_each(batch.rows(), |row| {
            let time = records[row].timestamp;
            if top.admits(time) {
                top.offer(time.0, batch.id(row), Place::Head { batch: number, row });
            }
        });
    }
}
