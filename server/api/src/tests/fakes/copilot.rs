//! A copilot that always says the same, and what it keeps.

use async_trait::async_trait;
use tocsin_domain::TemplateId;
use tocsin_domain::alert::Evidence;
use tocsin_domain::change::{Change, ChangeId};
use tocsin_domain::copilot::{
    Answer, Cause, CauseFactor, Chart, Fact, Message, MessageId, MessageRole, Proposal, RootCause,
    RootCauseId, RootCauseSubject, RootCauseVerdict, RuledOutCause, Runbook, Statement, Step,
    Thread, ThreadId, Understood, Writer,
};
use tocsin_domain::ports::language_model::{ModelGrade, ModelInfo, ModelProvider, ToolSpec};
use tocsin_domain::ports::model_ledger::LedgerEntry;
use tocsin_domain::ports::{
    AnswerListener, AnswerPiece, ChangeFilter, ChangeStore, Copilot, CopilotError, CopilotStatus,
    Question, RootCauseStore, StoreError, Summary, SummarySection, SummarySubject, ToolAnswer,
};

use super::{Fakes, NOW, lock};

#[derive(Default)]
pub(crate) struct CopilotFakes {
    /// Everything that was asked.
    pub(crate) asked: Vec<Question>,
    /// True: it speaks until nobody listens.
    pub(crate) is_endless: bool,
    /// True: it says the first pieces and then nothing more.
    pub(crate) is_stuck: bool,
    /// True: it refuses.
    pub(crate) is_busy: bool,
    /// True: it fails after the first pieces.
    pub(crate) is_broken: bool,
    /// How many calls of tools there were.
    pub(crate) calls: usize,
    /// How many answers were stopped.
    pub(crate) stopped: usize,
    /// What it says instead of "It is slow."
    pub(crate) says: Option<String>,
    pub(crate) threads: Vec<Thread>,
    pub(crate) messages: Vec<Message>,
    pub(crate) reports: Vec<RootCause>,
    pub(crate) changes: Vec<Change>,
    pub(crate) ledger: Vec<LedgerEntry>,
    pub(crate) summarised: Vec<SummarySubject>,
}

pub(crate) fn fact(id: &str, text: &str) -> Fact {
    Fact {
        id: id.into(),
        text: text.into(),
        at_ms: Some(NOW.millis() - 1000),
        evidence: Evidence::Template {
            id: TemplateId(7),
            count: 12,
            text: "slow <*>".into(),
        },
    }
}

pub(crate) fn statement(text: &str, cites: &[&str]) -> Statement {
    Statement {
        text: text.into(),
        cites: cites.iter().map(|id| (*id).to_owned()).collect(),
    }
}

pub(crate) fn writer() -> Writer {
    Writer {
        provider: "extractive".into(),
        ..Writer::default()
    }
}

fn understood() -> Understood {
    Understood {
        intent: "why".into(),
        text: "Why is db-1 slow, in the last hour?".into(),
        entities: vec!["db-1".into()],
        from_ms: NOW.millis() - 3_600_000,
        to_ms: NOW.millis(),
        time_words: None,
    }
}

/// The answer to everything.
pub(crate) fn answer(says: &str) -> Answer {
    Answer {
        understood: understood(),
        steps: vec![Step {
            tool: "search_logs".into(),
            arguments_json: r#"{"q":"db-1"}"#.into(),
            summary: "12 lines".into(),
            is_ok: true,
            took_ms: 3,
        }],
        statements: vec![statement(says, &["E1"])],
        facts: vec![fact("E1", "12 lines: slow <*>")],
        charts: vec![Chart {
            title: "Latency".into(),
            query: "latency".into(),
            from_ms: NOW.millis() - 1000,
            to_ms: NOW.millis(),
        }],
        proposals: vec![Proposal {
            failure_type: "slow".into(),
            steps: vec!["Look at the locks".into()],
            verify: "latency falls".into(),
            cites: vec!["E1".into()],
        }],
        follow_ups: vec!["What changed?".into()],
        notices: vec!["The model was away.".into()],
        writer: writer(),
        is_stopped: false,
        took_ms: 5,
    }
}

