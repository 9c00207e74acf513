//! The shop: three services, two hosts, a deployment, a payment provider that times out, a disk that fills up.

use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::alert::{Alert, AlertEventKind, AlertSeverity, Incident, IncidentStatus};
use tocsin_domain::change::{Change, ChangeId, ChangeKind};
use tocsin_domain::copilot::Message;
use tocsin_domain::metric::{Anomaly, Band, Direction, FindingId, Prediction, PredictionOutcome};
use tocsin_domain::ports::{AnswerListener, AnswerPiece, Copilot, Question, SimilarIncident};
use tocsin_domain::{Labels, RecordId};
use tocsin_llm::Prompts;

use crate::attachments::DiagnosisRules;
use crate::changes::ChangeRules;
use crate::config::CopilotConfig;
use crate::fakes::{BEGIN_MS, MINUTE_MS, NewLine, World, alert, incident};
use crate::runbooks::Runbooks;
use crate::service::{CopilotRules, CopilotService};

/// Now.
pub(crate) const NOW_MS: i64 = BEGIN_MS;
/// When the provider stopped to answer.
pub(crate) const FAULT_MS: i64 = NOW_MS - 20 * MINUTE_MS;

/// The shop, and what is open in it.
pub(crate) struct Shop {
    pub(crate) world: Arc<World>,
    pub(crate) alert: Alert,
    pub(crate) incident: Incident,
    pub(crate) line: RecordId,
}

/// All pieces of an answer.
#[derive(Default)]
pub(crate) struct Heard(pub(crate) Vec<AnswerPiece>);

#[async_trait]
impl AnswerListener for Heard {
    async fn hear(&mut self, piece: AnswerPiece) -> bool {
        self.0.push(piece);
        true
    }
}

impl Shop {
    pub(crate) fn open() -> Self {
        let world = World::new();
        let line = log(&world);
        measure(&world);
        let (alert, incident) = raise(&world);
        predict(&world);
        world.changes.lock().push(Change {
            id: ChangeId(7),
            at_ms: FAULT_MS - 4 * MINUTE_MS,
            kind: ChangeKind::Deploy,
            entity: "payment".into(),
            title: "payment 2.4.1".into(),
            labels: Default::default(),
            source: "api".into(),
            actor: Some("ana".into()),
            url: None,
            record: None,
        });
        Self {
            world,
            alert,
            incident,
            line,
        }
    }

    pub(crate) fn copilot(&self) -> CopilotService {
        copilot(&self.world)
    }
}

pub(crate) fn copilot(world: &Arc<World>) -> CopilotService {
    CopilotService::new(world.parts(), rules(), CopilotConfig::default()).unwrap()
}

/// The rules that come with the server.
pub(crate) fn rules() -> CopilotRules {
    CopilotRules {
        changes: ChangeRules::built_in().unwrap(),
        runbooks: Runbooks::built_in().unwrap(),
        diagnosis: DiagnosisRules::built_in().unwrap(),
        prompts: Arc::new(Prompts::load(None).unwrap()),
    }
}

pub(crate) fn question(text: &str) -> Question {
    Question {
        thread: None,
        text: text.into(),
        again: None,
        before: Vec::new(),
        page: None,
        user: "ana".into(),
        utc_offset_minutes: 0,
        attachments: Vec::new(),
    }
}

/// The answer to a question, and its pieces.
pub(crate) async fn ask(
    copilot: &CopilotService,
    question: Question,
) -> (Message, Vec<AnswerPiece>) {
    let mut heard = Heard::default();
    let message = copilot.ask(question, &mut heard).await.unwrap();
    (message, heard.0)
}

fn log(world: &World) -> RecordId {
    let line = |at_ms: i64,
                (service, host): (&str, &str),
                severity: &str,
                body: &str,
                upstream: Option<&str>| {
        let mut attributes = vec![("service", service)];
        attributes.extend(upstream.map(|name| ("upstream", name)));
        world.log(&NewLine {
            at_ms,
            source: "file:/var/log/shop.log",
            host,
            severity,
            body,
            attributes: &attributes,
            trace: None,
        })
    };
    for minute in 0..180 {
        let at = NOW_MS - (180 - minute) * MINUTE_MS;
        let healthy = at < FAULT_MS;
        let (orders, payment) = (("orders", "web-1"), ("payment", "pay-1"));
        line(
            at + 1,
            ("web", "web-1"),
            "info",
            "GET /cart 200 in 12 ms",
            None,
        );
        if healthy {
            line(
                at + 2,
                payment,
                "info",
                &format!("paygate authorised order {minute} in 80 ms"),
                None,
            );
            line(
                at + 3,
                orders,
                "info",
                &format!("order {minute} completed in 120 ms"),
                None,
            );
        } else {
            for n in 0..3 {
                let body = format!(
                    "payment provider paygate timed out after 30000 ms for order {minute}{n}"
                );
                line(at + 4 + n, payment, "error", &body, None);
            }
            let body =
                format!("order {minute} could not be completed: no payment after 3 attempts");
            line(at + 9, orders, "error", &body, Some("payment"));
        }
    }
    line(
        NOW_MS - MINUTE_MS,
        ("volume", "pay-1"),
        "error",
        "write of spool/export-000017.csv failed: No space left on device",
        None,
    )
}

