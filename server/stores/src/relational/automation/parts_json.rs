//! The JSON of what plans and rules share. Numbers with a fraction are text, which comes back to the
//! bit: a plan is known by the hash over all of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tocsin_domain::alert::AlertSeverity;
use tocsin_domain::automation::{
    ApprovalStage, FailurePolicy, Param, Params, RateLimit, Risk, RiskLevel, VerifyMetric,
    VerifyRule,
};
use tocsin_domain::ports::StoreError;

use crate::relational::alerts::parse;

/// The one of a named set.
pub(super) fn one_of<T>(
    what: &str,
    name: &str,
    from_name: fn(&str) -> Option<T>,
) -> Result<T, StoreError> {
    from_name(name).ok_or_else(|| StoreError::Corrupt(format!("{what} `{name}`")))
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ParamRow {
    Null,
    Bool(bool),
    Int(i64),
    Number(String),
    Text(String),
    List(Vec<ParamRow>),
    Map(BTreeMap<String, ParamRow>),
}

pub(super) type ParamRows = BTreeMap<String, ParamRow>;

pub(super) fn params_row(params: &Params) -> ParamRows {
    let row = |(name, value): (&String, &Param)| (name.clone(), param_row(value));
    params.iter().map(row).collect()
}

fn param_row(param: &Param) -> ParamRow {
    match param {
        Param::Null => ParamRow::Null,
        Param::Bool(truth) => ParamRow::Bool(*truth),
        Param::Int(number) => ParamRow::Int(*number),
        Param::Number(number) => ParamRow::Number(number.to_string()),
        Param::Text(text) => ParamRow::Text(text.clone()),
        Param::List(values) => ParamRow::List(values.iter().map(param_row).collect()),
        Param::Map(values) => ParamRow::Map(params_row(values)),
    }
}

pub(super) fn params(rows: ParamRows) -> Result<Params, StoreError> {
    let value = |(name, row)| Ok((name, param(row)?));
    rows.into_iter().map(value).collect()
}

fn param(row: ParamRow) -> Result<Param, StoreError> {
    Ok(match row {
        ParamRow::Null => Param::Null,
        ParamRow::Bool(truth) => Param::Bool(truth),
        ParamRow::Int(number) => Param::Int(number),
        ParamRow::Number(number) => Param::Number(parse(&number, "a parameter")?),
        ParamRow::Text(text) => Param::Text(text),
        ParamRow::List(rows) => Param::List(rows.into_iter().map(param).collect::<Result<_, _>>()?),
        ParamRow::Map(rows) => Param::Map(params(rows)?),
    })
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RiskRow {
    level: String,
    reasons: Vec<String>,
}

impl RiskRow {
    pub(super) fn of(risk: &Risk) -> Self {
        Self {
            level: risk.level.name().to_owned(),
            reasons: risk.reasons.clone(),
        }
    }

    pub(super) fn read(self) -> Result<Risk, StoreError> {
        Ok(Risk {
            level: one_of("the risk", &self.level, RiskLevel::from_name)?,
            reasons: self.reasons,
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StageRow {
    approvers: Vec<String>,
    count: u32,
}

impl StageRow {
    pub(super) fn of(stage: &ApprovalStage) -> Self {
        Self {
            approvers: stage.approvers.clone(),
            count: stage.count,
        }
    }

    pub(super) fn read(self) -> ApprovalStage {
        ApprovalStage {
            approvers: self.approvers,
            count: self.count,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct VerifyRow {
    after_secs: u32,
    timeout_secs: u32,
    expect: String,
    metrics: BTreeMap<String, MetricRow>,
    templates: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct MetricRow {
    query: String,
    labels: Vec<String>,
}

impl VerifyRow {
    pub(super) fn of(verify: &VerifyRule) -> Self {
        let metrics = verify.metrics.iter().map(|(name, metric)| {
            let row = MetricRow {
                query: metric.query.clone(),
                labels: metric.labels.clone(),
            };
            (name.clone(), row)
        });
        let templates = verify.templates.iter();
        Self {
            after_secs: verify.after_secs,
            timeout_secs: verify.timeout_secs,
            expect: verify.expect.clone(),
            metrics: metrics.collect(),
            templates: templates
                .map(|(name, id)| (name.clone(), id.to_string()))
                .collect(),
        }
    }

    pub(super) fn read(self) -> Result<VerifyRule, StoreError> {
        let metrics = self.metrics.into_iter().map(|(name, row)| {
            let MetricRow { query, labels } = row;
            (name, VerifyMetric { query, labels })
        });
        let templates = self.templates.into_iter();
        let template = |(name, id): (String, String)| Ok((name, parse(&id, "a template")?));
        Ok(VerifyRule {
            after_secs: self.after_secs,
            timeout_secs: self.timeout_secs,
            expect: self.expect,
            metrics: metrics.collect(),
            templates: templates.map(template).collect::<Result<_, StoreError>>()?,
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FailureRow {
    rolls_back: bool,
    escalates_to: Option<String>,
}

impl FailureRow {
    pub(super) fn of(policy: FailurePolicy) -> Self {
        Self {
            rolls_back: policy.rolls_back,
            escalates_to: policy
                .escalates_to
                .map(|severity| severity.name().to_owned()),
        }
    }

    pub(super) fn read(self) -> Result<FailurePolicy, StoreError> {
        let to = self.escalates_to;
        let to = to.map(|name| one_of("the severity", &name, AlertSeverity::from_name));
        Ok(FailurePolicy {
            rolls_back: self.rolls_back,
            escalates_to: to.transpose()?,
        })
    }
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct LimitRow {
    runs_max: u32,
    window_secs: u32,
}

impl LimitRow {
    pub(super) fn of(limit: RateLimit) -> Self {
        Self {
            runs_max: limit.runs_max,
            window_secs: limit.window_secs,
        }
    }

    pub(super) fn read(self) -> RateLimit {
        RateLimit {
            runs_max: self.runs_max,
            window_secs: self.window_secs,
        }
    }
}