pub(crate) fn message(thread: ThreadId, answers: MessageId, answer: Answer) -> Message {
    Message {
        id: MessageId::new(NOW.millis(), [2; 10]),
        thread,
        answers: Some(answers),
        role: MessageRole::Assistant,
        at_ms: NOW.millis(),
        text: answer.statements[0].text.clone(),
        page: None,
        answer: Some(answer),
        feedback: None,
        comment: None,
    }
}

pub(crate) fn thread(at_ms: i64, title: &str) -> Thread {
    Thread {
        id: ThreadId::new(at_ms, [1; 10]),
        title: title.into(),
        user: "anonymous".into(),
        created_ms: at_ms,
        updated_ms: at_ms,
        messages: 0,
    }
}

pub(crate) fn change(at_ms: i64, title: &str) -> Change {
    Change {
        id: ChangeId::new(at_ms, [3; 10]),
        at_ms,
        kind: tocsin_domain::change::ChangeKind::Deploy,
        entity: "checkout".into(),
        title: title.into(),
        labels: tocsin_domain::alert::LabelSet::new([("version", "1.4.2")]),
        source: "api".into(),
        actor: Some("kim".into()),
        url: None,
        record: None,
    }
}

fn report(subject: RootCauseSubject, revision: u32) -> RootCause {
    RootCause {
        id: RootCauseId::new(NOW.millis(), [u8::try_from(revision).unwrap(); 10]),
        subject,
        revision,
        made_ms: NOW.millis(),
        from_ms: NOW.millis() - 3_600_000,
        to_ms: NOW.millis(),
        since_ms: None,
        verdict: RootCauseVerdict::Found,
        what: vec![statement("Checkout fails.", &["E1"])],
        impact: Vec::new(),
        causes: vec![Cause {
            entity: "db-1".into(),
            confidence: 0.75,
            statements: vec![statement("It was first.", &["E1"])],
            factors: vec![CauseFactor {
                kind: "time_order".into(),
                weight: 0.5,
                value: 1.0,
            }],
        }],
        ruled_out: vec![RuledOutCause {
            entity: "web-1".into(),
            statement: statement("It came later.", &["E1"]),
        }],
        remediation: Vec::new(),
        would_settle: Vec::new(),
        facts: vec![fact("E1", "12 lines: slow <*>")],
        writer: writer(),
        took_ms: 9,
        confirmed: None,
    }
}

#[async_trait]
impl Copilot for Fakes {
    fn status(&self) -> CopilotStatus {
        CopilotStatus {
            model: ModelInfo {
                provider: ModelProvider::Extractive,
                name: String::new(),
                host: String::new(),
                grade: ModelGrade::unknown("there is no model", 0),
            },
            explanation: "Answers are assembled from evidence.".into(),
            answering: 0,
        }
    }

    fn tools(&self) -> Vec<ToolSpec> {
        vec![ToolSpec {
            name: "search_logs".into(),
            description: "Finds log lines.".into(),
            parameters_json_schema:
                r#"{"type":"object","properties":{"q":{"type":"string"}},"required":["q"]}"#.into(),
        }]
    }

    async fn call_tool(&self, name: &str, arguments: &str) -> Result<ToolAnswer, CopilotError> {
        if name != "search_logs" {
            return Err(CopilotError::NotFound(format!("there is no tool `{name}`")));
        }
        let arguments: serde_json::Value = serde_json::from_str(arguments).unwrap();
        let Some(q) = arguments["q"].as_str() else {
            let detail = "`q` is missing; expected words to look for";
            return Err(CopilotError::Invalid(detail.into()));
        };
        lock(&self.answering).calls += 1;
        if q == "forever" {
            std::future::pending::<()>().await;
        }
        if q == "broken" {
            let secret = "no space left on device".into();
            return Err(StoreError::Unavailable(secret).into());
        }
        Ok(ToolAnswer {
            summary: format!("12 lines with {q}"),
            facts: vec![fact("E1", "12 lines: slow <*>")],
            charts: answer("").charts,
            json: r#"{"total":12}"#.into(),
        })
    }