fn measure(world: &World) {
    let points = |healthy: f64, faulty: f64| -> Vec<(i64, f64)> {
        (0..180)
            .map(|minute| {
                let at = NOW_MS - (179 - minute) * MINUTE_MS;
                let wobble = f64::from(u8::try_from(minute % 7).unwrap()) / 100.0;
                (at, if at < FAULT_MS { healthy } else { faulty } + wobble)
            })
            .collect()
    };
    world.measure(
        "shop_payment_latency_seconds",
        &[("service", "payment")],
        &points(0.08, 30.0),
    );
    world.measure("node_load1", &[("host", "web-1")], &points(0.5, 0.5));
    world.measure(
        "node_filesystem_avail_bytes",
        &[("host", "pay-1"), ("mountpoint", "/data")],
        &(0..180_u32)
            .map(|minute| {
                let at = NOW_MS - i64::from(179 - minute) * MINUTE_MS;
                (at, 5e9 - f64::from(minute) * 5e6)
            })
            .collect::<Vec<_>>(),
    );
}

fn raise(world: &World) -> (Alert, Incident) {
    let mut first = alert(
        "failure",
        &[("service", "payment"), ("host", "pay-1")],
        "payment provider paygate timed out",
        FAULT_MS + MINUTE_MS,
    );
    first.failure_type = Some("payment_provider_failure".into());
    first.count = 57;
    first.last_ms = NOW_MS - MINUTE_MS;
    let mut second = alert(
        "failure",
        &[
            ("service", "orders"),
            ("upstream", "payment"),
            ("host", "web-1"),
        ],
        "orders could not be completed",
        FAULT_MS + 2 * MINUTE_MS,
    );
    second.severity = AlertSeverity::High;
    let mut alerts = [first, second];
    let incident = world.begin_incident(&mut alerts);
    let [first, second] = alerts;
    world.tell(&first, AlertEventKind::Fired);
    world.tell(&second, AlertEventKind::Acknowledged);
    let mut past = alert(
        "failure",
        &[("service", "payment")],
        "paygate timed out",
        NOW_MS - 9 * 86_400_000,
    );
    past.ends_ms = Some(past.starts_ms + 30 * MINUTE_MS);
    let mut old = incident_of(&past);
    old.ends_ms = past.ends_ms;
    old.status = IncidentStatus::Resolved;
    past.incident = Some(old.id);
    world.raise(&past);
    world.similar.lock().push(SimilarIncident {
        incident: old,
        score: 0.8,
        because: "the same type of failure of payment".into(),
    });
    (first, incident)
}

fn incident_of(alert: &Alert) -> Incident {
    incident(alert)
}

fn predict(world: &World) {
    let labels = Labels::new([
        ("__name__", "filesystem_full"),
        ("host", "pay-1"),
        ("mountpoint", "/data"),
    ])
    .unwrap();
    let prediction = Prediction {
        id: FindingId::of_prediction(labels.id(), "filesystem_full", NOW_MS),
        series: labels.id(),
        labels,
        rule: "filesystem_full".into(),
        query: "node_filesystem_avail_bytes{host=\"pay-1\",mountpoint=\"/data\"}".into(),
        made_ms: NOW_MS - 5 * MINUTE_MS,
        threshold: 1.0,
        direction: Direction::Rising,
        horizon_ms: 7 * 86_400_000,
        current: 0.91,
        probability: 0.93,
        crossing_ms: Some((
            NOW_MS + 86_400_000,
            NOW_MS + 2 * 86_400_000,
            NOW_MS + 3 * 86_400_000,
        )),
        point: None,
        is_raised: true,
        explanation: "it grows by 4 % a day".into(),
        outcome: PredictionOutcome::Open,
        crossed_ms: None,
    };
    world.predictions.lock().push(prediction);
    let series = Labels::new([
        ("__name__", "shop_payment_latency_seconds"),
        ("service", "payment"),
    ])
    .unwrap();
    world.anomalies.lock().push(Anomaly {
        id: FindingId::new(series.id(), FAULT_MS),
        series: series.id(),
        labels: series,
        detector: "level_shift".into(),
        score: 0.99,
        observed: 30.02,
        expected: Band {
            yhat: 0.08,
            yhat_lower: 0.05,
            yhat_upper: 0.12,
        },
        started_ms: FAULT_MS,
        ended_ms: None,
        explanation: "the level rose".into(),
        feedback: None,
    });
}
