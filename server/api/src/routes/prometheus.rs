//! Prometheus' HTTP API over the metric store, for Grafana, promtool and their like. Parameters
//! come in the query string or as a form; answers and errors are Prometheus'.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::{Path, RawForm, State};
use axum::response::Response;
use tocsin_domain::metric::Matcher;
use tocsin_domain::ports::SeriesInfo;

use super::metrics_series;
use crate::state::ApiState;
use crate::wire::prometheus::{PrometheusError, build_info, instant, labels, matrix, success};

/// Series that are looked through at most.
const SERIES_MAX: usize = 1_000_000;

/// The parameters, in the order they came; names may repeat.
struct Form(Vec<(String, String)>);

impl Form {
    fn read(RawForm(bytes): RawForm) -> Result<Self, PrometheusError> {
        let pairs = serde_urlencoded::from_bytes(&bytes);
        let pairs = pairs.map_err(|error| PrometheusError::bad_data(error.to_string()))?;
        Ok(Self(pairs))
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(have, _)| have == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    fn need(&self, name: &str) -> Result<&str, PrometheusError> {
        self.get(name).ok_or_else(|| {
            PrometheusError::bad_data(format!("invalid parameter \"{name}\": it is missing"))
        })
    }

    /// A time in ms: seconds since the epoch, or RFC 3339.
    fn time(&self, name: &str, default_ms: i64) -> Result<i64, PrometheusError> {
        self.get(name)
            .map_or(Ok(default_ms), |text| time(name, text))
    }

    fn limit(&self) -> Result<usize, PrometheusError> {
        match self.get("limit").map(str::parse) {
            None | Some(Ok(0)) => Ok(usize::MAX),
            Some(Ok(limit)) => Ok(limit),
            Some(Err(_)) => Err(PrometheusError::bad_data("invalid parameter \"limit\"")),
        }
    }

    /// The selectors of `match[]`; one that everything satisfies if there is none.
    fn selectors(&self) -> Result<Vec<Vec<Matcher>>, PrometheusError> {
        let given = self.0.iter().filter(|(name, _)| name == "match[]");
        let parsed = given.map(|(_, text)| tocsin_promql::parse_selector(text));
        let parsed: Vec<_> = parsed.collect::<Result<_, _>>()?;
        if !parsed.is_empty() {
            return Ok(parsed);
        }
        let any = metrics_series::any();
        let any = any.map_err(|error| PrometheusError::bad_data(error.detail))?;
        Ok(vec![vec![any]])
    }
}

fn time(name: &str, text: &str) -> Result<i64, PrometheusError> {
    if let Ok(secs) = text.parse::<f64>()
        && secs.is_finite()
    {
        return Ok((secs * 1000.0).round() as i64);
    }
    let zero = tocsin_domain::Timestamp::default();
    let parsed = crate::wire::time::parse(name, text, zero);
    parsed.map(tocsin_domain::Timestamp::millis).map_err(|_| {
        let detail =
            format!("invalid parameter \"{name}\": cannot parse \"{text}\" to a valid timestamp");
        PrometheusError::bad_data(detail)
    })
}

/// A duration in ms: seconds, or `1m30s` as PromQL has it.
fn duration(name: &str, text: &str) -> Result<i64, PrometheusError> {
    let secs = text.parse::<f64>().ok().filter(|secs| secs.is_finite());
    let ms = match secs {
        Some(secs) => Some((secs * 1000.0) as i64),
        None => spans(text),
    };
    let detail =
        || format!("invalid parameter \"{name}\": cannot parse \"{text}\" to a valid duration");
    ms.filter(|ms| *ms > 0)
        .ok_or_else(|| PrometheusError::bad_data(detail()))
}

fn spans(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut total = 0i64;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at(digits);
        let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at(letters);
        let unit_ms = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 7 * 86_400_000,
            "y" => 365 * 86_400_000,
            _ => return None,
        };
        let part = number.parse::<i64>().ok()?.checked_mul(unit_ms)?;
        total = total.checked_add(part)?;
        rest = tail;
    }
    Some(total)
}

/// Evaluate a query at one time.
#[utoipa::path(
    get, path = "/api/v1/query", tag = "prometheus",
    params(
        ("query" = String, Query, description = "A query in PromQL"),
        ("time" = Option<String>, Query, description = "Seconds since the epoch or RFC 3339; now by default")
    ),
    responses((status = 200, description = "As Prometheus answers"), (status = "4XX", description = "As Prometheus refuses"))
)]
pub(crate) async fn query(
    State(state): State<ApiState>,
    form: RawForm,
) -> Result<Response, PrometheusError> {
    let form = Form::read(form)?;
    let at_ms = form.time("time", state.now().millis())?;
    let value = state
        .parts()
        .engine
        .instant(form.need("query")?, at_ms)
        .await?;
    Ok(instant(value))
}

/// Evaluate a query at even steps.
#[utoipa::path(
    get, path = "/api/v1/query_range", tag = "prometheus",
    params(
        ("query" = String, Query, description = "A query in PromQL"),
        ("start" = String, Query, description = "The first time"),
        ("end" = String, Query, description = "The last time"),
        ("step" = String, Query, description = "Seconds, or a duration such as `1m`")
    ),
    responses((status = 200, description = "As Prometheus answers"), (status = "4XX", description = "As Prometheus refuses"))
)]
pub(crate) async fn query_range(
    State(state): State<ApiState>,
    form: RawForm,
) -> Result<Response, PrometheusError> {
    let form = Form::read(form)?;
    let start_ms = time("start", form.need("start")?)?;
    let end_ms = time("end", form.need("end")?)?;
    let step_ms = duration("step", form.need("step")?)?;
    let query = form.need("query")?;
    let series = state
        .parts()
        .engine
        .range(query, start_ms, end_ms, step_ms)
        .await?;
    Ok(matrix(series))
}

