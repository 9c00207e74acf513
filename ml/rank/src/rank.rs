//! The ranking: every entity that departs gets the sum of its reasons.

use crate::config::Config;
use crate::graph::Graph;
use crate::{
    Candidate, Evidence, Factor, FactorKind, Ranking, Reason, RuledOut, SignalKind, Verdict,
    WhyRuledOut,
};

/// Share of a departure that a callee must explain for its entity to be called a victim: two thirds as strong.
const VICTIM_SHARE: f64 = 0.3;
/// Confidences closer than this share of the first are a tie.
const TIE: f64 = 0.9;

/// Strength that chance shows somewhere in a system of dozens of series.
const NOISE: f64 = 3.0;

/// What a strength counts: in proportion while it may be chance, by its logarithm where it is beyond doubt, as then
/// the size says more of how quiet the series was than of the cause.
fn weight(strength: f64) -> f64 {
    (strength / NOISE).ln_1p()
}

/// Ranks the entities that depart as causes of the alarm. Deterministic; equal scores are ordered by name.
///
/// An entity whose departure is explained by a callee that departs itself ranks below that callee,
/// unless the callee hardly departs.
#[must_use]
pub fn rank(evidence: &Evidence<'_>, config: &Config) -> Ranking {
    let scene = Scene::new(evidence, config);
    let mut candidates: Vec<Candidate> = (0..scene.graph.names.len())
        .filter(|&entity| scene.own[entity] > 0.0)
        .map(|entity| scene.candidate(entity))
        .collect();
    candidates.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then_with(|| a.entity.cmp(&b.entity))
    });
    let strongest = candidates
        .first()
        .and_then(|first| scene.graph.index_of(&first.entity))
        .map_or(0.0, |first| scene.own[first]);
    give_confidence(&mut candidates, strongest, config);
    let verdict = verdict(&candidates, strongest, config);
    let ruled_out = scene.ruled_out(&candidates);
    Ranking {
        candidates,
        verdict,
        ruled_out,
    }
}

fn give_confidence(candidates: &mut [Candidate], strongest: f64, config: &Config) {
    let Some(best) = candidates.first().map(|c| c.score) else {
        return;
    };
    // Even odds that there is a cause at all where the strength is just enough.
    let real = 1.0 / (1.0 + (config.found_strength - strongest).exp());
    let odds = |score: f64| ((score - best) / config.temperature).exp();
    let all: f64 = candidates.iter().map(|c| odds(c.score)).sum();
    for candidate in candidates {
        candidate.confidence = real * odds(candidate.score) / all;
    }
}

fn verdict(candidates: &[Candidate], strongest: f64, config: &Config) -> Verdict {
    match candidates {
        [] => Verdict::Inconclusive(Reason::NoSignals),
        _ if strongest < config.found_strength => Verdict::Inconclusive(Reason::WithinNormal),
        [first, second, ..] if second.confidence >= TIE * first.confidence => {
            Verdict::Inconclusive(Reason::Tied)
        }
        _ => Verdict::Found,
    }
}

/// Everything that is known of each entity, by index.
struct Scene<'a> {
    evidence: &'a Evidence<'a>,
    config: &'a Config,
    graph: Graph<'a>,
    /// Strength of the strongest signal that matters, and which it is.
    own: Vec<f64>,
    because: Vec<Vec<usize>>,
    onset_ms: Vec<Option<i64>>,
    /// How strongly departures go on from the alarm's entity; unknown, when that is.
    passed: Option<Vec<Option<f64>>>,
    strongest: f64,
}

impl<'a> Scene<'a> {
    fn new(evidence: &'a Evidence<'a>, config: &'a Config) -> Self {
        let entities = evidence.signals.iter().map(|s| s.entity.as_str());
        let graph = Graph::new(entities, evidence.edges);
        let count = graph.names.len();
        let mut scene = Self {
            evidence,
            config,
            own: vec![0.0; count],
            because: vec![Vec::new(); count],
            onset_ms: vec![None; count],
            passed: None,
            strongest: 0.0,
            graph,
        };
        scene.weigh_signals();
        let alarmed = evidence.alarm.entity.as_deref();
        if let Some(at) = alarmed.and_then(|name| scene.graph.index_of(name))
            && !scene.graph.callees[at].is_empty()
        {
            scene.passed = Some(scene.graph.passed_on(at, &scene.own));
        }
        let own = scene
            .own
            .iter()
            .enumerate()
            .filter(|(e, _)| scene.reachable(*e));
        scene.strongest = own.map(|(_, s)| *s).fold(0.0, f64::max);
        scene
    }

