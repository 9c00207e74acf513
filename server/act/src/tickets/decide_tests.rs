//! Rules as examples, and what must hold whatever happens.

use proptest::prelude::*;
use tocsin_domain::alert::{AlertId, AlertSeverity, AlertStatus, LabelSet, SilenceId};
use tocsin_domain::ports::TicketCommit;
use tocsin_domain::ticket::{TaskKind, TicketRef, TrackerKind};

use super::super::change::{By, Ground, follow};
use super::*;
use crate::outbox::tests::memory::alert;

const HOUR: i64 = 3_600_000;

fn occasion(kind: Kind) -> Occasion {
    Occasion {
        seq: 7,
        kind,
        at_ms: 1000,
        was_held: false,
    }
}

fn decided(
    kind: Kind,
    alert: &Alert,
    ticket: Option<&Ticket>,
    now_ms: i64,
) -> Option<(DecisionAction, String)> {
    let situation = Situation {
        settings: &TicketSettings::default(),
        alert,
        ticket,
        silences: &[],
        now_ms,
    };
    let decision = decide(occasion(kind), situation)?;
    Some((decision.action, decision.reason))
}

fn ticket(alert: &Alert) -> Ticket {
    let situation = Situation {
        settings: &TicketSettings::default(),
        alert,
        ticket: None,
        silences: &[],
        now_ms: 1000,
    };
    let mut decision = decide(occasion(Kind::Fired), situation).unwrap();
    let ground = Ground {
        alert,
        ticket: None,
        tracker: TrackerKind::Jira,
        base_url: "http://tocsin.test",
    };
    let mut ticket = follow(&mut decision, occasion(Kind::Fired), ground)
        .unwrap()
        .ticket;
    ticket.reference = Some(TicketRef {
        key: "OPS-1".into(),
        id: String::new(),
        url: String::new(),
    });
    ticket
}

#[test]
fn the_reason_has_the_numbers() {
    let mut one = alert("disk", 1);
    one.confidence = 0.82;
    let (action, reason) = decided(Kind::Fired, &one, None, 0).unwrap();
    assert_eq!(action, DecisionAction::Create);
    assert_eq!(
        reason,
        "confidence 0.82 is at least 0.60, the threshold of high"
    );
    one.confidence = 0.5999;
    let (action, reason) = decided(Kind::Fired, &one, None, 0).unwrap();
    assert_eq!(action, DecisionAction::Skip);
    assert_eq!(
        reason,
        "confidence 0.5999 is below 0.6000, the threshold of high"
    );
    one.severity = AlertSeverity::Critical;
    one.confidence = f64::NAN;
    let (action, reason) = decided(Kind::Fired, &one, None, 0).unwrap();
    assert_eq!(action, DecisionAction::Create);
    assert_eq!(
        reason,
        "confidence 0.00 is at least 0.00, the threshold of critical"
    );
    assert!(!is_sure(&one, 2.0).0, "2 is never");
}

#[test]
fn what_was_resolved_not_long_ago_is_opened_again_and_later_followed() {
    let one = alert("disk", 1);
    let mut before = ticket(&one);
    before.status = TicketStatus::Resolved;
    before.resolved_ms = Some(0);
    let at = |now_ms| decided(Kind::Returned, &one, Some(&before), now_ms).unwrap();
    let (action, reason) = at(72 * HOUR);
    assert_eq!(action, DecisionAction::Reopen);
    assert!(
        reason.ends_with("OPS-1 was resolved 3 d ago, within 72 h"),
        "{reason}"
    );
    let (action, reason) = at(72 * HOUR + 1);
    assert_eq!(action, DecisionAction::Create);
    assert!(reason.ends_with("longer than 72 h"), "{reason}");
    // What is not there any more is not opened again.
    before.reference = Some(TicketRef::gone());
    let (action, _) = decided(Kind::Returned, &one, Some(&before), HOUR).unwrap();
    assert_eq!(action, DecisionAction::Create);
}

