#![doc = include_str!("../README.md")]
//!
//! This file: the settings, the clusters and the way from vectors to clusters. Deterministic: the
//! same vectors in the same order give the same clusters in the same order.

mod component;
mod label;
mod linkage;

pub use label::{Label, labels};

/// Members of the largest component that average linkage is run on: its similarities are held as a
/// matrix of 4 bytes a pair, here 16 MB.
pub const COMPONENT_MAX: usize = 2048;

/// When prototypes count as one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Least mean cosine between the members of two clusters that are joined, in `(-1, 1]`. For
    /// all-MiniLM-L6-v2 0.75 keeps "accepted password" and "failed password" apart and puts
    /// re-wordings together; at 0.6 whole programs run into one, at 0.9 hardly anything joins.
    pub similarity_min: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            similarity_min: 0.75,
        }
    }
}

/// Prototypes that mean the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Indices into the vectors given, ascending; the first is the smallest index of all, by which
    /// clusters of one run are told apart.
    pub members: Vec<usize>,
    /// The member most similar to all others: its template stands for the cluster.
    pub centre: usize,
}

/// Groups unit vectors (all of one length, finite) into clusters, largest first, then by first
/// member. Every vector is in exactly one cluster; one that resembles no other is alone in its own.
///
/// Takes time quadratic in the number of vectors: 10,000 of 384 dimensions need a few seconds.
#[must_use]
pub fn cluster(vectors: &[&[f32]], settings: &Settings) -> Vec<Cluster> {
    let components = component::components(vectors, settings.similarity_min);
    let mut clusters: Vec<Cluster> = components
        .into_iter()
        .flat_map(|members| linkage::average(vectors, &members, settings.similarity_min))
        .map(|members| Cluster {
            centre: centre(vectors, &members),
            members,
        })
        .collect();
    clusters.sort_by_key(|cluster| (usize::MAX - cluster.members.len(), cluster.members[0]));
    clusters
}

/// The member with the greatest cosine to the mean of all; the first of equals.
fn centre(vectors: &[&[f32]], members: &[usize]) -> usize {
    let mut sum = vec![0.0_f32; vectors[members[0]].len()];
    for &member in members {
        for (sum, value) in sum.iter_mut().zip(vectors[member]) {
            *sum += value;
        }
    }
    let mut best = (members[0], f32::NEG_INFINITY);
    for &member in members {
        let similarity = component::dot(vectors[member], &sum);
        if similarity > best.1 {
            best = (member, similarity);
        }
    }
    best.0
}
