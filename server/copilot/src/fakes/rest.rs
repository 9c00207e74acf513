//! Classifier, search by meaning, changes, reports and threads.

use std::cmp::Reverse;
use std::sync::Arc;

use async_trait::async_trait;
use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use tocsin_domain::alert::AlertSeverity;
use tocsin_domain::change::{Change, ChangeId};
use tocsin_domain::copilot::{
    Feedback, Message, MessageId, RootCause, RootCauseId, RootCauseSubject, Thread, ThreadId,
};
use tocsin_domain::ports::log_search::{ClusterSummary, RankedPage, RankedRecord};
use tocsin_domain::ports::log_store::{LogQuery, Order};
use tocsin_domain::ports::{
    ChangeFilter, ChangeStore, Classifier, ConfirmedCause, LogSearch, LogStore, RootCauseStore,
    RuleVerdict, SearchError, StoreError, ThreadStore,
};
use tocsin_domain::{
    Classification, ClassificationRule, RecordId, Severity, TemplateId, TimeRange,
};

use super::World;

/// The types of failure of `rules/classification.yml`, each by its pattern.
pub(super) struct Failures(Vec<(Arc<Regex>, String, f64)>);

#[derive(Deserialize)]
struct File {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    pattern: String,
    failure_type: String,
    confidence: f64,
}

impl Failures {
    pub(super) fn built_in() -> Self {
        let text = include_str!("../../../../rules/classification.yml");
        let file: File = serde_yaml_ng::from_str(text).unwrap();
        let rules = file.rules.into_iter().map(|rule| {
            let pattern = RegexBuilder::new(&rule.pattern)
                .case_insensitive(true)
                .build();
            (
                Arc::new(pattern.unwrap()),
                rule.failure_type,
                rule.confidence,
            )
        });
        Self(rules.collect())
    }
}

#[async_trait]
impl Classifier for World {
    fn classify(&self, _: TemplateId, line: &str, _: Severity) -> Option<Classification> {
        let matching = self
            .failures
            .0
            .iter()
            .filter(|(pattern, ..)| pattern.is_match(line));
        let (_, failure_type, confidence) = matching.max_by(|a, b| a.2.total_cmp(&b.2))?;
        Some(Classification {
            failure_type: failure_type.clone(),
            severity: AlertSeverity::High,
            confidence: *confidence,
            because: "a rule says so".into(),
        })
    }

    fn generation(&self) -> u64 {
        1
    }

    fn test(&self, line: &str, severity: Severity) -> (Vec<RuleVerdict>, Option<Classification>) {
        (Vec::new(), self.classify(TemplateId(0), line, severity))
    }

    fn rules(&self) -> Vec<ClassificationRule> {
        Vec::new()
    }

    async fn put(&self, rule: ClassificationRule) -> Result<ClassificationRule, StoreError> {
        Ok(rule)
    }

    async fn delete(&self, _: &str) -> Result<bool, StoreError> {
        Ok(false)
    }
}

#[async_trait]
impl LogSearch for World {
    async fn semantic(
        &self,
        _: &str,
        _: &LogQuery,
        _: Option<&str>,
        _: usize,
    ) -> Result<RankedPage, SearchError> {
        Err(SearchError::ModelMissing {
            remedy: "there is no model in this world".into(),
        })
    }

    async fn hybrid(
        &self,
        text: &str,
        query: &LogQuery,
        _: Option<&str>,
        limit: usize,
    ) -> Result<RankedPage, SearchError> {
        let expression = tocsin_domain::query::parse(text)
            .map_err(|error| SearchError::Invalid(error.to_string()))?;
        let query = LogQuery {
            expression,
            ..query.clone()
        };
        let page = LogStore::search(self, &query, Order::NewestFirst, None, limit).await?;
        let records = page.records.into_iter();
        Ok(RankedPage {
            records: records
                .map(|record| RankedRecord { record, score: 1.0 })
                .collect(),
            total: LogStore::count(self, &query).await?,
            ..RankedPage::default()
        })
    }

    async fn similar(&self, id: RecordId, limit: usize) -> Result<Option<RankedPage>, SearchError> {
        let Some(record) = LogStore::get(self, id).await? else {
            return Ok(None);
        };
        let query = LogQuery {
            templates: Some(vec![record.template]),
            ..LogQuery::all(TimeRange::ALL)
        };
        self.hybrid("", &query, None, limit).await.map(Some)
    }

    async fn clusters(&self, _: &LogQuery) -> Result<Vec<ClusterSummary>, SearchError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl ChangeStore for World {
    async fn record_changes(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let mut all = self.changes.lock();
        for change in changes {
            if !all.iter().any(|one| one.id == change.id) {
                all.push(change);
            }
        }
        Ok(())
    }

    async fn changes(
        &self,
        filter: &ChangeFilter,
        before: Option<(i64, ChangeId)>,
        limit: usize,
    ) -> Result<Vec<Change>, StoreError> {
        let text = filter.text.clone().unwrap_or_default().to_lowercase();
        let is_meant = |one: &&Change| {
            let actor = one.actor.as_deref().unwrap_or_default();
            let said = format!("{}\n{}\n{actor}", one.title, one.entity).to_lowercase();
            filter.from_ms.is_none_or(|from| one.at_ms >= from)
                && filter.to_ms.is_none_or(|to| one.at_ms < to)
                && filter
                    .entity
                    .as_ref()
                    .is_none_or(|entity| one.entity == *entity)
                && filter.kind.is_none_or(|kind| one.kind == kind)
                && said.contains(&text)
                && before.is_none_or(|place| (one.at_ms, one.id) < place)
        };
        let mut found: Vec<Change> = self
            .changes
            .lock()
            .iter()
            .filter(is_meant)
            .cloned()
            .collect();
        found.sort_by_key(|one| Reverse((one.at_ms, one.id)));
        found.truncate(limit);
        Ok(found)
    }

    async fn change(&self, id: ChangeId) -> Result<Option<Change>, StoreError> {
        Ok(self.changes.lock().iter().find(|one| one.id == id).cloned())
    }

    async fn forget_changes(&self, _: i64) -> Result<u64, StoreError> {
        Ok(0)
    }
}

#[async_trait]
impl RootCauseStore for World {
    async fn append_root_cause(&self, mut report: RootCause) -> Result<RootCause, StoreError> {
        let mut all = self.reports.lock();
        let own = all.iter().filter(|one| one.subject == report.subject);
        report.revision = own.map(|one| one.revision).max().unwrap_or(0) + 1;
        all.push(report.clone());
        Ok(report)
    }

