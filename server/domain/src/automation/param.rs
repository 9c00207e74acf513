//! Parameters of an action: values with a type, of which text is always one literal.

use std::collections::BTreeMap;

use super::canonical::Canonical;

/// Parameters by name.
pub type Params = BTreeMap<String, Param>;

/// A value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Param {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number that is finite.
    Number(f64),
    /// Text.
    Text(String),
    /// Values in order.
    List(Vec<Param>),
    /// Values by name.
    Map(Params),
}

impl Param {
    /// The most bytes of one text.
    pub const TEXT_BYTES_MAX: usize = 8 * 1024;
    /// The most bytes of all names and texts of an action's parameters.
    pub const BYTES_MAX: usize = 64 * 1024;
    /// The most values of an action.
    pub const VALUES_MAX: usize = 1000;
    /// How deep values may lie within each other.
    pub const DEPTH_MAX: usize = 8;

    /// The text, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn write(&self, into: &mut Canonical) {
        match self {
            Self::Null => into.none(),
            Self::Bool(truth) => into.truth(*truth),
            Self::Int(number) => into.integer(*number),
            Self::Number(number) => into.number(*number),
            Self::Text(text) => into.text(text),
            Self::List(values) => {
                into.row(values.len());
                for value in values {
                    value.write(into);
                }
            }
            Self::Map(values) => write_map(values, into),
        }
    }
}

pub(super) fn write_map(values: &Params, into: &mut Canonical) {
    // A tag of its own: a map is not a row of its names and values.
    into.truth(true);
    into.row(values.len());
    for (name, value) in values {
        into.text(name);
        value.write(into);
    }
}

/// What bounds the parameters of an action exceed; none: they may be.
#[must_use]
pub(super) fn excess(params: &Params) -> Option<String> {
    let mut sum = Sum::default();
    sum.map(params, 1);
    sum.excess
}

#[derive(Default)]
struct Sum {
    bytes: usize,
    values: usize,
    excess: Option<String>,
}

impl Sum {
    fn map(&mut self, params: &Params, depth: usize) {
        for (name, value) in params {
            self.bytes += name.len();
            self.value(name, value, depth);
        }
    }

    fn value(&mut self, name: &str, value: &Param, depth: usize) {
        self.values += 1;
        if depth > Param::DEPTH_MAX {
            self.excess = Some(format!(
                "`{name}` lies over {} levels deep",
                Param::DEPTH_MAX
            ));
            return;
        }
        match value {
            Param::Text(text) => {
                self.bytes += text.len();
                if text.len() > Param::TEXT_BYTES_MAX {
                    let most = Param::TEXT_BYTES_MAX;
                    self.excess = Some(format!("`{name}` has over {most} bytes"));
                }
                if text.contains('\0') {
                    self.excess = Some(format!("`{name}` has a NUL, which no target can take"));
                }
            }
            Param::Number(number) if !number.is_finite() => {
                self.excess = Some(format!("`{name}` is no finite number"));
            }
            Param::List(values) => {
                for value in values {
                    self.value(name, value, depth + 1);
                }
            }
            Param::Map(values) => self.map(values, depth + 1),
            _ => {}
        }
        if self.bytes > Param::BYTES_MAX || self.values > Param::VALUES_MAX {
            self.excess = Some(format!(
                "the parameters have over {} bytes or {} values",
                Param::BYTES_MAX,
                Param::VALUES_MAX
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(params: &Params) -> Vec<u8> {
        let mut canonical = Canonical::default();
        write_map(params, &mut canonical);
        canonical.0
    }

    #[test]
    fn values_that_differ_have_different_bytes() {
        let one = |value: Param| Params::from([("a".to_owned(), value)]);
        let text = |text: &str| Param::Text(text.into());
        let all = [
            one(text("1")),
            one(Param::Int(1)),
            one(Param::Number(1.0)),
            one(Param::Bool(true)),
            one(Param::Null),
            one(Param::List(vec![])),
            one(Param::List(vec![text("ab"), text("c")])),
            one(Param::List(vec![text("a"), text("bc")])),
            one(Param::Map(one(text("1")))),
            one(Param::Map(Params::new())),
            Params::new(),
        ];
        for (at, left) in all.iter().enumerate() {
            for right in &all[at + 1..] {
                assert_ne!(bytes(left), bytes(right), "{left:?} {right:?}");
            }
        }
        let zero = one(Param::Number(-0.0));
        assert_eq!(bytes(&zero), bytes(&one(Param::Number(0.0))));
    }

    #[test]
    fn what_is_too_large_too_deep_or_cannot_be_is_named() {
        let one = |value: Param| Params::from([("a".to_owned(), value)]);
        assert_eq!(excess(&one(Param::Text("x".repeat(8192)))), None);
        let said = |value: Param| excess(&one(value)).unwrap();
        assert!(said(Param::Text("x".repeat(8193))).contains("8192 bytes"));
        assert!(said(Param::Text("a\0b".into())).contains("NUL"));
        assert!(said(Param::Number(f64::NAN)).contains("finite"));
        assert!(said(Param::List(vec![Param::Null; 1000])).contains("values"));
        let deep = (0..9).fold(Param::Null, |inner, _| Param::List(vec![inner]));
        assert!(said(deep).contains("deep"));
    }
}
