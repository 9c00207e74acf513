//! What the copilot keeps, in memory.

use async_trait::async_trait;
use tocsin_domain::change::{Change, ChangeId};
use tocsin_domain::copilot::{
    Feedback, Message, MessageId, RootCause, RootCauseId, RootCauseSubject, Thread, ThreadId,
};
use tocsin_domain::ports::model_ledger::{LedgerEntry, LedgerId, SpendScope, Spent};
use tocsin_domain::ports::root_cause_store::ConfirmedCause;
use tocsin_domain::ports::{
    ChangeFilter, ChangeStore, ModelLedger, RootCauseStore, StoreError, ThreadStore,
};

use super::{Fakes, lock};

#[async_trait]
impl ThreadStore for Fakes {
    async fn put_thread(&self, thread: Thread) -> Result<(), StoreError> {
        let all = &mut lock(&self.answering).threads;
        all.retain(|known| known.id != thread.id);
        all.push(thread);
        Ok(())
    }
    async fn thread(&self, id: ThreadId) -> Result<Option<Thread>, StoreError> {
        let all = lock(&self.answering);
        Ok(all.threads.iter().find(|one| one.id == id).cloned())
    }
    async fn threads(
        &self,
        text: Option<&str>,
        before: Option<(i64, ThreadId)>,
        limit: usize,
    ) -> Result<Vec<Thread>, StoreError> {
        let mut all = lock(&self.answering).threads.clone();
        all.retain(|one| {
            text.is_none_or(|text| one.title.contains(text))
                && before.is_none_or(|before| (one.updated_ms, one.id) < before)
        });
        all.sort_by_key(|one| std::cmp::Reverse((one.updated_ms, one.id)));
        all.truncate(limit);
        Ok(all)
    }
    async fn delete_thread(&self, id: ThreadId) -> Result<bool, StoreError> {
        let all = &mut lock(&self.answering).threads;
        let before = all.len();
        all.retain(|known| known.id != id);
        Ok(all.len() < before)
    }
    async fn add_message(&self, message: Message) -> Result<(), StoreError> {
        lock(&self.answering).messages.push(message);
        Ok(())
    }
    async fn messages(&self, thread: ThreadId) -> Result<Vec<Message>, StoreError> {
        let mut all = lock(&self.answering).messages.clone();
        all.retain(|one| one.thread == thread);
        Ok(all)
    }
    async fn set_message_feedback(
        &self,
        id: MessageId,
        feedback: Option<Feedback>,
        comment: Option<String>,
    ) -> Result<bool, StoreError> {
        let all = &mut lock(&self.answering).messages;
        let Some(known) = all.iter_mut().find(|one| one.id == id) else {
            return Ok(false);
        };
        (known.feedback, known.comment) = (feedback, comment);
        Ok(true)
    }
    async fn forget_threads(&self, _: i64) -> Result<u64, StoreError> {
        Ok(0)
    }
}

#[async_trait]
impl RootCauseStore for Fakes {
    async fn append_root_cause(&self, mut report: RootCause) -> Result<RootCause, StoreError> {
        let all = &mut lock(&self.answering).reports;
        let known = all.iter().filter(|one| one.subject == report.subject);
        report.revision = u32::try_from(known.count()).unwrap() + 1;
        all.push(report.clone());
        Ok(report)
    }
    async fn root_causes(
        &self,
        subject: RootCauseSubject,
        limit: usize,
    ) -> Result<Vec<RootCause>, StoreError> {
        let mut all = lock(&self.answering).reports.clone();
        all.retain(|one| one.subject == subject);
        all.reverse();
        all.truncate(limit);
        Ok(all)
    }
    async fn recent_root_causes(
        &self,
        _: (i64, i64),
        _: usize,
    ) -> Result<Vec<RootCause>, StoreError> {
        Ok(Vec::new())
    }
    async fn confirm_root_cause(
        &self,
        id: RootCauseId,
        entity: Option<String>,
        _: i64,
    ) -> Result<bool, StoreError> {
        let all = &mut lock(&self.answering).reports;
        let Some(known) = all.iter_mut().find(|one| one.id == id) else {
            return Ok(false);
        };
        known.confirmed = entity;
        Ok(true)
    }
    async fn confirmed_causes(&self, _: usize) -> Result<Vec<ConfirmedCause>, StoreError> {
        Ok(Vec::new())
    }
    async fn forget_root_causes(&self, _: i64) -> Result<u64, StoreError> {
        Ok(0)
    }
}

#[async_trait]
impl ChangeStore for Fakes {
    async fn record_changes(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        lock(&self.answering).changes.extend(changes);
        Ok(())
    }
    async fn changes(
        &self,
        filter: &ChangeFilter,
        before: Option<(i64, ChangeId)>,
        limit: usize,
    ) -> Result<Vec<Change>, StoreError> {
        let mut all = lock(&self.answering).changes.clone();
        all.retain(|one| {
            filter.from_ms.is_none_or(|from| one.at_ms >= from)
                && filter.to_ms.is_none_or(|to| one.at_ms < to)
                && filter.entity.as_ref().is_none_or(|it| *it == one.entity)
                && filter.kind.is_none_or(|kind| kind == one.kind)
                && filter
                    .text
                    .as_ref()
                    .is_none_or(|text| one.title.contains(text))
                && before.is_none_or(|before| (one.at_ms, one.id) < before)
        });
        all.sort_by_key(|one| std::cmp::Reverse((one.at_ms, one.id)));
        all.truncate(limit);
        Ok(all)
    }
    async fn change(&self, id: ChangeId) -> Result<Option<Change>, StoreError> {
        let all = lock(&self.answering);
        Ok(all.changes.iter().find(|one| one.id == id).cloned())
    }
    async fn forget_changes(&self, _: i64) -> Result<u64, StoreError> {
        Ok(0)
    }
}

#[async_trait]
impl ModelLedger for Fakes {
    async fn record(&self, entry: LedgerEntry) -> Result<(), StoreError> {
        lock(&self.answering).ledger.push(entry);
        Ok(())
    }
    async fn spent(&self, _: SpendScope) -> Result<Spent, StoreError> {
        Ok(Spent::default())
    }
    async fn page(
        &self,
        before: Option<LedgerId>,
        limit: usize,
    ) -> Result<Vec<LedgerEntry>, StoreError> {
        let mut all = lock(&self.answering).ledger.clone();
        all.retain(|one| before.is_none_or(|before| one.id < before));
        all.sort_by_key(|one| std::cmp::Reverse(one.id));
        all.truncate(limit);
        Ok(all)
    }
}
