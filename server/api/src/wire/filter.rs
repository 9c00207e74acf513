//! The parameters that say which records are meant, and how they become a query.

use serde::Deserialize;
use tocsin_domain::ports::log_store::LogQuery;
use tocsin_domain::query::{Expression, FieldTest, parse};
use tocsin_domain::{Severity, TemplateId, TimeRange, Timestamp};
use utoipa::IntoParams;

use super::time;
use crate::errors::ApiError;

/// The most values of one list parameter.
const VALUES_MAX: usize = 100;

/// Which records are meant. Lists are separated by commas; a value may end in `*`.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FilterParams {
    /// What is looked for: words, "phrases", -not, prefix*, field:value, field:>5. At most 10 kB.
    pub(crate) q: Option<String>,
    /// The first instant: RFC 3339, an epoch, `now` or `now-1h`. Default: all time.
    pub(crate) from: Option<String>,
    /// The first instant after. Default: all time.
    pub(crate) to: Option<String>,
    /// Only these sources.
    pub(crate) source: Option<String>,
    /// Only these hosts.
    pub(crate) host: Option<String>,
    /// Only exactly these bands: unspecified, trace, debug, info, warn, error, fatal.
    pub(crate) severity: Option<String>,
    /// Only this band and those above it.
    pub(crate) min_severity: Option<String>,
    /// Only these templates, 16 hexadecimal digits each.
    pub(crate) template: Option<String>,
}

/// A query as it was asked: with what its words are, for highlights.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The words and the filters together.
    pub(crate) query: LogQuery,
    /// The filters alone.
    pub(crate) filters: LogQuery,
    /// The words alone.
    pub(crate) words: Expression,
}

impl FilterParams {
    /// Reads the query: `q` as text and all filters.
    pub(crate) fn read(&self, now: Timestamp) -> Result<Asked, ApiError> {
        let words = parse(self.q.as_deref().unwrap_or_default())?;
        let filters = self.filters(now)?;
        let mut query = filters.clone();
        query.expression = both(words.clone(), query.expression);
        Ok(Asked {
            query,
            filters,
            words,
        })
    }

    /// Reads all but `q`.
    pub(crate) fn filters(&self, now: Timestamp) -> Result<LogQuery, ApiError> {
        let mut all = Vec::new();
        for (key, list) in [("source", &self.source), ("host", &self.host)] {
            let tests = values(key, list.as_deref())?.map(|value| Expression::Field {
                key: key.to_owned(),
                test: text_test(value),
            });
            all.extend(any(tests.collect()));
        }
        let bands = values("severity", self.severity.as_deref())?
            .map(|name| band("severity", name).map(|band| severity_range(band, band)))
            .collect::<Result<Vec<_>, _>>()?;
        all.extend(any(bands));
        if let Some(name) = self.min_severity.as_deref().filter(|name| !name.is_empty()) {
            all.push(severity_range(
                band("min_severity", name)?,
                Severity::BANDS.len() - 1,
            ));
        }
        let expression = all.into_iter().fold(Expression::All, both);
        Ok(LogQuery {
            expression,
            range: self.range(now)?,
            templates: self.templates()?,
        })
    }

    /// The expression for records as they pass, which have no query but an expression.
    pub(crate) fn live(&self, now: Timestamp) -> Result<(Expression, Expression), ApiError> {
        let asked = self.read(now)?;
        let templates = asked.query.templates.unwrap_or_default().into_iter();
        let tests = templates.map(|template| Expression::Field {
            key: "template".to_owned(),
            test: FieldTest::Equals(template.to_string()),
        });
        let filter = any(tests.collect())
            .into_iter()
            .fold(asked.query.expression, both);
        Ok((filter, asked.words))
    }

    fn range(&self, now: Timestamp) -> Result<TimeRange, ApiError> {
        let mut range = TimeRange::ALL;
        if let Some(text) = self.from.as_deref().filter(|text| !text.is_empty()) {
            range.from = time::parse("from", text, now)?;
        }
        if let Some(text) = self.to.as_deref().filter(|text| !text.is_empty()) {
            range.to = time::parse("to", text, now)?;
        }
        if range.from > range.to {
            return Err(ApiError::field(
                "to",
                "a time not before `from`",
                "`to` is before `from`",
            ));
        }
        Ok(range)
    }

    fn templates(&self) -> Result<Option<Vec<TemplateId>>, ApiError> {
        let ids = values("template", self.template.as_deref())?
            .map(|text| template_id("template", text))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(if ids.is_empty() { None } else { Some(ids) })
    }
}

