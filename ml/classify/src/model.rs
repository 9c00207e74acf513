//! Multinomial logistic regression over embeddings, with calibrated probabilities.
//!
//! Samples flow in, a [`Model`] comes out. The optimiser is `linfa-logistic`'s (L-BFGS from zero),
//! so there is no randomness; the folds of the calibration follow from the samples' order.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::MultiLogisticRegression;
use ndarray::{Array1, Array2, ArrayView2};

use crate::calibration::{loss, softmax, temperature};

/// The score of a class of which nothing was learnt.
const UNKNOWN: f64 = -1e3;

/// An embedding whose class is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample<'a> {
    /// The embedding: `[n_dimensions]`, finite.
    pub vector: &'a [f32],
    /// Its class, `0..n_classes`.
    pub class: usize,
}

/// How a model is trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainConfig {
    /// Weight of the squared coefficients beside the loss summed over the samples: above 0. Small,
    /// since embeddings have length 1 and their classes lie close together.
    pub penalty: f64,
    /// Parts that the samples are cut into for calibration, `2..`; each is judged by a model that
    /// was trained on the others.
    pub folds: usize,
    /// Steps of the optimiser, at most.
    pub iterations_max: u64,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            penalty: 0.1,
            folds: 5,
            iterations_max: 60,
        }
    }
}

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The samples cannot be learnt from; says what was expected.
    #[error("{0}")]
    Samples(&'static str),
    /// The optimiser failed.
    #[error("the optimiser failed")]
    Optimiser(#[from] linfa_logistic::error::Error),
}

/// What a model says of samples that it was not trained on.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// For each sample, in order, the probability of each class: `[n_samples][n_classes]`.
    pub probabilities: Vec<Vec<f64>>,
    /// The temperature that makes them so.
    pub temperature: f64,
    /// Mean negative log-likelihood of the true classes, where they were learnt at all.
    pub loss: f64,
}

/// A trained model. Immutable.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    linear: Linear,
    temperature: f64,
}

/// Scores before the softmax.
#[derive(Debug, Clone, PartialEq)]
struct Linear {
    /// `[n_classes][n_dimensions]`
    weights: Vec<Vec<f32>>,
    /// `[n_classes]`
    bias: Vec<f64>,
}

