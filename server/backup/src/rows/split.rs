//! Where the variables of a line stand, when only the line and its template are left.
//!
//! A line can often be split in more than one way. That one is taken whose variables look like what
//! their slots say, and whose attributes are those that the line had; any way that gives the line
//! back byte for byte is right.

use std::sync::Arc;

use tocsin_domain::query::slot_value;
use tocsin_domain::{Span, Template, Value, VariableKind};

/// Steps until the search for the best way is given up for the first way.
const STEPS_MAX: u32 = 20_000;

/// The places of the variables of a line, one for each slot; none if the line is not of the template.
/// `attributes` are those of the line, of which the last are those of the slots that have a key.
pub(super) fn split(
    template: &Template,
    body: &[u8],
    attributes: &[(Arc<str>, Value)],
) -> Option<Vec<Span>> {
    let keyed = template.slots.iter().filter(|slot| slot.key.is_some());
    let from = attributes.len().checked_sub(keyed.count())?;
    let expected = &attributes[from..];
    for is_strict in [true, false] {
        let mut search = Search {
            template,
            body,
            expected,
            is_strict,
            steps: 0,
            spans: Vec::with_capacity(template.slots.len()),
        };
        let first = template.parts.first()?;
        if body.starts_with(first) && search.from(0, first.len(), 0) {
            return Some(search.spans);
        }
    }
    None
}

struct Search<'a> {
    template: &'a Template,
    body: &'a [u8],
    /// The attributes of the slots that have a key, in their order.
    expected: &'a [(Arc<str>, Value)],
    /// Attributes and kinds must be right.
    is_strict: bool,
    steps: u32,
    spans: Vec<Span>,
}

impl Search<'_> {
    /// Splits what comes from `at` on, where the variable of a slot begins; `keyed` slots before it
    /// have a key.
    fn from(&mut self, slot: usize, at: usize, keyed: usize) -> bool {
        if slot == self.template.slots.len() {
            return at == self.body.len();
        }
        let is_last = slot + 1 == self.template.slots.len();
        let after: &[u8] = &self.template.parts[slot + 1];
        let has_key = self.template.slots[slot].key.is_some();
        let mut end = at;
        loop {
            self.steps += 1;
            if self.steps > STEPS_MAX && self.is_strict {
                return false;
            }
            end = match is_last {
                true => match self.body.len().checked_sub(after.len()) {
                    Some(end) if end >= at && self.body.ends_with(after) => end,
                    _ => return false,
                },
                false => match find(self.body, end, after) {
                    Some(end) => end,
                    None => return false,
                },
            };
            if self.fits(slot, at, end, keyed) {
                self.spans.push(Span {
                    start: at as u32,
                    end: end as u32,
                });
                if self.from(slot + 1, end + after.len(), keyed + usize::from(has_key)) {
                    return true;
                }
                self.spans.pop();
            }
            // What comes first gives the line back if anything does; only the best is looked for.
            if is_last || !self.is_strict {
                return false;
            }
            end += 1;
        }
    }

    fn fits(&self, slot: usize, start: usize, end: usize, keyed: usize) -> bool {
        if !self.is_strict {
            return true;
        }
        let (slot, variable) = (&self.template.slots[slot], &self.body[start..end]);
        if slot.key.is_some() {
            let found = slot_value(slot, variable);
            return self
                .expected
                .get(keyed)
                .is_some_and(|(_, value)| *value == found);
        }
        let is_free = matches!(
            slot.kind,
            VariableKind::Any | VariableKind::Quoted | VariableKind::Time | VariableKind::Space
        );
        is_free || !(variable.is_empty() || variable.iter().any(u8::is_ascii_whitespace))
    }
}

/// Where `part` stands in `body`, from `from` on.
fn find(body: &[u8], from: usize, part: &[u8]) -> Option<usize> {
    if part.is_empty() {
        return (from <= body.len()).then_some(from);
    }
    let rest = body.get(from..)?;
    let at = rest.windows(part.len()).position(|window| window == part)?;
    Some(from + at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tocsin_domain::{Slot, TemplateId};

    use super::*;

    fn template(parts: &[&str], slots: &[(VariableKind, Option<&str>)]) -> Template {
        Template {
            id: TemplateId(1),
            parent: None,
            parts: parts.iter().map(|part| part.as_bytes().into()).collect(),
            slots: slots
                .iter()
                .map(|(kind, key)| Slot {
                    kind: *kind,
                    key: key.map(Into::into),
                })
                .collect(),
        }
    }

    fn texts<'a>(body: &'a str, spans: &[Span]) -> Vec<&'a str> {
        let text = |span: &Span| &body[span.start as usize..span.end as usize];
        spans.iter().map(text).collect()
    }

    #[test]
    fn attributes_and_kinds_say_which_way_is_meant() {
        let of = template(
            &["a=", " ", ""],
            &[(VariableKind::Any, Some("a")), (VariableKind::Any, None)],
        );
        let body = "a=1 2 3";
        let attributes = [("a".into(), Value::Text("1 2".into()))];
        let spans = split(&of, body.as_bytes(), &attributes).unwrap();
        assert_eq!(texts(body, &spans), ["1 2", "3"]);
        let of = template(
            &["", " ", "!"],
            &[(VariableKind::Any, None), (VariableKind::Number, None)],
        );
        let spans = split(&of, b"x y 7!", &[]).unwrap();
        assert_eq!(texts("x y 7!", &spans), ["x y", "7"]);
        assert_eq!(split(&of, b"xy7!", &[]), None);
        assert_eq!(split(&of, b"x 7", &[]), None);
    }

    proptest! {
        #[test]
        fn every_line_of_a_template_is_split_and_comes_back(
            parts in proptest::collection::vec("[ab ]{0,3}", 1..5),
            variables in proptest::collection::vec("[ab ]{0,4}", 5),
        ) {
            let slots = vec![(VariableKind::Any, None); parts.len() - 1];
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            let of = template(&parts, &slots);
            let mut body = Vec::new();
            of.render(variables.iter().map(String::as_bytes).take(slots.len()), &mut body);
            let spans = split(&of, &body, &[]).unwrap();
            let mut again = Vec::new();
            of.render(spans.iter().map(|span| span.of(&body)), &mut again);
            prop_assert_eq!(again, body);
        }
    }
}