#[test]
fn an_open_ticket_is_told_and_resolved_once_its_alert_is_over() {
    let mut one = alert("disk", 1);
    let open = ticket(&one);
    one.confidence = 0.0;
    let (action, reason) = decided(Kind::Flapping, &one, Some(&open), 0).unwrap();
    assert_eq!(action, DecisionAction::Update);
    assert_eq!(
        reason,
        "OPS-1 is open, and is told that the alert comes and goes again and again"
    );
    let (action, reason) = decided(Kind::Cleared, &one, Some(&open), 0).unwrap();
    assert_eq!(action, DecisionAction::Skip, "it fires again: {reason}");
    one.ends_ms = Some(one.starts_ms + 3 * HOUR);
    let (action, reason) = decided(Kind::Cleared, &one, Some(&open), 0).unwrap();
    assert_eq!(action, DecisionAction::Resolve);
    assert_eq!(reason, "the alert is over after 3 h: OPS-1 is resolved");
    one.is_flapping = true;
    let (action, _) = decided(Kind::Cleared, &one, Some(&open), 0).unwrap();
    assert_eq!(action, DecisionAction::Skip);
    assert_eq!(
        decided(Kind::Cleared, &one, None, 0),
        None,
        "nothing to say"
    );
}

#[test]
fn what_is_snoozed_is_held_until_then_and_at_most_so_long() {
    let mut one = alert("disk", 1);
    let due = |one: &Alert| {
        let situation = Situation {
            settings: &TicketSettings::default(),
            alert: one,
            ticket: None,
            silences: &[],
            now_ms: 0,
        };
        decide(occasion(Kind::Fired), situation).unwrap().due_ms
    };
    one.snoozed_until_ms = Some(5000);
    assert_eq!(due(&one), Some(5000));
    one.snoozed_until_ms = Some(5 * HOUR);
    assert_eq!(due(&one), Some(HOLD_MS));
    one.confidence = 0.0;
    assert_eq!(due(&one), None, "it would get no ticket anyway");
}

/// What can happen.
#[derive(Debug, Clone)]
enum Op {
    Event(usize, Kind),
    Severity(usize, AlertSeverity),
    Confidence(usize, f64),
    /// Hours pass.
    Pass(i64),
    Silence(bool),
    Enable(bool),
    Snooze(usize, i64),
    ResolveByHand(usize),
    Vanish(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let at = || 0_usize..2;
    let kind = prop_oneof![
        4 => Just(Kind::Fired),
        4 => Just(Kind::Cleared),
        3 => Just(Kind::Returned),
        1 => Just(Kind::Flapping),
        1 => Just(Kind::Escalated),
        1 => Just(Kind::Resolved),
    ];
    let severity = prop::sample::select(AlertSeverity::ALL);
    prop_oneof![
        12 => (at(), kind).prop_map(|(at, kind)| Op::Event(at, kind)),
        1 => (at(), severity).prop_map(|(at, severity)| Op::Severity(at, severity)),
        1 => (at(), 0.0..=1.0).prop_map(|(at, sure)| Op::Confidence(at, sure)),
        2 => (0_i64..100).prop_map(Op::Pass),
        1 => any::<bool>().prop_map(Op::Silence),
        1 => prop::bool::weighted(0.8).prop_map(Op::Enable),
        1 => (at(), 0_i64..3).prop_map(|(at, hours)| Op::Snooze(at, hours)),
        1 => at().prop_map(Op::ResolveByHand),
        1 => at().prop_map(Op::Vanish),
    ]
}

/// Two alerts, and all tickets about them.
struct Model {
    alerts: [Alert; 2],
    tickets: Vec<Ticket>,
    told: TicketCommit,
    settings: TicketSettings,
    silences: Vec<Silence>,
    held: Vec<(usize, Occasion)>,
    now_ms: i64,
    seq: u64,
}

impl Model {
    fn new(reopen_hours: f64) -> Self {
        Self {
            alerts: [alert("a", 1), alert("b", 2)],
            tickets: Vec::new(),
            told: TicketCommit::default(),
            settings: TicketSettings {
                reopen_hours,
                ..TicketSettings::default()
            },
            silences: Vec::new(),
            held: Vec::new(),
            now_ms: 1_700_000_000_000,
            seq: 0,
        }
    }

