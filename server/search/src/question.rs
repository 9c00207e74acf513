//! What a question asks: its words for the meaning, its field tests as a filter.

use tocsin_domain::ports::SearchError;
use tocsin_domain::ports::log_store::LogQuery;
use tocsin_domain::query::{self, Expression};

/// A question taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Question {
    /// The words, as people wrote them, without the field tests.
    pub(crate) words: String,
    /// The query narrowed by the field tests.
    pub(crate) narrowed: LogQuery,
}

impl Question {
    /// Takes `text` apart. Text that is not of the query language is taken as words: a question
    /// may hold a lone quote or a bracket.
    ///
    /// # Errors
    /// [`SearchError::Invalid`] if nothing but field tests is asked.
    pub(crate) fn read(text: &str, query: &LogQuery) -> Result<Self, SearchError> {
        let mut tests = vec![query.expression.clone()];
        let mut words = Vec::new();
        for word in text.split_whitespace() {
            match query::parse(word) {
                Ok(test @ Expression::Field { .. }) => tests.push(test),
                Ok(Expression::Not(inner)) if matches!(*inner, Expression::Field { .. }) => {
                    tests.push(Expression::Not(inner));
                }
                _ => words.push(word),
            }
        }
        if words.is_empty() {
            return Err(SearchError::Invalid(
                "a search by meaning needs words; a filter alone is a text search".into(),
            ));
        }
        tests.retain(|test| *test != Expression::All);
        let expression = match tests.len() {
            0 => Expression::All,
            1 => tests.remove(0),
            _ => Expression::And(tests),
        };
        let narrowed = LogQuery {
            expression,
            ..query.clone()
        };
        Ok(Self {
            words: words.join(" "),
            narrowed,
        })
    }
}

/// The query for the lines that hold any of the identifiers; none if there are none.
pub(crate) fn with_identifiers(identifiers: &[String], query: &LogQuery) -> Option<LogQuery> {
    let any = any_of(identifiers)?;
    let expression = Expression::And(vec![query.expression.clone(), any]);
    Some(LogQuery {
        expression,
        ..query.clone()
    })
}

/// The query for the lines that hold none of the identifiers.
pub(crate) fn without_identifiers(identifiers: &[String], query: &LogQuery) -> LogQuery {
    match any_of(identifiers) {
        Some(any) => {
            let none = Expression::Not(Box::new(any));
            let expression = Expression::And(vec![query.expression.clone(), none]);
            LogQuery {
                expression,
                ..query.clone()
            }
        }
        None => query.clone(),
    }
}

fn any_of(identifiers: &[String]) -> Option<Expression> {
    let phrases: Vec<_> = identifiers
        .iter()
        .map(|identifier| query::lower_tokens(identifier))
        .filter(|words| !words.is_empty())
        .map(Expression::Phrase)
        .collect();
    (!phrases.is_empty()).then_some(Expression::Or(phrases))
}

#[cfg(test)]
mod tests {
    use tocsin_domain::TimeRange;

    use super::*;

    #[test]
    fn field_tests_narrow_and_the_rest_is_the_question() {
        let all = LogQuery::all(TimeRange::ALL);
        let question = Question::read("why is host:web-01 so \"slow", &all).unwrap();
        assert_eq!(question.words, "why is so \"slow");
        assert!(matches!(
            question.narrowed.expression,
            Expression::Field { .. }
        ));
        let plain = Question::read("payment provider is down", &all).unwrap();
        assert_eq!(plain.narrowed, all);
        assert!(Question::read("host:web-01", &all).is_err());
    }
}
