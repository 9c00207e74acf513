//! From single events to judged sessions.
//!
//! Events with a session key and a time come in; an [`Outcome`] goes out for each session that ends,
//! and earlier for one that cannot be normal any more. Normal sessions are learned; an anomaly is
//! not, unless its kind turns out to be frequent. Time is only what the events and the caller say.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Config;
use crate::counts::{Counts, count};
use crate::model::Model;
use crate::outcome::{Ending, Outcome};
use crate::recurrence::Recurrence;

/// A session that is not over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) first_ms: i64,
    pub(crate) last_ms: i64,
    /// Time of its entry in the queue, at or before the one when it is over.
    pub(crate) due_ms: i64,
    pub(crate) was_told: bool,
    pub(crate) templates: Vec<u64>,
    pub(crate) counts: Counts,
}

/// Follows sessions, judges and learns them.
#[derive(Debug, Clone, PartialEq)]
pub struct Tracker {
    pub(crate) model: Model,
    pub(crate) open: BTreeMap<u64, Open>,
    /// `(due_ms, key)` of each open session.
    pub(crate) queue: BTreeSet<(i64, u64)>,
    pub(crate) recurrence: Recurrence,
    /// Sessions closed.
    pub(crate) closed: u64,
}

impl Tracker {
    /// A tracker that has seen nothing and learns from what it sees.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self::with_model(Model::new(config))
    }

    /// A tracker that knows some normal sessions already.
    #[must_use]
    pub fn with_model(model: Model) -> Self {
        Self {
            model,
            open: BTreeMap::new(),
            queue: BTreeSet::new(),
            recurrence: Recurrence::default(),
            closed: 0,
        }
    }

    /// What normal sessions look like so far.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Sessions open, at most `max_open`.
    #[must_use]
    pub fn open_sessions(&self) -> usize {
        self.open.len()
    }

    /// Takes the event `template` of the session `key`. What there is to say of this session, and of one
    /// closed for room, is appended to `out`; call [`Tracker::advance`] for those that idle.
    pub fn observe(&mut self, key: u64, template: u64, at_ms: i64, out: &mut Vec<Outcome>) {
        let is_over = |open: &Open| at_ms.saturating_sub(open.last_ms) > self.model.config.idle_ms;
        if self.open.get(&key).is_some_and(is_over) {
            self.end(key, Ending::Idle, out);
        }
        if !self.open.contains_key(&key) {
            self.begin(key, at_ms, out);
        }
        let Some(open) = self.open.get_mut(&key) else {
            return;
        };
        open.last_ms = open.last_ms.max(at_ms);
        open.templates.push(template);
        let seen = add(&mut open.counts, template);
        let is_full = open.templates.len() >= self.model.config.max_events;
        // Only a count above all known ones can make what is certain worse by much, and it is rare.
        if !open.was_told && seen > self.model.counts.largest(template) && self.model.is_ready() {
            let score = self.model.judge_open(&open.counts);
            if score >= 1.0 {
                open.was_told = true;
                out.push(told(&self.model, key, open, score));
            }
        }
        if is_full {
            self.end(key, Ending::Length, out);
        }
    }

    /// Ends the sessions without an event for `idle_ms` at the time `now_ms`.
    pub fn advance(&mut self, now_ms: i64, out: &mut Vec<Outcome>) {
        while let Some((due_ms, key)) = self.queue.first().copied() {
            if due_ms >= now_ms {
                return;
            }
            if !self.postpone(key) {
                self.end(key, Ending::Idle, out);
            }
        }
    }

    /// Ends the session `key`, if it is open.
    pub fn close(&mut self, key: u64, out: &mut Vec<Outcome>) {
        self.end(key, Ending::Asked, out);
    }

    /// Learns a session as normal because a person said so of an [`Outcome`].
    pub fn accept(&mut self, templates: &[u64]) {
        self.model.learn(templates);
    }

    fn begin(&mut self, key: u64, at_ms: i64, out: &mut Vec<Outcome>) {
        while self.open.len() >= self.model.config.max_open.max(1) {
            let Some((_, longest)) = self.queue.first().copied() else {
                break;
            };
            if !self.postpone(longest) {
                self.end(longest, Ending::Room, out);
            }
        }
        let due_ms = at_ms.saturating_add(self.model.config.idle_ms);
        self.queue.insert((due_ms, key));
        self.open.insert(
            key,
            Open {
                first_ms: at_ms,
                last_ms: at_ms,
                due_ms,
                was_told: false,
                templates: Vec::new(),
                counts: Counts::new(),
            },
        );
    }

    /// Moves the queue's entry of a session to where its last event puts it; says whether it moved.
    fn postpone(&mut self, key: u64) -> bool {
        let Some(open) = self.open.get_mut(&key) else {
            return false;
        };
        let due_ms = open.last_ms.saturating_add(self.model.config.idle_ms);
        if due_ms <= open.due_ms {
            return false;
        }
        self.queue.remove(&(open.due_ms, key));
        open.due_ms = due_ms;
        self.queue.insert((due_ms, key))
    }

    fn end(&mut self, key: u64, ending: Ending, out: &mut Vec<Outcome>) {
        let Some(open) = self.open.remove(&key) else {
            return;
        };
        self.queue.remove(&(open.due_ms, key));
        self.closed += 1;
        let verdict = self.model.judge(&open.templates);
        let is_trusted = self.model.is_ready();
        let is_learned = !verdict.is_anomalous
            || self
                .recurrence
                .is_usual(verdict.signature(), self.closed, &self.model.config);
        if is_learned {
            self.model.learn_as(&open.templates, is_trusted);
        }
        out.push(Outcome {
            key,
            first_ms: open.first_ms,
            last_ms: open.last_ms,
            templates: open.templates,
            ending,
            was_told: open.was_told,
            is_learned,
            verdict,
        });
    }
}

impl Open {
    /// With the counts that follow from the events.
    pub(crate) fn restored(mut self) -> Self {
        self.counts = count(&self.templates);
        self
    }
}

/// What is certain of a session that goes on.
fn told(model: &Model, key: u64, open: &Open, score: f64) -> Outcome {
    let mut verdict = model.judge_counts(&open.counts);
    // What is missing may still come.
    verdict.differences.retain(|d| d.seen > d.usual);
    verdict.probability = model.probability_of(score);
    verdict.score = score;
    verdict.is_anomalous = true;
    Outcome {
        key,
        first_ms: open.first_ms,
        last_ms: open.last_ms,
        templates: open.templates.clone(),
        ending: Ending::Open,
        was_told: false,
        is_learned: false,
        verdict,
    }
}

/// Counts an event, and says how often it was seen.
fn add(counts: &mut Counts, template: u64) -> u32 {
    match counts.binary_search_by_key(&template, |(t, _)| *t) {
        Ok(at) => counts.get_mut(at).map_or(0, |(_, n)| {
            *n += 1;
            *n
        }),
        Err(at) => {
            counts.insert(at, (template, 1));
            1
        }
    }
}
