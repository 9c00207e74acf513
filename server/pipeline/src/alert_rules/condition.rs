//! Conditions of alert rules, in CEL: text in, a program out that holds or does not for some facts.
//!
//! A condition on a log line is cut at its outermost `&&`: what looks only at things that many lines
//! share (template, severity, source, host, classification) is decided once for all of them.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use cel::common::ast::{Expr, IdedExpr, operators};
use cel::{Context, Env, ExecutionError, Program, Value};

/// The most bytes of a condition.
const SOURCE_BYTES_MAX: usize = 10_000;
/// Facts that each line has its own of.
const OF_THE_LINE: [&str; 2] = ["body", "attributes"];

/// The standard functions of CEL, built once.
static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// What a condition may look at.
pub(crate) const LOG_FACTS: &[&str] = &[
    "template",
    "template_id",
    "is_new",
    "severity",
    "severity_number",
    "source",
    "host",
    "failure_type",
    "failure_severity",
    "confidence",
    "body",
    "attributes",
];
pub(crate) const METRIC_FACTS: &[&str] = &["value", "labels"];
pub(crate) const ANOMALY_FACTS: &[&str] = &[
    "detector", "score", "observed", "expected", "lower", "upper", "metric", "labels",
];
pub(crate) const PREDICTION_FACTS: &[&str] = &[
    "probability",
    "lead_hours",
    "current",
    "threshold",
    "prediction",
    "labels",
];
pub(crate) const SILENCE_FACTS: &[&str] = &["labels"];

/// The facts of one thing that a condition is asked about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts(Vec<(&'static str, Value)>);

impl Facts {
    pub(crate) fn text(&mut self, name: &'static str, text: &str) -> &mut Self {
        self.0
            .push((name, Value::String(Arc::new(text.to_owned()))));
        self
    }

    pub(crate) fn number(&mut self, name: &'static str, number: f64) -> &mut Self {
        self.0.push((name, Value::Float(number)));
        self
    }

    pub(crate) fn integer(&mut self, name: &'static str, number: i64) -> &mut Self {
        self.0.push((name, Value::Int(number)));
        self
    }

    pub(crate) fn truth(&mut self, name: &'static str, truth: bool) -> &mut Self {
        self.0.push((name, Value::Bool(truth)));
        self
    }

    pub(crate) fn map<'a>(
        &mut self,
        name: &'static str,
        pairs: impl Iterator<Item = (&'a str, Value)>,
    ) -> &mut Self {
        let map: HashMap<String, Value> = pairs.map(|(n, v)| (n.to_owned(), v)).collect();
        self.0.push((name, map.into()));
        self
    }

    pub(crate) fn labels<'a>(
        &mut self,
        pairs: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> &mut Self {
        self.map("labels", pairs.map(|(name, value)| (name, value.into())))
    }
}

/// Which part of a condition is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// What many lines share.
    Shared,
    /// What each line has its own of.
    OfTheLine,
}

/// A condition that was understood.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    shared: Vec<IdedExpr>,
    of_the_line: Vec<IdedExpr>,
}

impl Condition {
    /// Reads a condition that may look at the facts of these names.
    ///
    /// # Errors
    /// What is wrong with it, and what was expected.
    pub(crate) fn compile(source: &str, facts: &[&str]) -> Result<Self, String> {
        if source.len() > SOURCE_BYTES_MAX {
            return Err(format!("the condition has over {SOURCE_BYTES_MAX} bytes"));
        }
        let program = Program::compile(source).map_err(|errors| {
            format!(
                "the condition is not CEL: {}",
                first_line(&errors.to_string())
            )
        })?;
        let unknown = |name: &&str| !facts.contains(name) && !is_bound(program.expression(), name);
        if let Some(name) = program.references().variables().into_iter().find(unknown) {
            return Err(format!(
                "the condition looks at `{name}`; expected one of {}",
                facts.join(", ")
            ));
        }
        let mut condition = Self {
            shared: Vec::new(),
            of_the_line: Vec::new(),
        };
        condition.cut(program.expression());
        Ok(condition)
    }

    fn cut(&mut self, expression: &IdedExpr) {
        if let Expr::Call(call) = &expression.expr
            && call.func_name == operators::LOGICAL_AND
        {
            for argument in &call.args {
                self.cut(argument);
            }
            return;
        }
        let references = expression.references();
        let looks_at_line = OF_THE_LINE.iter().any(|name| references.has_variable(name));
        let part = if looks_at_line {
            &mut self.of_the_line
        } else {
            &mut self.shared
        };
        part.push(expression.clone());
    }

    /// Whether anything of it differs from line to line.
    pub(crate) fn looks_at_line(&self) -> bool {
        !self.of_the_line.is_empty()
    }

