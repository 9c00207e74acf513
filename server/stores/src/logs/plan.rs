//! A query made ready: its leaves in a row, and what each template means for it.

use std::cell::RefCell;
use std::sync::Arc;

use hashbrown::HashMap;
use tocsin_domain::ports::log_store::LogQuery;
use tocsin_domain::query::{Expression, FieldTest, lower_tokens, test_text};
use tocsin_domain::{RecordId, TimeRange};

use super::block::filter::{Filter, pair_hash, short_number, token_hash, window_hash};
use super::block::meta::Meta;
use super::dictionary::TemplateInfo;
use super::known::{Known, Question};
use super::phrase::{Judgement, Variables, Words};

/// Words beyond this place in a phrase are not looked up in filters: masks have 64 bits.
const MASKED_WORDS_MAX: usize = 62;
/// The bit of a mask that says some variables hold no token.
const TOKENLESS: u64 = 1 << 63;
/// The bit that says a field may be among those beside the bodies.
const BESIDE: u64 = 1;
/// The bit that says a field may be among the slots.
const SLOTTED: u64 = 2;
/// The bit that says it may be in a slot with nothing glued to it, too.
const ALONE: u64 = 4;

/// What a filter says of a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Mask {
    /// A bit for each word that variables may hold, or the bits of a field.
    words: u64,
    /// A bit for each word that may be followed by the next two within a variable.
    windows: u64,
}

impl Mask {
    const OPEN: Self = Self {
        words: u64::MAX,
        windows: u64::MAX,
    };
}

/// A query made ready for the blocks.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) root: Node,
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) range: TimeRange,
    pub(crate) question: Arc<Question>,
    /// The number of the question in the cache of parts.
    pub(crate) number: u32,
    /// What is known of blocks, held here so that the rows of other blocks do not drive it out of
    /// the cache before its turn comes.
    pub(crate) news: RefCell<HashMap<u64, Arc<Known>>>,
    /// What every template means, by what the filters say of the leaves.
    memo: RefCell<HashMap<Vec<Mask>, Vec<Option<Verdict>>>>,
}

/// The tree of a query, with numbers of leaves.
#[derive(Debug)]
pub(crate) enum Node {
    All,
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Leaf(usize),
}

/// What is asked of one record.
#[derive(Debug)]
pub(crate) enum Leaf {
    Words { words: Words, hashes: Vec<u64> },
    Field(FieldLeaf),
}

/// What is asked of one field.
#[derive(Debug)]
pub(crate) struct FieldLeaf {
    pub(crate) field: FieldKind,
    pub(crate) test: FieldTest,
    /// The hash of the pair in filters, for a test of equality.
    pair: Option<u64>,
    /// The hashes of the tokens of the text, if the body would hold them just so; the outermost
    /// ones only where nothing is glued to the slot.
    tokens: Vec<u64>,
}

/// Which field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FieldKind {
    Source,
    Host,
    Severity,
    Template,
    Id(Option<RecordId>),
    Trace,
    Span,
    Attribute(String),
}

/// What a template alone says of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Never,
    Always,
    Depends,
}

impl Plan {
    pub(crate) fn new(query: &LogQuery) -> Self {
        let mut leaves = Vec::new();
        let root = node_of(&query.expression, &mut leaves);
        let templates = query.templates.as_ref();
        let question = Arc::new(Question {
            expression: query.expression.clone(),
            templates: templates.map(|list| list.iter().copied().collect()),
        });
        Self {
            root,
            leaves,
            range: query.range,
            number: question.number(),
            question,
            news: RefCell::default(),
            memo: RefCell::default(),
        }
    }

    /// What a block's filter says of each leaf. `filter` is called if it is needed.
    pub(crate) fn signature<E>(
        &self,
        meta: &Meta,
        filter: impl Fn() -> Result<Arc<Filter>, E>,
    ) -> Result<Vec<Mask>, E> {
        self.leaves
            .iter()
            .map(|leaf| match leaf {
                Leaf::Words { words, hashes } => {
                    Ok(words_mask(words, hashes, meta.has_tokenless, &*filter()?))
                }
                Leaf::Field(leaf) => Ok(Mask {
                    words: leaf.signature(meta, &filter)?,
                    windows: 0,
                }),
            })
            .collect()
    }

    /// The signature of records that no filter is known of.
    pub(crate) fn open_signature(&self) -> Vec<Mask> {
        vec![Mask::OPEN; self.leaves.len()]
    }

    /// What a template means for the query, given what filters say.
    pub(crate) fn verdicts<'p>(&'p self, signature: &'p [Mask]) -> Verdicts<'p> {
        let known = self.memo.borrow_mut().remove(signature).unwrap_or_default();
        Verdicts {
            plan: self,
            signature,
            known: RefCell::new(known),
        }
    }

