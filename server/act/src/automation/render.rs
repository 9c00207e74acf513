//! The values of parameters: templates in, one literal value each out.
//!
//! A text that is nothing but `{{ … }}` becomes what that is, a number for a number; any other text
//! with a template in it becomes text. Nothing that was rendered is rendered again, names of
//! parameters are never templates, and a name that is not there is an error.

use minijinja::value::ValueKind;
use minijinja::{Environment, UndefinedBehavior, Value};
use tocsin_domain::automation::{ActionTemplate, Param, Params};

/// How many steps all templates of an action may take together.
const FUEL: u64 = 100_000;
/// The most bytes of a template.
const SOURCE_BYTES_MAX: usize = 8 * 1024;

/// Renders templates.
#[derive(Debug)]
pub(super) struct Renderer(Environment<'static>);

impl Default for Renderer {
    fn default() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.set_keep_trailing_newline(true);
        Self(environment)
    }
}

impl Renderer {
    /// Whether the templates of an action can be read.
    ///
    /// # Errors
    /// The field and what is wrong with it.
    pub(super) fn check(&self, action: &ActionTemplate) -> Result<(), (String, String)> {
        action
            .params
            .iter()
            .try_for_each(|(name, value)| self.check_param(&format!("params.{name}"), value))
    }

    fn check_param(&self, field: &str, value: &Param) -> Result<(), (String, String)> {
        match value {
            Param::Text(text) => self.check_text(text).map_err(|why| (field.to_owned(), why)),
            Param::List(values) => values
                .iter()
                .enumerate()
                .try_for_each(|(at, value)| self.check_param(&format!("{field}[{at}]"), value)),
            Param::Map(values) => values.iter().try_for_each(|(name, value)| {
                if is_template(name) {
                    let why = "expected a name without a template".to_owned();
                    return Err((format!("{field}.{name}"), why));
                }
                self.check_param(&format!("{field}.{name}"), value)
            }),
            _ => Ok(()),
        }
    }

    /// Whether a template can be read.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn check_text(&self, text: &str) -> Result<(), String> {
        if text.len() > SOURCE_BYTES_MAX {
            return Err(format!("the template has over {SOURCE_BYTES_MAX} bytes"));
        }
        let read = self.0.template_from_str(text);
        read.map(drop).map_err(|error| error.to_string())
    }

    /// The values of parameters.
    ///
    /// # Errors
    /// The parameter and why it has none.
    pub(super) fn params(&self, params: &Params, names: &Value) -> Result<Params, String> {
        let values = params.iter().map(|(name, value)| {
            let value = self.param(value, names);
            let value = value.map_err(|why| format!("`params.{name}`: {why}"))?;
            Ok((name.clone(), value))
        });
        values.collect()
    }

    fn param(&self, value: &Param, names: &Value) -> Result<Param, String> {
        Ok(match value {
            Param::Text(text) if is_template(text) => self.value(text, names)?,
            Param::List(values) => {
                let values = values.iter().map(|value| self.param(value, names));
                Param::List(values.collect::<Result<_, _>>()?)
            }
            Param::Map(values) => {
                let values = values
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), self.param(value, names)?)));
                Param::Map(values.collect::<Result<_, String>>()?)
            }
            literal => literal.clone(),
        })
    }

    /// A text with a template in it as text.
    ///
    /// # Errors
    /// Why it has none.
    pub(super) fn text(&self, text: &str, names: &Value) -> Result<String, String> {
        if !is_template(text) {
            return Ok(text.to_owned());
        }
        let rendered = self.0.render_str(text, names).map_err(|e| said(&e))?;
        bounded(rendered)
    }

    fn value(&self, text: &str, names: &Value) -> Result<Param, String> {
        let Some(expression) = only_expression(text) else {
            return self.text(text, names).map(Param::Text);
        };
        let expression = self
            .0
            .compile_expression(expression)
            .map_err(|e| said(&e))?;
        literal(&expression.eval(names).map_err(|e| said(&e))?, 1)
    }
}

fn said(error: &minijinja::Error) -> String {
    let kind = error.kind();
    match error.detail() {
        Some(detail) => format!("{kind}: {detail}"),
        None => kind.to_string(),
    }
}

/// Whether a text has a template in it.
fn is_template(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|begin| text.contains(begin))
}