    async fn ask(
        &self,
        question: Question,
        listener: &mut dyn AnswerListener,
    ) -> Result<Message, CopilotError> {
        let (is_endless, is_broken, says) = {
            let mut all = lock(&self.answering);
            all.asked.push(question.clone());
            if all.is_busy {
                return Err(CopilotError::Busy);
            }
            let says = all.says.clone().unwrap_or("It is slow.".into());
            (all.is_endless, all.is_broken, says)
        };
        let asked = question
            .again
            .unwrap_or(MessageId::new(NOW.millis(), [1; 10]));
        let mut whole = answer(&says);
        let mut pieces = Vec::new();
        if question.thread.is_some() {
            pieces.push(AnswerPiece::Asked(asked));
        }
        pieces.push(AnswerPiece::Understood(whole.understood.clone()));
        pieces.push(AnswerPiece::Step(whole.steps[0].clone()));
        pieces.push(AnswerPiece::Fact(whole.facts[0].clone()));
        pieces.push(AnswerPiece::Statement(whole.statements[0].clone()));
        pieces.push(AnswerPiece::Chart(whole.charts[0].clone()));
        pieces.push(AnswerPiece::Notice(whole.notices[0].clone()));
        for piece in pieces {
            whole.is_stopped |= !listener.hear(piece).await;
        }
        if lock(&self.answering).is_stuck {
            std::future::pending::<()>().await;
        }
        if is_broken {
            return Err(StoreError::Unavailable("no space left on device".into()).into());
        }
        while is_endless && !whole.is_stopped {
            let more = AnswerPiece::Notice("more".into());
            whole.is_stopped = !listener.hear(more).await;
            tokio::task::yield_now().await;
        }
        let thread = question.thread.unwrap_or(ThreadId(0));
        let message = message(thread, asked, whole);
        let mut all = lock(&self.answering);
        all.stopped += usize::from(message.answer.as_ref().is_some_and(|a| a.is_stopped));
        if question.thread.is_some() {
            all.messages.push(message.clone());
        }
        Ok(message)
    }

    async fn changes(
        &self,
        filter: &ChangeFilter,
        before: Option<(i64, ChangeId)>,
        limit: usize,
    ) -> Result<Vec<Change>, CopilotError> {
        Ok(ChangeStore::changes(self, filter, before, limit).await?)
    }

    fn runbooks(&self) -> Vec<Runbook> {
        vec![Runbook {
            failure_type: "disk_full".into(),
            title: "A disk is full".into(),
            steps: vec!["Find what grows".into()],
            verify: "space is free".into(),
            url: Some("https://wiki.example/disk".into()),
        }]
    }

    async fn find_root_cause(
        &self,
        subject: RootCauseSubject,
        _: &str,
    ) -> Result<Option<RootCause>, CopilotError> {
        let made = report(subject, 0);
        Ok(Some(self.append_root_cause(made).await?))
    }

    async fn summarise(
        &self,
        subject: SummarySubject,
        _: &str,
    ) -> Result<Option<Summary>, CopilotError> {
        let is_unknown = matches!(&subject, SummarySubject::Cluster(id, _) if id != "c1");
        lock(&self.answering).summarised.push(subject);
        let summary = Summary {
            title: "What <happened>".into(),
            sections: vec![SummarySection {
                title: "Impact".into(),
                statements: vec![statement("It is *slow*.", &["E1"])],
            }],
            facts: vec![fact("E1", "12 lines: slow <*>")],
            writer: writer(),
            made_ms: NOW.millis(),
        };
        Ok((!is_unknown).then_some(summary))
    }
}
