//! Series as the JSON of Prometheus' API, written straight into bytes and sent part by part: the
//! client reads the first series while the next ones are written, and no answer is in memory twice.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use tocsin_domain::Sample;
use tocsin_promql::{LabelSet, RangeSeries, VectorSample};

use super::numbers::{push_time, push_value};

/// A part of an answer is sent once it has so many bytes.
const PART_BYTES: usize = 64 << 10;
/// Room for a part: its last series may reach beyond.
const PART_BYTES_ROOM: usize = 128 << 10;

/// A series that can be written.
pub(super) trait Series: Send + 'static {
    /// What a result of such series is called.
    const RESULT_TYPE: &'static str;

    fn push(&self, out: &mut Vec<u8>);
}

impl Series for RangeSeries {
    const RESULT_TYPE: &'static str = "matrix";

    fn push(&self, out: &mut Vec<u8>) {
        push_labels(out, &self.labels);
        out.extend_from_slice(b",\"values\":[");
        for (at, sample) in self.samples.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            push_pair(out, sample);
        }
        out.extend_from_slice(b"]}");
    }
}

impl Series for VectorSample {
    const RESULT_TYPE: &'static str = "vector";

    fn push(&self, out: &mut Vec<u8>) {
        push_labels(out, &self.labels);
        out.extend_from_slice(b",\"value\":");
        push_pair(out, &self.sample);
        out.push(b'}');
    }
}

/// Begins a series with its labels as an object.
fn push_labels(out: &mut Vec<u8>, labels: &LabelSet) {
    out.extend_from_slice(b"{\"metric\":{");
    for (at, (name, value)) in labels.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        push_text(out, name);
        out.push(b':');
        push_text(out, value);
    }
    out.push(b'}');
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    // A vector takes every byte, and a text is always JSON.
    let _written = serde_json::to_writer(out, text);
}

/// A time and a value as text.
fn push_pair(out: &mut Vec<u8>, sample: &Sample) {
    out.push(b'[');
    push_time(out, sample.at_ms);
    out.extend_from_slice(b",\"");
    push_value(out, sample.value);
    out.extend_from_slice(b"\"]");
}

/// The parts of an answer.
struct Parts<S> {
    series: std::iter::Peekable<std::vec::IntoIter<S>>,
    has_begun: bool,
    is_over: bool,
}

impl<S: Series> Iterator for Parts<S> {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if self.is_over {
            return None;
        }
        let mut out = Vec::with_capacity(PART_BYTES_ROOM);
        if !self.has_begun {
            self.has_begun = true;
            out.extend_from_slice(b"{\"status\":\"success\",\"data\":{\"resultType\":\"");
            out.extend_from_slice(S::RESULT_TYPE.as_bytes());
            out.extend_from_slice(b"\",\"result\":[");
        }
        while out.len() < PART_BYTES {
            let Some(series) = self.series.next() else {
                break;
            };
            series.push(&mut out);
            if self.series.peek().is_some() {
                out.push(b',');
            }
        }
        if self.series.peek().is_none() {
            self.is_over = true;
            out.extend_from_slice(b"]}}");
        }
        Some(out.into())
    }
}

/// The answer with these series; a short one goes as a whole with its length.
pub(super) fn answer<S: Series>(series: Vec<S>) -> Response {
    let mut parts = Parts {
        series: series.into_iter().peekable(),
        has_begun: false,
        is_over: false,
    };
    let first = parts.next().unwrap_or_default();
    let body = if parts.is_over {
        Body::from(first)
    } else {
        let all = std::iter::once(first).chain(parts);
        Body::from_stream(stream::iter(all.map(Ok::<_, Infallible>)))
    };
    json(body)
}

/// The answer with a number.
pub(super) fn scalar(sample: &Sample) -> Response {
    let mut out =
        b"{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":".to_vec();
    push_pair(&mut out, sample);
    out.extend_from_slice(b"}}");
    json(Body::from(out))
}

fn json(body: Body) -> Response {
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn text(response: Response) -> String {
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
        String::from_utf8(body.unwrap().to_vec()).unwrap()
    }

    fn series(host: &str, samples: &[(i64, f64)]) -> RangeSeries {
        let samples = samples.iter().map(|(at_ms, value)| Sample {
            at_ms: *at_ms,
            value: *value,
        });
        RangeSeries {
            labels: LabelSet::new([("__name__", "m"), ("host", host)]),
            samples: samples.collect(),
        }
    }

    #[tokio::test]
    async fn series_are_written_as_prometheus_writes_them() {
        let all = vec![
            series("a\"\n\u{1}é", &[(1_000, 1.5), (1_500, f64::NAN)]),
            series("b", &[]),
        ];
        let expected = concat!(
            r#"{"status":"success","data":{"resultType":"matrix","result":["#,
            r#"{"metric":{"__name__":"m","host":"a\"\n\u0001é"},"values":[[1,"1.5"],[1.5,"NaN"]]},"#,
            r#"{"metric":{"__name__":"m","host":"b"},"values":[]}]}}"#,
        );
        assert_eq!(text(answer(all)).await, expected);
        let nothing = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
        assert_eq!(text(answer(Vec::<VectorSample>::new())).await, nothing);
        let one = VectorSample {
            labels: LabelSet::default(),
            sample: Sample {
                at_ms: 2_000,
                value: 3.0,
            },
        };
        let expected = concat!(
            r#"{"status":"success","data":{"resultType":"vector","result":["#,
            r#"{"metric":{},"value":[2,"3"]}]}}"#,
        );
        assert_eq!(text(answer(vec![one])).await, expected);
        let sample = Sample {
            at_ms: 2_500,
            value: f64::INFINITY,
        };
        let expected =
            r#"{"status":"success","data":{"resultType":"scalar","result":[2.5,"+Inf"]}}"#;
        assert_eq!(text(scalar(&sample)).await, expected);
    }

    #[tokio::test]
    async fn long_answers_come_in_parts_and_are_whole() {
        let points: Vec<(i64, f64)> = (0..3_000i64)
            .map(|at| (at * 60_000 + 1, at as f64 * 0.01))
            .collect();
        let all: Vec<RangeSeries> = (0..9)
            .map(|host| series(&host.to_string(), &points))
            .collect();
        let response = answer(all.clone());
        assert!(
            axum::body::HttpBody::size_hint(response.body())
                .exact()
                .is_none()
        );
        let read: serde_json::Value = serde_json::from_str(&text(response).await).unwrap();
        let result = read["data"]["result"].as_array().unwrap();
        assert_eq!(result.len(), all.len());
        for (written, series) in result.iter().zip(&all) {
            assert_eq!(written["metric"]["host"], series.labels.get("host"));
            let values = written["values"].as_array().unwrap();
            let back = values.iter().map(|pair| Sample {
                at_ms: (pair[0].as_f64().unwrap() * 1e3).round() as i64,
                value: pair[1].as_str().unwrap().parse().unwrap(),
            });
            assert_eq!(back.collect::<Vec<_>>(), series.samples);
        }
    }
}
