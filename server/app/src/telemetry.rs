//! What Tocsin says of itself: its log, to standard error for people and to the own-log source for
//! search; and, if someone wants them, the spans of its work.

mod export;
mod queue;
mod repeats;

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::TelemetryResourceDetector;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::config::{ConfigError, TelemetryConfig};
use crate::own_log::{OwnLog, OwnLogWriter};
pub(crate) use queue::SpanCounts;
use queue::SpanQueue;
use repeats::Repeats;

/// How long the end of the process waits for the last spans to leave.
const FLUSH_MAX: Duration = Duration::from_secs(3);

/// The spans of this process on their way out. When it is dropped, the last of them leave.
#[derive(Debug)]
pub(crate) struct Traces {
    counts: Arc<SpanCounts>,
    provider: Option<SdkTracerProvider>,
}

impl Traces {
    /// What became of spans.
    pub(crate) fn counts(&self) -> Arc<SpanCounts> {
        self.counts.clone()
    }

    /// Where spans go, if they are to go anywhere.
    fn open(config: &TelemetryConfig) -> Result<Self, ConfigError> {
        let counts = Arc::<SpanCounts>::default();
        let Some(endpoint) = config.endpoint() else {
            let provider = None;
            return Ok(Self { counts, provider });
        };
        let exporter = export::exporter(endpoint, config.headers()?)?;
        let queue = SpanQueue::start(exporter, resource(config), counts.clone());
        let queue = queue.map_err(|error| {
            ConfigError::Refused(format!("spans cannot be sent from a thread: {error}"))
        })?;
        let own = Sampler::TraceIdRatioBased(config.sample_ratio);
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(own)))
            .with_span_processor(queue)
            .build();
        let provider = Some(provider);
        Ok(Self { counts, provider })
    }

    /// What takes the spans that are traces, and nothing else; none if they go nowhere.
    fn layer<S>(&self) -> Option<impl Layer<S> + use<S>>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let tracer = self.provider.as_ref()?.tracer("tocsin");
        let only_traces = Targets::new().with_target(tocsin_trace::TARGET, LevelFilter::INFO);
        let layer = tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false);
        Some(layer.with_filter(only_traces))
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Some(provider) = &self.provider
            && let Err(error) = provider.shutdown_with_timeout(FLUSH_MAX)
        {
            tracing::warn!(%error, "the last spans did not leave");
        }
    }
}

/// Who tells of the spans.
fn resource(config: &TelemetryConfig) -> Resource {
    let attributes = [
        KeyValue::new("service.name", config.service_name.clone()),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", uuid::Uuid::now_v7().to_string()),
    ];
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attributes(attributes)
        .build()
}

/// Starts logging and tracing for the whole process. Returns the receiving end of the own-log source,
/// and the spans on their way out.
///
/// # Errors
/// [`ConfigError`] if the filter is not understood or logging runs already.
pub(crate) fn start(config: &TelemetryConfig) -> Result<(OwnLog, Traces), ConfigError> {
    let refused = |error: String| ConfigError::Refused(format!("`telemetry.log`: {error}"));
    let filter = || EnvFilter::try_new(&config.log).map_err(|error| refused(error.to_string()));
    // Spans that are traces are not part of log lines.
    let but_traces = || filter_fn(|what| what.target() != tocsin_trace::TARGET);
    let (writer, own_log) = OwnLogWriter::new();
    let traces = Traces::open(config)?;
    let to_stderr = Repeats::new(std::io::stderr, config.log_repeats_max);
    let told = to_stderr.tell();
    told.map_err(|error| refused(format!("no thread to tell of repeats: {error}")))?;
    let to_people = fmt::layer().with_writer(to_stderr).with_target(false);
    let to_people = if config.log_json {
        to_people.json().boxed()
    } else {
        to_people.with_ansi(std::io::stderr().is_terminal()).boxed()
    };
    let to_own_source = fmt::layer()
        .with_writer(Repeats::new(writer, config.log_repeats_max))
        .with_ansi(false);
    tracing_subscriber::registry()
        .with(to_people.with_filter(filter()?).with_filter(but_traces()))
        .with(
            to_own_source
                .with_filter(filter()?)
                .with_filter(but_traces()),
        )
        .with(traces.layer())
        .try_init()
        .map_err(|error| refused(error.to_string()))?;
    Ok((own_log, traces))
}