    fn newest(&self, at: usize) -> Option<Ticket> {
        let print = self.alerts[at].fingerprint;
        let same = self.tickets.iter().filter(|one| one.fingerprint == print);
        same.max_by_key(|one| one.id).cloned()
    }

    fn put(&mut self, ticket: Ticket) {
        self.tickets.retain(|one| one.id != ticket.id);
        self.tickets.push(ticket);
    }

    fn happens(&mut self, at: usize, kind: Kind) {
        let alert = &mut self.alerts[at];
        alert.is_flapping = match kind {
            Kind::Flapping => true,
            Kind::Cleared | Kind::Resolved | Kind::Fired => false,
            _ => alert.is_flapping,
        };
        alert.ends_ms = match kind {
            Kind::Cleared | Kind::Resolved => Some(self.now_ms),
            _ => None,
        };
        if kind == Kind::Fired {
            alert.starts_ms = self.now_ms;
            alert.id = AlertId::of(alert.fingerprint, self.now_ms);
            alert.status = AlertStatus::New;
        }
        self.seq += 1;
        let occasion = Occasion {
            seq: self.seq,
            kind,
            at_ms: self.now_ms,
            was_held: false,
        };
        self.take(at, occasion);
    }

    fn take(&mut self, at: usize, occasion: Occasion) {
        let before = self.newest(at);
        let alert = self.alerts[at].clone();
        let decide = || {
            let situation = Situation {
                settings: &self.settings,
                alert: &alert,
                ticket: before.as_ref(),
                silences: &self.silences,
                now_ms: self.now_ms,
            };
            let mut decision = decide(occasion, situation)?;
            let ground = Ground {
                alert: &alert,
                ticket: before.as_ref(),
                tracker: TrackerKind::Jira,
                base_url: "",
            };
            let change = follow(&mut decision, occasion, ground);
            Some((decision, change))
        };
        let Some((decision, change)) = decide() else {
            return;
        };
        assert_eq!(
            decide(),
            Some((decision.clone(), change.clone())),
            "twice is the same"
        );
        assert!(!decision.reason.is_empty());
        self.check(decision.action, before.as_ref());
        assert_eq!(
            decision.action == DecisionAction::Hold,
            decision.due_ms.is_some()
        );
        if decision.action == DecisionAction::Hold {
            let was_held = true;
            self.held.push((
                at,
                Occasion {
                    was_held,
                    ..occasion
                },
            ));
        }
        let Some(change) = change else {
            assert!(matches!(
                decision.action,
                DecisionAction::Skip | DecisionAction::Hold
            ));
            return;
        };
        assert_eq!(decision.ticket, Some(change.ticket.id));
        let by = By {
            actor: "system",
            seq: occasion.seq,
            now_ms: self.now_ms,
        };
        self.put(change.ticket.clone());
        change.record(by, &mut self.told);
    }

