//! The second row of VUS-PR: `tocsin_forest::ShapeDetector`, which runs in the background on series
//! that were selected. It learns from the part of a series that its file name gives for that, is
//! silent meanwhile, and sees each later row once, in order.

use tocsin_forest::{ShapeDetector, ShapeSettings};

use super::corpus::Series;

/// A score a row; 0 while the detector learns.
pub(super) fn scores(series: &Series) -> Vec<f64> {
    let settings = ShapeSettings {
        training: training_rows(&series.name).unwrap_or(series.values.len() / 4),
        ..ShapeSettings::default()
    };
    let mut detector = ShapeDetector::new(settings);
    let score = |value: &f64| detector.observe(*value).map_or(0.0, |seen| seen.score);
    series.values.iter().map(score).collect()
}

/// `N` of a name with `_tr_N_`.
fn training_rows(name: &str) -> Option<usize> {
    let (_, rest) = name.split_once("_tr_")?;
    rest.split('_').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::training_rows;

    #[test]
    fn names_say_how_many_rows_are_for_training() {
        let name = "006_NAB_id_6_Traffic_tr_2579_1st_5839.csv";
        assert_eq!(training_rows(name), Some(2_579));
        assert_eq!(training_rows("other.csv"), None);
    }
}
