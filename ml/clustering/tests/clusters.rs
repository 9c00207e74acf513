//! What a clustering must satisfy, on made and on random vectors.

use proptest::prelude::*;
use tocsin_clustering::{Cluster, Settings, cluster, labels};

fn run(vectors: &[Vec<f32>], similarity_min: f32) -> Vec<Cluster> {
    let vectors: Vec<&[f32]> = vectors.iter().map(Vec::as_slice).collect();
    cluster(&vectors, &Settings { similarity_min })
}

fn unit(values: Vec<f32>) -> Vec<f32> {
    let length = values.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-9);
    values.into_iter().map(|v| v / length).collect()
}

fn random_vectors() -> impl Strategy<Value = Vec<Vec<f32>>> {
    prop::collection::vec(
        prop::collection::vec(-1.0_f32..1.0, 5).prop_map(unit),
        0..40,
    )
}

fn mean_cosine(a: &[usize], b: &[usize], vectors: &[Vec<f32>]) -> f32 {
    let dot = |i: usize, j: usize| -> f32 {
        vectors[i].iter().zip(&vectors[j]).map(|(a, b)| a * b).sum()
    };
    let sum: f32 = a
        .iter()
        .flat_map(|&i| b.iter().map(move |&j| (i, j)))
        .map(|(i, j)| dot(i, j))
        .sum();
    sum / (a.len() * b.len()) as f32
}

proptest! {
    #[test]
    fn every_vector_is_in_exactly_one_cluster(vectors in random_vectors()) {
        let clusters = run(&vectors, 0.7);
        let mut seen: Vec<usize> = clusters.iter().flat_map(|c| c.members.clone()).collect();
        seen.sort_unstable();
        prop_assert_eq!(seen, (0..vectors.len()).collect::<Vec<_>>());
        for cluster in &clusters {
            prop_assert!(cluster.members.is_sorted() && cluster.members.contains(&cluster.centre));
        }
        prop_assert_eq!(&clusters, &run(&vectors, 0.7));
    }

    #[test]
    fn no_two_clusters_of_a_result_are_near_enough_to_join(vectors in random_vectors()) {
        let clusters = run(&vectors, 0.7);
        for (at, a) in clusters.iter().enumerate() {
            for b in &clusters[at + 1..] {
                prop_assert!(mean_cosine(&a.members, &b.members, &vectors) < 0.7 + 1e-4);
            }
        }
    }
}

#[test]
fn empty_and_single_inputs_are_fine() {
    assert!(run(&[], 0.7).is_empty());
    assert_eq!(run(&[vec![1.0, 0.0]], 0.7)[0].members, [0]);
}

#[test]
fn a_chain_of_neighbours_does_not_run_into_one() {
    // Each is near the next, the ends are opposite: single linkage would join them all.
    let vectors: Vec<Vec<f32>> = (0..20)
        .map(|i| (i as f32 * std::f32::consts::PI / 20.0).sin_cos())
        .map(|(y, x)| vec![x, y])
        .collect();
    let clusters = run(&vectors, 0.75);
    assert!(clusters.len() >= 3, "{clusters:?}");
}

#[test]
fn labels_name_what_sets_a_cluster_apart() {
    let texts = [
        "disk <*> is full",
        "disk <*> nearly full",
        "user <*> in",
        "user <*> out",
        "disk ok",
    ];
    let clusters = [
        Cluster {
            members: vec![0, 1],
            centre: 1,
        },
        Cluster {
            members: vec![2, 3],
            centre: 2,
        },
        Cluster {
            members: vec![4],
            centre: 4,
        },
    ];
    let labels = labels(&clusters, &texts);
    assert_eq!(labels[0].text, "disk <*> nearly full");
    assert_eq!(labels[0].words[0], "full");
    assert_eq!(labels[1].words[0], "user");
}
