//! An answer while it is made: its parts are told as soon as they are known.

use std::time::Instant;

use tocsin_domain::alert::Evidence as FactEvidence;
use tocsin_domain::copilot::{Answer, Chart, Proposal, Statement, Step, Understood};
use tocsin_domain::ports::{AnswerListener, AnswerPiece, SummarySection, ToolAnswer};
use tocsin_llm::{Claim, Evidence, check};

use crate::facts::FactBook;
use crate::quotes::inert;
use crate::tools::{Called, Desk, Found, Tool, ToolError, Toolbox, call};
use crate::understand::Directory;
use crate::understand::time::Asker;

/// The most charts of an answer.
const CHARTS_MAX: usize = 4;
/// The most questions that are proposed to follow.
const FOLLOW_UPS_MAX: usize = 4;
/// The most bytes of a model's arguments that are shown.
const ARGUMENTS_BYTES_MAX: usize = 4 << 10;
/// The most statements of an answer.
const STATEMENTS_MAX: usize = 40;

/// Nobody listens any more: the answer ends here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stopped;

/// An answer while it is made.
pub(crate) struct Draft<'a> {
    pub(crate) tools: &'a Toolbox,
    pub(crate) asker: Asker,
    pub(crate) directory: &'a Directory,
    pub(crate) book: FactBook,
    listener: &'a mut dyn AnswerListener,
    facts_told: usize,
    pub(crate) answer: Answer,
    /// Statements that their facts do not bear out; they were not told.
    pub(crate) dropped: u32,
    /// Statements that are kept back while a model may still say it better; none: statements are told.
    held: Option<Vec<Statement>>,
    /// Names that statements may say without citing them: code found them.
    given: Vec<String>,
    /// Where sections begin: their headings, and the place of their first statement.
    sections: Vec<(String, usize)>,
}

impl<'a> Draft<'a> {
    /// An answer of which nothing is known yet.
    pub(crate) fn new(
        tools: &'a Toolbox,
        directory: &'a Directory,
        asker: Asker,
        listener: &'a mut dyn AnswerListener,
    ) -> Self {
        Self {
            tools,
            asker,
            directory,
            book: FactBook::default(),
            listener,
            facts_told: 0,
            answer: Answer::default(),
            dropped: 0,
            held: None,
            given: Vec::new(),
            sections: Vec::new(),
        }
    }

    async fn tell(&mut self, piece: AnswerPiece) -> Result<(), Stopped> {
        if self.listener.hear(piece).await {
            Ok(())
        } else {
            Err(Stopped)
        }
    }

    /// Says how the question was understood.
    pub(crate) async fn understood(&mut self, understood: Understood) -> Result<(), Stopped> {
        self.answer.understood = understood.clone();
        self.tell(AnswerPiece::Understood(understood)).await
    }

    /// Asks a tool. None if it has no answer: the step says why.
    pub(crate) async fn ask<T: Tool>(
        &mut self,
        arguments: &T::Arguments,
    ) -> Result<Option<T::Found>, Stopped> {
        let began = Instant::now();
        let mut desk = Desk {
            tools: self.tools,
            asker: self.asker,
            directory: self.directory,
            book: &mut self.book,
        };
        let found = T::ask(&mut desk, arguments).await;
        let arguments_json = serde_json::to_string(arguments).unwrap_or_default();
        let outcome = found.as_ref().map(|found| found.summary.clone());
        self.step(T::NAME, arguments_json, (outcome, began)).await?;
        match found {
            Ok(Found {
                charts,
                proposals,
                what,
                ..
            }) => {
                self.tell_facts().await?;
                for chart in charts {
                    self.chart(chart).await?;
                }
                self.answer.proposals.extend(proposals);
                Ok(Some(what))
            }
            Err(_) => Ok(None),
        }
    }

