//! The classifier: types of failure by rules and by what examples taught.

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::classification::{Classification, ClassificationRule};
use crate::id::TemplateId;
use crate::severity::Severity;

/// How a rule would judge a line.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleVerdict {
    /// The rule's id.
    pub rule: String,
    /// The part of the line that its pattern found, as bytes `[start, end)`.
    pub found: (usize, usize),
    /// Whether it is switched on.
    pub is_enabled: bool,
}

/// What is recognised in templates and lines, and the rules it is recognised by.
#[async_trait]
pub trait Classifier: Send + Sync {
    /// What the lines of a template speak of, from the text of one of them. A template is
    /// classified once; it is classified again when its embedding comes or the rules change.
    fn classify(
        &self,
        template: TemplateId,
        line: &str,
        severity: Severity,
    ) -> Option<Classification>;

    /// Grows whenever an answer for a known template may have changed.
    fn generation(&self) -> u64;

    /// Which rules would match a line, and what comes of them all with the model.
    fn test(&self, line: &str, severity: Severity) -> (Vec<RuleVerdict>, Option<Classification>);

    /// All rules, by id.
    fn rules(&self) -> Vec<ClassificationRule>;

    /// Takes up a rule in place of the one with its id. Durable on return.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if it cannot be; says what was expected.
    async fn put(&self, rule: ClassificationRule) -> Result<ClassificationRule, StoreError>;

    /// Drops a rule. False if there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn delete(&self, id: &str) -> Result<bool, StoreError>;
}

/// Classification rules that people changed; those that were not are in the catalogue. Every
/// change is kept.
#[async_trait]
pub trait ClassificationRuleStore: Send + Sync {
    /// The newest version of every rule that was changed, by id; none in place of a rule: it was
    /// deleted.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn changed_rules(&self) -> Result<Vec<(String, Option<ClassificationRule>)>, StoreError>;

    /// Keeps the next version of a rule (none: it is deleted), and gives its number, which is
    /// above all that were kept and above the rule's own. Durable on return.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn put_rule(&self, id: &str, rule: Option<ClassificationRule>)
    -> Result<u32, StoreError>;
}