impl Model {
    /// Learns `n_classes` classes from samples of one length.
    ///
    /// # Errors
    /// [`TrainError::Samples`] if there are fewer than two classes with samples, a class out of
    /// range, or vectors that are not finite and of one length.
    pub fn train(
        samples: &[Sample<'_>],
        n_classes: usize,
        config: TrainConfig,
    ) -> Result<Self, TrainError> {
        let held = Self::cross_validate(samples, n_classes, config)?;
        let all: Vec<&Sample<'_>> = samples.iter().collect();
        Ok(Self {
            linear: Linear::fit(&all, n_classes, config)?,
            temperature: held.temperature,
        })
    }

    /// Judges each sample by a model trained on the folds that it is not in. Samples of a class go
    /// to the folds in turn.
    ///
    /// # Errors
    /// As [`Model::train`].
    pub fn cross_validate(
        samples: &[Sample<'_>],
        n_classes: usize,
        config: TrainConfig,
    ) -> Result<Held, TrainError> {
        check(samples, n_classes, config)?;
        let mut turn = vec![0usize; n_classes];
        let folds: Vec<usize> = samples
            .iter()
            .map(|sample| {
                turn[sample.class] += 1;
                (turn[sample.class] - 1 + sample.class) % config.folds
            })
            .collect();
        let mut scores = vec![Vec::new(); samples.len()];
        for fold in 0..config.folds {
            let rest: Vec<&Sample<'_>> = samples
                .iter()
                .zip(&folds)
                .filter(|(_, of)| **of != fold)
                .map(|(sample, _)| sample)
                .collect();
            let linear = Linear::fit(&rest, n_classes, config)?;
            for (at, sample) in samples.iter().enumerate() {
                if folds[at] == fold {
                    scores[at] = linear.scores(sample.vector);
                }
            }
        }
        let known: Vec<(&[f64], usize)> = scores
            .iter()
            .zip(samples)
            .filter(|(scores, sample)| scores[sample.class] > UNKNOWN)
            .map(|(scores, sample)| (&scores[..], sample.class))
            .collect();
        let temperature = temperature(&known);
        Ok(Held {
            probabilities: scores
                .iter()
                .map(|scores| softmax(scores, temperature))
                .collect(),
            loss: loss(&known, temperature),
            temperature,
        })
    }

    /// The probability of each class: `[n_classes]`, their sum 1. A vector of another length than
    /// the samples' says nothing: all classes are equally likely.
    #[must_use]
    pub fn probabilities(&self, vector: &[f32]) -> Vec<f64> {
        let is_odd = vector.len() != self.n_dimensions() || vector.iter().any(|x| !x.is_finite());
        if is_odd {
            let n_classes = self.linear.bias.len();
            return vec![1.0 / n_classes as f64; n_classes];
        }
        softmax(&self.linear.scores(vector), self.temperature)
    }

    /// The length of a vector.
    #[must_use]
    pub fn n_dimensions(&self) -> usize {
        self.linear.weights.first().map_or(0, Vec::len)
    }

    /// The temperature of the calibration; 1 leaves the scores as they are.
    #[must_use]
    pub fn temperature(&self) -> f64 {
        self.temperature
    }
}

impl Linear {
    fn fit(
        samples: &[&Sample<'_>],
        n_classes: usize,
        config: TrainConfig,
    ) -> Result<Self, TrainError> {
        let n_dimensions = samples.first().map_or(0, |sample| sample.vector.len());
        let x = Array2::from_shape_fn((samples.len(), n_dimensions), |(row, column)| {
            f64::from(samples[row].vector[column])
        });
        let y: Array1<usize> = samples.iter().map(|sample| sample.class).collect();
        let fitted = MultiLogisticRegression::default()
            .alpha(config.penalty)
            .max_iterations(config.iterations_max)
            .gradient_tolerance(1e-3)
            .fit(&DatasetBase::new(x, y))?;
        let learnt: ArrayView2<'_, f64> = fitted.params().view();
        let mut linear = Self {
            weights: vec![vec![0.0; n_dimensions]; n_classes],
            bias: vec![UNKNOWN; n_classes],
        };
        for (at, &class) in fitted.classes().iter().enumerate() {
            linear.weights[class] = learnt.column(at).iter().map(|&w| w as f32).collect();
            linear.bias[class] = fitted.intercept()[at];
        }
        Ok(linear)
    }

    /// `[n_classes]`
    fn scores(&self, vector: &[f32]) -> Vec<f64> {
        let dot = |weights: &[f32]| -> f32 { weights.iter().zip(vector).map(|(w, x)| w * x).sum() };
        self.weights
            .iter()
            .zip(&self.bias)
            .map(|(weights, bias)| f64::from(dot(weights)) + bias)
            .collect()
    }
}

fn check(samples: &[Sample<'_>], n_classes: usize, config: TrainConfig) -> Result<(), TrainError> {
    let wrong = |what| Err(TrainError::Samples(what));
    if config.folds < 2 || config.penalty.is_nan() || config.penalty <= 0.0 {
        return wrong("expected a penalty above 0 and at least two folds");
    }
    let length = samples.first().map_or(0, |sample| sample.vector.len());
    let is_odd = |sample: &Sample<'_>| {
        sample.vector.len() != length || sample.vector.iter().any(|x| !x.is_finite())
    };
    if length == 0 || samples.iter().any(is_odd) {
        return wrong("expected finite vectors of one length");
    }
    let mut counts = vec![0usize; n_classes];
    for sample in samples {
        match counts.get_mut(sample.class) {
            Some(count) => *count += 1,
            None => return wrong("expected classes below the number of classes"),
        }
    }
    if counts.iter().filter(|count| **count > 1).count() < 2 {
        return wrong("expected two classes with two samples each, at least");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three clouds around the axes, one of them large.
    fn clouds() -> Vec<(Vec<f32>, usize)> {
        (0..60)
            .map(|at| {
                let class = if at % 2 == 0 { 0 } else { 1 + at / 2 % 2 };
                let mut vector: Vec<f32> = (0..6)
                    .map(|axis| (((at * 7 + axis * 13) % 11) as f32 - 5.0) * 0.04)
                    .collect();
                vector[class] += 1.0;
                (vector, class)
            })
            .collect()
    }

    fn samples(clouds: &[(Vec<f32>, usize)]) -> Vec<Sample<'_>> {
        clouds
            .iter()
            .map(|(vector, class)| Sample {
                vector,
                class: *class,
            })
            .collect()
    }

    fn best(probabilities: &[f64]) -> usize {
        (0..probabilities.len())
            .max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]))
            .unwrap()
    }

