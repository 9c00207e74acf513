//! What normal sessions look like, learned session by session.
//!
//! Whole sessions of template ids come in, to be learned or judged; verdicts go out. Does not know
//! which session an event belongs to, nor when it happened.

use crate::config::Config;
use crate::counts::{CountModel, Counts, count};
use crate::order::OrderModel;
use crate::verdict::Verdict;

/// What normal sessions look like.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    pub(crate) config: Config,
    /// Sessions learned.
    pub(crate) sessions: u64,
    /// Sessions learned when costs are set anew.
    pub(crate) next_refit: u64,
    pub(crate) counts: CountModel,
    pub(crate) order: OrderModel,
}

impl Model {
    /// A model that knows nothing yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            sessions: 0,
            next_refit: 1,
            counts: CountModel::new(),
            order: OrderModel::new(),
        }
    }

    /// A model of sessions that are known to be normal.
    #[must_use]
    pub fn fit<'a>(sessions: impl IntoIterator<Item = &'a [u64]>, config: Config) -> Self {
        let mut model = Self::new(config);
        for session in sessions {
            model.add(session, true);
        }
        model.refit();
        model
    }

    /// Learns a session as normal. Costs and thresholds are set anew each time the number of
    /// sessions has grown by a tenth.
    pub fn learn(&mut self, templates: &[u64]) {
        self.learn_as(templates, true);
    }

    /// As [`Model::learn`]; a session that nobody vouches for is forgotten if it stays alone.
    pub(crate) fn learn_as(&mut self, templates: &[u64], is_trusted: bool) {
        self.add(templates, is_trusted);
        if self.sessions >= self.next_refit {
            self.refit();
        }
    }

    fn add(&mut self, templates: &[u64], is_trusted: bool) {
        self.sessions += 1;
        let max = self.config.max_vectors;
        self.counts
            .learn(count(templates), self.sessions, is_trusted, max);
        self.order
            .learn(templates, self.sessions, self.config.max_pairs);
    }

    fn refit(&mut self) {
        self.counts.refit(self.sessions, self.config.forget_after);
        self.order.refit(self.sessions);
        self.next_refit = self.sessions + self.sessions / 10 + 1;
    }

    /// Sessions learned so far.
    #[must_use]
    pub fn sessions(&self) -> u64 {
        self.sessions
    }

    /// Whether the warm-up is over.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.sessions >= self.config.warmup_sessions.max(1)
    }

    /// What is to be said of a whole session.
    #[must_use]
    pub fn judge(&self, templates: &[u64]) -> Verdict {
        let counts = count(templates);
        let mut verdict = self.judge_counts(&counts);
        verdict.steps = self.order.new_steps(templates);
        let cost: f64 = verdict.steps.iter().map(|step| step.surprise).sum();
        // Two tests, each with its own level: the smaller probability, weighted by its share of the
        // level (Genovese, Roeder and Wasserman 2006, "False discovery control with p-value weighting").
        let by_order = self.order.calibration.probability(cost) * self.total_probability()
            / self.config.order_probability;
        verdict.probability = verdict.probability.min(by_order);
        let threshold = self
            .order
            .calibration
            .threshold(self.config.order_probability);
        verdict.score = verdict.score.max(cost / threshold);
        verdict.is_anomalous = self.is_ready() && verdict.score >= 1.0;
        verdict
    }

    /// What is certain of a session that goes on, whose events so far are `counts`: whatever
    /// follows, the verdict of [`Model::judge`] has at least this score.
    pub(crate) fn judge_open(&self, counts: &Counts) -> f64 {
        self.counts.least_cost(counts) / self.counts_threshold()
    }

    /// The verdict by counts alone.
    pub(crate) fn judge_counts(&self, counts: &Counts) -> Verdict {
        let mut verdict = Verdict::normal();
        let Some((cost, nearest)) = self.counts.nearest(counts) else {
            return verdict;
        };
        if cost > 0.0 {
            verdict.differences = self.counts.differences(counts, nearest);
            verdict.score = cost / self.counts_threshold();
            verdict.probability = self.probability_of(verdict.score);
            verdict.is_anomalous = self.is_ready() && verdict.score >= 1.0;
        }
        verdict
    }

    /// Probability in `(0, 1]` of a score by counts, weighted for there being two tests.
    pub(crate) fn probability_of(&self, score: f64) -> f64 {
        let cost = score * self.counts_threshold();
        let weight = self.total_probability() / self.config.counts_probability;
        (self.counts.calibration.probability(cost) * weight).min(1.0)
    }

    fn total_probability(&self) -> f64 {
        self.config.counts_probability + self.config.order_probability
    }

    /// A rare mixture of what is known to vary is no anomaly, however rare: at least half the cost
    /// of an event that never varied must be there.
    fn counts_threshold(&self) -> f64 {
        self.counts
            .calibration
            .threshold(self.config.counts_probability)
            .max(0.5 * self.counts.unseen_weight)
    }
}
