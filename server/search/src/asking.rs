//! Questions as vectors: computed off the async threads, waited for no longer than people would, and
//! remembered for those who page or ask again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tocsin_domain::ports::log_search::SearchError;
use tocsin_domain::ports::{Embedder, EmbedderError, EngineError};

/// How long a vector is waited for; after that words have to do.
const WITHIN: Duration = Duration::from_secs(10);
/// Questions that are remembered: some hundred kilobytes.
const KNOWN_MAX: usize = 64;

/// The questions of this process.
pub(crate) struct Asking {
    embedder: Arc<dyn Embedder>,
    /// When what is being computed was begun.
    pending: Arc<Mutex<Pending>>,
    /// The last questions and their vectors, the newest first.
    known: Mutex<VecDeque<(String, Vec<f32>)>>,
}

#[derive(Debug, Default)]
struct Pending {
    next: u64,
    begun: BTreeMap<u64, Instant>,
    /// Whether the model let a question wait too long, and answered none since.
    is_late: bool,
}

/// Ends what is pending when the work ends, however it does.
struct Ticket(Arc<Mutex<Pending>>, u64);

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.lock().begun.remove(&self.1);
    }
}

impl Asking {
    pub(crate) fn new(embedder: Arc<dyn Embedder>) -> Self {
        Self {
            embedder,
            pending: Arc::default(),
            known: Mutex::default(),
        }
    }

    /// The vector of a text.
    pub(crate) async fn vector(&self, text: &str) -> Result<Vec<f32>, SearchError> {
        if let Some(vector) = self.recall(text) {
            return Ok(vector);
        }
        let ticket = self.begin()?;
        let (embedder, asked) = (self.embedder.clone(), text.to_owned());
        let work = tokio::task::spawn_blocking(move || {
            let _pending = ticket;
            embedder.embed(&[&asked])
        });
        let done = tokio::time::timeout(WITHIN, work).await;
        let Ok(done) = done else {
            self.pending.lock().is_late = true;
            return Err(self.late());
        };
        let vectors = done.map_err(|error| SearchError::Model(Box::new(error)))?;
        match vectors {
            Ok(mut vectors) if !vectors.is_empty() => {
                self.pending.lock().is_late = false;
                let vector = vectors.swap_remove(0);
                self.remember(text, &vector);
                Ok(vector)
            }
            Ok(_) => Err(SearchError::Invalid("the model gave no vector".into())),
            Err(EmbedderError::Missing { remedy }) => Err(SearchError::ModelMissing { remedy }),
            Err(error) => Err(SearchError::Model(Box::new(error))),
        }
    }

    /// The error of a model that does not answer in time.
    fn late(&self) -> SearchError {
        let why = format!("no answer within {} s", WITHIN.as_secs());
        SearchError::Model(match self.embedder.engine() {
            Some(engine) => EngineError::away(engine, why).into(),
            None => why.into(),
        })
    }

    /// Refused at once while the model lets another question wait too long: threads are few. After
    /// that one question at a time sees whether the model answers again.
    fn begin(&self) -> Result<Ticket, SearchError> {
        let mut pending = self.pending.lock();
        let patience = if pending.is_late {
            Duration::ZERO
        } else {
            WITHIN
        };
        if pending
            .begun
            .values()
            .any(|begun| begun.elapsed() >= patience)
        {
            return Err(self.late());
        }
        let number = pending.next;
        pending.next += 1;
        pending.begun.insert(number, Instant::now());
        Ok(Ticket(self.pending.clone(), number))
    }

    fn recall(&self, text: &str) -> Option<Vec<f32>> {
        let mut known = self.known.lock();
        let place = known.iter().position(|(question, _)| question == text)?;
        let found = known.remove(place)?;
        let vector = found.1.clone();
        known.push_front(found);
        Some(vector)
    }

    fn remember(&self, text: &str, vector: &[f32]) {
        let mut known = self.known.lock();
        known.truncate(KNOWN_MAX - 1);
        known.push_front((text.to_owned(), vector.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Counts what it is asked, and answers `slow` only when it is let go.
    #[derive(Default)]
    struct Slow {
        asked: AtomicUsize,
        held: Mutex<()>,
    }

    impl Embedder for Slow {
        fn model(&self) -> &str {
            "slow"
        }

        fn dimensions(&self) -> usize {
            1
        }

        fn engine(&self) -> Option<&'static str> {
            Some("a slow server")
        }

        fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            if texts[0] == "slow" {
                drop(self.held.lock());
            }
            Ok(vec![vec![1.0]])
        }
    }

    #[tokio::test]
    async fn a_question_is_computed_once_and_few_are_remembered() {
        let model = Arc::new(Slow::default());
        let asking = Asking::new(model.clone());
        for _ in 0..3 {
            assert_eq!(asking.vector("disk full").await.unwrap(), [1.0]);
        }
        assert_eq!(model.asked.load(Ordering::Relaxed), 1);
        for number in 0..KNOWN_MAX {
            asking.vector(&number.to_string()).await.unwrap();
        }
        assert_eq!(asking.known.lock().len(), KNOWN_MAX);
        asking.vector("disk full").await.unwrap();
        assert_eq!(model.asked.load(Ordering::Relaxed), KNOWN_MAX + 2);
    }

    #[tokio::test]
    async fn while_the_model_hangs_nobody_waits_behind_another() {
        let model = Arc::new(Slow::default());
        let asking = Asking::new(model.clone());
        let long_ago = Instant::now().checked_sub(WITHIN).unwrap();
        asking.pending.lock().begun.insert(u64::MAX, long_ago);
        let refused = asking.vector("quick").await.unwrap_err();
        let notice = refused.fallback().unwrap();
        assert!(notice.contains("a slow server"), "{notice}");
        assert_eq!(model.asked.load(Ordering::Relaxed), 0, "at once");
        // One question at a time sees whether it is back.
        let pending = || asking.pending.lock();
        *pending() = Pending {
            is_late: true,
            ..Pending::default()
        };
        pending().begun.insert(u64::MAX, Instant::now());
        asking.vector("quick").await.unwrap_err();
        assert_eq!(model.asked.load(Ordering::Relaxed), 0, "at once");
        pending().begun.clear();
        asking.vector("quick").await.unwrap();
        assert!(pending().begun.is_empty() && !pending().is_late);
    }
}
