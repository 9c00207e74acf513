//! The one writer of alerts: signals and actions from everywhere in, commits and news out.
//!
//! It takes what waits, steps the evaluator, the book and the incidents, keeps everything that
//! changed as one, and only then answers and tells. An origin of signals (a partition of the bus) is
//! kept with its position in the same commit, so that what is delivered again after a crash changes
//! nothing: every signal counts once.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tocsin_domain::TraceContext;
use tocsin_domain::alert::{Alert, AlertAction, AlertChange, AlertId, Incident, IncidentId};
use tocsin_domain::metric::{Anomaly, Prediction};
use tocsin_domain::ports::{
    Acted, AlertCommit, AlertFilter, AlertStore, Clock, IncidentAction, RuleState, StoreError,
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::book::{Book, By, Changes};
use super::desk::{Desk, Shared};
use super::incidents::{Incidents, Step};
use super::opening;
use super::quiet::{Hearing, quiet_ms};
use crate::alert_rules::evaluate::Evaluator;
use crate::alert_rules::rounds::Round;
use crate::alert_rules::{CompiledRule, RuleSet, Signal, findings, signal::traced};

/// The most messages that one commit takes.
const MESSAGES_MAX: usize = 256;
/// How often it is looked whether something ended.
const TICK_EVERY: Duration = Duration::from_secs(1);
/// How long to wait after the store failed.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Alerts of an incident that an action reaches.
const INCIDENT_ALERTS_MAX: usize = 10_000;
/// How long after its end an alert may come back, in ms, and then some.
const RECENT_MS: i64 = 3_600_000;

/// Something that the writer is to do.
#[derive(Debug)]
pub(super) enum Message {
    /// What an origin (a partition of the bus, say) said, up to a position.
    Said {
        origin: String,
        position: u64,
        signals: Vec<Signal>,
    },
    Rounds(Vec<Round>),
    /// With the work that found them.
    Anomalies(Vec<Anomaly>, Option<TraceContext>),
    /// All that last: what else is waited for has ended.
    AllAnomalies(Vec<Anomaly>),
    Predictions(Vec<Prediction>),
    /// Tell when everything before it was kept.
    Sync(oneshot::Sender<()>),
    /// A rule is no longer what it was.
    Changed(Arc<CompiledRule>),
    Act {
        alerts: Vec<AlertId>,
        action: AlertAction,
        actor: String,
        answer: oneshot::Sender<Result<Vec<(AlertId, Acted)>, StoreError>>,
    },
    Incident {
        incident: IncidentId,
        action: IncidentAction,
        actor: String,
        answer: oneshot::Sender<Result<Option<Incident>, StoreError>>,
    },
}

/// An answer that is given once what it speaks of was kept.
type Answer = Box<dyn FnOnce() + Send>;

/// The task.
#[expect(
    missing_debug_implementations,
    reason = "holds ports, which have no Debug"
)]
pub struct AlertWriter {
    store: Arc<dyn AlertStore>,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
    inbox: mpsc::Receiver<Message>,
    evaluator: Evaluator,
    book: Book,
    incidents: Incidents,
    taken: HashMap<String, u64>,
    /// When it was last looked whether something ended, in ms.
    ticked_ms: i64,
    hearing: Hearing,
}

/// What one step gathers.
#[derive(Default)]
struct Gathered {
    now_ms: i64,
    changes: Changes,
    incidents: BTreeMap<IncidentId, Incident>,
    taken: HashMap<String, u64>,
    answers: Vec<Answer>,
    /// The spans of alerts that open; they end when the step is over.
    opened: Vec<tracing::Span>,
}

