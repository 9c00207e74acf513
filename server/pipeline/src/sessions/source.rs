//! The sessions of one source.

use std::collections::HashMap;

use tocsin_sequence::{Config, Ending, Outcome, SnapshotError, Tracker};

use super::kinds::Strange;
use super::text::Events;

/// The time after which a session counts a third in the number of late, in ms.
const RECENT_MS: f64 = 600_000.0;

/// What is known of the sessions of a source.
#[derive(Debug)]
pub(super) struct Source {
    tracker: Tracker,
    /// What open sessions are called.
    names: HashMap<u64, Box<str>>,
    /// The newest time that a line said, and when it came, in ms.
    newest_ms: i64,
    heard_ms: i64,
    /// About how many sessions ended in the last ten minutes, and when that was so, in ms.
    recent: f64,
    recent_ms: i64,
    /// Sessions that began before this time (of lines, in ms) may lack their beginning.
    partial_until_ms: Option<i64>,
    /// Whether something came since it was last kept.
    pub(super) is_changed: bool,
}

impl Source {
    pub(super) fn new(config: Config) -> Self {
        Self::with(Tracker::new(config))
    }

    /// A source as it was kept. If lines came after that which nobody will give again, what was
    /// open then is dropped and what begins soon is not judged, since it may lack its beginning.
    pub(super) fn restored(
        state: &[u8],
        config: Config,
        is_gapless: bool,
    ) -> Result<Self, SnapshotError> {
        let mut tracker = Tracker::restore(state, config)?;
        if !is_gapless {
            tracker = Tracker::with_model(tracker.model().clone());
        }
        let mut source = Self::with(tracker);
        source.partial_until_ms = (!is_gapless).then_some(i64::MIN);
        Ok(source)
    }

    fn with(tracker: Tracker) -> Self {
        Self {
            tracker,
            names: HashMap::new(),
            newest_ms: i64::MIN,
            heard_ms: 0,
            recent: 0.0,
            recent_ms: 0,
            partial_until_ms: None,
            is_changed: false,
        }
    }

    pub(super) fn snapshot(&self) -> Vec<u8> {
        self.tracker.snapshot()
    }

    /// Takes a line of a session.
    pub(super) fn observe(
        &mut self,
        (name, event): (&[u8], u64),
        (at_ms, now_ms, idle_ms): (i64, i64, i64),
        out: &mut Vec<Outcome>,
    ) {
        if self.partial_until_ms == Some(i64::MIN) {
            self.partial_until_ms = Some(at_ms.saturating_add(idle_ms));
        }
        let key = xxhash_rust::xxh3::xxh3_64(name);
        self.names
            .entry(key)
            .or_insert_with(|| String::from_utf8_lossy(name).into());
        self.tracker.observe(key, event, at_ms, out);
        if at_ms >= self.newest_ms {
            (self.newest_ms, self.heard_ms) = (at_ms, now_ms);
        }
        self.is_changed = true;
    }

    /// Ends what idles. The time of lines goes on with the clock from the newest line, so that old
    /// logs that are read now are judged by their own time.
    pub(super) fn advance(&mut self, now_ms: i64, out: &mut Vec<Outcome>) {
        if self.newest_ms == i64::MIN {
            return;
        }
        let lines_ms = self
            .newest_ms
            .saturating_add((now_ms - self.heard_ms).max(0));
        let before = out.len();
        self.tracker.advance(lines_ms, out);
        self.is_changed |= out.len() > before;
    }

    /// What there is to tell of a session of which the tracker said something.
    pub(super) fn strange(
        &mut self,
        outcome: &Outcome,
        (source, events): (&str, &Events),
        now_ms: i64,
    ) -> Option<Strange> {
        let is_over = outcome.ending != Ending::Open;
        let name = match is_over {
            true => self.names.remove(&outcome.key),
            false => self.names.get(&outcome.key).cloned(),
        };
        if is_over {
            self.count(now_ms);
        }
        let may_lack_beginning = self
            .partial_until_ms
            .is_some_and(|until| outcome.first_ms < until);
        // What was put out for room may go on.
        let is_told = outcome.was_told || outcome.is_learned || outcome.ending == Ending::Room;
        if !outcome.verdict.is_anomalous || is_told || may_lack_beginning {
            return None;
        }
        let verdict = &outcome.verdict;
        Some(Strange {
            signature: verdict.signature(),
            expected: verdict.probability * self.recent.max(1.0),
            explanation: events.explain(source, name.as_deref(), verdict),
            at_ms: outcome.first_ms,
        })
    }

    fn count(&mut self, now_ms: i64) {
        let passed = (now_ms - self.recent_ms).max(0) as f64;
        self.recent = self.recent * (-passed / RECENT_MS).exp() + 1.0;
        self.recent_ms = now_ms;
    }
}
