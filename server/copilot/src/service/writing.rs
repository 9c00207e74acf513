//! An answer, or a summary, is written.

use async_trait::async_trait;
use tocsin_domain::copilot::{Answer, MessageId};
use tocsin_domain::ports::{AnswerListener, AnswerPiece, CopilotError, Summary, SummarySubject};
use tocsin_llm::Asker as WhoAsks;

use super::CopilotService;
use super::question::Taken;
use crate::answer::{Asked, Draft, Stopped, Wording, answer, extractive_writer};
use crate::quotes::inert;
use crate::summary;
use crate::understand::time::Asker;
use crate::understand::{Context, Directory, Reading, read, understood};
use crate::words::moment;

/// What is known of how an answer was written.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Statements that were dropped.
    pub(super) dropped: u32,
    /// A model should have written it and could not.
    pub(super) model_failed: bool,
}

/// Nobody is told anything.
struct Nobody;

#[async_trait]
impl AnswerListener for Nobody {
    async fn hear(&mut self, _piece: AnswerPiece) -> bool {
        true
    }
}

impl CopilotService {
    /// Writes the answer to a question. `is_heard`: somebody listens.
    pub(super) async fn write(
        &self,
        taken: &Taken,
        is_heard: bool,
        listener: &mut dyn AnswerListener,
    ) -> Result<(Answer, Written), CopilotError> {
        if !taken.attachments.is_empty() {
            return self.read_attachments(taken, is_heard, listener).await;
        }
        let now_ms = self.now_ms();
        let directory = self.names.directory(now_ms).await?;
        let open = self.open(taken.page.as_ref(), now_ms).await?;
        let asker = Asker {
            now_ms,
            offset_ms: taken.offset_ms,
            page_ms: open.range_ms,
        };
        let mut reading = self.read(taken, asker, &directory);
        open.name_owner(&mut reading, &directory);
        reading.look_at_stored(asker, &directory);
        let mut draft = Draft::new(&self.tools, &directory, asker, listener);
        let asked = Asked {
            reading: &reading,
            page: taken.page.as_ref(),
            range_ms: reading.range_ms(asker),
            question: &taken.text,
            before: taken
                .before
                .last()
                .filter(|_| reading.is_follow_up)
                .map(|(question, _)| question.as_str()),
        };
        draft.answer.writer = extractive_writer();
        let outcome = if is_heard {
            let by = WhoAsks {
                user: taken.user.clone(),
                question_id: taken.id.0,
            };
            begin(&mut draft, (asked, asker), self.wording(&by)).await
        } else {
            Err(Stopped)
        };
        let (answer, dropped) = draft.finish();
        let written = Written {
            dropped,
            model_failed: outcome == Ok(true),
        };
        let answer = Answer {
            is_stopped: outcome.is_err(),
            ..answer
        };
        Ok((answer, written))
    }

    /// The model that words answers, on somebody's behalf.
    fn wording<'a>(&'a self, asker: &'a WhoAsks) -> Wording<'a> {
        Wording {
            model: &*self.tools.parts.model,
            prompts: &self.prompts,
            tool_calls_max: self.config.tool_calls_max,
            asker,
        }
    }

    /// Reads a question after those before it.
    fn read(&self, taken: &Taken, asker: Asker, directory: &Directory) -> Reading {
        let has_page = taken.page.as_ref().is_some_and(|page| {
            page.alert.is_some()
                || page.incident.is_some()
                || page.record.is_some()
                || page.metric.is_some()
        });
        let context = Context {
            catalogue: &self.tools.catalogue,
            directory,
            asker,
            has_page,
            previous: None,
        };
        let mut previous: Option<Reading> = None;
        for (question, at_ms) in &taken.before {
            let asker = Asker {
                now_ms: *at_ms,
                ..asker
            };
            let context = Context {
                asker,
                previous: previous.as_ref(),
                ..context
            };
            previous = Some(read(question, context));
        }
        let context = Context {
            previous: previous.as_ref(),
            ..context
        };
        read(&taken.text, context)
    }

    /// Sums something up.
    pub(super) async fn sum_up(
        &self,
        subject: SummarySubject,
        user: &str,
    ) -> Result<Option<Summary>, CopilotError> {
        let now_ms = self.now_ms();
        let directory = self.names.directory(now_ms).await?;
        let asker = Asker {
            now_ms,
            offset_ms: 0,
            page_ms: None,
        };
        let mut nobody = Nobody;
        let mut draft = Draft::new(&self.tools, &directory, asker, &mut nobody);
        let outcome = match &subject {
            SummarySubject::Alert(id) => summary::alert(&mut draft, *id).await,
            SummarySubject::Cluster(id, range) => summary::cluster(&mut draft, id, *range).await,
            SummarySubject::Incident(id) => summary::incident(&mut draft, *id).await,
            SummarySubject::PostMortem(id) => summary::post_mortem(&mut draft, *id).await,
            SummarySubject::Digest(range) => {
                let range_ms = (range.from.millis(), range.to.millis().saturating_sub(1));
                summary::digest(&mut draft, range_ms).await.map(|()| true)
            }
        };
        if outcome != Ok(true) {
            return Ok(None);
        }
        let sections = draft.sections();
        let title = title(&subject, &draft);
        let (answer, _) = draft.finish();
        let summary = Summary {
            title,
            sections,
            facts: answer.facts,
            writer: extractive_writer(),
            made_ms: now_ms,
        };
        let by = WhoAsks {
            user: user.to_owned(),
            question_id: MessageId::new(now_ms, (self.tools.parts.random)()).0,
        };
        Ok(Some(
            summary::worded(summary, &subject, self.wording(&by)).await,
        ))
    }
}

/// Says how the question was understood, then the answer. True if a model should have worded it and could not.
async fn begin(
    draft: &mut Draft<'_>,
    (asked, asker): (Asked<'_>, Asker),
    wording: Wording<'_>,
) -> Result<bool, Stopped> {
    draft.understood(understood(asked.reading, asker)).await?;
    answer(draft, asked, wording).await
}

/// What a summary is about.
fn title(subject: &SummarySubject, draft: &Draft<'_>) -> String {
    use tocsin_domain::alert::Evidence;
    let of_facts = |is_incident: bool| {
        draft
            .book
            .facts()
            .iter()
            .find_map(|fact| match &fact.evidence {
                Evidence::Alert { title, .. } if !is_incident => Some(inert(title)),
                Evidence::Incident { title, .. } if is_incident => Some(inert(title)),
                _ => None,
            })
    };
    match subject {
        SummarySubject::Alert(_) => of_facts(false).unwrap_or_else(|| "Alert".into()),
        SummarySubject::Incident(_) => of_facts(true).unwrap_or_else(|| "Incident".into()),
        SummarySubject::PostMortem(_) => format!(
            "Post-mortem (draft): {}",
            of_facts(true).unwrap_or_else(|| "incident".into())
        ),
        SummarySubject::Cluster(id, _) => format!("Lines of cluster {}", inert(id)),
        SummarySubject::Digest(range) => format!(
            "From {} to {}",
            moment(range.from.millis()),
            moment(range.to.millis())
        ),
    }
}
