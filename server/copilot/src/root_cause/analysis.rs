//! Material, ranked: which window shows a cause, and which reasons the ranking has.

use std::collections::BTreeSet;

use tocsin_domain::change::Change;
use tocsin_domain::ports::StoreError;
use tocsin_rank::{
    Alarm, Candidate, Config, Edge, Evidence, FactorKind, PastCause, Ranking, Signal, SignalKind,
    Verdict, rank,
};

use super::gather::{Link, Material, Proof, Scope, Seen};
use super::window::Window;
use super::{RootCauseFinder, Target};

/// Material with its ranking.
#[derive(Debug)]
pub(super) struct Analysis {
    pub(super) material: Material,
    pub(super) ranking: Ranking,
    /// What the alarm names.
    pub(super) entity: Option<String>,
}

impl RootCauseFinder {
    /// Ranks what the narrowest window shows that names a cause; if none does, what the first one shows.
    pub(super) async fn analyse(&self, scope: &Scope<'_>) -> Result<Analysis, StoreError> {
        let mut first = None;
        for window in Window::all(scope.target, &self.config) {
            let analysis = Analysis::of(scope, self.gather(scope, window).await?);
            if analysis.is_found() {
                return Ok(analysis);
            }
            first.get_or_insert(analysis);
        }
        match first {
            Some(analysis) => Ok(analysis),
            None => Err(StoreError::Invalid("there is no window to look at".into())),
        }
    }
}

impl Analysis {
    fn of(scope: &Scope<'_>, mut material: Material) -> Self {
        let target = scope.target;
        let related = related(&material);
        weigh_chance(&mut material, &related);
        // Where it is known who needs whom, the cause is looked for among those who have to do with what the alarm
        // names before it is looked for anywhere.
        let is_placed = target.entity.is_some() && !material.links.is_empty();
        let mut ranking = Self::ranking(target, &material, is_placed.then_some(&related));
        if is_placed && ranking.verdict != Verdict::Found {
            ranking = Self::ranking(target, &material, None);
        }
        Self {
            ranking,
            material,
            entity: target.entity.clone(),
        }
    }

    /// The ranking of all departures, or of those of some entities only.
    fn ranking(target: &Target, material: &Material, only: Option<&BTreeSet<String>>) -> Ranking {
        let ranked = |kind: Option<SignalKind>| {
            let alarm = Alarm {
                entity: target.entity.clone(),
                kind,
                at_ms: target.at_ms,
            };
            ranked(material, &alarm, only)
        };
        let mut ranking = ranked(target.kind);
        // Nothing of the alarm's own kind: whatever is wrong may be behind it; or else the alarm is about what its own
        // entity shows most.
        let others = target.kind.is_some().then_some(None);
        let others = others
            .into_iter()
            .chain(own_kind(material, target).map(Some));
        for kind in others {
            if ranking.verdict == Verdict::Found {
                break;
            }
            let any = ranked(kind);
            if any.verdict == Verdict::Found {
                ranking = any;
            }
        }
        ranking
    }

    /// Whether a cause is named.
    pub(super) fn is_found(&self) -> bool {
        self.ranking.verdict == Verdict::Found
    }

    /// The departures that a list of indices names.
    pub(super) fn seen<'a>(&'a self, because: &'a [usize]) -> impl Iterator<Item = &'a Seen> {
        because
            .iter()
            .filter_map(|index| self.material.seen.get(*index))
    }

    /// The departures of a candidate that count, the strongest first.
    pub(super) fn shown_by<'a>(&'a self, candidate: &'a Candidate) -> Vec<&'a Seen> {
        self.because(candidate, FactorKind::Strength)
    }

    /// The departures behind one reason of a candidate.
    pub(super) fn because<'a>(
        &'a self,
        candidate: &'a Candidate,
        kind: FactorKind,
    ) -> Vec<&'a Seen> {
        let factor = candidate.factors.iter().find(|factor| factor.kind == kind);
        factor.map_or_else(Vec::new, |factor| self.seen(&factor.because).collect())
    }

    /// The strongest departure of an entity that counts for this alarm; else its strongest at all.
    pub(super) fn strongest_of(&self, entity: &str) -> Option<&Seen> {
        let candidates = self.ranking.candidates.iter();
        let mut own = candidates.filter(|candidate| candidate.entity == entity);
        let counted = own
            .next()
            .and_then(|one| self.shown_by(one).first().copied());
        counted.or_else(|| {
            let own = self
                .material
                .seen
                .iter()
                .filter(|seen| seen.signal.entity == entity);
            own.max_by(|a, b| a.signal.strength.total_cmp(&b.signal.strength))
        })
    }

    /// How it is known that one needs another.
    pub(super) fn link(&self, caller: &str, callee: &str) -> Option<&Link> {
        let mut links = self.material.links.iter();
        links.find(|link| link.edge.caller == caller && link.edge.callee == callee)
    }

    /// All who need an entity, directly or through others.
    pub(super) fn upstream_of<'a>(&'a self, entity: &'a str) -> BTreeSet<&'a str> {
        let mut found = BTreeSet::new();
        let mut open = vec![entity];
        while let Some(at) = open.pop() {
            for link in self
                .material
                .links
                .iter()
                .filter(|link| link.edge.callee == at)
            {
                let caller = link.edge.caller.as_str();
                if caller != entity && found.insert(caller) {
                    open.push(caller);
                }
            }
        }
        found
    }

    /// The changes to an entity, newest first.
    pub(super) fn changes_of<'a>(&'a self, entity: &'a str) -> impl Iterator<Item = &'a Change> {
        let changes = self.material.changes.iter();
        changes.filter(move |change| is_same(&change.entity, entity))
    }
}

