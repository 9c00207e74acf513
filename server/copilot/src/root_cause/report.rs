//! Reports: findings about an alert or incident, kept as revisions.

use tocsin_domain::copilot::{RootCause, RootCauseId, RootCauseSubject, Statement, Writer};
use tocsin_domain::ports::StoreError;

use super::analysis::Analysis;
use super::findings::Occasion;
use super::gather::Scope;
use super::{RootCauseFinder, Target};
use crate::facts::FactBook;

/// Who writes where no model does.
const EXTRACTIVE: &str = "extractive";

impl RootCauseFinder {
    /// Makes a report about an alert or incident, and keeps it as a revision if it says something
    /// else than the last one; gives the one that holds. None if there is no such alert or incident.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn report(
        &self,
        subject: RootCauseSubject,
    ) -> Result<Option<RootCause>, StoreError> {
        let begun_ms = self.parts.clock.now().millis();
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
        let made_ms = self.parts.clock.now().millis();
        let report = RootCause {
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
            writer: Writer {
                provider: EXTRACTIVE.into(),
                ..Writer::default()
            },
            took_ms: u64::try_from(made_ms - begun_ms).unwrap_or(0),
            confirmed: None,
        };
        let last = self.parts.root_causes.root_causes(subject, 1).await?;
        match last.into_iter().next() {
            Some(last) if says_the_same(&last, &report) => Ok(Some(last)),
            _ => self
                .parts
                .root_causes
                .append_root_cause(report)
                .await
                .map(Some),
        }
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

/// Whether two reports say the same, but for ids, times of making, and how long it took. A confidence is said in
/// whole percent.
fn says_the_same(one: &RootCause, other: &RootCause) -> bool {
    let said = |report: &RootCause| {
        let texts = |statements: &[Statement]| -> Vec<String> {
            statements
                .iter()
                .map(|statement| statement.text.clone())
                .collect()
        };
        let causes = report.causes.iter().map(|cause| {
            let percent = (cause.confidence * 100.0).round() as i64;
            (cause.entity.clone(), percent, texts(&cause.statements))
        });
        let ruled_out = report
            .ruled_out
            .iter()
            .map(|one| one.statement.text.clone());
        (
            (report.verdict, report.since_ms),
            causes.collect::<Vec<_>>(),
            ruled_out.collect::<Vec<_>>(),
            [
                &report.what,
                &report.impact,
                &report.remediation,
                &report.would_settle,
            ]
            .map(|statements| texts(statements)),
        )
    };
    said(one) == said(other)
}
