//! The classify stage: which failure the lines of a template speak of.
//!
//! A template with one of its lines flows in, a classification flows out, once; it is thought over
//! again when the template's embedding comes or a rule changes. Rules are the catalogue's, overlaid
//! by what people changed; the model is taught by their examples in the background. Without an
//! embedder the rules work alone. Lines are never embedded here, only examples and what is tested.

mod bounded;
pub mod catalogue;
mod judge;
mod rule_set;
mod teacher;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use parking_lot::RwLock;
use tocsin_classify::Frequency;
use tocsin_domain::TemplateId;
use tocsin_domain::classification::{Classification, ClassificationRule};
use tocsin_domain::ports::{
    ClassificationRuleStore, Classifier, Embedder, RuleVerdict, StoreError, TemplateSummary,
    VectorPoint, VectorStore,
};
use tocsin_domain::severity::Severity;
use tocsin_retrieval::Lexicon;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use bounded::Bounded;
pub use catalogue::{Catalogue, CatalogueError};
use judge::{Thought, judge};
use rule_set::{CompiledRule, Match, RuleSet};
use teacher::{Lesson, Taught, TeachError};

use crate::enrich::TemplateWatch;

/// Templates whose answer is kept, and as many of which frequency and thought are: at some 300
/// bytes each, up to twice as many for a while.
const TEMPLATES_MAX: usize = 50_000;
/// How long to wait after the model could not be taught.
const RETRY_AFTER: std::time::Duration = std::time::Duration::from_secs(60);
/// The band of severity from which a line says that something went wrong (see [`Severity::band`]).
const ERROR_BAND: usize = 5;

/// What the classifier works with.
#[derive(Clone)]
#[expect(
    missing_debug_implementations,
    reason = "a bundle of ports, which have no Debug"
)]
pub struct ClassifyParts {
    /// What people changed.
    pub store: Arc<dyn ClassificationRuleStore>,
    /// Where templates' embeddings are.
    pub vectors: Arc<dyn VectorStore>,
    /// Makes the embeddings of examples; it may be missing.
    pub embedder: Arc<dyn Embedder>,
}

/// What is known of a template apart from its words.
#[derive(Debug, Default)]
struct Known {
    lines_before: u64,
    thought: Option<Thought>,
}

/// The classifier by rules and by what their examples teach.
#[expect(
    missing_debug_implementations,
    reason = "holds ports, which have no Debug"
)]
pub struct RuleClassifier {
    parts: ClassifyParts,
    ordinary: Vec<String>,
    lexicon: Lexicon,
    rules: RwLock<Arc<RuleSet>>,
    taught: RwLock<Option<Arc<Taught>>>,
    known: RwLock<Bounded<TemplateId, Known>>,
    answers: RwLock<Bounded<TemplateId, Option<Classification>>>,
    generation: AtomicU64,
    /// One change of the rules at a time, from the store to the set.
    changing: tokio::sync::Mutex<()>,
    lesson_changed: Notify,
}

impl RuleClassifier {
    /// A classifier of a catalogue's rules with what people changed; it has no model until
    /// [`RuleClassifier::run`] taught one. A stored rule that cannot be is said and passed over.
    ///
    /// # Errors
    /// [`StoreError`] if the changes cannot be read.
    pub async fn open(catalogue: Catalogue, parts: ClassifyParts) -> Result<Self, StoreError> {
        let Catalogue { rules, ordinary } = catalogue;
        let mut by_id: HashMap<String, ClassificationRule> = rules
            .into_iter()
            .map(|rule| (rule.id.clone(), rule))
            .collect();
        for (id, rule) in parts.store.changed_rules().await? {
            match rule.map(|rule| (catalogue::check(&rule), rule)) {
                None => drop(by_id.remove(&id)),
                Some((Ok(_), rule)) => drop(by_id.insert(id, rule)),
                Some((Err(problem), _)) => {
                    tracing::warn!(rule = id, %problem, "a changed rule is passed over");
                }
            }
        }
        let rules = Arc::new(RuleSet::new(by_id.into_values()));
        let warm = rules.clone();
        // Beside the rest of the start; the first line waits for it if it comes earlier.
        apart("rules", move || {
            warm.sets();
        });
        Ok(Self {
            parts,
            ordinary,
            lexicon: Lexicon::new(),
            rules: RwLock::new(rules),
            taught: RwLock::default(),
            known: RwLock::new(Bounded::new(TEMPLATES_MAX)),
            answers: RwLock::new(Bounded::new(TEMPLATES_MAX)),
            generation: AtomicU64::new(1),
            changing: tokio::sync::Mutex::default(),
            lesson_changed: Notify::new(),
        })
    }

