//! What people ask, with known answers: over the handed-out logs, and over the demo while it is broken.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tocsin_harness::questions::{self, Judged, Question};
use tocsin_harness::{TestServer, binary, wait_for};

use super::demo::Demo;
use super::model::{self, GullibleModel};

/// The sets of logs that are asked about.
const SETS: [&str; 8] = [
    "OpenSSH",
    "Linux",
    "Hadoop",
    "HDFS",
    "Zookeeper",
    "BGL",
    "HealthApp",
    "Proxifier",
];
/// Share of the questions that are answered right, at least.
const RIGHT_MIN: f64 = 0.9;

/// The handed-out data, if it is there.
fn data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let named = std::env::var_os("TOCSIN_DATA").map(PathBuf::from);
    named
        .into_iter()
        .chain([beside])
        .find(|path| path.join("parsing").is_dir())
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/questions")
        .join(name)
}

/// A scorecard of answers.
#[derive(Default)]
struct Score {
    all: usize,
    right: usize,
    sentences: usize,
    cited: usize,
    unsupported: Vec<String>,
    wrong: Vec<String>,
}

impl Score {
    fn add(&mut self, question: &Question, message: &Value, judged: Judged) {
        self.all += 1;
        self.sentences += judged.sentences;
        self.cited += judged.cited;
        self.unsupported.extend(judged.unsupported);
        if judged.wrong.is_empty() {
            self.right += 1;
            return;
        }
        let statements = message["answer"]["statements"].as_array();
        let said = statements
            .into_iter()
            .flatten()
            .map(|one| one["text"].as_str().unwrap_or_default());
        let said: Vec<&str> = said.take(4).collect();
        let understood = &message["answer"]["understood"]["text"];
        self.wrong.push(format!(
            "{}\n    {}\n    understood: {understood}\n    said: {}",
            question.ask,
            judged.wrong.join("; "),
            said.join(" | "),
        ));
    }

    /// Prints the scores, and holds them to what is promised.
    #[expect(
        clippy::print_stdout,
        reason = "shown with the output of a test that fails"
    )]
    fn close(self, name: &str, right_min: f64) -> anyhow::Result<()> {
        let share = self.right as f64 / self.all.max(1) as f64;
        let mut out = std::io::stderr().lock();
        writeln!(
            out,
            "{name}: {} of {} answered right ({share:.3}); {} sentences, {} of them cite, {} not borne out",
            self.right,
            self.all,
            self.sentences,
            self.cited,
            self.unsupported.len(),
        )?;
        drop(out);
        // Shown with the output of a test that fails, or when it is asked for.
        for one in &self.wrong {
            println!("  wrong: {one}");
        }
        ensure!(
            self.unsupported.is_empty(),
            "not borne out: {:#?}",
            self.unsupported
        );
        ensure!(
            share >= right_min,
            "{share:.3} answered right:\n{}",
            self.wrong.join("\n")
        );
        Ok(())
    }
}

fn ask_all(
    path: &Path,
    data: &Path,
    ask: &dyn Fn(&str) -> anyhow::Result<Value>,
    open: &mut dyn FnMut(&str) -> Option<Value>,
) -> anyhow::Result<Score> {
    let mut score = Score::default();
    for question in questions::load(path)? {
        let message = ask(&question.ask)?;
        let judged = questions::judge(&question, &message, data, open)?;
        score.add(&question, &message, judged);
    }
    Ok(score)
}

fn ingest(server: &TestServer, data: &Path) -> anyhow::Result<()> {
    for set in SETS {
        let sent = Command::new(binary()?)
            .args([
                "ingest",
                "--server",
                &server.url(""),
                "--source",
                &set.to_lowercase(),
            ])
            .arg(questions::log_file(data, set))
            .output()?;
        ensure!(
            sent.status.success(),
            "{}",
            String::from_utf8_lossy(&sent.stderr)
        );
    }
    server.wait_for_lines("source:openssh", 2000)?;
    server.wait_for_lines("source:proxifier", 2000)?;
    wait_for("all templates to be embedded", || {
        let stats = server.get("/api/v1/stats").ok()?.1;
        let embedded = stats["prototypes_embedded"].as_u64()?;
        (embedded >= stats["templates"].as_u64()? || !stats["semantic"]["available"].as_bool()?)
            .then_some(())
    })
}

fn ask_logs(settings: &[(&str, &str)], name: &str, right_min: f64) -> anyhow::Result<()> {
    let Some(data) = data() else {
        let mut out = std::io::stderr().lock();
        writeln!(
            out,
            "SKIPPED: the handed-out data is not there; set TOCSIN_DATA"
        )?;
        return Ok(());
    };
    let server = TestServer::start_with(settings)?;
    ingest(&server, &data)?;
    if !settings.is_empty() {
        model::wait_until_known(&server)?;
    }
    let ask = |text: &str| {
        let body = json!({ "text": text }).to_string();
        let json = [("Content-Type", "application/json")];
        let (status, answer) = server.post("/api/v1/copilot/ask", &json, body.as_bytes())?;
        ensure!(status == 200, "{text}: {status}: {answer}");
        Ok(answer)
    };
    let mut open = |route: &str| {
        let (status, answer) = server.get(route).ok()?;
        (status == 200).then_some(answer)
    };
    ask_all(&file("logs.yml"), &data, &ask, &mut open)?.close(name, right_min)
}

#[test]
fn questions_about_logs_are_answered_with_lines_that_are_there() -> anyhow::Result<()> {
    ask_logs(&[], "questions about logs", RIGHT_MIN)
}

/// The model says two facts as they are and six lies; how often that is an answer is not its merit.
#[test]
fn nothing_that_a_model_makes_up_is_in_an_answer() -> anyhow::Result<()> {
    let model = GullibleModel::start()?;
    let settings = model.settings();
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(key, value)| (*key, value.as_str()))
        .collect();
    ask_logs(
        &settings,
        "questions about logs, worded by a model that lies",
        0.0,
    )
}

#[test]
fn questions_about_a_broken_shop_are_answered_with_its_cause() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let change =
        json!({ "kind": "deploy", "entity": "payment", "title": "payment 2.4.1 rolled out" });
    demo.post("/api/v1/changes", &change)?;
    demo.wait_for("payments to fail", "/api/v1/alerts?limit=100", |alert| {
        alert["failure_type"] == "payment_provider_failure"
    })?;
    demo.wait_for("orders to fail", "/api/v1/alerts?limit=100", |alert| {
        alert["failure_type"] == "order_failed"
    })?;
    demo.wait_for(
        "an anomaly of payments",
        "/api/v1/metrics/anomalies",
        |anomaly| anomaly.to_string().contains("shop_payment_"),
    )?;
    let ask = |text: &str| {
        demo.post("/api/v1/copilot/ask", &json!({ "text": text }))
            .context(text.to_owned())
    };
    let mut open = |route: &str| demo.get(route);
    ask_all(&file("shop.yml"), Path::new("."), &ask, &mut open)?
        .close("questions about the shop", RIGHT_MIN)
}
