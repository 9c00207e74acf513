//! Templates and the distributions of their variables.

use serde::{Deserialize, Serialize};
use tocsin_domain::Template;
use tocsin_domain::ports::TemplateSummary;
use tocsin_domain::ports::log_store::{TemplateCount, ValueDistribution, dominant_band};
use utoipa::{IntoParams, ToSchema};

use super::severities::{Severities, severities};
use super::time;

/// How templates are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TemplateSort {
    /// Most records first.
    #[default]
    Count,
    /// First seen last, so that what is new stands first.
    Newest,
    /// Most severe first.
    Severity,
}

/// How templates are sorted and paged.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TemplateListParams {
    /// How to sort. Default: count.
    #[serde(default)]
    pub(crate) sort: TemplateSort,
    /// How many templates, 1 to 1000. Default 100.
    #[param(minimum = 1, maximum = 1000)]
    pub(crate) limit: Option<usize>,
    /// The `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// One page of templates.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TemplateListAnswer {
    /// The templates with at least one record that the filters leave.
    pub(crate) items: Vec<TemplateItem>,
    /// Where the next page begins; null if this is the last.
    pub(crate) next_cursor: Option<String>,
}

/// A template with what is known of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TemplateItem {
    /// Its id, 16 hexadecimal digits.
    pub(crate) template: String,
    /// Its constant text with `<*>`, `<ip>`, `<num>` … for the variables.
    pub(crate) pattern: String,
    /// A line of it.
    pub(crate) example: String,
    /// The template that it generalises.
    pub(crate) parent: Option<String>,
    /// The source that it was first seen in.
    pub(crate) source: String,
    /// The severity that most of the counted records have.
    pub(crate) severity: &'static str,
    /// Records that the filters leave.
    pub(crate) count: u64,
    /// The same per severity.
    #[schema(value_type = std::collections::BTreeMap<String, u64>)]
    pub(crate) severities: Severities,
    /// When it was first seen, over all time.
    #[schema(format = DateTime)]
    pub(crate) first_seen: String,
    /// When it was last seen, over all time.
    #[schema(format = DateTime)]
    pub(crate) last_seen: String,
    /// Its variables.
    pub(crate) slots: Vec<TemplateSlot>,
}

/// The place of a variable in a template.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TemplateSlot {
    /// Which variable, from 0.
    pub(crate) slot: usize,
    /// What it looks like: `*`, num, ip, uuid, path, hex, duration, quoted, time, url, email, host.
    pub(crate) kind: &'static str,
    /// The attribute that it is, for `key=value` and JSON.
    pub(crate) key: Option<String>,
}

/// A template in detail.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TemplateDetail {
    /// The template.
    #[serde(flatten)]
    pub(crate) template: TemplateItem,
    /// The templates that were made from it when it was too narrow.
    pub(crate) children: Vec<String>,
    /// Records in each of 24 equal parts of the range, or of the range of its records.
    pub(crate) trend: Vec<u64>,
}

/// The variables of a template.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VariablesAnswer {
    /// One for each variable.
    pub(crate) items: Vec<VariableItem>,
}

/// The distribution of one variable.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VariableItem {
    /// Which variable, from 0.
    pub(crate) slot: usize,
    /// What it looks like.
    pub(crate) kind: &'static str,
    /// The attribute that it is, for `key=value` and JSON.
    pub(crate) key: Option<String>,
    /// Records looked at.
    pub(crate) total: u64,
    /// Distinct values among them.
    pub(crate) distinct: u64,
    /// The most frequent values.
    pub(crate) top: Vec<VariableValue>,
    /// Where all values are numbers.
    pub(crate) numeric: Option<Numeric>,
}

/// A value and how often it occurs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VariableValue {
    /// The value.
    pub(crate) value: String,
    /// How many records have it.
    pub(crate) count: u64,
}

/// The spread of numbers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Numeric {
    /// The smallest.
    pub(crate) min: f64,
    /// The middle one.
    pub(crate) median: f64,
    /// The largest.
    pub(crate) max: f64,
}

impl TemplateItem {
    /// What the register and the counts say together.
    pub(crate) fn new(summary: &TemplateSummary, counted: &TemplateCount) -> Self {
        let template = &summary.template;
        Self {
            template: template.id.to_string(),
            pattern: template.pattern(),
            example: summary.example.clone(),
            parent: template.parent.map(|parent| parent.to_string()),
            source: summary.source.to_string(),
            severity: dominant_band(&counted.counts),
            count: counted.counts.iter().sum(),
            severities: severities(&counted.counts),
            first_seen: time::format(summary.first_seen.min(counted.first_seen)),
            last_seen: time::format(summary.last_seen.max(counted.last_seen)),
            slots: slots(template),
        }
    }
}

fn slots(template: &Template) -> Vec<TemplateSlot> {
    let slots = template.slots.iter().enumerate();
    slots
        .map(|(slot, found)| TemplateSlot {
            slot,
            kind: found.kind.name(),
            key: found.key.as_deref().map(str::to_owned),
        })
        .collect()
}

impl VariableItem {
    /// The distribution together with what the template says of the slot.
    pub(crate) fn new(template: &Template, found: ValueDistribution) -> Self {
        let slot = template.slots.get(found.slot);
        Self {
            slot: found.slot,
            kind: slot.map_or("*", |slot| slot.kind.name()),
            key: slot.and_then(|slot| slot.key.as_deref()).map(str::to_owned),
            total: found.total,
            distinct: found.distinct,
            top: found
                .top
                .into_iter()
                .map(|(value, count)| VariableValue { value, count })
                .collect(),
            numeric: found
                .numeric
                .map(|(min, median, max)| Numeric { min, median, max }),
        }
    }
}