/// Reads the id of a template.
pub(crate) fn template_id(field: &str, text: &str) -> Result<TemplateId, ApiError> {
    text.parse().map_err(|_| {
        let shown: String = text.chars().take(40).collect();
        ApiError::field(
            field,
            "16 hexadecimal digits",
            format!("`{shown}` is not a template id"),
        )
    })
}

/// Both hold; what holds for every record says nothing.
pub(crate) fn both(left: Expression, right: Expression) -> Expression {
    match (left, right) {
        (Expression::All, other) | (other, Expression::All) => other,
        (Expression::And(mut left), Expression::And(right)) => {
            left.extend(right);
            Expression::And(left)
        }
        (Expression::And(mut left), right) => {
            left.push(right);
            Expression::And(left)
        }
        (left, right) => Expression::And(vec![left, right]),
    }
}

/// The field is exactly this text.
pub(crate) fn field_is(key: &str, value: &str) -> Expression {
    Expression::Field {
        key: key.to_owned(),
        test: FieldTest::Equals(value.to_owned()),
    }
}

fn any(mut tests: Vec<Expression>) -> Option<Expression> {
    match tests.len() {
        0 => None,
        1 => tests.pop(),
        _ => Some(Expression::Or(tests)),
    }
}

fn values<'a>(
    field: &str,
    list: Option<&'a str>,
) -> Result<impl Iterator<Item = &'a str> + use<'a>, ApiError> {
    let list = list.unwrap_or_default();
    if list.split(',').count() > VALUES_MAX {
        let expected = format!("at most {VALUES_MAX} values");
        return Err(ApiError::field(field, &expected, "too many values"));
    }
    Ok(list
        .split(',')
        .map(str::trim)
        .filter(|value| !value.is_empty()))
}

fn text_test(value: &str) -> FieldTest {
    match value.strip_suffix('*') {
        Some("") => FieldTest::Exists,
        Some(prefix) => FieldTest::StartsWith(prefix.to_owned()),
        None => FieldTest::Equals(value.to_owned()),
    }
}

/// The number of the band that a word names.
fn band(field: &str, name: &str) -> Result<usize, ApiError> {
    let lower = name.to_ascii_lowercase();
    let exact = Severity::BANDS.iter().position(|band| *band == lower);
    exact
        .or_else(|| Severity::from_word(name).map(Severity::band))
        .ok_or_else(|| {
            let shown: String = name.chars().take(40).collect();
            ApiError::field(
                field,
                "unspecified, trace, debug, info, warn, error or fatal",
                format!("`{shown}` is not a severity"),
            )
        })
}

fn severity_range(lowest: usize, highest: usize) -> Expression {
    let first = if lowest == 0 { 0 } else { lowest * 4 - 3 };
    let number = |at: usize| Some((f64::from(u8::try_from(at).unwrap_or(u8::MAX)), true));
    Expression::Field {
        key: "severity".to_owned(),
        test: FieldTest::Range {
            low: number(first),
            high: number(highest * 4),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_become_ranges_of_numbers() {
        let range = |low: f64, high: f64| Expression::Field {
            key: "severity".into(),
            test: FieldTest::Range {
                low: Some((low, true)),
                high: Some((high, true)),
            },
        };
        let filter = |severity: &str, min: &str| {
            let params = FilterParams {
                severity: Some(severity.into()),
                min_severity: Some(min.into()),
                ..FilterParams::default()
            };
            params.filters(Timestamp(0)).map(|query| query.expression)
        };
        assert_eq!(filter("error", "").unwrap(), range(17.0, 20.0));
        assert_eq!(filter("", "WARNING").unwrap(), range(13.0, 24.0));
        assert_eq!(filter("unspecified", "").unwrap(), range(0.0, 0.0));
        let both = filter("info, fatal", "").unwrap();
        assert_eq!(
            both,
            Expression::Or(vec![range(9.0, 12.0), range(21.0, 24.0)])
        );
        assert!(filter("loud", "").is_err());
    }

    #[test]
    fn words_and_filters_meet() {
        let params = FilterParams {
            q: Some("disk".into()),
            source: Some("file:*".into()),
            template: Some("00000000000000ab".into()),
            ..FilterParams::default()
        };
        let asked = params.read(Timestamp(0)).unwrap();
        assert_eq!(asked.words, Expression::Phrase(vec!["disk".into()]));
        let source = Expression::Field {
            key: "source".into(),
            test: FieldTest::StartsWith("file:".into()),
        };
        assert_eq!(
            asked.query.expression,
            Expression::And(vec![asked.words, source])
        );
        assert_eq!(asked.query.templates, Some(vec![TemplateId(0xab)]));
    }
}