/// What is within `{{ … }}` if the text is that and nothing else.
fn only_expression(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let inner = inner.strip_prefix('-').unwrap_or(inner);
    let inner = inner.strip_suffix('-').unwrap_or(inner);
    // Two of them, or a text with such a sign in it, which is then text.
    (!inner.contains("{{") && !inner.contains("}}")).then_some(inner)
}

fn bounded(text: String) -> Result<String, String> {
    match text.len() {
        0..=Param::TEXT_BYTES_MAX => Ok(text),
        _ => Err(format!(
            "the value has over {} bytes",
            Param::TEXT_BYTES_MAX
        )),
    }
}

/// A value of a template as a parameter: a text, a number, a truth, nothing, or a list of these.
fn literal(value: &Value, depth: usize) -> Result<Param, String> {
    Ok(match value.kind() {
        ValueKind::Undefined => return Err("undefined value".into()),
        ValueKind::None => Param::Null,
        ValueKind::Bool => Param::Bool(value.is_true()),
        ValueKind::Number => match i64::try_from(value.clone()) {
            Ok(number) if value.is_integer() => Param::Int(number),
            _ => {
                let number = f64::try_from(value.clone()).map_err(|e| said(&e))?;
                Param::Number(number)
            }
        },
        ValueKind::String => Param::Text(bounded(value.as_str().unwrap_or_default().to_owned())?),
        ValueKind::Seq | ValueKind::Iterable if depth == 1 => {
            let values = value.try_iter().map_err(|e| said(&e))?;
            let values = values.take(Param::VALUES_MAX + 1);
            let values = values.map(|one| literal(&one, depth + 1));
            Param::List(values.collect::<Result<_, _>>()?)
        }
        kind => {
            return Err(format!(
                "expected a text, a number or a list of them, not a {kind}"
            ));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Value {
        minijinja::context! {
            alert => minijinja::context! {
                count => 3,
                confidence => 0.5,
                labels => minijinja::context! { host => "web-1", odd => "{{ alert.count }}" },
            },
            targets => ["a", "b"],
        }
    }

    fn render(text: &str) -> Result<Param, String> {
        let params = Params::from([("p".to_owned(), Param::Text(text.into()))]);
        let mut params = Renderer::default().params(&params, &names())?;
        Ok(params.remove("p").unwrap())
    }

    #[test]
    fn values_keep_their_type_and_are_rendered_once() {
        let text = |text: &str| Ok(Param::Text(text.into()));
        assert_eq!(render("{{ alert.count }}"), Ok(Param::Int(3)));
        assert_eq!(render("{{ alert.confidence }}"), Ok(Param::Number(0.5)));
        assert_eq!(render("{{ alert.count > 2 }}"), Ok(Param::Bool(true)));
        assert_eq!(render("{{ alert.labels.host }}"), text("web-1"));
        assert_eq!(render("on {{ alert.labels.host }}\n"), text("on web-1\n"));
        assert_eq!(render("{{ alert.labels.odd }}"), text("{{ alert.count }}"));
        assert_eq!(
            render("x{{ alert.labels.odd }}"),
            text("x{{ alert.count }}")
        );
        let list = ["a", "b"].map(|one| Param::Text(one.into())).to_vec();
        assert_eq!(render("{{ targets }}"), Ok(Param::List(list)));
        assert_eq!(render("plain"), text("plain"));
        assert_eq!(
            render("{{ alert.labels.x | default('none') }}"),
            text("none")
        );
    }

    #[test]
    fn what_is_not_there_or_too_much_is_an_error() {
        for wrong in [
            "{{ alert.labels.missing }}",
            "a {{ alert.labels.missing }}",
            "{{ nothing }}",
            "{{ alert.labels.missing.deeper }}",
            "{{ alert.labels }}",
            "{{ alert.labels.missing ~ 'x' }}",
            "{% for i in range(100000) %}{% for i in range(100000) %}x{% endfor %}{% endfor %}",
            "{{ 'x' * 9000 }}",
            "{% include 'x' %}",
            "{{ alert.count",
        ] {
            assert!(render(wrong).is_err(), "{wrong}: {:?}", render(wrong));
        }
        let said = render("{{ alert.labels.missing }}").unwrap_err();
        assert!(
            said.contains("params.p") && said.contains("undefined"),
            "{said}"
        );
    }
}
