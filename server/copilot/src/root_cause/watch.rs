//! Reports that are made by themselves: of critical alerts that fire, and of the incidents they belong to. One at a
//! time, again when evidence is likely to have changed, from a list that is bounded.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::alert::{Alert, AlertChange, AlertEventKind, AlertSeverity};
use tocsin_domain::copilot::RootCauseSubject;
use tocsin_domain::ports::{AlertFilter, Heard, StoreError};
use tokio_util::sync::CancellationToken;

use super::RootCauseFinder;
use crate::parts::CopilotParts;

/// How long after an alarm its reports are made, in ms. The first waits for the lines and values that come with the
/// alarm; the others for what follows from it.
const AFTER_MS: [i64; 3] = [5_000, 120_000, 600_000];
/// Alerts and incidents that wait at a time, at most; what is beyond gets its report when somebody asks.
const WAITING_MAX: usize = 256;
/// Alerts that are looked up after the listener missed some, at most.
const MISSED_MAX: usize = 100;
/// Reports of one turn that a model words, at most: it may take a minute for each, and the others wait.
const WORDED_MAX: usize = 3;
/// On whose behalf a model words what nobody asked for.
const SYSTEM: &str = "system";
/// The longest sleep.
const SLEEP_MAX: Duration = Duration::from_secs(3600);

/// Makes reports by itself.
#[derive(Debug)]
pub struct RootCauseWatch {
    parts: Arc<CopilotParts>,
    finder: Arc<RootCauseFinder>,
    /// For each subject the times at which its reports are due, in ms, ascending.
    waiting: HashMap<RootCauseSubject, Vec<i64>>,
}

impl RootCauseWatch {
    /// A watch over a finder that others use, too.
    pub(crate) fn new(finder: Arc<RootCauseFinder>) -> Self {
        Self {
            parts: finder.parts.clone(),
            finder,
            waiting: HashMap::new(),
        }
    }

    /// Watches until it is cancelled or the desk is gone. Returns at once if reports by themselves are switched off.
    pub async fn run(mut self, cancel: CancellationToken) {
        if !self.finder.config.automatic {
            return;
        }
        let mut listener = self.parts.desk.listen();
        // What fired while nobody listened.
        self.catch_up().await;
        loop {
            let heard = tokio::select! {
                () = cancel.cancelled() => return,
                heard = listener.next() => heard,
                () = tokio::time::sleep(self.pause()) => {
                    if cancel.run_until_cancelled(self.turn()).await.is_none() {
                        return;
                    }
                    continue;
                }
            };
            match heard {
                Some(Heard::Change(change)) => self.hear(&change),
                Some(Heard::Missed(_)) => self.catch_up().await,
                None => return,
            }
        }
    }

    fn now_ms(&self) -> i64 {
        self.parts.clock.now().millis()
    }

    /// How long until something is due.
    fn pause(&self) -> Duration {
        let due = self
            .waiting
            .values()
            .filter_map(|times| times.first())
            .min();
        let pause_ms = due.map(|due| u64::try_from(due - self.now_ms()).unwrap_or(0));
        pause_ms
            .map_or(SLEEP_MAX, Duration::from_millis)
            .min(SLEEP_MAX)
    }

    /// Takes up what happened to an alert.
    fn hear(&mut self, change: &AlertChange) {
        let alert = &change.alert;
        match &change.event.kind {
            AlertEventKind::Fired | AlertEventKind::Returned | AlertEventKind::Escalated { .. } => {
                self.take_up(alert);
            }
            AlertEventKind::Joined { incident, .. } => {
                let incident = RootCauseSubject::Incident(*incident);
                if alert.severity == AlertSeverity::Critical || self.waiting.contains_key(&incident)
                {
                    self.plan(incident);
                }
            }
            _ => {}
        }
    }

    fn take_up(&mut self, alert: &Alert) {
        if alert.severity != AlertSeverity::Critical || !alert.is_firing() {
            return;
        }
        self.plan(RootCauseSubject::Alert(alert.id));
        if let Some(incident) = alert.incident {
            self.plan(RootCauseSubject::Incident(incident));
        }
    }

    /// Plans reports about a subject from now on.
    fn plan(&mut self, subject: RootCauseSubject) {
        if self.waiting.len() >= WAITING_MAX && !self.waiting.contains_key(&subject) {
            tracing::warn!(
                waiting = self.waiting.len(),
                "a report of a cause was not planned"
            );
            return;
        }
        let now_ms = self.now_ms();
        let times = self.waiting.entry(subject).or_default();
        // One that is due sooner stays: a stream of alerts must not put a report off for ever.
        let soonest = times.first().copied();
        *times = AFTER_MS.iter().map(|after| now_ms + after).collect();
        if let (Some(first), Some(soonest)) = (times.first_mut(), soonest) {
            *first = soonest.min(*first);
        }
    }

