//! VUS-PR (Paparrizos et al., VLDB 2022), the headline measure of TSB-AD, equal to `vus_pr.py`:
//! the area under the precision-recall curve of range-aware counts, averaged over how far the labels
//! are allowed to reach beyond their ends.

/// Thresholds on the curve.
const THRESHOLDS: usize = 250;

/// VUS-PR of `scores` for `labels`, in `[0, 1]`, with labels reaching out by up to half of `width`
/// rows. 0 when nothing is labelled.
pub(crate) fn vus_pr(labels: &[bool], scores: &[f64], width: usize) -> f64 {
    let segments = segments(labels);
    if segments.is_empty() || labels.len() != scores.len() {
        return 0.0;
    }
    let first = first_threshold(scores);
    let positives = labels.iter().filter(|l| **l).count() as f64;
    let predicted = cumulated(&first, |_| 1.0);
    let core = cumulated(&first, |at| f64::from(u8::from(labels[at])));
    let areas = (0..=width).map(|width| {
        let soft = softened(labels, &segments, width);
        let reached = cumulated(&first, |at| soft[at]);
        let ranges = ranges(&segments, width / 2, labels.len());
        let mut found = [0.0; THRESHOLDS];
        for (from, to) in &ranges {
            let earliest = first[*from..=*to]
                .iter()
                .min()
                .copied()
                .unwrap_or(THRESHOLDS);
            for count in found.iter_mut().skip(earliest) {
                *count += 1.0;
            }
        }
        let mut area = 0.0;
        let mut before = 0.0;
        for at in 0..THRESHOLDS {
            let hits = core[at] + reached[at];
            let recall = (hits / ((2.0 * positives + reached[at]) / 2.0)).min(1.0) * found[at]
                / ranges.len() as f64;
            area += (recall - before) * hits / predicted[at];
            before = recall;
        }
        area
    });
    areas.sum::<f64>() / (width + 1) as f64
}

/// Dominant period as TSB-AD picks it: the lag of the highest local maximum of the autocorrelation
/// behind lag 3, of the first 20,000 values; 125 when there is none or it is odd.
pub(crate) fn period(values: &[f64]) -> usize {
    const FALLBACK: usize = 125;
    const BASE: usize = 3;
    let values = &values[..values.len().min(20_000)];
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let centred: Vec<f64> = values.iter().map(|v| v - mean).collect();
    let lags = 400.min(values.len().saturating_sub(1));
    let correlation: Vec<f64> = (BASE..=lags)
        .map(|lag| {
            let pairs = centred.iter().zip(centred.iter().skip(lag));
            pairs.map(|(a, b)| a * b).sum()
        })
        .collect();
    let mut best: Option<usize> = None;
    for at in 1..correlation.len().saturating_sub(1) {
        let here = correlation[at];
        let is_peak = here > correlation[at - 1] && here > correlation[at + 1];
        if is_peak && best.is_none_or(|b| here > correlation[b]) {
            best = Some(at);
        }
    }
    match best {
        Some(at) if (3..=300).contains(&at) => at + BASE,
        _ => FALLBACK,
    }
}

/// First and last row of each run of labels.
fn segments(labels: &[bool]) -> Vec<(usize, usize)> {
    let mut segments: Vec<(usize, usize)> = Vec::new();
    for (at, _) in labels.iter().enumerate().filter(|(_, l)| **l) {
        match segments.last_mut() {
            Some((_, last)) if *last + 1 == at => *last = at,
            _ => segments.push((at, at)),
        }
    }
    segments
}

/// Number of the first (highest) threshold that flags each row; `THRESHOLDS` when none does.
fn first_threshold(scores: &[f64]) -> Vec<usize> {
    let mut sorted = scores.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let step = (scores.len() - 1) as f64 / (THRESHOLDS - 1) as f64;
    let thresholds: Vec<f64> = (0..THRESHOLDS)
        .map(|at| match at + 1 {
            THRESHOLDS => sorted[scores.len() - 1],
            _ => sorted[(at as f64 * step) as usize],
        })
        .collect();
    scores
        .iter()
        .map(|score| thresholds.partition_point(|t| *t > *score))
        .collect()
}

/// Sum of the weights of the rows that each threshold flags.
fn cumulated(first: &[usize], weight: impl Fn(usize) -> f64) -> [f64; THRESHOLDS] {
    let mut sums = [0.0; THRESHOLDS];
    for (at, first) in first.iter().enumerate() {
        if let Some(sum) = sums.get_mut(*first) {
            *sum += weight(at);
        }
    }
    let mut total = 0.0;
    for sum in &mut sums {
        total += *sum;
        *sum = total;
    }
    sums
}

/// Weight of each row beside the labels, falling from 1 at their ends.
fn softened(labels: &[bool], segments: &[(usize, usize)], width: usize) -> Vec<f64> {
    let mut soft = vec![0.0_f64; labels.len()];
    let half = width / 2;
    let weight = |distance: usize| (1.0 - distance as f64 / width as f64).sqrt();
    for (from, to) in segments {
        let after = soft.iter_mut().skip(to + 1).take(half);
        for (distance, soft) in (1..).zip(after) {
            *soft += weight(distance);
        }
        let before = soft[..*from].iter_mut().rev().take(half);
        for (distance, soft) in (1..).zip(before) {
            *soft += weight(distance);
        }
    }
    for (soft, label) in soft.iter_mut().zip(labels) {
        *soft = if *label { 0.0 } else { soft.min(1.0) };
    }
    soft
}

/// First and last row of each run of labels with its surroundings, those that touch taken as one.
fn ranges(segments: &[(usize, usize)], half: usize, rows: usize) -> Vec<(usize, usize)> {
    let mut ranges = Vec::new();
    let Some(first) = segments.first() else {
        return ranges;
    };
    let mut from = first.0.saturating_sub(half);
    for pair in segments.windows(2) {
        let (end, next) = (pair[0].1 + half, pair[1].0.saturating_sub(half));
        if end < next {
            ranges.push((from, end));
            from = next;
        }
    }
    let end = segments.last().map_or(0, |s| s.1) + half;
    ranges.push((from, end.min(rows - 1)));
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perfect_scores_are_near_one_and_random_ones_near_the_share_of_labels() {
        let labels: Vec<bool> = (0..2000).map(|at| (900..1000).contains(&at)).collect();
        let perfect: Vec<f64> = labels.iter().map(|l| f64::from(u8::from(*l))).collect();
        assert!(vus_pr(&labels, &perfect, 20) > 0.85);
        let random: Vec<f64> = (0..2000_u64)
            .map(|at| (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64)
            .collect();
        assert!(vus_pr(&labels, &random, 20) < 0.15);
    }

    #[test]
    fn the_period_of_a_sine_is_its_period() {
        let sine: Vec<f64> = (0..2000)
            .map(|at| (f64::from(at) / 48.0 * std::f64::consts::TAU).sin())
            .collect();
        assert_eq!(period(&sine), 48);
        assert_eq!(period(&[]), 125);
    }
}