    /// Asks a tool by its name, as a model does. The inner error says why it has no answer.
    pub(crate) async fn call(
        &mut self,
        name: &str,
        arguments_json: &str,
    ) -> Result<Result<ToolAnswer, String>, Stopped> {
        let began = Instant::now();
        let mut desk = Desk {
            tools: self.tools,
            asker: self.asker,
            directory: self.directory,
            book: &mut self.book,
        };
        let found = call(&mut desk, name, arguments_json).await;
        let outcome = found.as_ref().map(|found| found.answer.summary.clone());
        let is_object = serde_json::from_str::<serde_json::Map<_, _>>(arguments_json).is_ok();
        let is_shown = is_object && arguments_json.len() <= ARGUMENTS_BYTES_MAX;
        let arguments_json = if is_shown { arguments_json } else { "{}" };
        self.step(
            &crate::tools::data(name),
            arguments_json.to_owned(),
            (outcome, began),
        )
        .await?;
        match found {
            Ok(Called { answer, proposals }) => {
                self.tell_facts().await?;
                for chart in answer.charts.clone() {
                    self.chart(chart).await?;
                }
                proposals.into_iter().for_each(|one| self.propose(one));
                Ok(Ok(answer))
            }
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    /// Keeps statements back from now on.
    pub(crate) fn hold(&mut self) {
        self.held = Some(Vec::new());
    }

    /// What was kept back; statements are told from now on.
    pub(crate) fn release(&mut self) -> Vec<Statement> {
        self.held.take().unwrap_or_default()
    }

    /// Whether nothing was said, or kept back.
    pub(crate) fn is_silent(&self) -> bool {
        self.answer.statements.is_empty() && self.held.as_ref().is_none_or(Vec::is_empty)
    }

    /// Keeps and tells a step.
    pub(crate) async fn step(
        &mut self,
        tool: &str,
        arguments_json: String,
        (outcome, began): (Result<String, &ToolError>, Instant),
    ) -> Result<(), Stopped> {
        let is_ok = outcome.is_ok();
        if let Err(ToolError::Store(error)) = &outcome {
            tracing::warn!(tool, error = %error, "a tool of the copilot had no answer");
        }
        let step = Step {
            tool: tool.to_owned(),
            arguments_json,
            summary: outcome.unwrap_or_else(|error| inert(&error.to_string())),
            is_ok,
            took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        self.answer.steps.push(step.clone());
        self.tell(AnswerPiece::Step(step)).await
    }

    /// Tells the facts that were found since it was last called.
    pub(crate) async fn tell_facts(&mut self) -> Result<(), Stopped> {
        while let Some(fact) = self.book.facts().get(self.facts_told).cloned() {
            self.facts_told += 1;
            self.tell(AnswerPiece::Fact(fact)).await?;
        }
        Ok(())
    }

    /// Says a sentence that rests on facts. If none of them could be cited, or one of its numbers stands in
    /// none of them, it is not said.
    pub(crate) async fn say<'f>(
        &mut self,
        text: impl Into<String>,
        facts: impl IntoIterator<Item = &'f Option<String>>,
    ) -> Result<(), Stopped> {
        let mut cites: Vec<String> = Vec::new();
        for fact in facts.into_iter().flatten() {
            if !cites.contains(fact) {
                cites.push(fact.clone());
            }
        }
        let text = text.into();
        if cites.is_empty() {
            return Ok(());
        }
        self.statement(Statement { text, cites }).await
    }

    /// Says a statement if its facts bear it out.
    pub(crate) async fn statement(&mut self, statement: Statement) -> Result<(), Stopped> {
        if !statement.cites.is_empty() && !self.is_borne_out(&statement) {
            self.dropped += 1;
            return Ok(());
        }
        if let Some(held) = &mut self.held {
            held.push(statement);
            return Ok(());
        }
        let is_said = self
            .answer
            .statements
            .iter()
            .any(|have| have.text == statement.text);
        if is_said || self.answer.statements.len() >= STATEMENTS_MAX {
            return Ok(());
        }
        self.answer.statements.push(statement.clone());
        self.tell(AnswerPiece::Statement(statement)).await
    }

    /// Says something of the answer itself: that nothing was found, and where.
    pub(crate) async fn remark(&mut self, text: impl Into<String>) -> Result<(), Stopped> {
        let (text, cites) = (text.into(), Vec::new());
        self.statement(Statement { text, cites }).await
    }

    fn is_borne_out(&self, statement: &Statement) -> bool {
        let mut evidence = Evidence::new();
        for fact in self.book.facts() {
            if statement.cites.contains(&fact.id) {
                evidence.add(&fact.id, &fact.text);
            }
        }
        let understood = &self.answer.understood;
        if understood.to_ms > 0 {
            evidence.give(&crate::words::moment(understood.from_ms));
            evidence.give(&crate::words::moment(understood.to_ms));
        }
        let names = understood.entities.iter().chain(&self.given);
        names.for_each(|name| evidence.give(name));
        let claim = Claim {
            text: statement.text.clone(),
            cites: statement.cites.clone(),
        };
        let checked = check(&[claim], &evidence);
        checked.dropped.is_empty()
    }

    /// Lets statements say a name, which may hold digits, whatever they cite.
    pub(crate) fn give(&mut self, name: &str) {
        self.given.push(name.to_owned());
    }

    /// Begins a section of a summary.
    pub(crate) fn section(&mut self, title: &str) {
        self.sections
            .push((title.to_owned(), self.answer.statements.len()));
    }

    /// The sections with their statements; empty ones are left out.
    pub(crate) fn sections(&self) -> Vec<SummarySection> {
        let ends = self.sections.iter().skip(1).map(|(_, at)| *at);
        let ends = ends.chain([self.answer.statements.len()]);
        self.sections
            .iter()
            .zip(ends)
            .filter_map(|((title, from), to)| {
                let statements = self.answer.statements.get(*from..to)?.to_vec();
                (!statements.is_empty()).then(|| SummarySection {
                    title: title.clone(),
                    statements,
                })
            })
            .collect()
    }

    /// Draws something beside the answer.
    pub(crate) async fn chart(&mut self, chart: Chart) -> Result<(), Stopped> {
        let is_drawn = self.answer.charts.contains(&chart);
        if is_drawn || self.answer.charts.len() >= CHARTS_MAX {
            return Ok(());
        }
        self.answer.charts.push(chart.clone());
        self.tell(AnswerPiece::Chart(chart)).await
    }

    /// Draws the series that statements rest on.
    pub(crate) async fn chart_what_is_cited(&mut self) -> Result<(), Stopped> {
        let cited = |id: &String| {
            self.answer
                .statements
                .iter()
                .any(|one| one.cites.contains(id))
        };
        let facts = self.book.facts().iter().filter(|fact| cited(&fact.id));
        let charts: Vec<Chart> = facts
            .filter_map(|fact| match &fact.evidence {
                FactEvidence::Metric {
                    query,
                    from_ms,
                    to_ms,
                    ..
                } => Some(Chart {
                    title: headline(&fact.text).unwrap_or_else(|| inert(query)),
                    query: query.clone(),
                    from_ms: *from_ms,
                    to_ms: *to_ms,
                }),
                _ => None,
            })
            .collect();
        for chart in charts {
            self.chart(chart).await?;
        }
        Ok(())
    }

    /// Says what one should know of the answer.
    pub(crate) async fn notice(&mut self, text: impl Into<String>) -> Result<(), Stopped> {
        let text = text.into();
        if self.answer.notices.contains(&text) {
            return Ok(());
        }
        self.answer.notices.push(text.clone());
        self.tell(AnswerPiece::Notice(text)).await
    }

    /// Proposes what could be done.
    pub(crate) fn propose(&mut self, proposal: Proposal) {
        if !self.answer.proposals.contains(&proposal) {
            self.answer.proposals.push(proposal);
        }
    }

    /// Proposes a question that may follow.
    pub(crate) fn follow_up(&mut self, question: impl Into<String>) {
        let question = question.into();
        if self.answer.follow_ups.len() < FOLLOW_UPS_MAX
            && !self.answer.follow_ups.contains(&question)
        {
            self.answer.follow_ups.push(question);
        }
    }

    /// The answer as far as it came.
    pub(crate) fn finish(self) -> (Answer, u32) {
        let answer = Answer {
            facts: self.book.into_facts(),
            ..self.answer
        };
        (answer, self.dropped)
    }
}

/// What a fact says of a series before it says when: `latency of payment rose to 2 s`.
fn headline(text: &str) -> Option<String> {
    let end = [" in the ", " from "]
        .iter()
        .filter_map(|word| text.find(word));
    let head = text.get(..end.min()?)?;
    (!head.is_empty()).then(|| inert(head))
}
