//! Data points become points of series.

use tocsin_domain::metric::{NAME_LABEL, STALE_BITS};
use tocsin_domain::{MetricKind, SeriesId};

use super::delta::DeltaTotals;
use super::naming::{label_name, metric_name};
use super::point::{Family, Histogram, Point, Shape, Summary, Temporality, Value};
use super::resource::{Resource, join};
use crate::attributes::Attributes;
use crate::limits::Limits;
use crate::metrics::{MetricCollector, MetricDecoded};

/// Takes what either encoding reads, in its order: resource, scope, family, point.
pub(super) struct Emitter<'a> {
    collector: MetricCollector<'a>,
    deltas: &'a DeltaTotals,
    pub(super) limits: Limits,
    resource: Resource,
    scope: String,
    /// The family as Prometheus names it.
    name: String,
    /// Of the point that is being taken, without the name.
    labels: Vec<(String, String)>,
    latest_ms: Option<i64>,
    item: usize,
    rejected: usize,
}

/// Why a point is not taken: what was expected, and what was there.
type Refusal = (String, String);

impl<'a> Emitter<'a> {
    /// `items` is how many points of the request came before.
    pub(super) fn new(
        collector: MetricCollector<'a>,
        deltas: &'a DeltaTotals,
        items: usize,
    ) -> Self {
        Self {
            collector,
            deltas,
            limits: Limits::default(),
            resource: Resource::default(),
            scope: String::new(),
            name: String::new(),
            labels: Vec::new(),
            latest_ms: None,
            item: items,
            rejected: 0,
        }
    }

    pub(super) const fn items(&self) -> usize {
        self.item
    }

    pub(super) fn resource(&mut self, resource: Resource) {
        self.resource = resource;
        self.latest_ms = None;
    }

    /// Puts `target_info` beside the points of the resource.
    pub(super) fn resource_done(&mut self) {
        let Some(at_ms) = self.latest_ms else {
            return;
        };
        if !self.resource.has_info() {
            return;
        }
        let identity = self.resource.identity.iter();
        let identity = identity.map(|(name, value)| (*name, value.as_str()));
        let is_own = |name: &str| !matches!(name, "job" | "instance" | "host");
        let others = self.resource.others.iter();
        let others = others.map(|(name, value)| (name.as_str(), value.as_str()));
        let others = others.filter(|(name, _)| is_own(name));
        let named = std::iter::once((NAME_LABEL, "target_info"));
        let labels: Vec<_> = named.chain(identity).chain(others).collect();
        self.collector
            .point(&labels, MetricKind::Gauge, Some(at_ms), 1.0);
    }

    pub(super) fn scope(&mut self, name: &[u8]) {
        self.scope = String::from_utf8_lossy(name).into_owned();
    }

    pub(super) fn family(&mut self, family: &Family) {
        self.name = metric_name(&family.name, &family.unit, family.shape);
    }

    /// Notes that a part of the request is damaged.
    pub(super) fn reject(&mut self, expected: String, detail: String) {
        self.collector.at_item(self.item);
        self.collector.reject(None, expected, detail);
        self.rejected += 1;
        self.item += 1;
    }

    /// Takes a point of the last family.
    pub(super) fn point(&mut self, family: &Family, attributes: &Attributes, point: Point) {
        self.collector.at_item(self.item);
        self.label(attributes);
        match self.take(family, point) {
            Ok(true) => self.item += 1,
            Ok(false) => {
                // The collector has noted why.
                self.rejected += 1;
                self.item += 1;
            }
            Err((expected, detail)) => {
                let shown: String = family.name.chars().take(64).collect();
                self.reject(expected, format!("`{shown}`: {detail}"));
            }
        }
    }

    pub(super) fn finish(self) -> MetricDecoded {
        let mut decoded = self.collector.finish();
        // A histogram is one point to its sender, however many series it is here.
        decoded.rejected = self.rejected;
        decoded
    }

