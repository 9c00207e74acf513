//! The facts of one answer, numbered as they are found.

use tocsin_domain::alert::Evidence;
use tocsin_domain::copilot::Fact;

/// The most facts of one answer; what comes after is not cited.
pub(crate) const FACTS_MAX: usize = 60;

/// Numbers facts, each once.
#[derive(Debug, Default)]
pub(crate) struct FactBook(Vec<Fact>);

impl FactBook {
    /// Takes a fact and says under which id it is cited. What opens the same and says the same has the same
    /// id. None if the book is full: nothing may be said then that would need it.
    pub(crate) fn cite(
        &mut self,
        evidence: Evidence,
        at_ms: Option<i64>,
        text: &str,
    ) -> Option<String> {
        let text = bounded(text);
        let known = |fact: &&Fact| fact.evidence == evidence && fact.text == text;
        if let Some(fact) = self.0.iter().find(known) {
            return Some(fact.id.clone());
        }
        if self.0.len() >= FACTS_MAX {
            return None;
        }
        let id = format!("E{}", self.0.len() + 1);
        self.0.push(Fact {
            id: id.clone(),
            text,
            at_ms,
            evidence,
        });
        Some(id)
    }

    /// The facts so far.
    pub(crate) fn facts(&self) -> &[Fact] {
        &self.0
    }

    /// All facts.
    pub(crate) fn into_facts(self) -> Vec<Fact> {
        self.0
    }
}

/// One line, cut between characters where it is too long.
fn bounded(text: &str) -> String {
    let line: String = text
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if line.len() <= Fact::TEXT_BYTES_MAX {
        return line;
    }
    let room = Fact::TEXT_BYTES_MAX - '…'.len_utf8();
    let cut = (0..=room).rev().find(|&at| line.is_char_boundary(at));
    format!("{}…", &line[..cut.unwrap_or(0)])
}

/// What turns the direction of text, joins nothing, or carries words that nobody sees.
pub(crate) const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{61C}'
            | '\u{180E}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'
            | '\u{E0000}'..='\u{E007F}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use tocsin_domain::RecordId;

    fn record(id: u128, body: &str) -> Evidence {
        Evidence::Record {
            id: RecordId::from_bits(id),
            body: body.into(),
        }
    }

    #[test]
    fn the_same_fact_has_the_same_id_and_a_full_book_takes_no_more() {
        let mut book = FactBook::default();
        assert_eq!(book.cite(record(1, "a"), None, "a"), Some("E1".into()));
        assert_eq!(book.cite(record(2, "b"), None, "b"), Some("E2".into()));
        assert_eq!(book.cite(record(1, "a"), None, "a"), Some("E1".into()));
        for id in 3..=FACTS_MAX as u128 {
            assert!(book.cite(record(id, "c"), None, "c").is_some());
        }
        assert_eq!(book.cite(record(999, "d"), None, "d"), None);
        assert_eq!(book.into_facts().len(), FACTS_MAX);
    }

    #[test]
    fn a_fact_is_one_line_of_bounded_length() {
        let mut book = FactBook::default();
        let hidden = "\u{202E}\u{200B}\u{E0041}";
        book.cite(
            record(1, ""),
            None,
            &format!("a\nb{hidden}{}", "ä".repeat(2000)),
        );
        let text = &book.facts()[0].text;
        assert!(text.starts_with("a bä") && text.ends_with('…'));
        assert!(text.len() <= Fact::TEXT_BYTES_MAX);
    }
}
