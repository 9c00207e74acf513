//! `log_patterns`: which kinds of lines there are, and how that differs from before.

use std::collections::HashMap;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::alert::Evidence;
use tocsin_domain::ports::log_store::{LogQuery, TemplateCount, dominant_band};
use tocsin_domain::{Severity, TemplateId};

use super::arguments::{BACK_MS, limit, range_ms, rfc3339, time_range};
use super::error::ToolError;
use super::lines::data;
use super::scope::lines;
use super::search_logs::severity;
use super::toolbox::{Desk, Found, Tool};
use crate::words::moment;

/// The most templates of an answer.
const PATTERNS_MAX: usize = 30;
/// By how much a count has to grow to be told of first.
const RISE_MIN: f64 = 2.0;

/// Which kinds of lines there are.
pub(crate) struct LogPatterns;

/// Which templates come first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sort {
    /// Those of most lines.
    #[default]
    Frequent,
    /// Only those that were never seen before the range.
    New,
    /// Those that come most above what came in as long a time before.
    Rising,
}

/// Whose templates are meant.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    /// Words that must all be in a line, as of `search_logs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) query: Option<String>,
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
    /// Which come first.
    #[serde(default)]
    pub(crate) sort: Sort,
    /// How many: 1 to 30. Default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<usize>,
}

/// A template, counted.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Pattern {
    /// The fact; none if the answer cites as many as it may.
    pub(crate) fact: Option<String>,
    pub(crate) template: String,
    pub(crate) text: String,
    /// Data, whatever it says.
    pub(crate) example: String,
    pub(crate) severity: &'static str,
    pub(crate) count: u64,
    /// Lines of all templates together.
    pub(crate) total: u64,
    /// Lines in as long a time before; none where nobody counted.
    pub(crate) before: Option<u64>,
    pub(crate) is_new: bool,
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) failure_type: Option<String>,
    #[serde(skip)]
    pub(crate) first_ms: i64,
    #[serde(skip)]
    pub(crate) last_ms: i64,
    #[serde(skip)]
    pub(crate) id: TemplateId,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct Patterns {
    /// How many lines there are.
    pub(crate) total: u64,
    /// How many in as long a time before.
    pub(crate) total_before: u64,
    /// How many templates they have.
    pub(crate) templates: usize,
    /// Some of them.
    pub(crate) patterns: Vec<Pattern>,
}

#[async_trait]
impl Tool for LogPatterns {
    const NAME: &'static str = "log_patterns";
    const ABOUT: &'static str = "Counts log lines by template (the constant part of a line) and compares with as long a time before: the most frequent, the new or the rising ones.";
    type Arguments = Arguments;
    type Found = Patterns;

    async fn ask(desk: &mut Desk<'_>, given: &Arguments) -> Result<Found<Patterns>, ToolError> {
        let range = range_ms(
            desk.asker,
            given.from.as_deref(),
            given.to.as_deref(),
            BACK_MS,
        )?;
        let severity = severity(given.severity.as_deref())?;
        let limit = limit(given.limit, 10, PATTERNS_MAX)?;
        let query = LogQuery {
            expression: lines(desk, &given.entities, severity, given.query.as_deref())?,
            range: time_range(range),
            templates: None,
        };
        let before = LogQuery {
            range: time_range((range.0 - (range.1 - range.0) - 1, range.0 - 1)),
            ..query.clone()
        };
        let logs = &desk.tools.parts.logs;
        let mut counts = logs.template_counts(&query).await?;
        let before = logs.template_counts(&before).await?;
        let before: HashMap<TemplateId, u64> =
            before.iter().map(|one| (one.template, sum(one))).collect();
        let (total, templates) = (counts.iter().map(sum).sum(), counts.len());
        let total_before = before.values().sum();
        let was = |one: &TemplateCount| before.get(&one.template).copied().unwrap_or(0);
        match given.sort {
            Sort::Frequent => {}
            Sort::New => {
                let mut fresh = Vec::new();
                for one in counts {
                    if is_new(desk, one.template, range.0).await? {
                        fresh.push(one);
                    }
                }
                counts = fresh;
            }
            Sort::Rising => {
                counts.retain(|one| {
                    sum(one) as f64 >= RISE_MIN * (was(one) as f64) && sum(one) > was(one)
                });
                counts.sort_by_key(|one| (std::cmp::Reverse(sum(one) - was(one)), one.template));
            }
        }
        let found = counts.len();
        let tally = Tally {
            range,
            total,
            before: Some((&before, total_before)),
        };
        let patterns = cited(desk, &counts, &tally, limit).await?;
        let plural = |count: u64| if count == 1 { "" } else { "s" };
        let summary = format!(
            "{total} line{}, {found} template{}",
            plural(total),
            plural(found as u64)
        );
        Ok(Found::new(
            summary,
            Patterns {
                total,
                total_before,
                templates,
                patterns,
            },
        ))
    }
}

