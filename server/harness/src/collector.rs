//! A real collector of OpenTelemetry, Rotel, which tells every span that it takes.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};
use tempfile::TempDir;

use crate::counterparty::{Counterparty, tool};
use crate::server::free_port;
use crate::wait_for;

/// A span as the collector tells it.
#[derive(Debug, Clone, Default)]
pub struct CollectedSpan {
    /// `service.name` of the resource.
    pub service: String,
    /// The trace, in hexadecimal.
    pub trace: String,
    /// Who it is, in hexadecimal.
    pub id: String,
    /// What it follows from; empty: nothing.
    pub parent: String,
    /// What was done.
    pub name: String,
    /// `SERVER`, `PRODUCER`, `CONSUMER`, `CLIENT` or `INTERNAL`.
    pub kind: String,
    /// Whether it failed.
    pub is_error: bool,
    /// What else is told of it: texts as they are, numbers with a `#` before them.
    pub attributes: BTreeMap<String, String>,
}

impl CollectedSpan {
    /// An attribute; empty if it has none of that name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

/// A collector that runs.
#[derive(Debug)]
pub struct Collector {
    _program: Counterparty,
    folder: TempDir,
    port: u16,
}

impl Collector {
    /// Starts one on a free port of the loopback.
    ///
    /// # Errors
    /// If it is not installed, or does not come up.
    pub fn start() -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let (port, grpc) = (free_port()?, free_port()?);
        let told = File::create(folder.path().join("spans.txt"))?;
        let mut program = Command::new(agent()?);
        program
            .arg("start")
            .args(["--otlp-http-endpoint", &format!("127.0.0.1:{port}")])
            .args(["--otlp-grpc-endpoint", &format!("127.0.0.1:{grpc}")])
            .args(["--exporter", "blackhole"])
            .args(["--debug-log", "traces", "--debug-log-verbosity", "detailed"])
            .current_dir(folder.path())
            .stdout(told.try_clone()?)
            .stderr(told);
        let program = Counterparty::start(&mut program)?;
        let collector = Self {
            _program: program,
            folder,
            port,
        };
        wait_for("the collector", || {
            TcpStream::connect(("127.0.0.1", port)).ok().map(drop)
        })
        .with_context(|| collector.text())?;
        Ok(collector)
    }

    /// Where it takes OTLP over HTTP.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// All that it said.
    #[must_use]
    pub fn text(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("spans.txt")).unwrap_or_default()
    }

    /// The spans that it took, those of one trace.
    #[must_use]
    pub fn spans(&self, trace: &str) -> Vec<CollectedSpan> {
        let mut spans = read(&self.text());
        spans.retain(|span| span.trace == trace);
        spans
    }
}

/// The program itself; what stands in the path is a script that hides its output.
fn agent() -> anyhow::Result<PathBuf> {
    let python = tool("rotel")?.join("python");
    let place = "import os, rotel; print(os.path.dirname(rotel.__file__))";
    let found = Command::new(python).args(["-c", place]).output()?;
    ensure!(
        found.status.success(),
        "Rotel is not installed: run `make tools`"
    );
    let folder = PathBuf::from(String::from_utf8(found.stdout)?.trim());
    Ok(folder.join("rotel-agent"))
}

/// Which part of a span's text is being read.
#[derive(PartialEq)]
enum Part {
    Resource,
    Span,
    Attributes,
    Other,
}

/// Spans from what the collector says of them.
fn read(text: &str) -> Vec<CollectedSpan> {
    let mut spans: Vec<CollectedSpan> = Vec::new();
    let (mut service, mut part) = (String::new(), Part::Other);
    for line in text.lines() {
        let said = line.trim();
        if said.starts_with("Span #") {
            part = Part::Span;
            spans.push(CollectedSpan {
                service: service.clone(),
                ..CollectedSpan::default()
            });
            continue;
        }
        if said.starts_with("Resource attributes:") {
            part = Part::Resource;
            continue;
        }
        if said.starts_with("Attributes:") && part == Part::Span {
            part = Part::Attributes;
            continue;
        }
        let attribute = said
            .strip_prefix("-> ")
            .and_then(|one| one.split_once(": "));
        match (attribute, spans.last_mut()) {
            (Some((name, value)), _) if part == Part::Resource => {
                if name == "service.name" {
                    service = bare(value);
                }
            }
            (Some((name, value)), Some(span)) if part == Part::Attributes => {
                span.attributes.insert(name.to_owned(), bare(value));
            }
            (None, Some(span)) if part == Part::Span => field(span, said),
            _ => part = Part::Other,
        }
    }
    spans
}

fn field(span: &mut CollectedSpan, said: &str) {
    let Some((name, value)) = said.split_once(':') else {
        return;
    };
    let value = value.trim().to_owned();
    match name.trim() {
        "Trace ID" => span.trace = value,
        "Parent ID" => span.parent = value,
        "ID" => span.id = value,
        "Name" => span.name = value,
        "Kind" => span.kind = value.trim_start_matches("SPAN_KIND_").to_owned(),
        "Status code" => span.is_error = value == "STATUS_CODE_ERROR",
        _ => {}
    }
}

/// A value without the type that stands around it: `Str(x)`; of `Int(1)` it is `#1`.
fn bare(value: &str) -> String {
    if let Some(number) = value.strip_prefix("Int(") {
        return format!("#{}", number.trim_end_matches(')'));
    }
    let inner = value
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(value).to_owned()
}