    fn judge(&self, node: &Node, info: &TemplateInfo, signature: &[Mask]) -> Verdict {
        match node {
            Node::All => Verdict::Always,
            Node::And(parts) => self.join(parts, info, signature, Verdict::Never),
            Node::Or(parts) => self.join(parts, info, signature, Verdict::Always),
            Node::Not(inner) => match self.judge(inner, info, signature) {
                Verdict::Never => Verdict::Always,
                Verdict::Always => Verdict::Never,
                Verdict::Depends => Verdict::Depends,
            },
            Node::Leaf(number) => self.leaves[*number].judge(info, signature[*number]),
        }
    }

    fn join(
        &self,
        parts: &[Node],
        info: &TemplateInfo,
        signature: &[Mask],
        decisive: Verdict,
    ) -> Verdict {
        let neutral = match decisive {
            Verdict::Never => Verdict::Always,
            _ => Verdict::Never,
        };
        let mut all = neutral;
        for part in parts {
            match self.judge(part, info, signature) {
                verdict if verdict == decisive => return decisive,
                verdict if verdict == neutral => {}
                _ => all = Verdict::Depends,
            }
        }
        all
    }
}

/// Verdicts under one signature, remembered by the number of the template.
#[derive(Debug)]
pub(crate) struct Verdicts<'p> {
    plan: &'p Plan,
    signature: &'p [Mask],
    known: RefCell<Vec<Option<Verdict>>>,
}

impl Verdicts<'_> {
    /// The verdict on the template of this number.
    pub(crate) fn of(&self, number: u32, info: &TemplateInfo) -> Verdict {
        let at = number as usize;
        let mut known = self.known.borrow_mut();
        if let Some(Some(verdict)) = known.get(at) {
            return *verdict;
        }
        let is_wanted = match &self.plan.question.templates {
            Some(wanted) => wanted.contains(&info.template.id),
            None => true,
        };
        let verdict = if is_wanted {
            self.plan.judge(&self.plan.root, info, self.signature)
        } else {
            Verdict::Never
        };
        if known.len() <= at {
            known.resize(at + 1, None);
        }
        known[at] = Some(verdict);
        verdict
    }
}

impl Drop for Verdicts<'_> {
    fn drop(&mut self) {
        let known = std::mem::take(&mut *self.known.borrow_mut());
        let mut memo = self.plan.memo.borrow_mut();
        memo.insert(self.signature.to_vec(), known);
    }
}

/// Variables as a filter's mask sees them.
pub(crate) struct Masked(pub(crate) Mask);

impl Variables for Masked {
    fn can_hold(&self, _group: usize, word: usize) -> bool {
        word >= MASKED_WORDS_MAX || self.0.words >> word & 1 == 1
    }

    fn can_be_window(&self, _group: usize, word: usize) -> bool {
        word >= MASKED_WORDS_MAX || self.0.windows >> word & 1 == 1
    }

    fn can_open(&self, _group: usize, _word: usize) -> bool {
        true
    }

    fn can_close(&self, _group: usize, _word: usize) -> bool {
        true
    }

    fn can_be_tokenless(&self) -> bool {
        self.0.words & TOKENLESS != 0
    }
}

fn words_mask(words: &Words, hashes: &[u64], has_tokenless: bool, filter: &Filter) -> Mask {
    let mut mask = Mask {
        words: if has_tokenless { TOKENLESS } else { 0 },
        windows: 0,
    };
    for (at, hash) in hashes.iter().enumerate().take(MASKED_WORDS_MAX) {
        let is_open = words.is_prefix && at + 1 == hashes.len();
        mask.words |= u64::from(is_open || filter.contains(*hash)) << at;
        let is_open = words.is_prefix && at + 3 == hashes.len();
        let window = words.words.get(at..at + 3).filter(|_| !is_open);
        let window = window.and_then(window_of).and_then(window_hash);
        mask.windows |= u64::from(window.is_none_or(|window| filter.contains(window))) << at;
    }
    mask
}

/// Three words as a window of short numbers, if they are.
fn window_of(words: &[Box<[u8]>]) -> Option<[u32; 3]> {
    let [first, second, third] = words else {
        return None;
    };
    Some([
        short_number(first)?,
        short_number(second)?,
        short_number(third)?,
    ])
}

impl Leaf {
    fn judge(&self, info: &TemplateInfo, mask: Mask) -> Verdict {
        match self {
            Self::Words { words, .. } => match words.judge(info, &Masked(mask)) {
                Judgement::Never => Verdict::Never,
                Judgement::Always => Verdict::Always,
                Judgement::Depends(_) => Verdict::Depends,
            },
            Self::Field(leaf) => leaf.judge(info, mask.words),
        }
    }
}

impl FieldLeaf {
    fn new(key: &str, test: &FieldTest) -> Self {
        let field = match key {
            "source" => FieldKind::Source,
            "host" => FieldKind::Host,
            "severity" => FieldKind::Severity,
            "template" => FieldKind::Template,
            "id" => FieldKind::Id(match test {
                FieldTest::Equals(text) => text.parse().ok(),
                _ => None,
            }),
            "trace_id" => FieldKind::Trace,
            "span_id" => FieldKind::Span,
            _ => FieldKind::Attribute(key.to_owned()),
        };
        let (pair, tokens) = match test {
            FieldTest::Equals(text) => match &field {
                FieldKind::Trace | FieldKind::Span => {
                    (unhex(text).map(|bytes| pair_hash(key, &bytes)), Vec::new())
                }
                _ => (Some(pair_hash(key, text.as_bytes())), body_tokens(text)),
            },
            _ => (None, Vec::new()),
        };
        Self {
            field,
            test: test.clone(),
            pair,
            tokens,
        }
    }

