//! What needs time: counts in a window, how long a condition has held, which findings last. Signals
//! of single moments in, signals for the book of alerts out. Pure; its state is kept in rows, one for
//! each rule and label set, so that a restart neither forgets nor repeats.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tocsin_domain::alert::{Fingerprint, LabelSet, RuleTrigger};
use tocsin_domain::ports::RuleState;

use super::set::CompiledRule;
use super::signal::{Signal, What};

/// In how many parts a window is counted: what is counted is exact to a twentieth of it.
const WINDOW_PARTS: i64 = 20;
/// Label sets that are remembered. Of further ones lines are told at once, without a count; values
/// and findings, whose end nobody would know, are not told, which is logged.
const GROUPS_MAX: usize = 100_000;
/// After so long without a line a window is forgotten, in ms: twice the longest window.
const FORGET_WINDOW_MS: i64 = 2 * 86_400_000;
/// Findings that an alert of a rule waits for.
const MEMBERS_MAX: usize = 1000;

/// What is remembered of a rule and label set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Group {
    labels: Vec<(String, String)>,
    /// Parts of the window, oldest first: its start in ms and how many came in it.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    window: VecDeque<(i64, u64)>,
    /// Since when the condition holds, in ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since_ms: Option<i64>,
    /// When it held last, in ms.
    #[serde(default)]
    held_ms: i64,
    #[serde(default)]
    is_firing: bool,
    /// Findings that last.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    members: BTreeSet<u128>,
}

type Key = (String, Fingerprint);

/// The memory of all rules.
#[derive(Debug, Default)]
pub struct Evaluator {
    groups: HashMap<Key, Group>,
    /// Groups that changed since their states were last taken.
    changed: HashSet<Key>,
}

impl Evaluator {
    /// Takes up what was remembered; what cannot be read is forgotten.
    #[must_use]
    pub fn restore(states: Vec<RuleState>) -> Self {
        let mut groups = HashMap::with_capacity(states.len());
        for RuleState { rule, group, state } in states {
            let read = state.and_then(|bytes| serde_json::from_slice(&bytes).ok());
            if let Some(read) = read {
                groups.insert((rule, Fingerprint(group)), read);
            }
        }
        Self {
            groups,
            changed: HashSet::new(),
        }
    }

    /// What changed since the last time, as rows.
    pub fn take_changes(&mut self) -> Vec<RuleState> {
        let changed = std::mem::take(&mut self.changed);
        let row = |key: Key| {
            let group = self.groups.get(&key);
            RuleState {
                state: group.map(|group| serde_json::to_vec(group).unwrap_or_default()),
                rule: key.0,
                group: key.1.0,
            }
        };
        changed.into_iter().map(row).collect()
    }

    /// A signal of log lines. It passes once enough came within the rule's window, for as long as
    /// the rule says.
    pub fn lines(&mut self, signal: Signal) -> Option<Signal> {
        let RuleTrigger::Log { count, window_secs } = signal.rule.rule.trigger else {
            return Some(signal);
        };
        let for_ms = i64::from(signal.rule.rule.for_secs) * 1000;
        if count <= 1 && for_ms == 0 {
            return Some(signal);
        }
        let What::Occurred(times) = &signal.what else {
            return Some(signal);
        };
        if self.is_full_for(&signal) {
            return Some(signal);
        }
        let group = self.group(&signal)?;
        let window_ms = i64::from(window_secs) * 1000;
        let part_ms = (window_ms / WINDOW_PARTS).max(1);
        for at_ms in times {
            count_in(&mut group.window, at_ms.div_euclid(part_ms) * part_ms);
        }
        let newest = group.window.back().map_or(0, |part| part.0);
        while group
            .window
            .front()
            .is_some_and(|part| part.0 <= newest - window_ms)
        {
            group.window.pop_front();
        }
        let sum: u64 = group.window.iter().map(|part| part.1).sum();
        if sum < count {
            group.since_ms = None;
            group.is_firing = false;
            return None;
        }
        let since_ms = *group.since_ms.get_or_insert(signal.at_ms);
        if signal.at_ms - since_ms < for_ms {
            return None;
        }
        if std::mem::replace(&mut group.is_firing, true) {
            return Some(signal);
        }
        // The lines that led to it count, not only the last.
        let before = sum.saturating_sub(times.len() as u64);
        let earlier = group
            .window
            .iter()
            .flat_map(|(at, n)| std::iter::repeat_n(*at, *n as usize));
        let mut all: Vec<i64> = earlier.take(before as usize).collect();
        all.extend_from_slice(times);
        Some(Signal {
            what: What::Occurred(all),
            ..signal
        })
    }

