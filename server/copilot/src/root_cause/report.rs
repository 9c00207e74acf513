//! Reports: findings about an alert or incident, kept as revisions.

use std::collections::BTreeSet;

use tocsin_domain::copilot::{RootCause, RootCauseId, RootCauseSubject, Statement};
use tocsin_domain::ports::StoreError;

use super::analysis::Analysis;
use super::findings::Occasion;
use super::gather::Scope;
use super::{RootCauseFinder, Target};
use crate::answer::extractive_writer;
use crate::facts::FactBook;

impl RootCauseFinder {
    /// Makes a report about an alert or incident, and keeps it as a revision if it says something
    /// else than the last one; gives the one that holds. None if there is no such alert or incident.
    /// `user`: on whose behalf a model words it; none: it stays as rules write it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn report(
        &self,
        subject: RootCauseSubject,
        user: Option<&str>,
    ) -> Result<Option<RootCause>, StoreError> {
        let begun_ms = self.now_ms();
        let Some(report) = self.by_rules(subject).await? else {
            return Ok(None);
        };
        // A model is asked only for what is new, so that its other words are no new revision.
        if let Some(last) = self.last_if_same(&report).await? {
            return Ok(Some(last));
        }
        let mut report = report;
        if let Some(user) = user {
            report = self.worded(report, user).await;
            // Somebody else may have asked for the same meanwhile.
            if let Some(last) = self.last_if_same(&report).await? {
                return Ok(Some(last));
            }
        }
        report.took_ms = u64::try_from(self.now_ms() - begun_ms).unwrap_or(0);
        let root_causes = &self.parts.root_causes;
        root_causes.append_root_cause(report).await.map(Some)
    }

    fn now_ms(&self) -> i64 {
        self.parts.clock.now().millis()
    }

    /// The report that rules write.
    async fn by_rules(&self, subject: RootCauseSubject) -> Result<Option<RootCause>, StoreError> {
        let Some(about) = self.subject(subject).await? else {
            return Ok(None);
        };
        let target = self.target(&about).await?;
        let scope = Scope {
            target: &target,
            subject: Some(subject),
            alerts: &about.alerts,
        };
        let occasion = Occasion {
            alerts: &about.alerts,
            incident: about.incident.as_ref(),
        };
        let mut book = FactBook::default();
        let analysis = self.analyse(&scope).await?;
        let findings = self.tell(&analysis, occasion, &mut book);
        let made_ms = self.now_ms();
        Ok(Some(RootCause {
            id: RootCauseId::new(made_ms, (self.parts.random)()),
            subject,
            revision: 0,
            made_ms,
            from_ms: target.from_ms,
            to_ms: target.to_ms,
            since_ms: findings.since_ms,
            verdict: findings.verdict,
            what: findings.what,
            impact: findings.impact,
            causes: findings.causes,
            ruled_out: findings.ruled_out,
            remediation: findings.remediation,
            would_settle: findings.would_settle,
            facts: book.into_facts(),
            writer: extractive_writer(),
            took_ms: 0,
            confirmed: None,
        }))
    }

    /// The last report if a new one says the same.
    async fn last_if_same(&self, report: &RootCause) -> Result<Option<RootCause>, StoreError> {
        let root_causes = &self.parts.root_causes;
        let last = root_causes.root_causes(report.subject, 1).await?;
        Ok(last.into_iter().find(|last| says_the_same(last, report)))
    }

    /// What departed around a target, ranked. Of a long time the part is looked at first in which something stands
    /// out. Cites into `book`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn find(
        &self,
        target: &Target,
        book: &mut FactBook,
    ) -> Result<super::Findings, StoreError> {
        let mut analysis = None;
        if let Some(focused) = self.focused(target).await? {
            analysis =
                Some(self.analyse(&Scope::of_question(&focused)).await?).filter(Analysis::is_found);
        }
        let analysis = match analysis {
            Some(analysis) => analysis,
            None => self.analyse(&Scope::of_question(target)).await?,
        };
        Ok(self.tell(&analysis, Occasion::default(), book))
    }
}

/// Whether two reports say the same, in whichever words: what stays when a model words them is compared, which is what
/// is named, the facts, and what is said without any. A confidence is said in whole percent.
fn says_the_same(one: &RootCause, other: &RootCause) -> bool {
    let said = |report: &RootCause| {
        let causes = report.causes.iter().map(|cause| {
            let percent = (cause.confidence * 100.0).round() as i64;
            (cause.entity.clone(), percent, cited(&cause.statements))
        });
        let ruled_out = report.ruled_out.iter().map(|one| {
            let cites = one.statement.cites.clone();
            (one.entity.clone(), cites)
        });
        let parts = [
            &report.what,
            &report.impact,
            &report.remediation,
            &report.would_settle,
        ];
        let facts = report.facts.iter().map(|fact| fact.text.clone());
        (
            (report.verdict, report.since_ms),
            causes.collect::<Vec<_>>(),
            ruled_out.collect::<Vec<_>>(),
            parts.map(|statements| (cited(statements), uncited(statements))),
            facts.collect::<Vec<_>>(),
        )
    };
    said(one) == said(other)
}

/// The facts that statements cite, each once.
fn cited(statements: &[Statement]) -> BTreeSet<String> {
    let cites = statements.iter().flat_map(|one| &one.cites);
    cites.cloned().collect()
}

/// What is said without a fact; no model words it.
fn uncited(statements: &[Statement]) -> Vec<String> {
    let plain = statements.iter().filter(|one| one.cites.is_empty());
    plain.map(|one| one.text.clone()).collect()
}
