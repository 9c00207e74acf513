//! What a provider remembers while it lives, beside what the system of records knows: what may be on
//! its way there, what is to stop, and what was printed.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The most jobs that are remembered; the oldest are forgotten, which is as if we had just started.
const JOBS_MAX: usize = 1000;

#[derive(Debug, Default)]
struct Known {
    told: Told,
    is_to_stop: bool,
    has_stopped: bool,
    text: String,
}

#[derive(Debug, Default, Clone, Copy)]
enum Told {
    /// Whoever was here before us may have told it.
    #[default]
    Before,
    /// We told it then.
    At(Instant),
    /// It surely was not told.
    Never,
}

#[derive(Debug)]
pub(super) struct Memory {
    started: Instant,
    lag: Duration,
    jobs: Mutex<BTreeMap<String, Known>>,
}

impl Memory {
    pub(super) fn new(lag: Duration) -> Self {
        Self {
            started: Instant::now(),
            lag,
            jobs: Mutex::default(),
        }
    }

    fn jobs(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, key: &str, change: impl FnOnce(&mut Known)) {
        let mut jobs = self.jobs();
        change(jobs.entry(key.to_owned()).or_default());
        if jobs.len() > JOBS_MAX {
            // Keys begin with a time.
            jobs.pop_first();
        }
    }

    /// Something is told now.
    pub(super) fn is_told(&self, key: &str) {
        self.note(key, |known| known.told = Told::At(Instant::now()));
    }

    /// It surely was not.
    pub(super) fn is_not_told(&self, key: &str) {
        self.note(key, |known| known.told = Told::Never);
    }

    /// Whether what is not found may be found later.
    pub(super) fn may_be_on_its_way(&self, key: &str) -> bool {
        let told = self
            .jobs()
            .get(key)
            .map_or(Told::Before, |known| known.told);
        match told {
            Told::Never => false,
            Told::At(at) => at.elapsed() < self.lag,
            Told::Before => self.started.elapsed() < self.lag,
        }
    }

    /// No more is to be done.
    pub(super) fn stop(&self, key: &str) {
        self.note(key, |known| known.is_to_stop = true);
    }

    pub(super) fn is_to_stop(&self, key: &str) -> bool {
        self.jobs().get(key).is_some_and(|known| known.is_to_stop)
    }

    /// What is to stop was told so.
    pub(super) fn has_stopped(&self, key: &str) {
        self.note(key, |known| known.has_stopped = true);
    }

    pub(super) fn is_stopped(&self, key: &str) -> bool {
        self.jobs().get(key).is_some_and(|known| known.has_stopped)
    }

    /// All that was printed so far.
    pub(super) fn print(&self, key: &str, text: &str) {
        self.note(key, |known| text.clone_into(&mut known.text));
    }

    /// What was printed from a byte on, and the byte after it.
    pub(super) fn printed(&self, key: &str, from: u64) -> (String, u64) {
        let jobs = self.jobs();
        let text = jobs.get(key).map_or("", |known| &*known.text);
        let new = usize::try_from(from).ok().and_then(|at| text.get(at..));
        let new = new.unwrap_or_default();
        (new.to_owned(), from + new.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_on_its_way_for_so_long_and_what_was_not_is_not() {
        let memory = Memory::new(Duration::from_secs(3600));
        assert!(
            memory.may_be_on_its_way("a"),
            "it may have been told before"
        );
        memory.is_not_told("a");
        assert!(!memory.may_be_on_its_way("a"));
        memory.is_told("a");
        assert!(memory.may_be_on_its_way("a"));
        let memory = Memory::new(Duration::ZERO);
        memory.is_told("a");
        assert!(!memory.may_be_on_its_way("a") && !memory.may_be_on_its_way("b"));
    }

    #[test]
    fn what_is_printed_is_told_once() {
        let memory = Memory::new(Duration::ZERO);
        memory.print("a", "é\n");
        assert_eq!(memory.printed("a", 0), ("é\n".into(), 3));
        assert_eq!(memory.printed("a", 3), (String::new(), 3));
        memory.print("a", "é\nb");
        assert_eq!(memory.printed("a", 3), ("b".into(), 4));
        assert_eq!(
            memory.printed("a", 1),
            (String::new(), 1),
            "half a character"
        );
        assert_eq!(memory.printed("b", 7), (String::new(), 7));
    }

    #[test]
    fn the_oldest_is_forgotten() {
        let memory = Memory::new(Duration::ZERO);
        for number in 0..=JOBS_MAX {
            memory.stop(&format!("{number:05}"));
        }
        assert!(!memory.is_to_stop("00000") && memory.is_to_stop("00001"));
        assert!(!memory.is_stopped("00001"));
        memory.has_stopped("00001");
        assert!(memory.is_stopped("00001"));
    }
}