    #[test]
    fn learns_clouds_and_says_how_sure_it_is() {
        let clouds = clouds();
        let model = Model::train(&samples(&clouds), 3, TrainConfig::default()).unwrap();
        for (vector, class) in &clouds {
            let probabilities = model.probabilities(vector);
            assert_eq!(best(&probabilities), *class);
            assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }
        let between = model.probabilities(&[0.5, 0.5, 0.0, 0.0, 0.0, 0.0]);
        let inside = model.probabilities(&clouds[1].0);
        assert!(between.iter().copied().fold(0.0, f64::max) < inside[clouds[1].1]);
    }

    #[test]
    fn the_same_samples_give_the_same_model() {
        let clouds = clouds();
        let train = || Model::train(&samples(&clouds), 3, TrainConfig::default()).unwrap();
        assert_eq!(train(), train());
    }

    #[test]
    fn held_out_samples_are_judged_by_others() {
        let clouds = clouds();
        let held = Model::cross_validate(&samples(&clouds), 3, TrainConfig::default()).unwrap();
        let right = held
            .probabilities
            .iter()
            .zip(&clouds)
            .filter(|(probabilities, (_, class))| best(probabilities) == *class)
            .count();
        assert_eq!((held.probabilities.len(), right), (60, 60));
    }

    #[test]
    fn a_class_without_samples_is_never_said() {
        let clouds = clouds();
        let model = Model::train(&samples(&clouds), 4, TrainConfig::default()).unwrap();
        assert!(model.probabilities(&clouds[0].0)[3] < 1e-6);
    }

    #[test]
    fn noise_on_labels_makes_it_less_sure() {
        let clean = clouds();
        let mut noisy = clean.clone();
        for (at, (_, class)) in noisy.iter_mut().enumerate() {
            if at % 4 == 0 {
                *class = (*class + 1 + at / 4 % 2) % 3;
            }
        }
        let sure = |clouds: &[(Vec<f32>, usize)]| {
            let model = Model::train(&samples(clouds), 3, TrainConfig::default()).unwrap();
            model.probabilities(&clean[2].0)[0]
        };
        assert!(sure(&noisy) < sure(&clean));
    }

    #[test]
    fn odd_input_is_refused_or_says_nothing() {
        let config = TrainConfig::default();
        assert!(Model::train(&[], 3, config).is_err());
        let vectors = [vec![1.0f32, 0.0], vec![f32::NAN, 1.0], vec![1.0]];
        let sample = |at: usize, class| Sample {
            vector: &vectors[at],
            class,
        };
        assert!(Model::train(&[sample(0, 0), sample(1, 1)], 2, config).is_err());
        assert!(Model::train(&[sample(0, 0), sample(2, 1)], 2, config).is_err());
        assert!(Model::train(&[sample(0, 0), sample(0, 5)], 2, config).is_err());
        let clouds = clouds();
        let model = Model::train(&samples(&clouds), 3, config).unwrap();
        let said = model.probabilities(&[1.0]);
        assert!(said.iter().all(|p| (p - 1.0 / 3.0).abs() < 1e-12));
    }
}