    fn reachable(&self, entity: usize) -> bool {
        self.passed
            .as_ref()
            .is_none_or(|passed| passed[entity].is_some())
    }

    fn weigh_signals(&mut self) {
        let mut shown: Vec<Vec<(f64, i64, usize)>> = vec![Vec::new(); self.graph.names.len()];
        for (index, signal) in self.evidence.signals.iter().enumerate() {
            let counts = self.config.counts(signal, self.evidence.alarm);
            if let Some(entity) = self.graph.index_of(&signal.entity)
                && counts > 0.0
                && counts.is_finite()
            {
                shown[entity].push((counts, signal.onset_ms, index));
            }
        }
        for (entity, mut signals) in shown.into_iter().enumerate() {
            // The earliest of equals, so that the order in which signals are given decides nothing.
            signals.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
            if let Some((counts, onset_ms, _)) = signals.first() {
                self.own[entity] = *counts;
                self.onset_ms[entity] = Some(*onset_ms);
            }
            self.because[entity] = signals.into_iter().map(|(.., index)| index).collect();
        }
    }

    /// `[0, 1]` of the strongest in sight.
    fn relative(&self, entity: usize) -> f64 {
        if self.strongest <= 0.0 {
            return 0.0;
        }
        (weight(self.own[entity]) / weight(self.strongest)).min(1.0)
    }

    fn candidate(&self, entity: usize) -> Candidate {
        let cited = self.because[entity].clone();
        let factor = |kind, weight: f64, value: f64, because: Vec<usize>| Factor {
            kind,
            weight,
            value,
            because,
        };
        let config = self.config;
        let (explained, by) = self.explained(entity);
        let explaining = by.map_or_else(Vec::new, |callee| self.because[callee].clone());
        let (covered, upstream) = self.covered(entity);
        let mut factors = vec![
            factor(
                FactorKind::Strength,
                config.strength,
                self.relative(entity),
                cited.clone(),
            ),
            factor(FactorKind::Topology, config.topology, covered, upstream),
            factor(
                FactorKind::ExplainedByCallee,
                config.explained,
                -explained,
                explaining,
            ),
            factor(
                FactorKind::TimeOrder,
                config.time_order,
                self.earliness(entity),
                cited.clone(),
            ),
            factor(
                FactorKind::Specificity,
                config.specificity,
                self.specificity(entity),
                cited.clone(),
            ),
            factor(
                FactorKind::ChangeProximity,
                config.change,
                self.changed(entity),
                cited.clone(),
            ),
            factor(
                FactorKind::History,
                config.history,
                self.history(entity),
                Vec::new(),
            ),
        ];
        factors.retain(|f| f.value != 0.0);
        let size = |f: &Factor| (f.weight * f.value).abs();
        factors.sort_by(|a, b| size(b).total_cmp(&size(a)).then(a.kind.cmp(&b.kind)));
        Candidate {
            entity: self.graph.names[entity].to_owned(),
            score: factors.iter().map(|f| f.weight * f.value).sum(),
            confidence: 0.0,
            factors,
        }
    }

    /// How much of the departure is explained by a callee, `[0, 1]`, and which: half where both depart
    /// alike. Or by a neighbour that may be the same entity under a better known name.
    fn explained(&self, entity: usize) -> (f64, Option<usize>) {
        let mut most = (0.0, None);
        let own = self.own[entity].powi(2);
        for &(callee, weight) in &self.graph.callees[entity] {
            let other = self.own[callee].powi(2);
            let share = weight * other / (other + own);
            if share > most.0 {
                most = (share, Some(callee));
            }
        }
        for other in self.graph.perhaps_the_same(entity) {
            let share = (self.own[other] / self.own[entity]).min(1.0);
            if share > most.0 {
                most = (share, Some(other));
            }
        }
        most
    }