    /// Joins the point's attributes with the labels of its resource and scope.
    fn label(&mut self, attributes: &Attributes) {
        self.labels.clear();
        let mut list = attributes.list();
        list.sort_unstable_by_key(|(key, ..)| *key);
        for (key, _, value) in list {
            let value = String::from_utf8_lossy(value);
            if !value.is_empty() {
                join(&mut self.labels, label_name(key), &value);
            }
        }
        for (name, value) in &self.resource.identity {
            let own = self.labels.iter_mut().find(|(known, _)| known == name);
            match own {
                // A point that names a host means another one, such as the one it talks to.
                Some(_) if *name == "host" => {}
                Some((_, known)) => known.clone_from(value),
                None => self.labels.push(((*name).into(), value.clone())),
            }
        }
        let is_new = self
            .labels
            .iter()
            .all(|(name, _)| name != "otel_scope_name");
        if !self.scope.is_empty() && is_new {
            self.labels
                .push(("otel_scope_name".into(), self.scope.clone()));
        }
    }

    /// True if all of its series took it.
    fn take(&mut self, family: &Family, mut point: Point) -> Result<bool, Refusal> {
        if self.name.is_empty() {
            return Err(("a name".into(), "the metric has none".into()));
        }
        if let Value::Exponential(exponential) = &mut point.value {
            if let Some(expected) = exponential.fault() {
                return Err((expected.into(), "the exponential histogram".into()));
            }
            exponential.reduce();
        }
        if let Value::Histogram(histogram) = &point.value
            && let Some(expected) = histogram.fault()
        {
            return Err((expected.into(), "the histogram".into()));
        }
        let accumulates = matches!(family.shape, Shape::Sum { .. } | Shape::Histogram);
        if accumulates && !point.is_stale() {
            match family.temporality {
                Temporality::Cumulative => {}
                Temporality::Delta => return self.delta(family, point),
                Temporality::Unspecified => {
                    let expected = "an aggregation temporality, delta or cumulative";
                    return Err((expected.into(), "neither".into()));
                }
            }
        }
        self.latest_ms = self.latest_ms.max(point.at_ms());
        self.put(family, &point)
    }

    fn delta(&mut self, family: &Family, point: Point) -> Result<bool, Refusal> {
        let at_ms = self.collector.now_ms;
        if point.value == Value::None {
            return Err(("a value".into(), "none".into()));
        }
        let running = self.deltas.add(self.key(), &point, at_ms)?;
        let is_level = family.shape
            == Shape::Sum {
                is_monotonic: false,
            };
        if let Some(zero_ms) = running.zero_at_ms.filter(|_| !is_level) {
            let zero = Point {
                time_nanos: u64::try_from(zero_ms).unwrap_or(0) * 1_000_000,
                ..Point::new(nothing(&running.value))
            };
            self.put(family, &zero)?;
        }
        let total = Point {
            value: running.value,
            ..point
        };
        self.latest_ms = self.latest_ms.max(total.at_ms());
        self.put(family, &total)
    }

    /// A hash of the name and the labels of the point.
    fn key(&self) -> u64 {
        let mut text = self.name.clone().into_bytes();
        let mut sorted: Vec<_> = self.labels.iter().collect();
        sorted.sort_unstable();
        for (name, value) in sorted {
            for part in [name, value] {
                text.push(0xff);
                text.extend_from_slice(part.as_bytes());
            }
        }
        SeriesId::of(&text).0
    }