impl AlertWriter {
    /// Takes up where the last run stopped. Gives the writer and the desk in front of it.
    ///
    /// # Errors
    /// [`StoreError`] if what was kept cannot be read.
    pub async fn open(
        store: Arc<dyn AlertStore>,
        clock: Arc<dyn Clock>,
        (desk, hearing): (super::desk::DeskParts, Hearing),
    ) -> Result<(Self, Desk), StoreError> {
        let now_ms = clock.now().millis();
        let alerts = store.recent_alerts(now_ms - RECENT_MS).await?;
        let taken: HashMap<String, u64> = store.taken().await?.into_iter().collect();
        let evaluator = Evaluator::restore(store.rule_states().await?);
        let statuses = tocsin_domain::alert::IncidentStatus::ALL;
        let incidents = store
            .incidents(&statuses[..2], None, INCIDENT_ALERTS_MAX)
            .await?;
        let silences = store.silences(now_ms).await?;
        let rules = desk.rules.clone();
        let (shared, inbox) = Shared::new(desk, store.clone(), silences, &taken);
        let quiet_ms = |alert: &Alert| quiet_ms(&rules.read(), alert);
        let book = Book::restore(alerts, now_ms, quiet_ms);
        let writer = Self {
            incidents: Incidents::restore(incidents, &book),
            book,
            evaluator,
            store,
            clock,
            shared: shared.clone(),
            inbox,
            taken,
            ticked_ms: now_ms,
            hearing,
        };
        Ok((writer, Desk::new(shared)))
    }