    fn check(&self, action: DecisionAction, before: Option<&Ticket>) {
        let is_open = before.is_some_and(|one| one.status == TicketStatus::Open);
        let resolved_ms = before
            .filter(|one| !one.is_gone())
            .and_then(|one| one.resolved_ms);
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let hours_ago = resolved_ms.map(|at_ms| (self.now_ms - at_ms) as f64 / HOUR as f64);
        let window = self.settings.reopen_hours;
        match action {
            DecisionAction::Resolve | DecisionAction::Update => assert!(is_open),
            DecisionAction::Reopen => {
                assert!(!is_open && hours_ago.is_some_and(|ago| ago <= window));
            }
            DecisionAction::Create => {
                assert!(!is_open);
                let is_late = hours_ago.is_none_or(|ago| ago > window || window == 0.0);
                assert!(is_late, "it could have been opened again");
            }
            DecisionAction::Skip | DecisionAction::Hold => {}
        }
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Event(at, kind) => self.happens(at, kind),
            Op::Severity(at, severity) => self.alerts[at].severity = severity,
            Op::Confidence(at, sure) => self.alerts[at].confidence = sure,
            Op::Pass(hours) => self.now_ms += hours * HOUR,
            Op::Enable(is_enabled) => self.settings.is_enabled = is_enabled,
            Op::Silence(is_on) => {
                self.silences.clear();
                self.silences.extend(is_on.then(|| Silence {
                    id: SilenceId(1),
                    matchers: Vec::new(),
                    starts_ms: 0,
                    ends_ms: i64::MAX,
                    recurrence: None,
                    created_by: String::new(),
                    created_ms: 0,
                    comment: String::new(),
                    expired_ms: None,
                }));
            }
            Op::Snooze(at, hours) => {
                let until_ms = self.now_ms + hours * HOUR;
                self.alerts[at].snoozed_until_ms = (hours > 0).then_some(until_ms);
            }
            Op::ResolveByHand(at) => {
                if let Some(mut ticket) = self.newest(at) {
                    ticket.resolved_ms = ticket.resolved_ms.or(Some(self.now_ms));
                    ticket.status = TicketStatus::Resolved;
                    self.put(ticket);
                }
            }
            Op::Vanish(at) => {
                if let Some(mut ticket) = self.newest(at) {
                    ticket.resolved_ms = ticket.resolved_ms.or(Some(self.now_ms));
                    ticket.status = TicketStatus::Resolved;
                    ticket.reference = Some(TicketRef::gone());
                    self.put(ticket);
                }
            }
        }
        for (at, occasion) in std::mem::take(&mut self.held) {
            self.take(at, occasion);
        }
        // Time goes on between two things that happen.
        self.now_ms += 1;
        for print in self.alerts.iter().map(|one| one.fingerprint) {
            let open = self
                .tickets
                .iter()
                .filter(|one| one.fingerprint == print && one.status == TicketStatus::Open);
            assert!(open.count() <= 1, "two open tickets about the same");
        }
    }

    /// What trackers are told makes sense in the order it is told.
    fn check_told(&self) {
        for ticket in &self.tickets {
            let told = self.told.tasks.iter().filter(|one| one.ticket == ticket.id);
            let kinds: Vec<TaskKind> = told.map(|one| one.kind).collect();
            let creates = kinds.iter().filter(|kind| **kind == TaskKind::Create);
            assert_eq!(
                (kinds[0], creates.count()),
                (TaskKind::Create, 1),
                "{kinds:?}"
            );
        }
        let mut keys: Vec<_> = self
            .told
            .tasks
            .iter()
            .map(|one| (one.ticket, one.event_seq, one.kind as u8))
            .collect();
        let count = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(
            keys.len(),
            count,
            "no task is dropped for having the key of another"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_happens_there_is_one_open_ticket_and_it_is_resolved_and_reopened_in_turn(
        ops in prop::collection::vec(op(), 1..80),
        reopen_hours in prop_oneof![Just(0.0), Just(1.0), Just(72.0)],
    ) {
        let mut model = Model::new(reopen_hours);
        for op in ops {
            model.apply(op);
        }
        model.check_told();
    }

    #[test]
    fn texts_keep_their_bounds(word in "\\PC{0,8}", times in 0_usize..900, count in 0_usize..12) {
        let text = word.repeat(times);
        let mut one = alert("disk", 1);
        one.title = text.clone();
        one.annotations = LabelSet::new([("summary", text.as_str()), ("description", "x\ny")]);
        one.evidence = (0..count)
            .map(|n| tocsin_domain::alert::Evidence::Template {
                id: tocsin_domain::id::TemplateId(n as u64),
                count: 1,
                text: text.repeat(3),
            })
            .collect();
        let ticket = ticket(&one);
        prop_assert!(!ticket.title.is_empty() && ticket.title.chars().count() <= 200);
        prop_assert!(!ticket.title.contains('\n'));
        prop_assert!(ticket.description.chars().count() <= 8000);
        let news = words::news(&one, Kind::Returned, AlertSeverity::Low, "http://tocsin.test");
        prop_assert!(news.chars().count() <= 4000);
        prop_assert!(news.contains("Its severity was low and is high."));
    }
}
