//! The copilot behind its port: threads, one answer at a time for each question, a bound on how many at once.

mod attached;
mod page;
mod question;
#[cfg(test)]
mod tests;
mod writing;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use tocsin_domain::change::{Change, ChangeId};
use tocsin_domain::copilot::{
    Answer, Message, MessageId, MessageRole, RootCause, RootCauseSubject, Runbook,
};
use tocsin_domain::ports::{
    AnswerListener, AnswerPiece, ChangeFilter, Copilot, CopilotError, CopilotStatus, ModelProvider,
    Question, StoreError, Summary, SummarySubject, ToolAnswer, ToolSpec,
};
use tocsin_llm::Prompts;

use crate::attachments::DiagnosisRules;
use crate::changes::{ChangeFinder, ChangeRules};
use crate::config::CopilotConfig;
use crate::facts::FactBook;
use crate::parts::CopilotParts;
use crate::root_cause::{RootCauseFinder, RootCauseWatch};
use crate::runbooks::Runbooks;
use crate::telemetry::{Answered, CopilotTelemetry};
use crate::tools::{Desk, Toolbox, call, specs};
use crate::understand::time::Asker;
use crate::understand::{Catalogue, KnownNames, QuestionRulesError};

/// What people may change of how the copilot answers.
#[derive(Debug)]
pub struct CopilotRules {
    /// Which log lines tell of changes.
    pub changes: ChangeRules,
    /// What to do about which failure.
    pub runbooks: Runbooks,
    /// What words in attachments mean.
    pub diagnosis: DiagnosisRules,
    /// How a language model is asked.
    pub prompts: Arc<Prompts>,
}

/// The copilot.
pub struct CopilotService {
    tools: Toolbox,
    diagnosis: Arc<DiagnosisRules>,
    prompts: Arc<Prompts>,
    names: KnownNames,
    config: CopilotConfig,
    answering: AtomicUsize,
    telemetry: Arc<CopilotTelemetry>,
}

impl std::fmt::Debug for CopilotService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CopilotService").finish_non_exhaustive()
    }
}

impl CopilotService {
    /// The copilot over the stores.
    ///
    /// # Errors
    /// [`QuestionRulesError`]: none that the tests would let through, since the rules are built in.
    pub fn new(
        parts: Arc<CopilotParts>,
        rules: CopilotRules,
        config: CopilotConfig,
    ) -> Result<Self, QuestionRulesError> {
        let changes = Arc::new(ChangeFinder::new(parts.clone(), rules.changes));
        let runbooks = Arc::new(rules.runbooks);
        let catalogue = Arc::new(Catalogue::built_in()?);
        let causes = Arc::new(RootCauseFinder::new(
            parts.clone(),
            changes.clone(),
            runbooks.clone(),
            rules.prompts.clone(),
            config.root_cause.clone(),
        ));
        Ok(Self {
            prompts: rules.prompts,
            diagnosis: Arc::new(rules.diagnosis),
            names: KnownNames::new(parts.clone(), catalogue.clone(), &runbooks),
            tools: Toolbox {
                parts,
                changes,
                runbooks,
                causes,
                catalogue,
            },
            config,
            answering: AtomicUsize::new(0),
            telemetry: Arc::default(),
        })
    }

    /// What it did, for `/metrics`.
    #[must_use]
    pub fn telemetry(&self) -> Arc<CopilotTelemetry> {
        self.telemetry.clone()
    }

    /// What makes reports by itself; its owner runs it.
    #[must_use]
    pub fn watch(&self) -> RootCauseWatch {
        RootCauseWatch::new(self.tools.causes.clone())
    }

    fn now_ms(&self) -> i64 {
        self.tools.parts.clock.now().millis()
    }

    /// A place among those that are being answered.
    fn place(&self) -> Result<Place<'_>, CopilotError> {
        let max = self.config.answering_max;
        let taken = self
            .answering
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| {
                (count < max).then_some(count + 1)
            });
        if taken.is_err() {
            self.telemetry.refused();
            return Err(CopilotError::Busy);
        }
        Ok(Place(&self.answering))
    }
}

