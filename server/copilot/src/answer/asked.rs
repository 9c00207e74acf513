//! A question as those who answer it see it.

use tocsin_domain::Severity;
use tocsin_domain::copilot::PageContext;

use crate::quotes::inert;
use crate::tools::rfc3339;
use crate::understand::Reading;
use crate::words::moment;

/// A question, and what it is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) reading: &'a Reading,
    pub(crate) page: Option<&'a PageContext>,
    /// First and last moment that are looked at, in ms.
    pub(crate) range_ms: (i64, i64),
    /// The words of the question.
    pub(crate) question: &'a str,
    /// Those of the question that it goes on from.
    pub(crate) before: Option<&'a str>,
}

impl Asked<'_> {
    /// The services, hosts and so on, as they are stored.
    pub(crate) fn things(&self) -> Vec<String> {
        self.reading
            .things()
            .map(|entity| entity.name.clone())
            .collect()
    }

    /// ` of X and Y`, or nothing.
    pub(crate) fn of_things(&self) -> String {
        let names: Vec<String> = self
            .reading
            .things()
            .map(|entity| format!("`{}`", inert(&entity.name)))
            .collect();
        if names.is_empty() {
            String::new()
        } else {
            format!(" of {}", names.join(" and "))
        }
    }

    /// The first thing that was named, or nothing.
    pub(crate) fn thing(&self) -> Option<String> {
        self.reading
            .things()
            .map(|entity| entity.name.clone())
            .next()
    }

    /// The first moment as an argument.
    pub(crate) fn from(&self) -> Option<String> {
        Some(rfc3339(self.range_ms.0))
    }

    /// The last moment as an argument.
    pub(crate) fn to(&self) -> Option<String> {
        Some(rfc3339(self.range_ms.1))
    }

    /// `from … to …`, for sentences.
    pub(crate) fn span(&self) -> String {
        format!(
            "from {} to {}",
            moment(self.range_ms.0),
            moment(self.range_ms.1)
        )
    }

    /// Whether no other time is to be looked at: the question said one, or all that is stored is looked at.
    pub(crate) fn has_time(&self) -> bool {
        self.reading.time_words.is_some() || self.reading.stored_ms.is_some()
    }

    /// The same with another range, in ms.
    pub(crate) const fn within(self, range_ms: (i64, i64)) -> Self {
        Self { range_ms, ..self }
    }

    /// The least severity, as an argument. Who asks for warnings means warnings alone: those are in the
    /// query.
    pub(crate) fn severity(&self) -> Option<String> {
        let least = self.reading.severity.filter(|_| !self.wants_warnings());
        least.map(|severity| severity.name().to_owned())
    }

    /// The least severity of errors, unless another was asked for.
    pub(crate) fn severity_or_error(&self) -> Option<String> {
        let is_error = self.reading.severity.is_none();
        self.severity()
            .or_else(|| is_error.then(|| "error".to_owned()))
    }

    /// ` of severity …`, or nothing.
    pub(crate) fn of_severity(&self) -> String {
        match self.severity() {
            Some(name) => format!(" of severity {name} or worse"),
            None if self.wants_warnings() => " of severity warn".into(),
            None => String::new(),
        }
    }

    /// Whether warnings are asked for, and nothing worse.
    pub(crate) fn wants_warnings(&self) -> bool {
        self.reading
            .severity
            .is_some_and(|severity| severity.band() == Severity::WARN.band())
    }

    /// The words that are left as a query: all of them, phrases in quotes.
    pub(crate) fn query(&self) -> Option<String> {
        let words = self.reading.topic.iter().map(|word| {
            let plain: String = word.chars().filter(|c| !matches!(c, '"' | '\\')).collect();
            format!("\"{plain}\"")
        });
        let warnings = self.wants_warnings().then(|| "severity:warn".to_owned());
        let words: Vec<String> = words.chain(warnings).collect();
        (!words.is_empty()).then(|| words.join(" "))
    }

    /// The words that are left, for sentences: ` with `a`, `b``, or nothing.
    pub(crate) fn with_words(&self) -> String {
        let words: Vec<String> = self
            .reading
            .topic
            .iter()
            .map(|word| format!("`{}`", inert(word)))
            .collect();
        if words.is_empty() {
            String::new()
        } else {
            format!(" with {}", words.join(", "))
        }
    }
}