    /// Works until it is cancelled and nothing waits.
    pub async fn run(mut self, cancel: CancellationToken) {
        let mut tick = tokio::time::interval(TICK_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut messages = Vec::with_capacity(MESSAGES_MAX);
        loop {
            let received = tokio::select! {
                biased;
                received = self.inbox.recv_many(&mut messages, MESSAGES_MAX) => received,
                _ = tick.tick() => usize::MAX,
                () = cancel.cancelled() => 0,
            };
            if received == 0 {
                return;
            }
            let now_ms = self.clock.now().millis();
            let mut gathered = Gathered {
                now_ms,
                ..Gathered::default()
            };
            for message in messages.drain(..) {
                self.take(message, &mut gathered).await;
            }
            // Over all alerts, so not at every message.
            if now_ms - self.ticked_ms >= TICK_EVERY.as_millis() as i64 {
                let passed_ms = now_ms - std::mem::replace(&mut self.ticked_ms, now_ms);
                if self.hearing.is_deaf() {
                    self.book.excuse(passed_ms);
                }
                self.book.tick(now_ms, &mut gathered.changes);
                self.evaluator.tick(now_ms);
                let firing = self.book.iter().filter(|alert| alert.is_firing()).count();
                self.shared.firing.store(firing as u64, Ordering::Relaxed);
            }
            if !self.finish(gathered, &cancel).await {
                return;
            }
        }
    }

    async fn take(&mut self, message: Message, out: &mut Gathered) {
        match message {
            Message::Said {
                origin,
                position,
                signals,
            } => self.said((origin, position), signals, out),
            Message::Rounds(rounds) => rounds.into_iter().for_each(|round| self.round(round, out)),
            Message::Anomalies(anomalies, trace) => {
                for one in anomalies {
                    let of = |set: &RuleSet| traced(findings::of_anomaly(set, &one), trace);
                    self.finding(one.id.0, one.ended_ms, of, out);
                }
            }
            Message::AllAnomalies(lasting) => {
                for one in &lasting {
                    let of = |set: &RuleSet| findings::of_anomaly(set, one);
                    self.finding(one.id.0, one.ended_ms, of, out);
                }
                let ids = lasting.iter().map(|one| one.id.0).collect();
                let told = self
                    .evaluator
                    .only_findings(&ids, &self.shared.rules(), out.now_ms);
                self.signals(&told, out);
            }
            Message::Sync(answer) => out.answers.push(Box::new(move || {
                // One who no longer waits needs no answer.
                let _ = answer.send(());
            })),
            Message::Predictions(predictions) => {
                for one in predictions {
                    let ended_ms = (!one.is_raised).then_some(one.made_ms);
                    let of = |set: &RuleSet| findings::of_prediction(set, &one);
                    self.finding(subject(&one), ended_ms, of, out);
                }
            }
            Message::Changed(rule) => {
                let told = self.evaluator.forget(&rule, out.now_ms);
                self.signals(&told, out);
            }
            Message::Act {
                alerts,
                action,
                actor,
                answer,
            } => {
                let acted = self.act(&alerts, &action, &actor, out).await;
                out.answers.push(Box::new(move || drop(answer.send(acted))));
            }
            Message::Incident {
                incident,
                action,
                actor,
                answer,
            } => {
                let acted = self.act_on_incident(incident, &action, &actor, out).await;
                out.answers.push(Box::new(move || drop(answer.send(acted))));
            }
        }
    }

    /// What lines said, once: what was kept up to here before is passed over.
    fn said(
        &mut self,
        (origin, position): (String, u64),
        signals: Vec<Signal>,
        out: &mut Gathered,
    ) {
        if position <= self.taken.get(&origin).copied().unwrap_or(0) {
            return;
        }
        self.taken.insert(origin.clone(), position);
        out.taken.insert(origin, position);
        let passed = signals
            .into_iter()
            .filter_map(|signal| self.evaluator.lines(signal));
        let passed: Vec<Signal> = passed.collect();
        self.signals(&passed, out);
    }

    fn round(&mut self, round: Round, out: &mut Gathered) {
        self.shared.note_round(&round);
        // What cannot be looked at neither begins nor ends.
        let Ok(holding) = round.holding else { return };
        let told = match round.is_whole {
            true => self.evaluator.round(&round.rule, holding, round.at_ms),
            false => self.evaluator.holding(&round.rule, holding, round.at_ms),
        };
        self.signals(&told, out);
    }

    fn signals(&mut self, signals: &[Signal], out: &mut Gathered) {
        let changes = &mut out.changes;
        for signal in signals {
            let before = changes.events.len();
            self.book.signal(signal, out.now_ms, changes);
            let opened = opening::of(signal, &mut self.book, changes, before);
            out.opened.extend(opened);
        }
    }

    /// A finding that begins, goes on or ended. One that ended at once is told all the same.
    fn finding(
        &mut self,
        id: u128,
        ended_ms: Option<i64>,
        signals: impl FnOnce(&RuleSet) -> Vec<Signal>,
        out: &mut Gathered,
    ) {
        let set = self.shared.rules();
        let is_late = ended_ms.is_some_and(|ended_ms| out.now_ms - ended_ms > RECENT_MS);
        let is_moment = ended_ms.is_some() && !is_late;
        let mut told = Vec::new();
        if ended_ms.is_none() || is_moment {
            let signals = signals(&set).into_iter();
            told.extend(signals.filter_map(|signal| self.evaluator.finding(id, signal)));
        }
        if let Some(ended_ms) = ended_ms {
            told.extend(self.evaluator.finding_ended(id, &set, ended_ms));
        }
        self.signals(&told, out);
    }

    async fn act(
        &mut self,
        alerts: &[AlertId],
        action: &AlertAction,
        actor: &str,
        out: &mut Gathered,
    ) -> Result<Vec<(AlertId, Acted)>, StoreError> {
        let by = By {
            actor,
            now_ms: out.now_ms,
        };
        let mut all = Vec::with_capacity(alerts.len());
        for id in alerts {
            let found = match self.book.get(*id) {
                Some(alert) => Some(alert.clone()),
                None => self.store.alert(*id).await?,
            };
            let acted = match found {
                None => Acted::Unknown,
                Some(alert) => match self.book.act(alert, action, by, &mut out.changes) {
                    Ok(alert) => Acted::Done(Box::new(alert)),
                    Err(why) => Acted::Refused(why),
                },
            };
            all.push((*id, acted));
        }
        Ok(all)
    }

    async fn act_on_incident(
        &mut self,
        id: IncidentId,
        action: &IncidentAction,
        actor: &str,
        out: &mut Gathered,
    ) -> Result<Option<Incident>, StoreError> {
        let found = match self.incidents.get(id) {
            Some(incident) => Some(incident.clone()),
            None => self.store.incident(id).await?,
        };
        let Some(incident) = found else {
            return Ok(None);
        };
        let own = self.alerts_of(id).await?;
        let others = match action {
            IncidentAction::Add(ids) => self.alerts(ids).await?,
            IncidentAction::Merge(other) if *other == id => {
                return Err(StoreError::Invalid(
                    "an incident cannot be merged with itself".into(),
                ));
            }
            IncidentAction::Merge(other) => self.alerts_of(*other).await?,
            IncidentAction::Split(ids) => own
                .iter()
                .filter(|alert| ids.contains(&alert.id))
                .cloned()
                .collect(),
            _ => Vec::new(),
        };
        let mut step = Step {
            book: &mut self.book,
            changes: &mut out.changes,
            by: By {
                actor,
                now_ms: out.now_ms,
            },
        };
        let changed = self
            .incidents
            .act((incident, own), action, others, &mut step);
        let changed = changed.map_err(StoreError::Invalid)?;
        let first = changed.first().cloned();
        out.incidents
            .extend(changed.into_iter().map(|one| (one.id, one)));
        Ok(first)
    }

    async fn alerts(&self, ids: &[AlertId]) -> Result<Vec<Alert>, StoreError> {
        let mut all = Vec::with_capacity(ids.len());
        for id in ids {
            match self.book.get(*id) {
                Some(alert) => all.push(alert.clone()),
                None => all.extend(self.store.alert(*id).await?),
            }
        }
        Ok(all)
    }

    /// The alerts of an incident: as the book has them, and those it has no longer.
    async fn alerts_of(&self, incident: IncidentId) -> Result<Vec<Alert>, StoreError> {
        let filter = AlertFilter {
            incident: Some(incident),
            ..AlertFilter::default()
        };
        let kept = self
            .store
            .alerts(&filter, None, INCIDENT_ALERTS_MAX)
            .await?;
        let mut all: BTreeMap<AlertId, Alert> = kept.into_iter().map(|one| (one.id, one)).collect();
        for alert in self.book.iter() {
            if alert.incident == Some(incident) {
                all.insert(alert.id, alert.clone());
            } else {
                all.remove(&alert.id);
            }
        }
        Ok(all.into_values().collect())
    }

    /// Keeps what changed, answers, and tells. Tries until it is kept: memory is ahead of the store
    /// until then. False if it was cancelled before: nothing may be kept any more, since a later
    /// position would hide what was not.
    async fn finish(&mut self, mut gathered: Gathered, cancel: &CancellationToken) -> bool {
        let changes = &mut gathered.changes;
        let followed = self
            .incidents
            .follow(&mut self.book, changes, gathered.now_ms);
        gathered
            .incidents
            .extend(followed.into_iter().map(|one| (one.id, one)));
        let states = self.evaluator.take_changes();
        let is_idle = changes.is_empty()
            && states.is_empty()
            && gathered.incidents.is_empty()
            && gathered.taken.is_empty();
        if !is_idle {
            let commit = commit(&gathered, states);
            let first = loop {
                match self.store.commit(commit.clone()).await {
                    Ok(first) => break first,
                    Err(error) => {
                        let cause = std::error::Error::source(&error).map(ToString::to_string);
                        tracing::warn!(%error, cause, "alerts were not kept; will try again");
                        let pause = tokio::time::sleep(RETRY_AFTER);
                        if cancel.run_until_cancelled(pause).await.is_none() {
                            // Their senders find it anew, or hear that the writer is gone.
                            return false;
                        }
                    }
                }
            };
            self.shared.note_taken(&gathered.taken);
            self.tell(std::mem::take(&mut gathered.changes), first);
        }
        for answer in gathered.answers {
            answer();
        }
        true
    }

    fn tell(&self, changes: Changes, first: u64) {
        for (seq, (mut event, mut alert)) in (first..).zip(changes.events) {
            event.seq = seq;
            alert.seq = seq;
            self.shared.told.fetch_add(1, Ordering::Relaxed);
            // An error says that nobody listens.
            drop(
                self.shared
                    .news
                    .send(Arc::new(AlertChange::new(event, Arc::new(alert)))),
            );
        }
    }
}

/// A series' predictions by a rule are one finding, which is raised or is not.
fn subject(prediction: &Prediction) -> u128 {
    let rule = xxhash_rust::xxh3::xxh3_64(prediction.rule.as_bytes());
    u128::from(prediction.series.0) << 64 | u128::from(rule)
}

/// Everything that a step changed.
fn commit(gathered: &Gathered, states: Vec<RuleState>) -> AlertCommit {
    let changes = &gathered.changes;
    let taken = gathered.taken.iter();
    AlertCommit {
        alerts: changes.latest.values().cloned().collect(),
        events: changes
            .events
            .iter()
            .map(|(event, _)| event.clone())
            .collect(),
        incidents: gathered.incidents.values().cloned().collect(),
        states,
        taken: taken.map(|(origin, at)| (origin.clone(), *at)).collect(),
    }
}