    /// Takes up critical alerts that fired of late.
    async fn catch_up(&mut self) {
        let filter = AlertFilter {
            severities: vec![AlertSeverity::Critical],
            is_firing: Some(true),
            from_ms: Some(self.now_ms() - AFTER_MS[AFTER_MS.len() - 1]),
            ..AlertFilter::default()
        };
        match self.parts.alerts.alerts(&filter, None, MISSED_MAX).await {
            Ok(alerts) => alerts.iter().for_each(|alert| self.take_up(alert)),
            Err(error) => tracing::warn!(%error, "alerts that were missed could not be read"),
        }
    }

    /// Makes the reports that are due, one after the other.
    async fn turn(&mut self) {
        let now_ms = self.now_ms();
        let is_due = |times: &Vec<i64>| times.first().is_some_and(|at_ms| *at_ms <= now_ms);
        let due = self.waiting.iter().filter(|(_, times)| is_due(times));
        let mut due: Vec<(i64, RootCauseSubject)> =
            due.map(|(subject, times)| (times[0], *subject)).collect();
        due.sort_by_key(|(at_ms, _)| *at_ms);
        for (place, (_, subject)) in due.into_iter().enumerate() {
            if let Some(times) = self.waiting.get_mut(&subject) {
                times.retain(|at_ms| *at_ms > now_ms);
                if times.is_empty() {
                    self.waiting.remove(&subject);
                }
            }
            let words_for = (place < WORDED_MAX).then_some(SYSTEM);
            if let Err(error) = self.make(subject, words_for).await {
                tracing::warn!(%error, ?subject, "a report of a cause could not be made");
            }
        }
    }

