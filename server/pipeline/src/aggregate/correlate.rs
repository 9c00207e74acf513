//! Which alerts belong together: an alert and those around it in, the best match and its reason out.
//!
//! Time alone joins nothing: two alerts need something in common as well, a place, a template, a type
//! of failure or words. Each adds to a score whose parts are told as the reason. Pure.

use std::collections::HashSet;

use tocsin_domain::alert::{Alert, Evidence};

/// Alerts that began further apart have nothing to do with each other, in ms.
const APART_MS: i64 = 10 * 60_000;
/// From this score on two alerts belong together.
const TOGETHER: f64 = 0.6;
/// Labels that say where something is, and how much they tell.
const PLACES: [(&str, f64); 9] = [
    ("host", 0.5),
    ("instance", 0.5),
    ("node", 0.5),
    ("pod", 0.5),
    ("service", 0.5),
    ("service_name", 0.5),
    ("job", 0.2),
    ("namespace", 0.2),
    ("source", 0.3),
];
/// Labels of [`PLACES`] that house several services: these say little of two alerts that name different ones.
const HOUSES: [&str; 4] = ["host", "instance", "node", "job"];
/// How much such a place tells of two different services.
const HOUSE_WEIGHT: f64 = 0.1;
/// Labels that name a service; an alert whose `upstream` is another's service depends on it.
const SERVICES: [&str; 3] = ["service", "service_name", "job"];

/// How much two alerts belong together, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Kinship {
    /// At least [`TOGETHER`].
    pub score: f64,
    /// What they have in common, as a phrase.
    pub because: String,
}

/// What two alerts have in common, if it is enough.
#[must_use]
pub fn kinship(one: &Alert, other: &Alert) -> Option<Kinship> {
    // What began long ago and still fires is as near as its last signal.
    let gap_ms = (one.starts_ms - other.starts_ms)
        .abs()
        .min((one.starts_ms - other.last_ms).abs());
    if gap_ms > APART_MS || one.fingerprint == other.fingerprint {
        return None;
    }
    let mut score = match gap_ms {
        ..=60_000 => 0.2,
        60_001..=300_000 => 0.15,
        _ => 0.1,
    };
    let mut reasons = Vec::new();
    if let Some((weight, place)) = shared_place(one, other) {
        score += weight;
        reasons.push(place);
    }
    if let Some(upstream) = upstream(one, other).or_else(|| upstream(other, one)) {
        score += 0.5;
        reasons.push(upstream);
    }
    if shares_template(one, other) {
        score += 0.4;
        reasons.push("the same log template".to_owned());
    }
    if let Some(failure) = one
        .failure_type
        .as_ref()
        .filter(|f| other.failure_type.as_ref() == Some(f))
    {
        score += 0.3;
        reasons.push(format!("the same failure {}", failure.replace('_', " ")));
    }
    let alike = likeness(&one.title, &other.title);
    if alike >= 0.5 {
        score += 0.3 * alike;
        reasons.push("nearly the same words".to_owned());
    }
    (score >= TOGETHER && !reasons.is_empty()).then(|| Kinship {
        score,
        because: format!("{}, {} apart", reasons.join(", "), span(gap_ms)),
    })
}

/// The nearest of some alerts, if any is near enough; of equals the earliest.
#[must_use]
pub fn nearest<'a>(
    alert: &Alert,
    others: impl Iterator<Item = &'a Alert>,
) -> Option<(&'a Alert, Kinship)> {
    let near = others.filter_map(|other| kinship(alert, other).map(|kinship| (other, kinship)));
    near.max_by(|(a, x), (b, y)| x.score.total_cmp(&y.score).then(b.id.cmp(&a.id)))
}

fn shared_place(one: &Alert, other: &Alert) -> Option<(f64, String)> {
    let are_apart = name_different_services(one, other);
    let shared = PLACES.iter().filter_map(|(name, weight)| {
        let value = one.labels.get(name);
        let weight = if are_apart && HOUSES.contains(name) {
            &HOUSE_WEIGHT
        } else {
            weight
        };
        (!value.is_empty() && value == other.labels.get(name)).then(|| {
            (
                *weight,
                format!("the same {} {value}", name.replace('_', " ")),
            )
        })
    });
    shared.max_by(|a, b| a.0.total_cmp(&b.0))
}

/// Whether each says which service it speaks of, and these are two. What runs on the same machine is not
/// thereby broken together; an alert of the machine itself names no service.
fn name_different_services(one: &Alert, other: &Alert) -> bool {
    ["service", "service_name"].iter().any(|name| {
        let (a, b) = (one.labels.get(name), other.labels.get(name));
        !a.is_empty() && !b.is_empty() && a != b
    })
}

/// Whether what `one` speaks of depends on the service that `other` speaks of.
fn upstream(one: &Alert, other: &Alert) -> Option<String> {
    let upstream = one.labels.get("upstream");
    let is_it = |name: &&str| !upstream.is_empty() && other.labels.get(name) == upstream;
    SERVICES
        .iter()
        .copied()
        .find(|name| is_it(name))
        .map(|_| format!("it depends on {upstream}"))
}

fn shares_template(one: &Alert, other: &Alert) -> bool {
    let templates = |alert: &Alert| -> HashSet<u64> {
        let of = alert.evidence.iter().filter_map(|evidence| match evidence {
            Evidence::Template { id, .. } => Some(id.0),
            _ => None,
        });
        of.collect()
    };
    !templates(one).is_disjoint(&templates(other))
}