/// What the entity that the alarm names shows most.
fn own_kind(material: &Material, target: &Target) -> Option<SignalKind> {
    let entity = target.entity.as_deref()?;
    let own = material.seen.iter().map(|seen| &seen.signal);
    let own = own.filter(|signal| signal.entity == entity);
    let most = own.max_by(|a, b| a.strength.total_cmp(&b.strength).then(b.kind.cmp(&a.kind)))?;
    let explains = matches!(
        most.kind,
        SignalKind::Latency | SignalKind::Errors | SignalKind::Availability | SignalKind::Resource
    );
    explains.then_some(most.kind)
}

/// What the alarm names, and all that is joined to it by who needs whom.
fn related(material: &Material) -> BTreeSet<String> {
    let mut related: BTreeSet<&str> = material.named.iter().map(String::as_str).collect();
    let mut open: Vec<&str> = related.iter().copied().collect();
    while let Some(at) = open.pop() {
        for link in &material.links {
            let (caller, callee) = (link.edge.caller.as_str(), link.edge.callee.as_str());
            let other = match at {
                at if at == caller => callee,
                at if at == callee => caller,
                _ => continue,
            };
            if related.insert(other) {
                open.push(other);
            }
        }
    }
    related.into_iter().map(str::to_owned).collect()
}

/// Whoever looks at many finds something odd in one of them by chance. What is not known to have to do with what the
/// alarm names is believed the less the more was looked at (Bonferroni): strengths are `-ln` of probabilities.
fn weigh_chance(material: &mut Material, related: &BTreeSet<String>) {
    let looked_at = material.looked_at;
    for seen in &mut material.seen {
        if related.contains(&seen.signal.entity) {
            continue;
        }
        let tried = match seen.proof {
            Proof::Lines(_) => looked_at.errors,
            Proof::Values(_) | Proof::Anomaly(_) => looked_at.series,
        };
        let price = (tried.max(1) as f64).ln();
        seen.signal.strength = (seen.signal.strength - price).max(0.0);
    }
}

fn ranked(material: &Material, alarm: &Alarm, only: Option<&BTreeSet<String>>) -> Ranking {
    let signals: Vec<Signal> = material
        .seen
        .iter()
        .map(|seen| {
            // Indices name departures, so those that do not count stay in their place.
            let counts = only.is_none_or(|only| only.contains(&seen.signal.entity));
            Signal {
                strength: if counts { seen.signal.strength } else { 0.0 },
                ..seen.signal.clone()
            }
        })
        .collect();
    let edges: Vec<Edge> = material
        .links
        .iter()
        .map(|link| link.edge.clone())
        .collect();
    let entities: BTreeSet<&str> = signals
        .iter()
        .map(|signal| signal.entity.as_str())
        .collect();
    let mut changes = Vec::new();
    for change in &material.changes {
        let named = entities
            .iter()
            .filter(|entity| is_same(&change.entity, entity));
        changes.extend(named.map(|entity| tocsin_rank::Change {
            entity: (*entity).to_owned(),
            kind: change.kind.name().to_owned(),
            at_ms: change.at_ms,
        }));
    }
    let past: &[PastCause] = &material.past;
    let evidence = Evidence {
        alarm,
        signals: &signals,
        edges: &edges,
        changes: &changes,
        past,
    };
    rank(&evidence, &Config::default())
}

/// Whether what was changed is an entity: by its name, or the last part of it (`shop/pricing`).
fn is_same(changed: &str, entity: &str) -> bool {
    let last = changed.rsplit('/').next().unwrap_or(changed);
    changed.eq_ignore_ascii_case(entity) || last.eq_ignore_ascii_case(entity)
}
