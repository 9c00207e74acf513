//! `search_logs`: lines with some words, or of some meaning.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::ports::SearchError;
use tocsin_domain::ports::log_store::{LogQuery, Order};
use tocsin_domain::{LogRecord, Severity, TemplateId};

use super::arguments::{BACK_MS, limit, range_ms, time_range, word};
use super::error::ToolError;
use super::lines::{Line, line};
use super::log_patterns::{Pattern, counted};
use super::scope::lines;
use super::toolbox::{Desk, Found, Tool};

/// The most lines of an answer.
const LINES_MAX: usize = 50;
/// The templates that are told beside the lines.
const PATTERNS_MAX: usize = 5;

/// Lines with some words, or of some meaning.
pub(crate) struct SearchLogs;

/// What is searched for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    /// Words that must all be in a line, with `"phrases"`, `-not`, `OR`, and `field:value`, such as
    /// `timeout -retry host:web-1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) query: Option<String>,
    /// A sentence that lines are to be like in meaning, in place of `query`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) meaning: Option<String>,
    /// Services, hosts or sources whose lines are meant; lines belong to all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) entities: Vec<String>,
    /// The least severity: `trace`, `debug`, `info`, `warn`, `error` or `fatal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) severity: Option<String>,
    /// The first moment: RFC 3339, or as in `2 hours ago`. Default: a day before `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    /// The last moment. Default: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<String>,
    /// True for the oldest lines in place of the newest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) oldest_first: bool,
    /// How many lines: 1 to 50. Default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<usize>,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct Lines {
    /// How many lines match.
    pub(crate) total: u64,
    /// Some of them.
    pub(crate) lines: Vec<Line>,
    /// The templates of most of them.
    pub(crate) patterns: Vec<Pattern>,
    /// What one should know of the search.
    pub(crate) notice: Option<String>,
}

#[async_trait]
impl Tool for SearchLogs {
    const NAME: &'static str = "search_logs";
    const ABOUT: &'static str = "Finds log lines by words or by meaning, with how many there are and which templates most of them have.";
    type Arguments = Arguments;
    type Found = Lines;

    async fn ask(desk: &mut Desk<'_>, given: &Arguments) -> Result<Found<Lines>, ToolError> {
        let range = range_ms(
            desk.asker,
            given.from.as_deref(),
            given.to.as_deref(),
            BACK_MS,
        )?;
        let severity = severity(given.severity.as_deref())?;
        let limit = limit(given.limit, 10, LINES_MAX)?;
        let query = LogQuery {
            expression: lines(desk, &given.entities, severity, given.query.as_deref())?,
            range: time_range(range),
            templates: None,
        };
        if let Some(meaning) = given
            .meaning
            .as_deref()
            .filter(|text| !text.trim().is_empty())
        {
            return by_meaning(desk, meaning, query, limit).await;
        }
        let counts = desk.tools.parts.logs.template_counts(&query).await?;
        let order = if given.oldest_first {
            Order::OldestFirst
        } else {
            Order::NewestFirst
        };
        let page = desk
            .tools
            .parts
            .logs
            .search(&query, order, None, limit)
            .await?;
        let total = counts
            .iter()
            .map(|one| one.counts.iter().sum::<u64>())
            .sum();
        let patterns = counted(desk, &counts, range, PATTERNS_MAX).await?;
        Ok(told(desk, total, &page.records, patterns))
    }
}

/// The prototypes nearest in meaning, and the lines of the best ones.
async fn by_meaning(
    desk: &mut Desk<'_>,
    meaning: &str,
    query: LogQuery,
    limit: usize,
) -> Result<Found<Lines>, ToolError> {
    let parts = &desk.tools.parts;
    let page = match parts.search.hybrid(meaning, &query, None, limit).await {
        Ok(page) => page,
        Err(SearchError::ModelMissing { remedy }) => {
            let mut found = by_words(desk, meaning, query, limit).await?;
            found.what.notice = Some(format!("Searched by words alone: {remedy}."));
            return Ok(found);
        }
        Err(SearchError::Invalid(detail)) => return Err(ToolError::Invalid(detail)),
        Err(error) => {
            let Some(notice) = error.fallback() else {
                return Err(match error {
                    SearchError::Store(error) => error.into(),
                    other => ToolError::Invalid(other.to_string()),
                });
            };
            let mut found = by_words(desk, meaning, query, limit).await?;
            found.what.notice = Some(format!("Searched by words alone: {notice}."));
            return Ok(found);
        }
    };
    let mut templates: Vec<TemplateId> =
        page.prototypes.iter().map(|one| one.template.id).collect();
    if templates.is_empty() {
        // The words alone found lines.
        templates.extend(page.records.iter().map(|one| one.record.template));
    }
    templates.dedup();
    let narrowed = LogQuery {
        templates: Some(templates),
        ..query.clone()
    };
    let range = (query.range.from.millis(), query.range.to.millis() - 1);
    let mut counts = parts.logs.template_counts(&narrowed).await?;
    // In the order of how well they answer.
    let rank = |id| page.prototypes.iter().position(|one| one.template.id == id);
    counts.sort_by_key(|one| rank(one.template).unwrap_or(usize::MAX));
    let patterns = counted(desk, &counts, range, PATTERNS_MAX).await?;
    let records: Vec<LogRecord> = page.records.into_iter().map(|one| one.record).collect();
    let mut found = told(desk, page.total, &records, patterns);
    found.what.notice = page.notice;
    Ok(found)
}

/// Lines with all of the words; those that hold a separator are left out of the query language.
async fn by_words(
    desk: &mut Desk<'_>,
    words: &str,
    query: LogQuery,
    limit: usize,
) -> Result<Found<Lines>, ToolError> {
    let tokens = tocsin_domain::query::lower_tokens(words).into_iter();
    let phrases = tokens.map(|token| tocsin_domain::query::Expression::Phrase(vec![token]));
    let all = std::iter::once(query.expression.clone()).chain(phrases);
    let narrowed = LogQuery {
        expression: tocsin_domain::query::Expression::And(all.collect()),
        ..query
    };
    let range = (narrowed.range.from.millis(), narrowed.range.to.millis() - 1);
    let logs = desk.tools.parts.logs.clone();
    let counts = logs.template_counts(&narrowed).await?;
    let page = logs
        .search(&narrowed, Order::NewestFirst, None, limit)
        .await?;
    let total = counts
        .iter()
        .map(|one| one.counts.iter().sum::<u64>())
        .sum();
    let patterns = counted(desk, &counts, range, PATTERNS_MAX).await?;
    Ok(told(desk, total, &page.records, patterns))
}

fn told(
    desk: &mut Desk<'_>,
    total: u64,
    records: &[LogRecord],
    patterns: Vec<Pattern>,
) -> Found<Lines> {
    let lines = records
        .iter()
        .map(|record| line(record, desk.book))
        .collect();
    let summary = match total {
        0 => "no line".to_owned(),
        1 => "1 line".to_owned(),
        _ => format!("{total} lines"),
    };
    Found::new(
        summary,
        Lines {
            total,
            lines,
            patterns,
            notice: None,
        },
    )
}

/// A severity by its name.
pub(super) fn severity(name: Option<&str>) -> Result<Option<Severity>, ToolError> {
    name.map(|name| word("severity", name, Severity::from_word))
        .transpose()
}
