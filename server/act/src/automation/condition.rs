//! Conditions of automation rules, in CEL: text in, a program out that holds or does not for facts.

use std::sync::{Arc, LazyLock};

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};
use cel::{Context, Env, ExecutionError, Program, Value};

/// The most bytes of a condition.
const SOURCE_BYTES_MAX: usize = 10_000;

/// The standard functions of CEL, built once.
static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// What conditions are asked about; built once for any number of them.
pub(super) struct Facts(Context<'static, 'static>);

impl Facts {
    pub(super) fn new() -> Self {
        Self(Context::with_env(ENVIRONMENT.clone()))
    }

    pub(super) fn set(&mut self, name: &'static str, value: impl Into<Value>) -> &mut Self {
        self.0.add_variable_from_value(name, value.into());
        self
    }
}

/// A condition that was understood.
#[derive(Debug, Clone)]
pub(super) struct Condition(IdedExpr);

impl Condition {
    /// Reads a condition that may look at the facts of these names.
    ///
    /// # Errors
    /// What is wrong with it, and what was expected.
    pub(super) fn compile(source: &str, facts: &[&str]) -> Result<Self, String> {
        if source.len() > SOURCE_BYTES_MAX {
            return Err(format!("the condition has over {SOURCE_BYTES_MAX} bytes"));
        }
        let program = Program::compile(source).map_err(|errors| {
            let text = errors.to_string();
            let first = text.lines().next().unwrap_or_default();
            format!("the condition is not CEL: {first}")
        })?;
        let unknown = |name: &&str| !facts.contains(name) && !is_bound(program.expression(), name);
        if let Some(name) = program.references().variables().into_iter().find(unknown) {
            let known = facts.join(", ");
            return Err(format!(
                "the condition looks at `{name}`; expected one of {known}"
            ));
        }
        Ok(Self(program.expression().clone()))
    }

    /// Whether it holds. What asks for a label that is not there does not.
    ///
    /// # Errors
    /// What cannot be computed, such as a comparison of text with a number.
    pub(super) fn holds(&self, facts: &Facts) -> Result<bool, String> {
        match Value::resolve(&self.0, &facts.0) {
            Ok(Value::Bool(truth)) => Ok(truth),
            Err(ExecutionError::NoSuchKey(_)) => Ok(false),
            Ok(other) => Err(format!(
                "the condition gives {other:?}; expected true or false"
            )),
            Err(error) => Err(format!("the condition cannot be computed: {error}")),
        }
    }

    /// Every `fact == "text"` and `labels.name == "text"` that must hold for the whole to hold, so
    /// that what lacks it need not be asked.
    pub(super) fn needs(&self) -> Vec<(Need, String)> {
        let mut needs = Vec::new();
        gather(&self.0, &mut needs);
        needs
    }
}

/// What a condition needs to be equal to a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Need {
    /// A fact.
    Fact(String),
    /// A label.
    Label(String),
}

fn gather(expression: &IdedExpr, needs: &mut Vec<(Need, String)>) {
    let Expr::Call(call) = &expression.expr else {
        return;
    };
    if call.func_name == operators::LOGICAL_AND {
        for argument in &call.args {
            gather(argument, needs);
        }
        return;
    }
    let [left, right] = call.args.as_slice() else {
        return;
    };
    if call.func_name != operators::EQUALS {
        return;
    }
    for (what, text) in [(left, right), (right, left)] {
        let Expr::Literal(LiteralValue::String(text)) = &text.expr else {
            continue;
        };
        let need = match &what.expr {
            Expr::Ident(name) => Need::Fact(name.clone()),
            Expr::Select(select) if !select.test => match &select.operand.expr {
                Expr::Ident(of) if of == "labels" => Need::Label(select.field.clone()),
                _ => continue,
            },
            _ => continue,
        };
        needs.push((need, text.inner().to_owned()));
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
            let inner = [
                &one.iter_range,
                &one.accu_init,
                &one.loop_cond,
                &one.loop_step,
                &one.result,
            ];
            own.into_iter().flatten().any(|bound| bound == name)
                || inner.into_iter().any(|inner| is_bound(inner, name))
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    const NAMES: &[&str] = &["severity", "confidence", "labels"];

    fn holds(source: &str) -> Result<bool, String> {
        let mut facts = Facts::new();
        let labels: HashMap<String, Value> = HashMap::from([("host".to_owned(), "web-1".into())]);
        facts.set("severity", "high").set("confidence", 0.9);
        facts.set("labels", labels);
        Condition::compile(source, NAMES)?.holds(&facts)
    }

    #[test]
    fn conditions_hold_or_do_not_or_say_what_is_wrong() {
        assert_eq!(holds("severity == 'high' && confidence > 0.5"), Ok(true));
        assert_eq!(holds("labels.host.startsWith('web')"), Ok(true));
        assert_eq!(holds("labels.rack == 'r1'"), Ok(false));
        assert_eq!(holds("labels.exists(name, name == 'host')"), Ok(true));
        assert!(holds("severity ==").unwrap_err().contains("not CEL"));
        assert!(holds("severty == 'x'").unwrap_err().contains("`severty`"));
        assert!(
            holds("confidence + 1.0")
                .unwrap_err()
                .contains("true or false")
        );
        assert!(holds("severity > 3").unwrap_err().contains("computed"));
        let long = format!("severity == '{}'", "x".repeat(10_000));
        assert!(holds(&long).unwrap_err().contains("10000 bytes"));
    }

    #[test]
    fn what_must_be_equal_is_found_only_where_it_must() {
        let needs = |source: &str| Condition::compile(source, NAMES).unwrap().needs();
        let both = "severity == 'high' && ('web' == labels.team && confidence > 0.5)";
        let expected = [
            (Need::Fact("severity".into()), "high".to_owned()),
            (Need::Label("team".into()), "web".to_owned()),
        ];
        assert_eq!(needs(both), expected);
        assert!(needs("severity == 'high' || labels.team == 'web'").is_empty());
        assert!(needs("!(severity == 'high')").is_empty());
        assert!(needs("severity != 'high'").is_empty());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(source in "[a-z0-9 .()'\"&|=<>!\\[\\]{},?:+*/-]{0,60}") {
            drop(holds(&source));
        }
    }
}
