//! Which vectors can share a cluster at all: connected components of the pairs above a threshold.

use multiversion::multiversion;

use crate::COMPONENT_MAX;

/// Independent partial sums of a dot product, so that additions overlap and vectorise.
const LANES: usize = 32;
/// Vectors compared with one block of others while that block is in the processor's cache.
const BLOCK: usize = 64;
/// How far towards 1 the threshold rises when a component is too large.
const STRICTER_SHARE: f32 = 0.5;
/// Above this threshold a component that is still too large is cut in order of its members: they
/// are all but equal, and any cut is as good.
const THRESHOLD_MAX: f32 = 0.99;

/// Components of `vectors`, each ascending, in order of their first member. Two vectors are in one
/// when a chain of pairs with a cosine of at least `similarity_min` leads from one to the other.
/// A component of more than `COMPONENT_MAX` members is cut at ever stricter thresholds.
pub(crate) fn components(vectors: &[&[f32]], similarity_min: f32) -> Vec<Vec<usize>> {
    let all: Vec<usize> = (0..vectors.len()).collect();
    let mut done = Vec::new();
    let mut open = vec![(all, similarity_min)];
    while let Some((members, threshold)) = open.pop() {
        for part in split(vectors, &members, threshold) {
            if part.len() <= COMPONENT_MAX {
                done.push(part);
            } else if threshold < THRESHOLD_MAX {
                open.push((part, threshold + (1.0 - threshold) * STRICTER_SHARE));
            } else {
                done.extend(part.chunks(COMPONENT_MAX).map(<[usize]>::to_vec));
            }
        }
    }
    done.sort_by_key(|part| part.first().copied());
    done
}

fn split(vectors: &[&[f32]], members: &[usize], threshold: f32) -> Vec<Vec<usize>> {
    let mut parents: Vec<usize> = (0..members.len()).collect();
    for from in (0..members.len()).step_by(BLOCK) {
        let block = from..(from + BLOCK).min(members.len());
        for other in from + 1..members.len() {
            for one in block.start..block.end.min(other) {
                if dot(vectors[members[one]], vectors[members[other]]) >= threshold {
                    let (a, b) = (root(&mut parents, one), root(&mut parents, other));
                    parents[a.max(b)] = a.min(b);
                }
            }
        }
    }
    let mut parts: Vec<Vec<usize>> = vec![Vec::new(); members.len()];
    for position in 0..members.len() {
        parts[root(&mut parents, position)].push(members[position]);
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The root of `position` in the forest, shortening the way for the next time.
fn root(parents: &mut [usize], mut position: usize) -> usize {
    while parents[position] != position {
        parents[position] = parents[parents[position]];
        position = parents[position];
    }
    position
}

/// Dot product of two vectors of one length: the cosine, for unit vectors.
#[multiversion(targets("x86_64+avx512f+avx512vl", "x86_64+avx2+fma"))]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0_f32; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}