/// What some counts are part of.
struct Tally<'a> {
    /// What was looked at, in ms.
    range: (i64, i64),
    /// Lines of all templates.
    total: u64,
    /// Lines of each template, and of all, in as long a time before.
    before: Option<(&'a HashMap<TemplateId, u64>, u64)>,
}

/// The first of some counts as facts; `range` is what was looked at, in ms.
pub(super) async fn counted(
    desk: &mut Desk<'_>,
    counts: &[TemplateCount],
    range: (i64, i64),
    limit: usize,
) -> Result<Vec<Pattern>, ToolError> {
    let tally = Tally {
        range,
        total: counts.iter().map(sum).sum(),
        before: None,
    };
    cited(desk, counts, &tally, limit).await
}

async fn cited(
    desk: &mut Desk<'_>,
    counts: &[TemplateCount],
    tally: &Tally<'_>,
    limit: usize,
) -> Result<Vec<Pattern>, ToolError> {
    let (range, total) = (tally.range, tally.total);
    let mut patterns = Vec::new();
    for one in counts.iter().take(limit) {
        let known = desk.tools.parts.templates.get(one.template).await?;
        let (text, example, severity, first_ever_ms) = match &known {
            Some(known) => (
                data(&known.template.pattern()),
                data(&known.example),
                known.severity,
                known.first_seen.millis(),
            ),
            None => (
                one.template.to_string(),
                String::new(),
                Severity::UNSPECIFIED,
                i64::MIN,
            ),
        };
        let count = sum(one);
        let (first_ms, last_ms) = (one.first_seen.millis(), one.last_seen.millis());
        let is_new = first_ever_ms >= range.0;
        let before = tally
            .before
            .map(|(each, _)| each.get(&one.template).copied().unwrap_or(0));
        let compared = match (before, tally.before) {
            (Some(before), Some((_, all))) => {
                format!(" (in as long a time before: {before} of {all} lines)")
            }
            _ => String::new(),
        };
        let said = format!(
            "{count} of {total} lines from {} to {}{compared}: `{text}`; first {}, last {}{}",
            moment(range.0),
            moment(range.1),
            moment(first_ms),
            moment(last_ms),
            if is_new { "; never seen before" } else { "" },
        );
        let evidence = Evidence::Template {
            id: one.template,
            count,
            text: text.clone(),
        };
        let classified = desk
            .tools
            .parts
            .classifier
            .classify(one.template, &example, severity);
        patterns.push(Pattern {
            fact: desk.book.cite(evidence, Some(last_ms), &said),
            template: one.template.to_string(),
            text,
            example,
            severity: dominant_band(&one.counts),
            count,
            total,
            before,
            is_new,
            first: rfc3339(first_ms),
            last: rfc3339(last_ms),
            failure_type: classified.map(|one| one.failure_type),
            first_ms,
            last_ms,
            id: one.template,
        });
    }
    Ok(patterns)
}

/// Whether a template was first seen at a time, in ms, or later.
async fn is_new(desk: &Desk<'_>, id: TemplateId, from_ms: i64) -> Result<bool, ToolError> {
    let known = desk.tools.parts.templates.get(id).await?;
    Ok(known.is_some_and(|known| known.first_seen.millis() >= from_ms))
}

fn sum(one: &TemplateCount) -> u64 {
    one.counts.iter().sum()
}