async fn found(state: &ApiState, form: &Form) -> Result<Vec<Arc<SeriesInfo>>, PrometheusError> {
    let range = (form.time("start", i64::MIN)?, form.time("end", i64::MAX)?);
    let mut all: BTreeMap<Vec<u8>, Arc<SeriesInfo>> = BTreeMap::new();
    for matchers in form.selectors()? {
        let found = state
            .parts()
            .metrics
            .series(&matchers, range, SERIES_MAX)
            .await?;
        let keyed = found
            .into_iter()
            .map(|info| (info.labels.as_bytes().to_vec(), info));
        all.extend(keyed);
    }
    Ok(all.into_values().collect())
}

/// The label sets that selectors choose.
#[utoipa::path(
    get, path = "/api/v1/series", tag = "prometheus",
    params(("match[]" = Vec<String>, Query, description = "Selectors")),
    responses((status = 200, description = "As Prometheus answers"), (status = "4XX", description = "As Prometheus refuses"))
)]
pub(crate) async fn series(
    State(state): State<ApiState>,
    form: RawForm,
) -> Result<Response, PrometheusError> {
    let form = Form::read(form)?;
    if !form.0.iter().any(|(name, _)| name == "match[]") {
        return Err(PrometheusError::bad_data("no match[] parameter provided"));
    }
    let found = found(&state, &form).await?;
    let chosen = found.iter().take(form.limit()?);
    let sets: Vec<_> = chosen.map(|info| labels(&info.labels)).collect();
    Ok(success(sets))
}

/// The names of labels.
#[utoipa::path(
    get, path = "/api/v1/labels", tag = "prometheus",
    responses((status = 200, description = "As Prometheus answers"), (status = "4XX", description = "As Prometheus refuses"))
)]
pub(crate) async fn label_names(
    State(state): State<ApiState>,
    form: RawForm,
) -> Result<Response, PrometheusError> {
    let form = Form::read(form)?;
    let found = found(&state, &form).await?;
    let names = found.iter().flat_map(|info| info.labels.iter());
    let names: BTreeSet<&str> = names.map(|(name, _)| name).collect();
    let names: Vec<&str> = names.into_iter().take(form.limit()?).collect();
    Ok(success(names))
}

/// The values of a label.
#[utoipa::path(
    get, path = "/api/v1/label/{name}/values", tag = "prometheus",
    params(("name" = String, Path, description = "The label")),
    responses((status = 200, description = "As Prometheus answers"), (status = "4XX", description = "As Prometheus refuses"))
)]
pub(crate) async fn label_values(
    State(state): State<ApiState>,
    Path(name): Path<String>,
    form: RawForm,
) -> Result<Response, PrometheusError> {
    let form = Form::read(form)?;
    let found = found(&state, &form).await?;
    let values: BTreeSet<&str> = found.iter().map(|info| info.labels.get(&name)).collect();
    let values = values.into_iter().filter(|value| !value.is_empty());
    let values: Vec<&str> = values.take(form.limit()?).collect();
    Ok(success(values))
}

/// What the numbers of metrics mean.
#[utoipa::path(
    get, path = "/api/v1/metadata", tag = "prometheus",
    responses((status = 200, description = "As Prometheus answers"))
)]
pub(crate) async fn metadata(
    State(state): State<ApiState>,
    form: RawForm,
) -> Result<Response, PrometheusError> {
    let form = Form::read(form)?;
    let wanted = form.get("metric").map(str::to_owned);
    let found = found(&state, &form).await?;
    let mut kinds = BTreeMap::new();
    for info in &found {
        let name = info.labels.name();
        if wanted.as_deref().is_none_or(|wanted| wanted == name) {
            let kind = info.kind.or_by_name(name).name();
            let entry = serde_json::json!([{"type": kind, "help": "", "unit": ""}]);
            kinds.insert(name.to_owned(), entry);
        }
    }
    let kinds: BTreeMap<_, _> = kinds.into_iter().take(form.limit()?).collect();
    Ok(success(kinds))
}

/// Which API there is.
#[utoipa::path(
    get, path = "/api/v1/status/buildinfo", tag = "prometheus",
    responses((status = 200, description = "As Prometheus answers"))
)]
pub(crate) async fn buildinfo() -> Response {
    success(build_info(env!("CARGO_PKG_VERSION")))
}

#[cfg(test)]
mod tests {
    use super::{duration, time};

    #[test]
    fn times_and_durations_are_read_as_prometheus_reads_them() {
        assert_eq!(time("t", "1435781451.781").unwrap(), 1_435_781_451_781);
        assert_eq!(
            time("t", "2015-07-01T20:10:51.781Z").unwrap(),
            1_435_781_451_781
        );
        assert!(time("t", "soon").is_err());
        assert_eq!(duration("step", "15").unwrap(), 15_000);
        assert_eq!(duration("step", "1m30s").unwrap(), 90_000);
        for wrong in ["0", "-1", "x", "1q", "m"] {
            assert!(duration("step", wrong).is_err(), "{wrong}");
        }
    }
}