/// The share of words that two titles have in common (Jaccard), numbers left out: `[0, 1]`.
fn likeness(one: &str, other: &str) -> f64 {
    let words = |text: &str| -> HashSet<String> {
        let words = text
            .split(|c: char| !c.is_alphabetic())
            .filter(|word| word.len() > 2);
        words.map(str::to_lowercase).collect()
    };
    let (a, b) = (words(one), words(other));
    let either = a.union(&b).count();
    // Two words in common can be chance.
    if either < 3 {
        0.0
    } else {
        a.intersection(&b).count() as f64 / either as f64
    }
}

fn span(ms: i64) -> String {
    match ms / 1000 {
        secs if secs < 120 => format!("{secs} s"),
        secs => format!("{} min", secs / 60),
    }
}

#[cfg(test)]
mod tests {
    use tocsin_domain::alert::{
        AlertId, AlertKind, AlertSeverity, AlertStatus, Fingerprint, LabelSet,
    };

    use super::*;

    fn alert(labels: &[(&str, &str)], title: &str, failure: Option<&str>, starts_ms: i64) -> Alert {
        let labels = LabelSet::new(labels.iter().map(|(n, v)| (*n, *v)));
        Alert {
            id: AlertId::of(labels.fingerprint(), starts_ms),
            fingerprint: labels.fingerprint(),
            kind: AlertKind::Realtime,
            severity: AlertSeverity::High,
            status: AlertStatus::New,
            title: title.into(),
            rule: "x".into(),
            labels,
            annotations: LabelSet::default(),
            starts_ms,
            ends_ms: None,
            last_ms: starts_ms,
            count: 1,
            confidence: 1.0,
            failure_type: failure.map(Into::into),
            evidence: Vec::new(),
            assignee: None,
            snoozed_until_ms: None,
            is_flapping: false,
            acknowledged_ms: None,
            resolved_ms: None,
            returns_ms: Vec::new(),
            incident: None,
            joined_because: None,
            trace: None,
            seq: 0,
        }
    }

    fn why(one: &Alert, other: &Alert) -> Option<String> {
        kinship(one, other).map(|kinship| kinship.because)
    }

    #[test]
    fn a_place_and_a_moment_in_common_are_enough_and_a_moment_alone_is_not() {
        let disk = alert(
            &[("alertname", "disk"), ("host", "db-1")],
            "disk full",
            None,
            0,
        );
        let query = alert(
            &[("alertname", "slow"), ("host", "db-1")],
            "slow query",
            None,
            40_000,
        );
        let other = alert(
            &[("alertname", "slow"), ("host", "web-9")],
            "cannot log in",
            None,
            40_000,
        );
        assert_eq!(
            why(&query, &disk).as_deref(),
            Some("the same host db-1, 40 s apart")
        );
        assert_eq!(why(&other, &disk), None);
        let late = Alert {
            starts_ms: 3_600_000,
            last_ms: 3_600_000,
            ..query
        };
        assert_eq!(why(&late, &disk), None);
    }

    #[test]
    fn two_services_of_a_host_share_the_trouble_of_the_host_and_not_each_others() {
        let on_host = |service: &str, title: &str| {
            let labels = [("alertname", title), ("host", "db-1"), ("service", service)];
            alert(&labels, title, None, 0)
        };
        let (pricing, payment) = (
            on_host("pricing", "no price"),
            on_host("payment", "timeout"),
        );
        let host = on_host("", "disk full");
        assert_eq!(why(&pricing, &payment), None);
        assert!(why(&pricing, &host).is_some() && why(&payment, &host).is_some());
        assert!(why(&payment, &on_host("payment", "slow")).is_some());
    }

    #[test]
    fn what_depends_on_a_service_belongs_to_it() {
        let checkout = alert(
            &[
                ("alertname", "a"),
                ("service", "checkout"),
                ("upstream", "payments"),
            ],
            "x",
            None,
            0,
        );
        let payments = alert(
            &[("alertname", "b"), ("service", "payments")],
            "y",
            None,
            30_000,
        );
        let said = why(&checkout, &payments).unwrap();
        assert_eq!(said, "it depends on payments, 30 s apart");
    }

    #[test]
    fn the_same_failure_in_the_same_words_belongs_together_across_hosts() {
        let refused = Some("connection_refused");
        let one = alert(
            &[("alertname", "f"), ("host", "a")],
            "Connection refused: cannot reach payments gateway",
            refused,
            0,
        );
        let two = alert(
            &[("alertname", "f"), ("host", "b")],
            "Connection refused: cannot reach payments gateway",
            refused,
            5000,
        );
        let three = alert(
            &[("alertname", "f"), ("host", "c")],
            "Connection refused: redis is away",
            refused,
            5000,
        );
        assert!(why(&one, &two).is_some());
        assert_eq!(why(&one, &three), None);
        let all = [three, two.clone()];
        assert_eq!(nearest(&one, all.iter()).unwrap().0.id, two.id);
        let same = Alert {
            fingerprint: Fingerprint(one.fingerprint.0),
            ..one.clone()
        };
        assert_eq!(why(&one, &same), None, "an alert is not its own relative");
    }
}