/// Gives its place back when it is dropped.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[async_trait]
impl Copilot for CopilotService {
    fn status(&self) -> CopilotStatus {
        let model = self.tools.parts.model.model();
        let explanation = match (model.provider, &model.grade.unknown) {
            (ModelProvider::Extractive, _) => {
                "Answers are put together from evidence by rules; no language model is asked."
            }
            (_, Some(_)) => {
                "The language model is not known well enough yet; answers are put together from evidence by rules until it is."
            }
            (_, None) if model.grade.calls_tools => {
                "The language model looks for evidence with the read-only tools and writes the answer; what the evidence does not bear out is dropped."
            }
            (_, None) => {
                "Code looks for evidence and the language model writes the answer; what the evidence does not bear out is dropped."
            }
        };
        CopilotStatus {
            model,
            explanation: explanation.into(),
            answering: self.answering.load(Ordering::Acquire),
        }
    }

    fn tools(&self) -> Vec<ToolSpec> {
        specs()
    }

    async fn call_tool(
        &self,
        name: &str,
        arguments_json: &str,
    ) -> Result<ToolAnswer, CopilotError> {
        let now_ms = self.now_ms();
        let directory = self.names.directory(now_ms).await?;
        let mut book = FactBook::default();
        let mut desk = Desk {
            tools: &self.tools,
            asker: Asker {
                now_ms,
                offset_ms: 0,
                page_ms: None,
            },
            directory: &directory,
            book: &mut book,
        };
        Ok(call(&mut desk, name, arguments_json).await?.answer)
    }

    async fn ask(
        &self,
        question: Question,
        listener: &mut dyn AnswerListener,
    ) -> Result<Message, CopilotError> {
        let _place = self.place()?;
        let began = Instant::now();
        let asked = self.take(question).await?;
        let is_heard = match asked.thread {
            Some(_) if asked.is_new => listener.hear(AnswerPiece::Asked(asked.id)).await,
            _ => true,
        };
        let (answer, written) = self.write(&asked, is_heard, listener).await?;
        let answer = Answer {
            took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            ..answer
        };
        self.telemetry.answered(&Answered {
            is_stopped: answer.is_stopped,
            statements: answer.statements.len(),
            dropped: written.dropped,
            by_model: !answer.writer.model.is_empty(),
            model_failed: written.model_failed,
            took_ms: answer.took_ms,
        });
        // After its question, also within a millisecond.
        let at_ms = self.now_ms().max(asked.at_ms + 1);
        let said: Vec<&str> = answer
            .statements
            .iter()
            .map(|one| one.text.as_str())
            .collect();
        let message = Message {
            id: MessageId::new(at_ms, (self.tools.parts.random)()),
            thread: asked.thread.unwrap_or(asked.loose_thread),
            answers: Some(asked.id),
            role: MessageRole::Assistant,
            at_ms,
            text: said.join("\n"),
            page: None,
            answer: Some(answer),
            feedback: None,
            comment: None,
        };
        if asked.thread.is_some() {
            self.tools
                .parts
                .threads
                .add_message(message.clone())
                .await?;
        }
        Ok(message)
    }

    async fn changes(
        &self,
        filter: &ChangeFilter,
        before: Option<(i64, ChangeId)>,
        limit: usize,
    ) -> Result<Vec<Change>, CopilotError> {
        Ok(self.tools.changes.changes(filter, before, limit).await?)
    }

    fn runbooks(&self) -> Vec<Runbook> {
        self.tools.runbooks.all().cloned().collect()
    }

    async fn find_root_cause(
        &self,
        subject: RootCauseSubject,
        user: &str,
    ) -> Result<Option<RootCause>, CopilotError> {
        let _place = self.place()?;
        Ok(self.tools.causes.report(subject, Some(user)).await?)
    }

    async fn summarise(
        &self,
        subject: SummarySubject,
        user: &str,
    ) -> Result<Option<Summary>, CopilotError> {
        let _place = self.place()?;
        self.sum_up(subject, user).await
    }
}

/// A refusal of the store, told as what cannot be.
fn refused(error: StoreError) -> CopilotError {
    match error {
        StoreError::Invalid(detail) => CopilotError::Invalid(detail),
        other => CopilotError::Store(other),
    }
}