    fn signature<E>(
        &self,
        meta: &Meta,
        filter: &impl Fn() -> Result<Arc<Filter>, E>,
    ) -> Result<u64, E> {
        let is_equality = matches!(self.test, FieldTest::Equals(_));
        let pair_is_there = |filter: &Filter| match self.pair {
            Some(pair) => filter.contains(pair),
            None => !is_equality,
        };
        Ok(match &self.field {
            FieldKind::Trace | FieldKind::Span => {
                if meta.shapes.iter().all(|shape| shape.fields.is_empty()) {
                    0
                } else {
                    u64::from(pair_is_there(&*filter()?)) * BESIDE
                }
            }
            FieldKind::Attribute(key) => {
                let is_key = meta.keys.iter().any(|known| **known == **key);
                let mut mask = 0;
                if is_key && pair_is_there(&*filter()?) {
                    mask |= BESIDE;
                }
                if self.tokens.is_empty() {
                    return Ok(mask | SLOTTED | ALONE);
                }
                let filter = filter()?;
                let holds = |tokens: &[u64]| tokens.iter().all(|token| filter.contains(*token));
                let inner = self.tokens.len().saturating_sub(1).max(1);
                if holds(&self.tokens[1..inner]) {
                    mask |= SLOTTED;
                }
                if holds(&self.tokens) {
                    mask |= ALONE;
                }
                mask
            }
            _ => BESIDE,
        })
    }

    fn judge(&self, info: &TemplateInfo, mask: u64) -> Verdict {
        match &self.field {
            FieldKind::Template => {
                match test_text(&self.test, info.template.id.to_string().as_bytes()) {
                    true => Verdict::Always,
                    false => Verdict::Never,
                }
            }
            FieldKind::Attribute(key) => {
                let mut slots = info.template.slots.iter().enumerate();
                let can_hold = |slot: usize| match mask & ALONE {
                    0 => mask & SLOTTED != 0 && !info.is_alone(slot),
                    _ => true,
                };
                if self.test == FieldTest::Exists {
                    if slots.any(|(_, slot)| slot.key.as_deref() == Some(key)) {
                        return Verdict::Always;
                    }
                } else if slots.any(|(at, slot)| slot.key.as_deref() == Some(key) && can_hold(at)) {
                    return Verdict::Depends;
                }
                match mask & BESIDE {
                    0 => Verdict::Never,
                    _ => Verdict::Depends,
                }
            }
            _ if mask == 0 => Verdict::Never,
            _ => Verdict::Depends,
        }
    }
}

fn node_of(expression: &Expression, leaves: &mut Vec<Leaf>) -> Node {
    let mut leaf = |leaf: Leaf| {
        leaves.push(leaf);
        Node::Leaf(leaves.len() - 1)
    };
    match expression {
        Expression::All => Node::All,
        Expression::And(parts) => {
            Node::And(parts.iter().map(|part| node_of(part, leaves)).collect())
        }
        Expression::Or(parts) => Node::Or(parts.iter().map(|part| node_of(part, leaves)).collect()),
        Expression::Not(inner) => Node::Not(Box::new(node_of(inner, leaves))),
        Expression::Phrase(words) => leaf(words_leaf(words, false)),
        Expression::Prefix(prefix) => leaf(words_leaf(std::slice::from_ref(prefix), true)),
        Expression::Field { key, test } => leaf(Leaf::Field(FieldLeaf::new(key, test))),
    }
}

fn words_leaf(words: &[String], is_prefix: bool) -> Leaf {
    Leaf::Words {
        hashes: words
            .iter()
            .map(|word| token_hash(word.as_bytes()))
            .collect(),
        words: Words {
            words: words
                .iter()
                .map(|word| word.to_ascii_lowercase().into_bytes().into())
                .collect(),
            is_prefix,
        },
    }
}

/// The hashes of the tokens that a body holds if a slot's text is this; none for text that
/// looks different in a body because JSON escapes it.
fn body_tokens(text: &str) -> Vec<u64> {
    let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) && !b"\"\\/".contains(&byte);
    if !text.bytes().all(is_plain) {
        return Vec::new();
    }
    let tokens = lower_tokens(text);
    tokens
        .iter()
        .map(|token| token_hash(token.as_bytes()))
        .collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pair = |at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (text.len().is_multiple_of(2))
        .then(|| (0..text.len()).step_by(2).map(pair).collect())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_text_becomes_bytes() {
        assert_eq!(unhex("00fF"), Some(vec![0, 255]));
        assert_eq!(unhex("0"), None);
        assert_eq!(unhex("zz"), None);
        assert_eq!(unhex("é0"), None);
    }
}