    /// One look at a metric: the label sets for which the condition holds now. Gives what begins,
    /// and what ends because it held last too long ago.
    pub fn round(
        &mut self,
        rule: &Arc<CompiledRule>,
        holding: Vec<Signal>,
        now_ms: i64,
    ) -> Vec<Signal> {
        let mut out = self.holding(rule, holding, now_ms);
        out.extend(self.over(rule, now_ms));
        out
    }

    /// One look that says for which label sets the condition holds, but of no other that it does
    /// not. Gives what begins.
    pub fn holding(
        &mut self,
        rule: &Arc<CompiledRule>,
        holding: Vec<Signal>,
        now_ms: i64,
    ) -> Vec<Signal> {
        let mut out = Vec::new();
        let for_ms = i64::from(rule.rule.for_secs) * 1000;
        for signal in holding {
            let Some(group) = self.group(&signal) else {
                continue;
            };
            group.held_ms = now_ms;
            let since_ms = *group.since_ms.get_or_insert(now_ms);
            if !group.is_firing && now_ms - since_ms >= for_ms {
                group.is_firing = true;
                out.push(signal);
            }
        }
        out
    }

    /// Groups of a rule for which the condition held last too long ago.
    fn over(&mut self, rule: &Arc<CompiledRule>, now_ms: i64) -> Vec<Signal> {
        let keep_ms = i64::from(rule.rule.keep_firing_for_secs) * 1000;
        let of_rule = self
            .groups
            .iter()
            .filter(|((id, _), _)| *id == rule.rule.id);
        let is_over = |group: &Group| {
            group.held_ms < now_ms && (!group.is_firing || now_ms - group.held_ms >= keep_ms)
        };
        let keys: Vec<Key> = of_rule
            .filter(|(_, group)| is_over(group))
            .map(|(key, _)| key.clone())
            .collect();
        let mut out = Vec::new();
        for key in keys {
            if let Some(group) = self.groups.remove(&key)
                && group.is_firing
            {
                out.push(ended(rule, &group, now_ms));
            }
            self.changed.insert(key);
        }
        out
    }

    /// A finding that begins or goes on. It passes once: a label set fires on until its last
    /// finding ended.
    pub fn finding(&mut self, id: u128, signal: Signal) -> Option<Signal> {
        let group = self.group(&signal)?;
        if group.members.len() >= MEMBERS_MAX || !group.members.insert(id) {
            return None;
        }
        group.is_firing = true;
        Some(signal)
    }

    /// A finding that ended, for all rules that wait for it.
    pub fn finding_ended(&mut self, id: u128, rules: &super::RuleSet, at_ms: i64) -> Vec<Signal> {
        let waiting = self
            .groups
            .iter_mut()
            .filter(|(_, group)| group.members.contains(&id));
        let mut over = Vec::new();
        for (key, group) in waiting {
            group.members.remove(&id);
            self.changed.insert(key.clone());
            if group.members.is_empty() {
                over.push(key.clone());
            }
        }
        let mut out = Vec::new();
        for key in over {
            if let Some(group) = self.groups.remove(&key)
                && let Some(rule) = rules.get(&key.0)
            {
                out.push(ended(rule, &group, at_ms));
            }
        }
        out
    }

    /// Ends every anomaly that is waited for and is not among those that last.
    pub fn only_findings(
        &mut self,
        lasting: &HashSet<u128>,
        rules: &super::RuleSet,
        at_ms: i64,
    ) -> Vec<Signal> {
        let of_anomalies = |id: &str| {
            let rule = rules.get(id);
            rule.is_some_and(|rule| rule.rule.trigger == RuleTrigger::Anomaly)
        };
        let waiting = self.groups.iter().filter(|((id, _), _)| of_anomalies(id));
        let ids = waiting.flat_map(|(_, group)| {
            group
                .members
                .iter()
                .copied()
                .filter(|id| !lasting.contains(id))
        });
        let ended: HashSet<u128> = ids.collect();
        let each = ended.into_iter();
        each.flat_map(|id| self.finding_ended(id, rules, at_ms))
            .collect()
    }