    /// Teaches the model, and again whenever the rules' examples changed, until cancelled. Ends
    /// without a model if there is no embedder.
    pub async fn run(self: Arc<Self>, cancel: CancellationToken) {
        let mut learnt: Option<Lesson> = None;
        loop {
            let rules = self.rules.read().clone();
            let lesson = Lesson::new(rules.rules(), &self.ordinary);
            let mut again = None;
            if learnt.as_ref() != Some(&lesson) {
                let taught = tokio::select! {
                    taught = self.teach(lesson.clone()) => taught,
                    () = cancel.cancelled() => return,
                };
                match taught {
                    Ok(()) => learnt = Some(lesson),
                    Err(TeachFailure::NoModel(remedy)) => {
                        tracing::info!(remedy, "failures are classified by rules alone");
                        return;
                    }
                    Err(TeachFailure::Other(error)) => {
                        tracing::warn!(%error, "the classifier's model could not be taught");
                        again = Some(RETRY_AFTER);
                    }
                }
            }
            let wait = async {
                match again {
                    Some(after) => tokio::time::sleep(after).await,
                    None => self.lesson_changed.notified().await,
                }
            };
            tokio::select! {
                () = cancel.cancelled() => return,
                () = wait => {}
            }
        }
    }

    async fn teach(&self, lesson: Lesson) -> Result<(), TeachFailure> {
        let embedder = self.parts.embedder.clone();
        let other = |error: Box<dyn std::error::Error + Send + Sync>| TeachFailure::Other(error);
        let (answer, answered) = tokio::sync::oneshot::channel();
        apart("teach", move || {
            drop(answer.send(lesson.teach(embedder.as_ref())))
        });
        let taught = answered.await.map_err(|error| other(error.into()))??;
        let taught = Arc::new(taught);
        *self.taught.write() = Some(taught.clone());
        // Every vector that was stored before the model was there is in this; later ones are handed
        // over by the enrich stage.
        let points = self.parts.vectors.all(0).await;
        let points = points.map_err(|error| other(error.into()))?;
        let thoughts = tokio::task::spawn_blocking(move || think(&taught, &points))
            .await
            .map_err(|error| other(error.into()))?;
        self.take(thoughts);
        self.answers.write().clear();
        Ok(())
    }

    /// Keeps thoughts; answers of their templates are thought over.
    fn take(&self, thoughts: Vec<(TemplateId, Thought)>) {
        let mut templates = Vec::with_capacity(thoughts.len());
        {
            let mut known = self.known.write();
            for (template, thought) in thoughts {
                let mut one = known.take(&template).unwrap_or_default();
                one.thought = Some(thought);
                known.insert(template, one);
                templates.push(template);
            }
        }
        self.forget(&templates);
    }

    /// Drops answers. The generation grows first: an answer that was on its way is not kept then.
    fn forget(&self, templates: &[TemplateId]) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        let mut answers = self.answers.write();
        for template in templates {
            answers.take(template);
        }
    }

    fn judge(
        &self,
        template: TemplateId,
        line: &str,
        severity: Severity,
    ) -> Option<Classification> {
        let rules = self.rules.read().clone();
        let taught = self.taught.read().clone();
        let matches = rules.matches(line);
        let known = self.known.read();
        let known = known.get(&template);
        let thought = known.and_then(|one| one.thought.as_ref());
        judge(
            &rules,
            &matches,
            thought.zip(taught.as_ref().map(|taught| &taught.classes[..])),
            severity,
            Frequency {
                lines_before: known.map_or(0, |one| one.lines_before),
                is_error: severity.band() >= ERROR_BAND,
            },
        )
    }

    /// Puts a rule in, or (none) out, durably and for all that follows.
    async fn change(
        &self,
        id: &str,
        rule: Option<ClassificationRule>,
    ) -> Result<Option<ClassificationRule>, StoreError> {
        let _one_at_a_time = self.changing.lock().await;
        let rules = self.rules.read().clone();
        if rule.is_none() && rules.get(id).is_none() {
            return Ok(None);
        }
        if rule.is_some() && rules.get(id).is_none() && rules.rules().len() >= catalogue::RULES_MAX
        {
            let most = catalogue::RULES_MAX;
            return Err(StoreError::Invalid(format!(
                "expected at most {most} rules"
            )));
        }
        let mut compiled = rule.map(compile).transpose()?;
        let version = self
            .parts
            .store
            .put_rule(id, compiled.as_ref().map(|one| one.rule.clone()))
            .await?;
        if let Some(one) = &mut compiled {
            one.rule.version = version;
        }
        let rule = compiled.as_ref().map(|one| one.rule.clone());
        let known = rules.get(id).cloned();
        let owned = id.to_string();
        let changed = tokio::task::spawn_blocking(move || rules.with(&owned, compiled));
        *self.rules.write() = Arc::new(changed.await.map_err(unavailable)?);
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.answers.write().clear();
        self.lesson_changed.notify_one();
        Ok(rule.or(known))
    }

    /// What the model thinks of a line's words; none without a model.
    fn think_of(&self, line: &str) -> Option<(Thought, Arc<Taught>)> {
        let taught = self.taught.read().clone()?;
        let text = teacher::text(&self.lexicon, line);
        let vector = self.parts.embedder.embed(&[&text]).ok()?.pop()?;
        Some((Thought::new(&taught.model.probabilities(&vector)), taught))
    }
}

