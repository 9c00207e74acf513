//! The rules at work: each compiled once, sorted by what it looks at. Immutable; a change makes a
//! new set.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::Environment;
use tocsin_domain::alert::{AlertRule, LabelSet, RuleError, RuleTrigger};

use super::condition::{
    ANOMALY_FACTS, Condition, LOG_FACTS, METRIC_FACTS, PREDICTION_FACTS, SILENCE_FACTS,
};

/// What lines have by themselves to be grouped by; every other name is an attribute's.
const OWN_NAMES: [&str; 5] = ["source", "host", "severity", "template", "failure_type"];
/// The most characters of a title.
const TITLE_CHARS_MAX: usize = 240;

/// A rule that is ready to be asked.
#[derive(Debug)]
pub struct CompiledRule {
    /// The rule.
    pub rule: AlertRule,
    pub(super) condition: Option<Condition>,
}

impl CompiledRule {
    /// Makes a rule ready.
    ///
    /// # Errors
    /// [`RuleError`] if something of it is out of range, or its condition or title cannot be read.
    pub fn new(rule: AlertRule) -> Result<Self, RuleError> {
        rule.check()?;
        let wrong = |detail: String| RuleError {
            rule: rule.id.clone(),
            detail,
        };
        let facts = match rule.trigger {
            RuleTrigger::Log { .. } => LOG_FACTS,
            RuleTrigger::Metric { .. } => METRIC_FACTS,
            RuleTrigger::Anomaly => ANOMALY_FACTS,
            RuleTrigger::Predictive => PREDICTION_FACTS,
            RuleTrigger::NoData { .. } => SILENCE_FACTS,
        };
        let condition = rule
            .condition
            .as_deref()
            .map(|text| Condition::compile(text, facts));
        let condition = condition.transpose().map_err(wrong)?;
        if let Some(title) = &rule.title {
            render(title, &LabelSet::default(), None)
                .map_err(|error| wrong(format!("the title is no template: {error}")))?;
        }
        Ok(Self { rule, condition })
    }

    /// Whether its alerts are told apart by attributes of lines.
    pub(super) fn groups_by_attributes(&self) -> bool {
        let names = &self.rule.group_by;
        names.iter().any(|name| !OWN_NAMES.contains(&name.as_str()))
    }

    /// The labels of an alert of log lines: what `value` says of each name in `group_by`, or of
    /// their source.
    pub(super) fn labels_of_line<'a>(&'a self, value: impl Fn(&str) -> &'a str) -> LabelSet {
        let names = self.rule.group_by.iter().map(String::as_str);
        let default = self.rule.group_by.is_empty().then_some("source");
        self.labels_of(names.chain(default).map(|name| (name, value(name))))
    }

    /// The labels of an alert of a series: those of `group_by`, or all but its name.
    pub(super) fn labels_of_series<'a>(
        &'a self,
        series: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> LabelSet {
        let all = &self.rule.group_by;
        let own = series.filter(|(name, _)| *name != "__name__");
        self.labels_of(own.filter(|(name, _)| all.is_empty() || all.iter().any(|one| one == name)))
    }

    fn labels_of<'a>(&'a self, groups: impl Iterator<Item = (&'a str, &'a str)>) -> LabelSet {
        let name = std::iter::once(("alertname", self.rule.id.as_str()));
        LabelSet::new(name.chain(groups).chain(self.rule.labels.iter()))
    }

    /// The title of an alert: the rule's own, or what `otherwise` says.
    pub(super) fn title(
        &self,
        labels: &LabelSet,
        value: Option<f64>,
        otherwise: impl FnOnce() -> String,
    ) -> String {
        let own = self
            .rule
            .title
            .as_deref()
            .map(|title| render(title, labels, value));
        // It was tried when the rule was made; what fails now fails for one alert.
        let title = own
            .and_then(Result::ok)
            .filter(|title| !title.trim().is_empty());
        cut(&title.unwrap_or_else(otherwise))
    }
}

fn render(title: &str, labels: &LabelSet, value: Option<f64>) -> Result<String, minijinja::Error> {
    let labels: BTreeMap<&str, &str> = labels.iter().collect();
    Environment::new().render_str(title, minijinja::context! { labels, value })
}

/// One line, and not too long a one.
pub(super) fn cut(text: &str) -> String {
    let mut line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(TITLE_CHARS_MAX) {
        line.truncate(end);
        line.push('…');
    }
    line
}

/// All rules.
#[derive(Debug, Default)]
pub struct RuleSet {
    all: BTreeMap<String, Arc<CompiledRule>>,
    /// Those that look at log lines and are switched on.
    pub(super) log: Vec<Arc<CompiledRule>>,
}

impl RuleSet {
    /// A set of rules; of those with the same id the last counts.
    #[must_use]
    pub fn new(rules: impl IntoIterator<Item = Arc<CompiledRule>>) -> Self {
        let rules = rules.into_iter().map(|rule| (rule.rule.id.clone(), rule));
        let all: BTreeMap<_, _> = rules.collect();
        let is_log = |one: &&Arc<CompiledRule>| {
            one.rule.is_enabled && matches!(one.rule.trigger, RuleTrigger::Log { .. })
        };
        let log: Vec<_> = all.values().filter(is_log).cloned().collect();
        Self { all, log }
    }

    /// This set with a rule added or in place of that with its id.
    #[must_use]
    pub fn with(&self, rule: Arc<CompiledRule>) -> Self {
        Self::new(self.all.values().cloned().chain([rule]))
    }

    /// This set without a rule.
    #[must_use]
    pub fn without(&self, id: &str) -> Self {
        Self::new(self.all.values().filter(|one| one.rule.id != id).cloned())
    }

    /// A rule.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<CompiledRule>> {
        self.all.get(id)
    }

    /// All rules, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<CompiledRule>> {
        self.all.values()
    }

    /// Those that are switched on.
    pub(super) fn enabled(&self) -> impl Iterator<Item = &Arc<CompiledRule>> {
        self.all.values().filter(|one| one.rule.is_enabled)
    }
}