    /// Forgets a rule that was changed or dropped; what it had firing ends.
    pub fn forget(&mut self, rule: &Arc<CompiledRule>, at_ms: i64) -> Vec<Signal> {
        let keys: Vec<Key> = self
            .groups
            .keys()
            .filter(|(id, _)| *id == rule.rule.id)
            .cloned()
            .collect();
        let mut out = Vec::new();
        for key in keys {
            if let Some(group) = self.groups.remove(&key)
                && group.is_firing
                && !matches!(rule.rule.trigger, RuleTrigger::Log { .. })
            {
                out.push(ended(rule, &group, at_ms));
            }
            self.changed.insert(key);
        }
        out
    }

    /// How a label set of a rule stands: whether it fires, since when its condition holds, and how
    /// many it counts in its window.
    #[must_use]
    pub fn standing(&self, rule: &str) -> Vec<(LabelSet, bool, Option<i64>, u64)> {
        let of_rule = self.groups.iter().filter(|((id, _), _)| id == rule);
        of_rule
            .map(|(_, group)| {
                let counted = group.window.iter().map(|part| part.1).sum();
                (
                    LabelSet::new(group.labels.clone()),
                    group.is_firing,
                    group.since_ms,
                    counted,
                )
            })
            .collect()
    }

    /// Whether there is no room to remember the label set of a signal.
    fn is_full_for(&self, signal: &Signal) -> bool {
        let key = (signal.rule.rule.id.clone(), signal.labels.fingerprint());
        self.groups.len() >= GROUPS_MAX && !self.groups.contains_key(&key)
    }

    /// Forgets the windows of lines that nobody has added to for longer than any window lasts.
    pub fn tick(&mut self, now_ms: i64) {
        let forget_ms = now_ms - FORGET_WINDOW_MS;
        let changed = &mut self.changed;
        self.groups.retain(|key, group| {
            let is_window = group.held_ms == 0 && group.members.is_empty();
            let is_old = group.window.back().is_none_or(|part| part.0 < forget_ms);
            if is_window && is_old {
                changed.insert(key.clone());
            }
            !(is_window && is_old)
        });
    }

    fn group(&mut self, signal: &Signal) -> Option<&mut Group> {
        let key = (signal.rule.rule.id.clone(), signal.labels.fingerprint());
        if self.is_full_for(signal) {
            tracing::warn!(
                rule = key.0,
                groups_max = GROUPS_MAX,
                "an alert was not told: rules remember too many label sets"
            );
            return None;
        }
        self.changed.insert(key.clone());
        Some(self.groups.entry(key).or_insert_with(|| {
            Group {
                labels: signal
                    .labels
                    .iter()
                    .map(|(n, v)| (n.to_owned(), v.to_owned()))
                    .collect(),
                ..Group::default()
            }
        }))
    }
}

/// Counts one more in the part of a window that begins at `start_ms`.
fn count_in(window: &mut VecDeque<(i64, u64)>, start_ms: i64) {
    // Lines come nearly in order, so the place is near the end.
    let after = window
        .iter()
        .rev()
        .take_while(|part| part.0 > start_ms)
        .count();
    let place = window.len() - after;
    match place
        .checked_sub(1)
        .and_then(|before| window.get_mut(before))
    {
        Some(part) if part.0 == start_ms => part.1 += 1,
        _ => window.insert(place, (start_ms, 1)),
    }
}

