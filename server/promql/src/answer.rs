//! Answers to queries, and how the answers to parts of a range become one.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use tocsin_domain::metric::Sample;

use crate::error::QueryError;
use crate::label_set::LabelSet;

/// A series at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorSample {
    /// Its labels.
    pub labels: LabelSet,
    /// The time of the query, in ms, and the value.
    pub sample: Sample,
}

/// A series at several times.
#[derive(Debug, Clone, PartialEq)]
pub struct RangeSeries {
    /// Its labels.
    pub labels: LabelSet,
    /// Only the times at which it is there, in order.
    pub samples: Vec<Sample>,
}

/// The answer to an instant query.
#[derive(Debug, Clone, PartialEq)]
pub enum QueryValue {
    /// Series at the time of the query; in order for `sort` and `topk`.
    Vector(Vec<VectorSample>),
    /// The points of a range selector.
    Matrix(Vec<RangeSeries>),
    /// A number.
    Scalar(Sample),
    /// A text, at the time of the query in ms.
    Str(i64, String),
}

/// Series of a range query whose times come part by part, in order.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    places: HashMap<LabelSet, usize>,
    series: Vec<RangeSeries>,
    samples: usize,
}

impl Parts {
    /// Takes the series of later times. More than `samples_max` points all told are an error.
    pub(crate) fn add(
        &mut self,
        later: Vec<RangeSeries>,
        samples_max: usize,
    ) -> Result<(), QueryError> {
        for one in later {
            self.samples += one.samples.len();
            if self.samples > samples_max {
                return Err(QueryError::too_many_samples());
            }
            match self.places.entry(one.labels.clone()) {
                Entry::Occupied(place) => self.series[*place.get()].samples.extend(one.samples),
                Entry::Vacant(place) => {
                    place.insert(self.series.len());
                    self.series.push(one);
                }
            }
        }
        Ok(())
    }

    /// All series, in the order of their labels.
    pub(crate) fn whole(mut self) -> Vec<RangeSeries> {
        self.series
            .sort_by(|left, right| left.labels.cmp(&right.labels));
        self.series
    }
}