    async fn make(
        &self,
        subject: RootCauseSubject,
        words_for: Option<&str>,
    ) -> Result<(), StoreError> {
        let made = self.finder.report(subject, words_for).await?;
        if let Some(report) = made {
            let (revision, took_ms) = (report.revision, report.took_ms);
            tracing::debug!(?subject, revision, took_ms, "a cause was looked for");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::RootCauseConfig;
    use super::*;
    use crate::answer::scripted::{cited, grade, model, says};
    use crate::changes::{ChangeFinder, ChangeRules};
    use crate::fakes::{BEGIN_MS, World, alert};
    use crate::runbooks::Runbooks;
    use tocsin_domain::alert::AlertEvent;
    use tocsin_llm::Prompts;

    fn watch(world: &Arc<World>) -> RootCauseWatch {
        watch_over(world.parts())
    }

    fn watch_over(parts: Arc<CopilotParts>) -> RootCauseWatch {
        let rules = ChangeRules::built_in().unwrap();
        let finder = RootCauseFinder::new(
            parts.clone(),
            Arc::new(ChangeFinder::new(parts, rules)),
            Arc::new(Runbooks::built_in().unwrap()),
            Arc::new(Prompts::load(None).unwrap()),
            RootCauseConfig::default(),
        );
        RootCauseWatch::new(Arc::new(finder))
    }

    fn change(alert: &Alert, kind: AlertEventKind) -> AlertChange {
        let event = AlertEvent {
            seq: 1,
            alert: alert.id,
            at_ms: alert.starts_ms,
            actor: "system".into(),
            kind,
        };
        AlertChange::new(event, Arc::new(alert.clone()))
    }

    fn subjects(world: &World) -> Vec<RootCauseSubject> {
        world
            .reports
            .lock()
            .iter()
            .map(|report| report.subject)
            .collect()
    }

    #[tokio::test]
    async fn a_critical_alert_and_its_incident_are_reported_and_others_are_not() {
        let world = World::new();
        let mut watch = watch(&world);
        let mut critical = [alert("failure", &[("host", "a")], "down", BEGIN_MS)];
        let incident = world.begin_incident(&mut critical);
        let mut lesser = alert("failure", &[("host", "b")], "slow", BEGIN_MS);
        lesser.severity = AlertSeverity::High;
        world.raise(&lesser);
        watch.hear(&change(&critical[0], AlertEventKind::Fired));
        watch.hear(&change(&lesser, AlertEventKind::Fired));
        watch.turn().await;
        assert_eq!(subjects(&world), [], "its evidence is not there yet");
        world.set_now(BEGIN_MS + AFTER_MS[0]);
        watch.turn().await;
        let mut made = subjects(&world);
        made.sort_by_key(|subject| matches!(subject, RootCauseSubject::Incident(_)));
        let of_alert = RootCauseSubject::Alert(critical[0].id);
        assert_eq!(made, [of_alert, RootCauseSubject::Incident(incident.id)]);
        // Two more are due, and then it is left alone.
        assert!(watch.waiting.values().all(|times| times.len() == 2));
        world.set_now(BEGIN_MS + AFTER_MS[2]);
        watch.turn().await;
        assert!(watch.waiting.is_empty());
    }

    #[tokio::test]
    async fn what_joins_a_watched_incident_makes_another_report_due_and_none_is_put_off() {
        let world = World::new();
        let mut watch = watch(&world);
        let mut critical = [alert("failure", &[("host", "a")], "down", BEGIN_MS)];
        let incident = world.begin_incident(&mut critical);
        watch.hear(&change(&critical[0], AlertEventKind::Fired));
        let subject = RootCauseSubject::Incident(incident.id);
        let joined = AlertEventKind::Joined {
            incident: incident.id,
            because: String::new(),
        };
        let mut lesser = alert("failure", &[("host", "b")], "slow", BEGIN_MS);
        lesser.severity = AlertSeverity::Low;
        for second in 1..4 {
            world.set_now(BEGIN_MS + second * 1000);
            watch.hear(&change(&lesser, joined.clone()));
        }
        assert_eq!(watch.waiting[&subject][0], BEGIN_MS + AFTER_MS[0]);
        world.set_now(BEGIN_MS + 300_000);
        watch.turn().await;
        watch.hear(&change(&lesser, joined.clone()));
        assert_eq!(watch.waiting[&subject][0], BEGIN_MS + 300_000 + AFTER_MS[0]);
        // Nobody watches another incident for a lesser alert.
        let other = AlertEventKind::Joined {
            incident: tocsin_domain::alert::IncidentId(1),
            because: String::new(),
        };
        watch.hear(&change(&lesser, other));
        assert_eq!(watch.waiting.len(), 2);
    }

    #[tokio::test]
    async fn the_list_of_those_that_wait_is_bounded() {
        let world = World::new();
        let mut watch = watch(&world);
        for number in 0..2 * WAITING_MAX {
            let host = format!("host-{number}");
            let one = alert("failure", &[("host", &host)], "down", BEGIN_MS);
            watch.hear(&change(&one, AlertEventKind::Fired));
        }
        assert_eq!(watch.waiting.len(), WAITING_MAX);
    }

    #[tokio::test]
    async fn a_model_words_for_the_system_what_is_new_and_not_all_at_once() {
        let world = World::new();
        let model = model(grade(false, 32_000), |_, request| {
            let id = cited(request, "critical alert");
            says(&serde_json::json!([{"text": "Something is down.", "cites": [id]}]))
        });
        let mut parts = Arc::into_inner(world.parts()).unwrap();
        parts.model = model.clone();
        let mut watch = watch_over(Arc::new(parts));
        for number in 0..=WORDED_MAX {
            let host = format!("host-{number}");
            let one = alert("failure", &[("host", &host)], "down", BEGIN_MS);
            world.raise(&one);
            watch.hear(&change(&one, AlertEventKind::Fired));
        }
        world.set_now(BEGIN_MS + AFTER_MS[0]);
        watch.turn().await;
        let made = world.reports.lock().clone();
        let worded = made.iter().filter(|one| one.writer.model == "scripted");
        assert_eq!((made.len(), worded.count()), (WORDED_MAX + 1, WORDED_MAX));
        // Nothing else is to be said, so that the model is not asked again.
        world.set_now(BEGIN_MS + AFTER_MS[1]);
        watch.turn().await;
        assert_eq!(*world.reports.lock(), made);
        let seen = model.seen.lock();
        assert_eq!(seen.len(), WORDED_MAX);
        assert!(seen.iter().all(|one| one.scope.user == SYSTEM));
    }

    #[tokio::test(start_paused = true)]
    async fn it_hears_catches_up_and_ends_when_told() {
        let world = World::new();
        let before = alert("failure", &[("host", "a")], "down", BEGIN_MS - 60_000);
        world.raise(&before);
        let cancel = CancellationToken::new();
        let watching = watch(&world).run(cancel.clone());
        let living = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let later = alert("failure", &[("host", "b")], "down", BEGIN_MS);
            world.tell(&later, AlertEventKind::Fired);
            tokio::time::sleep(Duration::from_secs(1)).await;
            world.set_now(BEGIN_MS + 10_000);
            while world.reports.lock().len() < 2 {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            cancel.cancel();
        };
        tokio::join!(watching, living);
        assert_eq!(subjects(&world).len(), 2);
    }
}