fn ended(rule: &Arc<CompiledRule>, group: &Group, at_ms: i64) -> Signal {
    Signal {
        rule: rule.clone(),
        labels: LabelSet::new(group.labels.clone()),
        kind: tocsin_domain::alert::AlertKind::Realtime,
        severity: tocsin_domain::alert::AlertSeverity::Low,
        confidence: 0.0,
        failure_type: None,
        title: String::new(),
        annotations: LabelSet::default(),
        evidence: Vec::new(),
        at_ms,
        what: What::Ended,
        trace: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;
    use tocsin_domain::alert::{AlertKind, AlertSeverity};

    fn rule(text: &str) -> Arc<CompiledRule> {
        let rule = file::parse(&format!("alerts:\n  - {text}"))
            .unwrap()
            .remove(0);
        Arc::new(CompiledRule::new(rule).unwrap())
    }

    fn signal(rule: &Arc<CompiledRule>, host: &str, what: What, at_ms: i64) -> Signal {
        Signal {
            rule: rule.clone(),
            labels: LabelSet::new([("alertname", rule.rule.id.as_str()), ("host", host)]),
            kind: AlertKind::Realtime,
            severity: AlertSeverity::High,
            confidence: 1.0,
            failure_type: None,
            title: "x".into(),
            annotations: LabelSet::default(),
            evidence: Vec::new(),
            at_ms,
            what,
            trace: None,
        }
    }

    fn restored(mut evaluator: Evaluator) -> Evaluator {
        Evaluator::restore(evaluator.take_changes())
    }

    #[test]
    fn lines_pass_once_enough_came_within_the_window_also_over_a_restart() {
        let rule = rule("{ id: x, on: log, count: 3, window: 100s }");
        let mut evaluator = Evaluator::default();
        let at = |evaluator: &mut Evaluator, secs: i64| {
            let times = What::Occurred(vec![secs * 1000]);
            evaluator
                .lines(signal(&rule, "a", times, secs * 1000))
                .map(|s| s.count())
        };
        assert_eq!(at(&mut evaluator, 0), None);
        assert_eq!(
            at(&mut evaluator, 150),
            None,
            "the first is out of the window"
        );
        let mut evaluator = restored(evaluator);
        assert_eq!(at(&mut evaluator, 160), None);
        assert_eq!(at(&mut evaluator, 170), Some(3), "all that led to it count");
        assert_eq!(at(&mut evaluator, 171), Some(1));
        assert_eq!(at(&mut evaluator, 400), None, "quiet in between");
    }

    #[test]
    fn a_metric_fires_after_its_time_and_ends_after_it_was_kept() {
        let rule = rule("{ id: x, on: metric, query: up, for: 60s, keep_firing_for: 30s }");
        let mut evaluator = Evaluator::default();
        let mut told = Vec::new();
        for second in (0..=200).step_by(10) {
            let now_ms = second * 1000;
            let holds = (10..100).contains(&second);
            let holding = holds.then(|| signal(&rule, "a", What::Began, now_ms));
            for one in evaluator.round(&rule, holding.into_iter().collect(), now_ms) {
                told.push((second, one.what));
            }
            evaluator = restored_whole(evaluator);
        }
        assert_eq!(told, [(70, What::Began), (120, What::Ended)]);
    }

    /// As if every change had been written and read again.
    fn restored_whole(mut evaluator: Evaluator) -> Evaluator {
        evaluator.changed.extend(evaluator.groups.keys().cloned());
        restored(evaluator)
    }

    #[test]
    fn a_label_set_fires_until_its_last_finding_ended() {
        let rule = rule("{ id: x, on: anomaly, group_by: [host] }");
        let set = super::super::RuleSet::new([rule.clone()]);
        let mut evaluator = Evaluator::default();
        let begin = |at| signal(&rule, "a", What::Began, at);
        assert!(evaluator.finding(1, begin(0)).is_some());
        assert!(evaluator.finding(1, begin(1)).is_none(), "delivered twice");
        assert!(evaluator.finding(2, begin(2)).is_some());
        assert!(evaluator.finding_ended(1, &set, 3).is_empty());
        let ended = evaluator.finding_ended(2, &set, 4);
        assert_eq!((ended.len(), &ended[0].what), (1, &What::Ended));
        assert!(evaluator.finding_ended(2, &set, 5).is_empty());
    }

    #[test]
    fn a_window_that_nobody_adds_to_is_forgotten_and_its_row_with_it() {
        let rule = rule("{ id: x, on: log, count: 3, window: 100s }");
        let mut evaluator = Evaluator::default();
        evaluator.lines(signal(&rule, "a", What::Occurred(vec![1000]), 1000));
        assert!(evaluator.take_changes()[0].state.is_some());
        evaluator.tick(2000);
        assert!(evaluator.take_changes().is_empty());
        evaluator.tick(3 * 86_400_000);
        assert_eq!(evaluator.take_changes()[0].state, None);
    }

    #[test]
    fn a_window_counts_lines_in_any_order() {
        let mut window = VecDeque::new();
        for start in [30, 10, 20, 10, 30, 5] {
            count_in(&mut window, start);
        }
        assert_eq!(window, [(5, 1), (10, 2), (20, 1), (30, 2)]);
    }
}
