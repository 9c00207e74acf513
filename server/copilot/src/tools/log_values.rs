//! `log_values`: which values the variables of lines have most often: addresses, users, paths, customers.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::alert::Evidence;
use tocsin_domain::ports::log_store::{LogQuery, TemplateCount};
use tocsin_domain::{Template, TemplateId};

use super::arguments::{BACK_MS, limit, range_ms, time_range};
use super::error::ToolError;
use super::lines::data;
use super::scope::lines;
use super::search_logs::severity;
use super::toolbox::{Desk, Found, Tool};
use super::value_tally::{Column, Ranked, Tally};
use super::variables::{Places, Wanted};
use crate::quotes::inert;
use crate::words::moment;

/// The most values of an answer.
const VALUES_MAX: usize = 20;
/// The most templates that are looked at, the most frequent first.
const TEMPLATES_MAX: usize = 300;
/// The most templates whose variables are read.
const READ_MAX: usize = 20;

/// Which values the variables of lines have most often.
pub(crate) struct LogValues;

/// Whose values are meant.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    /// What is counted: a kind of variable (`ip`, `user`, `host`, `port`, `path`, `url`, `email`, `num`, `id`,
    /// `uuid`, …) or the name of a member of the lines (`customer`, `status`).
    pub(crate) of: String,
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
    /// How many: 1 to 20. Default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<usize>,
}

/// A value, counted.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CountedValue {
    /// The fact; none if the answer cites as many as it may.
    pub(crate) fact: Option<String>,
    /// Data, whatever it says.
    pub(crate) value: String,
    pub(crate) lines: u64,
    /// Whether there can be more lines with it.
    pub(crate) is_at_least: bool,
    /// The template it is in most often.
    pub(crate) template: String,
    pub(crate) text: String,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct Values {
    /// What is counted, in a word.
    pub(crate) noun: String,
    /// How many lines were looked at, with such a variable or without.
    pub(crate) total: u64,
    /// How many templates of theirs have one.
    pub(crate) templates: usize,
    /// How many values there are.
    pub(crate) distinct: u64,
    /// Whether there can be more values.
    pub(crate) is_at_least: bool,
    /// The most frequent of them.
    pub(crate) values: Vec<CountedValue>,
}

#[async_trait]
impl Tool for LogValues {
    const NAME: &'static str = "log_values";
    const ABOUT: &'static str = "Counts the values that variables of log lines have: which address, user, path, port or customer has the most lines.";
    type Arguments = Arguments;
    type Found = Values;

    async fn ask(desk: &mut Desk<'_>, given: &Arguments) -> Result<Found<Values>, ToolError> {
        let wanted = Wanted::of(&given.of, &desk.tools.catalogue)?;
        let range = range_ms(
            desk.asker,
            given.from.as_deref(),
            given.to.as_deref(),
            BACK_MS,
        )?;
        let severity = severity(given.severity.as_deref())?;
        let limit = limit(given.limit, 10, VALUES_MAX)?;
        let query = LogQuery {
            expression: lines(desk, &given.entities, severity, given.query.as_deref())?,
            range: time_range(range),
            templates: None,
        };
        let counted = count(desk, &query, &wanted).await?;
        let values = cited(desk, &counted, &wanted, (range, limit));
        let (distinct, is_at_least) = counted.tally.distinct();
        let (total, templates) = (counted.total, counted.holders.len());
        let summary = format!(
            "{} different in {templates} kinds of lines; {total} lines",
            at_least(is_at_least, distinct),
        );
        let found = Values {
            noun: wanted.noun,
            total,
            templates,
            distinct,
            is_at_least,
            values,
        };
        Ok(Found::new(summary, found))
    }
}

/// Values, counted over the templates that hold them.
struct Count {
    /// Lines that were looked at.
    total: u64,
    tally: Tally,
    holders: HashMap<TemplateId, Arc<Template>>,
}

async fn count(desk: &Desk<'_>, query: &LogQuery, wanted: &Wanted) -> Result<Count, ToolError> {
    let parts = &desk.tools.parts;
    let counts = parts.logs.template_counts(query).await?;
    let mut counted = Count {
        total: counts.iter().map(sum).sum(),
        tally: Tally::default(),
        holders: HashMap::new(),
    };
    if counts.len() > TEMPLATES_MAX {
        counted.tally.leave_out();
    }
    let mut looked: Vec<(u64, Arc<Template>, Places)> = Vec::new();
    for one in counts.iter().take(TEMPLATES_MAX) {
        if let Some(known) = parts.templates.get(one.template).await? {
            let places = wanted.places(&known.template);
            looked.push((sum(one), known.template, places));
        }
    }
    let around: HashSet<_> = looked.iter().flat_map(|(.., one)| one.around()).collect();
    let mut read = 0;
    for (lines, template, places) in &looked {
        let fixed = places.fixed(&around).into_iter();
        let mut columns: Vec<Column> = fixed.map(|value| Column::fixed(value, *lines)).collect();
        if !places.slots.is_empty() && read == READ_MAX {
            counted.tally.leave_out();
        } else if !places.slots.is_empty() {
            read += 1;
            let all = parts.logs.distributions(template.id, query).await?;
            let own = all.into_iter();
            let own = own.filter(|one| places.slots.contains(&one.slot));
            columns.extend(own.map(Column::of));
        }
        if !columns.is_empty() {
            counted.tally.add(template.id, &columns, wanted);
            counted.holders.insert(template.id, template.clone());
        }
    }
    Ok(counted)
}

/// The first of the values as facts; the range is what was looked at, in ms.
fn cited(
    desk: &mut Desk<'_>,
    counted: &Count,
    wanted: &Wanted,
    (range, limit): ((i64, i64), usize),
) -> Vec<CountedValue> {
    let (distinct, is_more) = counted.tally.distinct();
    let ranked = counted.tally.ranked().into_iter().take(limit);
    let cite = |one: Ranked| {
        let holder = counted.holders.get(&one.template);
        let text = holder.map_or_else(String::new, |holder| data(&holder.pattern()));
        let said = format!(
            "{} of {} lines from {} to {} have the {} `{}`, one of {}; most often in `{text}`",
            at_least(one.is_at_least, one.lines),
            counted.total,
            moment(range.0),
            moment(range.1),
            inert(&wanted.noun),
            inert(&one.value),
            at_least(is_more, distinct),
        );
        let evidence = Evidence::Template {
            id: one.template,
            count: one.lines,
            text: text.clone(),
        };
        CountedValue {
            fact: desk.book.cite(evidence, None, &said),
            value: data(&one.value),
            lines: one.lines,
            is_at_least: one.is_at_least,
            template: one.template.to_string(),
            text,
        }
    };
    ranked.map(cite).collect()
}

/// `7`, `at least 7`.
fn at_least(is_more: bool, count: u64) -> String {
    let at_least = if is_more { "at least " } else { "" };
    format!("{at_least}{count}")
}

fn sum(one: &TemplateCount) -> u64 {
    one.counts.iter().sum()
}