    fn put(&mut self, family: &Family, point: &Point) -> Result<bool, Refusal> {
        let at_ms = point.at_ms();
        let stale = f64::from_bits(STALE_BITS);
        let or_stale = |value: f64| if point.is_stale() { stale } else { value };
        match &point.value {
            Value::Number(_) | Value::None
                if !matches!(family.shape, Shape::Gauge | Shape::Sum { .. }) =>
            {
                Err(("buckets or quantiles".into(), "a number".into()))
            }
            Value::None if !point.is_stale() => Err(("a value".into(), "none".into())),
            Value::None => Ok(self.number(family.shape, at_ms, stale)),
            Value::Number(number) => Ok(self.number(family.shape, at_ms, or_stale(*number))),
            Value::Histogram(histogram) => Ok(self.histogram(histogram, at_ms, or_stale)),
            Value::Exponential(exponential) => {
                Ok(self.histogram(&exponential.explicit(), at_ms, or_stale))
            }
            Value::Summary(summary) => Ok(self.summary(summary, at_ms, or_stale)),
        }
    }

    fn number(&mut self, shape: Shape, at_ms: Option<i64>, value: f64) -> bool {
        let kind = match shape {
            Shape::Sum { is_monotonic: true } => MetricKind::Counter,
            _ => MetricKind::Gauge,
        };
        self.series("", None, kind, (at_ms, value))
    }

    fn histogram(
        &mut self,
        histogram: &Histogram,
        at_ms: Option<i64>,
        or_stale: impl Fn(f64) -> f64,
    ) -> bool {
        let kind = MetricKind::Counter;
        let mut taken = true;
        for (bound, count) in histogram.cumulative() {
            if bound.is_finite() {
                let le = bound.to_string();
                let value = or_stale(count as f64);
                taken &= self.series("_bucket", Some(("le", &le)), kind, (at_ms, value));
            }
        }
        let count = or_stale(histogram.count as f64);
        taken &= self.series("_bucket", Some(("le", "+Inf")), kind, (at_ms, count));
        taken &= self.series("_count", None, kind, (at_ms, count));
        if let Some(sum) = histogram.sum {
            taken &= self.series("_sum", None, kind, (at_ms, or_stale(sum)));
        }
        taken
    }

    fn summary(
        &mut self,
        summary: &Summary,
        at_ms: Option<i64>,
        or_stale: impl Fn(f64) -> f64,
    ) -> bool {
        let kind = MetricKind::Counter;
        let mut taken = true;
        for (quantile, value) in &summary.quantiles {
            let label = quantile.to_string();
            let value = or_stale(*value);
            let label = Some(("quantile", label.as_str()));
            taken &= self.series("", label, MetricKind::Gauge, (at_ms, value));
        }
        let count = or_stale(summary.count as f64);
        taken &= self.series("_count", None, kind, (at_ms, count));
        taken &= self.series("_sum", None, kind, (at_ms, or_stale(summary.sum)));
        taken
    }

    /// Puts one point of one series; `extra` is a label that no attribute may have.
    fn series(
        &mut self,
        suffix: &str,
        extra: Option<(&str, &str)>,
        kind: MetricKind,
        (at_ms, value): (Option<i64>, f64),
    ) -> bool {
        let name = format!("{}{suffix}", self.name);
        let extra_name = extra.map_or("", |(name, _)| name);
        let own = self.labels.iter();
        let own = own.map(|(name, value)| (name.as_str(), value.as_str()));
        let own = own.filter(|(name, _)| *name != extra_name && *name != NAME_LABEL);
        let named = std::iter::once((NAME_LABEL, name.as_str()));
        let labels: Vec<_> = named.chain(own).chain(extra).collect();
        self.collector.point(&labels, kind, at_ms, value)
    }
}

/// The value of the same shape that counts nothing.
fn nothing(value: &Value) -> Value {
    match value {
        Value::Histogram(histogram) => Value::Histogram(Histogram {
            count: 0,
            sum: histogram.sum.map(|_| 0.0),
            bounds: histogram.bounds.clone(),
            counts: vec![0; histogram.counts.len()],
        }),
        Value::Exponential(exponential) => {
            let explicit = exponential.explicit();
            nothing(&Value::Histogram(explicit))
        }
        _ => Value::Number(0.0),
    }
}