    /// How well the candidate accounts for the rest: the share of all departures that are its own or upstream of
    /// it, and how unbroken the departures lead from the alarm to it. -1 for what the alarm cannot come
    /// from. Half for what only one other entity knows. With the signals that show it.
    fn covered(&self, entity: usize) -> (f64, Vec<usize>) {
        if !self.reachable(entity) {
            return (-1.0, Vec::new());
        }
        let relative = self.relative(entity);
        let all: f64 = self.own.iter().map(|s| weight(*s)).sum();
        let upstream = self.graph.upstream(entity);
        let share = upstream.iter().map(|&e| weight(self.own[e])).sum::<f64>() / all;
        let shown = upstream.iter().filter(|&&e| e != entity);
        let cited = shown
            .filter_map(|&e| self.because[e].first().copied())
            .collect();
        let Some(passed) = self.passed.as_ref().and_then(|passed| passed[entity]) else {
            return (share * relative, cited);
        };
        let unbroken = (weight(passed) / weight(self.own[entity])).min(1.0);
        let known = if self.graph.corroborated(entity) {
            1.0
        } else {
            0.5
        };
        ((share + unbroken) / 2.0 * known * relative, cited)
    }

    /// 1 for the first to depart, 0 for the last.
    fn earliness(&self, entity: usize) -> f64 {
        let (Some(own), Some(first), Some(last)) = (
            self.onset_ms[entity],
            self.onset_ms.iter().flatten().min(),
            self.onset_ms.iter().flatten().max(),
        ) else {
            return 0.0;
        };
        if last == first {
            return 0.0;
        }
        (last - own) as f64 / (last - first) as f64 * self.relative(entity)
    }

    /// Share of the strength that no callee can have passed on.
    fn specificity(&self, entity: usize) -> f64 {
        let own = self.because[entity].iter().filter_map(|&index| {
            let signal = &self.evidence.signals[index];
            let own = matches!(
                signal.kind,
                SignalKind::OwnLatency | SignalKind::Resource | SignalKind::BrokenSequence
            );
            own.then(|| self.config.counts(signal, self.evidence.alarm))
        });
        own.fold(0.0, f64::max) / self.own[entity].max(1e-9) * self.relative(entity)
    }

    fn changed(&self, entity: usize) -> f64 {
        let name = self.graph.names[entity];
        let until = self.onset_ms[entity].unwrap_or(self.evidence.alarm.at_ms);
        let ages = self
            .evidence
            .changes
            .iter()
            .filter(|change| change.entity == name);
        // A step of a series is seen up to one sample late, so a change a minute after the onset still counts.
        let ages = ages
            .map(|change| (until - change.at_ms) as f64)
            .filter(|age| *age >= -60_000.0);
        ages.map(|age| (-age.max(0.0) / self.config.change_half_life_ms).exp2())
            .fold(0.0, f64::max)
    }

    fn history(&self, entity: usize) -> f64 {
        let name = self.graph.names[entity];
        let all: u32 = self.evidence.past.iter().map(|past| past.confirmed).sum();
        let own = self.evidence.past.iter().filter(|past| past.entity == name);
        let own: u32 = own.map(|past| past.confirmed).sum();
        // Two more that might have been others, so that one incident alone is no rule.
        f64::from(own) / (f64::from(all) + 2.0)
    }

    fn ruled_out(&self, candidates: &[Candidate]) -> Vec<RuledOut> {
        let mut out = Vec::new();
        for candidate in candidates.iter().skip(1) {
            let Some(entity) = self.graph.index_of(&candidate.entity) else {
                continue;
            };
            let why = match self.explained(entity) {
                (share, Some(callee)) if share >= VICTIM_SHARE => {
                    WhyRuledOut::Victim(self.graph.names[callee].to_owned())
                }
                _ if self.own[entity] < self.config.found_strength / 2.0 => WhyRuledOut::Normal,
                _ => continue,
            };
            out.push(RuledOut {
                entity: candidate.entity.clone(),
                why,
                because: self.because[entity].clone(),
            });
        }
        out
    }
}

#[cfg(test)]
mod tests;