enum TeachFailure {
    NoModel(String),
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl From<TeachError> for TeachFailure {
    fn from(error: TeachError) -> Self {
        use tocsin_domain::ports::EmbedderError;
        match error {
            TeachError::Embedder(EmbedderError::Missing { remedy }) => Self::NoModel(remedy),
            other => Self::Other(Box::new(other)),
        }
    }
}

fn unavailable(error: tokio::task::JoinError) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}

fn compile(rule: ClassificationRule) -> Result<CompiledRule, StoreError> {
    catalogue::check(&rule)
        .map_err(|problem| StoreError::Invalid(format!("rule `{}`, {problem}", rule.id)))?;
    Ok(CompiledRule::new(rule))
}

/// What a model thinks of templates, by the vectors of their own words.
fn think(taught: &Taught, points: &[VectorPoint]) -> Vec<(TemplateId, Thought)> {
    let own = points.iter().filter(|point| point.view == 0);
    own.map(|point| {
        let probabilities = taught.model.probabilities(&point.vector);
        (point.template, Thought::new(&probabilities))
    })
    .collect()
}

impl TemplateWatch for RuleClassifier {
    fn registered(&self, summaries: &[TemplateSummary]) {
        let mut changed = Vec::new();
        {
            let mut known = self.known.write();
            for summary in summaries {
                let template = summary.template.id;
                let mut one = known.take(&template).unwrap_or_default();
                if one.lines_before != summary.count {
                    one.lines_before = summary.count;
                    changed.push(template);
                }
                known.insert(template, one);
            }
        }
        if !changed.is_empty() {
            self.forget(&changed);
        }
    }

    fn embedded(&self, points: &[VectorPoint]) {
        let taught = self.taught.read().clone();
        if let Some(taught) = taught {
            self.take(think(&taught, points));
        }
    }
}

#[async_trait]
impl Classifier for RuleClassifier {
    fn classify(
        &self,
        template: TemplateId,
        line: &str,
        severity: Severity,
    ) -> Option<Classification> {
        if let Some(answer) = self.answers.read().get(&template) {
            return answer.clone();
        }
        let generation = self.generation();
        let answer = self.judge(template, line, severity);
        let mut answers = self.answers.write();
        if self.generation() == generation {
            answers.insert(template, answer.clone());
        }
        answer
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn test(&self, line: &str, severity: Severity) -> (Vec<RuleVerdict>, Option<Classification>) {
        let rules = self.rules.read().clone();
        let matches = rules.matches(line);
        let thought = self.think_of(line);
        let frequency = Frequency {
            lines_before: 0,
            is_error: severity.band() >= ERROR_BAND,
        };
        let borrowed = thought
            .as_ref()
            .map(|(one, taught)| (one, &taught.classes[..]));
        let said = judge(&rules, &matches, borrowed, severity, frequency);
        let verdict = |one: &Match<'_>| RuleVerdict {
            rule: one.rule.id.clone(),
            found: one.found,
            is_enabled: one.rule.is_enabled,
        };
        (matches.iter().map(verdict).collect(), said)
    }

    fn rules(&self) -> Vec<ClassificationRule> {
        self.rules.read().rules().cloned().collect()
    }

    async fn put(&self, rule: ClassificationRule) -> Result<ClassificationRule, StoreError> {
        let id = rule.id.clone();
        let kept = self.change(&id, Some(rule)).await?;
        kept.ok_or_else(|| StoreError::Corrupt(format!("rule `{id}` is gone")))
    }

    async fn delete(&self, id: &str) -> Result<bool, StoreError> {
        Ok(self.change(id, None).await?.is_some())
    }
}

/// Computes on a thread of its own, which ends with the process: a shutdown does not wait for what
/// nobody waits for.
fn apart(name: &str, work: impl FnOnce() + Send + 'static) {
    let spawned = std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work);
    if let Err(error) = spawned {
        tracing::warn!(%error, name, "a thread could not be started");
    }
}

#[cfg(test)]
mod tests;
