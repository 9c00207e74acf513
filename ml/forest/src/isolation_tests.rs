//! The forest against its definition, and snapshots against anything.

use proptest::prelude::*;

use super::*;

fn rows(seed: u64, count: usize, columns: usize) -> Matrix {
    let mut random = Random::new(seed);
    let values = (0..count * columns).map(|_| {
        let sum: f32 = (0..12).map(|_| random.unit()).sum();
        sum - 6.0
    });
    Matrix::new(values.collect(), columns).unwrap()
}

/// A tree with pointers, read from a snapshot, for walks by the definition.
enum Tree {
    Leaf,
    Cut(usize, f32, Box<(Tree, Tree)>),
}

fn parse(r: &mut Reader<'_>) -> Tree {
    let (column, number) = (r.u16().unwrap(), r.f32().unwrap());
    if column == LEAF {
        return Tree::Leaf;
    }
    let left = parse(r);
    let right = parse(r);
    Tree::Cut(usize::from(column), number, Box::new((left, right)))
}

/// Path length by the definition: edges walked plus `c` of the training rows that share the
/// leaf, which are counted by walking them all.
fn defined(tree: &Tree, row: &[f32], drawn: &[&[f32]], depth: usize) -> f64 {
    match tree {
        Tree::Leaf => depth as f64 + average_path_length(drawn.len()),
        Tree::Cut(column, threshold, children) => {
            let right = |r: &[f32]| r[*column] >= *threshold;
            let side: Vec<&[f32]> = drawn
                .iter()
                .copied()
                .filter(|d| right(d) == right(row))
                .collect();
            let child = if right(row) { &children.1 } else { &children.0 };
            defined(child, row, &side, depth + 1)
        }
    }
}

#[test]
fn path_lengths_are_those_of_the_definition() {
    // With as many rows as the sample every tree is grown from all of them.
    for (count, columns) in [(64, 3), (100, 1), (256, 7)] {
        let matrix = rows(1, count, columns);
        let settings = ForestSettings {
            trees: 23,
            sample: count,
        };
        let forest = Forest::train(&matrix, &settings, 9);
        let bytes = forest.snapshot();
        let mut r = Reader(&bytes[13..]);
        let trees: Vec<Tree> = (0..23).map(|_| parse(&mut r)).collect();
        let drawn: Vec<&[f32]> = matrix.iter().collect();
        for row in rows(2, 50, columns).iter().chain(matrix.iter().take(20)) {
            let lengths = trees.iter().map(|t| defined(t, row, &drawn, 0));
            let want = lengths.sum::<f64>() / 23.0;
            let got = f64::from(forest.path_length(row));
            assert!((got - want).abs() < 1e-4, "{got} {want}");
            let score = (-want / average_path_length(count)).exp2();
            assert!((f64::from(forest.score(row)) - score).abs() < 1e-5);
        }
    }
}

#[test]
fn rows_far_away_score_high_and_rows_in_the_middle_low() {
    let forest = Forest::train(&rows(3, 2_000, 5), &ForestSettings::default(), 4);
    assert!(forest.score(&[0.0; 5]) < 0.45);
    assert!(forest.score(&[9.0, -9.0, 9.0, 9.0, -9.0]) > 0.65);
    assert!(forest.score(&[0.0, 0.0, 0.0]).is_nan());
}

#[test]
fn the_average_path_length_is_that_of_the_paper() {
    assert_eq!(average_path_length(1), 0.0);
    assert_eq!(average_path_length(2), 1.0);
    // 2 (ln 255 + 0.5772) − 2 · 255 / 256
    assert!((average_path_length(256) - 10.244).abs() < 0.01);
}

#[test]
fn constant_columns_are_never_cut() {
    let values = (0..300)
        .flat_map(|i| [1.0, i as f32, f32::NAN, 2.0])
        .collect();
    let matrix = Matrix::new(values, 4).unwrap();
    let forest = Forest::train(&matrix, &ForestSettings::default(), 5);
    let cuts = forest.nodes.iter().filter(|n| n.threshold.is_finite());
    assert!(cuts.clone().count() > 1_000);
    assert!(cuts.clone().all(|n| n.column == 1));
}

proptest! {
    #[test]
    fn scores_are_within_bounds_and_survive_a_snapshot(
        values in prop::collection::vec(
            prop_oneof![6 => -1e6f32..1e6, 1 => Just(f32::NAN), 1 => Just(0.0f32),
                1 => Just(f32::INFINITY)], 2..200),
        columns in 1usize..6,
        settings in (1usize..30, 2usize..70),
        seed in any::<u64>(),
    ) {
        let whole = values.len() / columns * columns;
        prop_assume!(whole > 0);
        let matrix = Matrix::new(values[..whole].to_vec(), columns).unwrap();
        let settings = ForestSettings { trees: settings.0, sample: settings.1 };
        let forest = Forest::train(&matrix, &settings, seed);
        prop_assert_eq!(&forest, &Forest::train(&matrix, &settings, seed));
        let bytes = forest.snapshot();
        let restored = Forest::restore(&bytes).unwrap();
        prop_assert_eq!(&forest, &restored);
        for row in matrix.iter() {
            let score = forest.score(row);
            prop_assert!(score > 0.0 && score <= 1.0);
            prop_assert_eq!(score, restored.score(row));
        }
        prop_assert!(Forest::restore(&bytes[..bytes.len() - 1]).is_err());
    }

    #[test]
    fn any_bytes_are_refused_or_sound(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Some(first) = bytes.first_mut() {
            *first = VERSION;
        }
        if let Ok(forest) = Forest::restore(&bytes) {
            let row = vec![0.0; forest.columns()];
            prop_assert!(forest.score(&row) >= 0.0);
        }
    }
}
