//! Average linkage by nearest-neighbour chains (Murtagh, 1983): quadratic in time and memory.

use crate::component::dot;

/// Similarities between the clusters so far, `[n][n]`, symmetric.
struct Similarities {
    values: Vec<f32>,
    count: usize,
}

impl Similarities {
    fn new(vectors: &[&[f32]], members: &[usize]) -> Self {
        let count = members.len();
        let mut values = vec![1.0; count * count];
        for row in 0..count {
            for column in 0..row {
                let value = dot(vectors[members[row]], vectors[members[column]]);
                values[row * count + column] = value;
                values[column * count + row] = value;
            }
        }
        Self { values, count }
    }

    fn get(&self, a: usize, b: usize) -> f32 {
        self.values[a * self.count + b]
    }

    fn set(&mut self, a: usize, b: usize, value: f32) {
        self.values[a * self.count + b] = value;
        self.values[b * self.count + a] = value;
    }
}

/// Joins `members` (ascending) for as long as the mean cosine between two clusters is at least
/// `similarity_min`. Returns clusters with ascending members.
pub(crate) fn average(
    vectors: &[&[f32]],
    members: &[usize],
    similarity_min: f32,
) -> Vec<Vec<usize>> {
    let mut similarities = Similarities::new(vectors, members);
    let mut clusters: Vec<Option<Vec<usize>>> =
        members.iter().map(|&member| Some(vec![member])).collect();
    let mut done = Vec::new();
    let mut chain: Vec<usize> = Vec::new();
    while let Some(top) = chain
        .last()
        .copied()
        .or_else(|| clusters.iter().position(Option::is_some))
    {
        if chain.is_empty() {
            chain.push(top);
        }
        let before = chain.len().checked_sub(2).map(|at| chain[at]);
        match nearest(&similarities, &clusters, top, before) {
            Some((next, similarity)) if similarity >= similarity_min => {
                if Some(next) == before {
                    chain.truncate(chain.len() - 2);
                    join(
                        &mut similarities,
                        &mut clusters,
                        (next.min(top), next.max(top)),
                    );
                } else {
                    chain.push(next);
                }
            }
            // Nothing is near enough to the top any more, and joining others can only lower the
            // mean of what is below the threshold already: it stays as it is.
            _ => {
                done.extend(clusters[top].take());
                chain.clear();
            }
        }
    }
    for cluster in &mut done {
        cluster.sort_unstable();
    }
    done.sort_by_key(|cluster| cluster.first().copied());
    done
}

/// The live cluster most similar to `top`; `before` wins ties, then the first.
fn nearest(
    similarities: &Similarities,
    clusters: &[Option<Vec<usize>>],
    top: usize,
    before: Option<usize>,
) -> Option<(usize, f32)> {
    let mut best = before.map(|other| (other, similarities.get(top, other)));
    for other in (0..clusters.len()).filter(|&other| other != top && clusters[other].is_some()) {
        let similarity = similarities.get(top, other);
        if best.is_none_or(|(_, most)| similarity > most) {
            best = Some((other, similarity));
        }
    }
    best
}

/// Joins the second cluster of `pair` into the first.
fn join(
    similarities: &mut Similarities,
    clusters: &mut [Option<Vec<usize>>],
    (kept, gone): (usize, usize),
) {
    let Some(moved) = clusters[gone].take() else {
        return;
    };
    let moved_count = moved.len() as f32;
    let Some(cluster) = clusters[kept].as_mut() else {
        return;
    };
    let kept_count = cluster.len() as f32;
    cluster.extend(moved);
    for other in (0..clusters.len()).filter(|&other| other != kept && clusters[other].is_some()) {
        let (a, b) = (similarities.get(kept, other), similarities.get(gone, other));
        let mean = (a * kept_count + b * moved_count) / (kept_count + moved_count);
        similarities.set(kept, other, mean);
    }
}