    async fn root_causes(
        &self,
        subject: RootCauseSubject,
        limit: usize,
    ) -> Result<Vec<RootCause>, StoreError> {
        let all = self.reports.lock();
        let own = all.iter().rev().filter(|one| one.subject == subject);
        Ok(own.take(limit).cloned().collect())
    }

    async fn recent_root_causes(
        &self,
        range_ms: (i64, i64),
        limit: usize,
    ) -> Result<Vec<RootCause>, StoreError> {
        let within = range_ms.0..range_ms.1;
        let all = self.reports.lock();
        let recent = all.iter().rev().filter(|one| within.contains(&one.made_ms));
        Ok(recent.take(limit).cloned().collect())
    }

    async fn confirm_root_cause(
        &self,
        id: RootCauseId,
        entity: Option<String>,
        at_ms: i64,
    ) -> Result<bool, StoreError> {
        let mut all = self.reports.lock();
        let Some(report) = all.iter_mut().find(|one| one.id == id) else {
            return Ok(false);
        };
        report.confirmed.clone_from(&entity);
        self.confirmed
            .lock()
            .extend(entity.map(|entity| ConfirmedCause {
                subject: report.subject,
                entity,
                at_ms,
            }));
        Ok(true)
    }

    async fn confirmed_causes(&self, limit: usize) -> Result<Vec<ConfirmedCause>, StoreError> {
        let mut all = self.confirmed.lock().clone();
        all.sort_by_key(|one| Reverse(one.at_ms));
        all.truncate(limit);
        Ok(all)
    }

    async fn forget_root_causes(&self, _: i64) -> Result<u64, StoreError> {
        Ok(0)
    }
}

#[async_trait]
impl ThreadStore for World {
    async fn put_thread(&self, thread: Thread) -> Result<(), StoreError> {
        let mut all = self.threads.lock();
        all.retain(|one| one.id != thread.id);
        all.push(thread);
        Ok(())
    }

    async fn thread(&self, id: ThreadId) -> Result<Option<Thread>, StoreError> {
        Ok(self.threads.lock().iter().find(|one| one.id == id).cloned())
    }

    async fn threads(
        &self,
        text: Option<&str>,
        before: Option<(i64, ThreadId)>,
        limit: usize,
    ) -> Result<Vec<Thread>, StoreError> {
        let text = text.unwrap_or_default().to_lowercase();
        let messages = self.messages.lock();
        let says = |thread: &Thread| {
            let own = messages
                .iter()
                .filter(|message| message.thread == thread.id);
            thread.title.to_lowercase().contains(&text)
                || own
                    .map(|message| message.text.to_lowercase())
                    .any(|said| said.contains(&text))
        };
        let mut found: Vec<Thread> = self
            .threads
            .lock()
            .iter()
            .filter(|one| says(one))
            .cloned()
            .collect();
        found.retain(|one| before.is_none_or(|place| (one.updated_ms, one.id) < place));
        found.sort_by_key(|one| Reverse((one.updated_ms, one.id)));
        found.truncate(limit);
        Ok(found)
    }

    async fn delete_thread(&self, id: ThreadId) -> Result<bool, StoreError> {
        let mut all = self.threads.lock();
        let before = all.len();
        all.retain(|one| one.id != id);
        self.messages.lock().retain(|message| message.thread != id);
        Ok(all.len() < before)
    }

    async fn add_message(&self, message: Message) -> Result<(), StoreError> {
        let mut all = self.threads.lock();
        let thread = all.iter_mut().find(|one| one.id == message.thread);
        let thread = thread.ok_or_else(|| StoreError::Invalid("there is no such thread".into()))?;
        if thread.messages >= Thread::MESSAGES_MAX {
            return Err(StoreError::Invalid("the thread is full".into()));
        }
        thread.messages += 1;
        thread.updated_ms = thread.updated_ms.max(message.at_ms);
        self.messages.lock().push(message);
        Ok(())
    }

    async fn messages(&self, thread: ThreadId) -> Result<Vec<Message>, StoreError> {
        let all = self.messages.lock();
        let mut own: Vec<Message> = all
            .iter()
            .filter(|one| one.thread == thread)
            .cloned()
            .collect();
        own.sort_by_key(|message| message.id);
        Ok(own)
    }

    async fn set_message_feedback(
        &self,
        id: MessageId,
        feedback: Option<Feedback>,
        comment: Option<String>,
    ) -> Result<bool, StoreError> {
        let mut all = self.messages.lock();
        let Some(message) = all.iter_mut().find(|one| one.id == id) else {
            return Ok(false);
        };
        message.feedback = feedback;
        message.comment = comment;
        Ok(true)
    }

    async fn forget_threads(&self, _: i64) -> Result<u64, StoreError> {
        Ok(0)
    }
}
