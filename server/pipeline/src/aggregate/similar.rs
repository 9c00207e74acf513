//! Which incidents of the past are like one: what they are about in, the likest and what they have in
//! common out. Pure.
//!
//! An incident is the set of what its alerts say: types of failure, rules, labels, words. Two are as
//! alike as the share of their sets that they have in common (Jaccard), each element weighing the
//! more the fewer incidents have it (inverse document frequency, Sparck Jones 1972).

use std::collections::{BTreeMap, BTreeSet};

use tocsin_domain::alert::Incident;
use tocsin_domain::ports::{AlertSubject, IncidentSubjects, SimilarIncident};

/// From this share on incidents are alike.
const ALIKE: f64 = 0.3;
/// How much of what they have in common is named.
const NAMED_MAX: usize = 4;

/// Something that an incident's alerts say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Feature {
    Failure(String),
    Rule(String),
    Label(String, String),
    Word(String),
}

impl Feature {
    /// How much it tells, were all equally rare.
    const fn weight(&self) -> f64 {
        match self {
            Self::Failure(_) => 2.0,
            Self::Label(..) => 1.0,
            Self::Rule(_) | Self::Word(_) => 0.5,
        }
    }

    fn phrase(&self) -> String {
        match self {
            Self::Failure(name) => format!("the failure {}", name.replace('_', " ")),
            Self::Rule(name) => format!("the rule {name}"),
            Self::Label(name, value) => format!("{} {value}", name.replace('_', " ")),
            Self::Word(word) => format!("the word {word}"),
        }
    }
}

/// The incidents of `past` that are most like `one`, the likest first.
#[must_use]
pub fn similar(
    one: &IncidentSubjects,
    past: &[IncidentSubjects],
    limit: usize,
) -> Vec<SimilarIncident> {
    let wanted = features(&one.subjects);
    let sets: Vec<(&Incident, BTreeSet<Feature>)> = past
        .iter()
        .filter(|other| other.incident.id != one.incident.id)
        .map(|other| (&other.incident, features(&other.subjects)))
        .collect();
    let mut known: BTreeMap<&Feature, usize> = BTreeMap::new();
    for feature in sets.iter().flat_map(|(_, set)| set).chain(&wanted) {
        *known.entry(feature).or_default() += 1;
    }
    let all = (sets.len() + 1) as f64;
    let weight = |feature: &Feature| {
        let having = known.get(feature).copied().unwrap_or(1) as f64;
        feature.weight() * (1.0 + all / having).ln()
    };
    let mut found: Vec<SimilarIncident> = sets
        .iter()
        .filter_map(|(incident, set)| alike(incident, (&wanted, set), weight))
        .collect();
    found.sort_by(|a, b| {
        let newer = b.incident.id.cmp(&a.incident.id);
        b.score.total_cmp(&a.score).then(newer)
    });
    found.truncate(limit);
    found
}

fn alike(
    incident: &Incident,
    (one, other): (&BTreeSet<Feature>, &BTreeSet<Feature>),
    weight: impl Fn(&Feature) -> f64,
) -> Option<SimilarIncident> {
    let mut shared: Vec<(&Feature, f64)> = one
        .intersection(other)
        .map(|feature| (feature, weight(feature)))
        .collect();
    let all: f64 = one.union(other).map(&weight).sum();
    let score = shared.iter().map(|(_, weight)| weight).sum::<f64>() / all.max(f64::MIN_POSITIVE);
    if score < ALIKE {
        return None;
    }
    shared.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    let named: Vec<String> = shared
        .iter()
        .take(NAMED_MAX)
        .map(|(feature, _)| feature.phrase())
        .collect();
    Some(SimilarIncident {
        incident: incident.clone(),
        score: score.min(1.0),
        because: format!("both have {}", named.join(", ")),
    })
}

fn features(subjects: &[AlertSubject]) -> BTreeSet<Feature> {
    let mut set = BTreeSet::new();
    for subject in subjects {
        set.insert(Feature::Rule(subject.rule.clone()));
        set.extend(subject.failure_type.clone().map(Feature::Failure));
        let labels = subject.labels.iter();
        // The rule again, under another name.
        let labels = labels.filter(|(name, _)| *name != "alertname");
        set.extend(labels.map(|(name, value)| Feature::Label(name.into(), value.into())));
        let words = subject.title.split(|c: char| !c.is_alphabetic());
        let words = words.filter(|word| word.chars().count() > 3);
        set.extend(words.map(|word| Feature::Word(word.to_lowercase())));
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;
    use tocsin_domain::alert::{AlertId, AlertSeverity, IncidentId, IncidentStatus, LabelSet};

    fn incident(id: u128, alerts: &[(&str, &str, &str)]) -> IncidentSubjects {
        let subject = |(failure, service, title): &(&str, &str, &str)| AlertSubject {
            rule: "failure".into(),
            failure_type: Some((*failure).into()),
            title: (*title).into(),
            labels: LabelSet::new([("alertname", "failure"), ("service", *service)]),
        };
        IncidentSubjects {
            incident: Incident {
                id: IncidentId(id),
                title: String::new(),
                is_titled: false,
                severity: AlertSeverity::High,
                status: IncidentStatus::Resolved,
                starts_ms: 0,
                ends_ms: Some(1),
                last_joined_ms: 0,
                acknowledged_ms: None,
                resolved_ms: Some(1),
                first: AlertId(1),
                alerts: alerts.len() as u64,
                is_pinned: false,
            },
            subjects: alerts.iter().map(subject).collect(),
        }
    }

    #[test]
    fn what_is_about_the_same_is_found_and_named_and_the_rest_is_not() {
        let now = incident(
            9,
            &[("timeout", "payments", "provider timed out after 30 s")],
        );
        let past = [
            incident(
                1,
                &[("timeout", "payments", "provider timed out after 12 s")],
            ),
            incident(2, &[("disk_full", "web", "no space left on device")]),
            incident(3, &[("timeout", "search", "query was slow")]),
            now.clone(),
        ];
        let found = similar(&now, &past, 5);
        let ids: Vec<u128> = found.iter().map(|one| one.incident.id.0).collect();
        assert_eq!(ids, [1]);
        assert!(found[0].score > 0.9, "{}", found[0].score);
        let because = &found[0].because;
        assert!(because.contains("service payments"), "{because}");
        assert!(because.contains("the failure timeout"), "{because}");
    }

    #[test]
    fn what_all_have_in_common_says_little() {
        let of = |id, failure, title| incident(id, &[(failure, "shop", title)]);
        let mut past: Vec<_> = (0..50)
            .map(|id| of(id, "other", "something went wrong"))
            .collect();
        past.push(of(60, "price", "something went wrong"));
        let now = of(99, "price", "nothing like it");
        let found = similar(&now, &past, 5);
        assert_eq!(found.first().map(|one| one.incident.id.0), Some(60));
        assert!(
            found.iter().all(|one| one.incident.id.0 == 60),
            "{found:#?}"
        );
    }
}