    /// Whether a part of it holds. What asks for a label or attribute that is not there does not.
    ///
    /// # Errors
    /// What cannot be computed, such as a comparison of text with a number.
    pub(crate) fn holds(&self, part: Part, facts: &Facts) -> Result<bool, String> {
        let expressions = match part {
            Part::Shared => &self.shared,
            Part::OfTheLine => &self.of_the_line,
        };
        if expressions.is_empty() {
            return Ok(true);
        }
        let mut context = Context::with_env(ENVIRONMENT.clone());
        for (name, value) in &facts.0 {
            if expressions
                .iter()
                .any(|one| one.references().has_variable(name))
            {
                context.add_variable_from_value(*name, value.clone());
            }
        }
        for expression in expressions {
            match Value::resolve(expression, &context) {
                Ok(Value::Bool(true)) => {}
                Ok(Value::Bool(false)) | Err(ExecutionError::NoSuchKey(_)) => return Ok(false),
                Ok(other) => {
                    return Err(format!(
                        "the condition gives {other:?}; expected true or false"
                    ));
                }
                Err(error) => return Err(format!("the condition cannot be computed: {error}")),
            }
        }
        Ok(true)
    }

    /// Whether all of it holds.
    ///
    /// # Errors
    /// As [`Self::holds`].
    pub(crate) fn holds_whole(&self, facts: &Facts) -> Result<bool, String> {
        Ok(self.holds(Part::Shared, facts)? && self.holds(Part::OfTheLine, facts)?)
    }
}

/// Whether a name is one that a macro (`labels.exists(k, …)`) binds.
fn is_bound(expression: &IdedExpr, name: &str) -> bool {
    match &expression.expr {
        Expr::Comprehension(one) => {
            let own = [
                Some(&one.iter_var),
                one.iter_var2.as_ref(),
                Some(&one.accu_var),
            ];
            own.into_iter().flatten().any(|bound| bound == name)
                || [
                    &one.iter_range,
                    &one.accu_init,
                    &one.loop_cond,
                    &one.loop_step,
                    &one.result,
                ]
                .into_iter()
                .any(|inner| is_bound(inner, name))
        }
        Expr::Call(call) => {
            call.target.iter().any(|target| is_bound(target, name))
                || call.args.iter().any(|argument| is_bound(argument, name))
        }
        Expr::Select(select) => is_bound(&select.operand, name),
        Expr::List(list) => list.elements.iter().any(|element| is_bound(element, name)),
        _ => false,
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn facts() -> Facts {
        let mut facts = Facts::default();
        facts
            .text("severity", "error")
            .integer("severity_number", 17)
            .text("failure_type", "disk_full")
            .number("confidence", 0.9)
            .text("body", "write failed: No space left on device")
            .map("attributes", [("attempts", Value::Int(3))].into_iter());
        facts
    }

    fn holds(source: &str) -> Result<bool, String> {
        Condition::compile(source, LOG_FACTS)?.holds_whole(&facts())
    }

    #[test]
    fn conditions_hold_or_do_not() {
        for (source, expected) in [
            ("true", true),
            ("severity_number >= 17 && failure_type == 'disk_full'", true),
            ("confidence > 0.5 && confidence < 1", true),
            ("severity in ['warn', 'fatal']", false),
            ("body.contains('No space') || failure_type == 'x'", true),
            ("body.matches('(?i)no SPACE left')", true),
            ("attributes.attempts > 2", true),
            ("attributes.missing == 'x'", false),
            ("has(attributes.missing) || severity == 'error'", true),
            ("['a', 'b'].exists(one, severity.startsWith(one))", false),
        ] {
            assert_eq!(holds(source), Ok(expected), "{source}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(holds("severity ==").unwrap_err().contains("not CEL"));
        let unknown = holds("severty == 'x'").unwrap_err();
        assert!(
            unknown.contains("`severty`") && unknown.contains("severity_number"),
            "{unknown}"
        );
        assert!(
            holds("severity + 'x'")
                .unwrap_err()
                .contains("true or false")
        );
        assert!(
            holds("severity > 3")
                .unwrap_err()
                .contains("cannot be computed")
        );
    }

    #[test]
    fn a_condition_is_cut_into_what_lines_share_and_what_they_do_not() {
        let source = "severity == 'error' && body.contains('x') && confidence > 0.5";
        let condition = Condition::compile(source, LOG_FACTS).unwrap();
        assert_eq!(
            (condition.shared.len(), condition.of_the_line.len()),
            (2, 1)
        );
        assert_eq!(condition.holds(Part::Shared, &facts()), Ok(true));
        assert_eq!(condition.holds(Part::OfTheLine, &facts()), Ok(false));
        let whole = "severity == 'error' || body.contains('x')";
        assert!(
            Condition::compile(whole, LOG_FACTS)
                .unwrap()
                .looks_at_line()
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(source in "[a-z0-9 .()'\"&|=<>!\\[\\]{},?:+*/-]{0,60}") {
            if let Ok(condition) = Condition::compile(&source, LOG_FACTS) {
                drop(condition.holds_whole(&facts()));
            }
        }
    }
}
