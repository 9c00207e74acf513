//! Which rows of one block a query selects, template by template: what the template, the filter
//! and the description decide costs nothing, only what remains is decoded.

use tocsin_domain::query::test_severity;

use super::block::meta::{Summary, TemplateMeta};
use super::fields::{field_rows, slot_rows};
use super::inner::{Inner, Trouble};
use super::part::BlockReader;
use super::phrase::{Judgement, Variables, Words};
use super::plan::{FieldKind, FieldLeaf, Leaf, Mask, Masked, Node, Plan, Verdict};
use super::selection::{Bits, Selection};
use super::words::words_rows;
use tocsin_domain::query::test_text;

/// A block and which of its templates a query may select.
#[derive(Debug)]
pub(crate) struct BlockQuery<'a> {
    pub(crate) reader: BlockReader<'a>,
    plan: &'a Plan,
    signature: Vec<Mask>,
    /// Templates (by place in the block) of which some rows may be selected.
    pub(crate) candidates: Vec<Candidate>,
}

/// A template of which some rows may be selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Its place in the block.
    pub(crate) template: usize,
    /// True if only the times of its rows decide.
    is_always: bool,
}

impl<'a> BlockQuery<'a> {
    /// Judges the templates of a block; decodes no column.
    pub(crate) fn open(
        inner: &'a Inner,
        plan: &'a Plan,
        summary: &'a Summary,
    ) -> Result<Self, Trouble> {
        let reader = BlockReader::open(inner, summary)?;
        let signature = plan.signature(&reader.meta, || reader.filter())?;
        let verdicts = plan.verdicts(&signature);
        let mut candidates = Vec::new();
        for (template, number) in reader.meta.numbers.iter().enumerate() {
            let described = &reader.meta.templates[template];
            let verdict = verdicts.of(*number, &described.info);
            if verdict != Verdict::Never && plan.range.overlaps(described.first, described.last) {
                candidates.push(Candidate {
                    template,
                    is_always: verdict == Verdict::Always,
                });
            }
        }
        drop(verdicts);
        Ok(Self {
            reader,
            plan,
            signature,
            candidates,
        })
    }

    /// The description of a candidate.
    pub(crate) fn template(&self, candidate: Candidate) -> &TemplateMeta {
        &self.reader.meta.templates[candidate.template]
    }

    /// Which rows of a candidate are selected.
    pub(crate) fn select(&self, candidate: Candidate) -> Result<Selection, Trouble> {
        let evaluation = Evaluation {
            reader: &self.reader,
            plan: self.plan,
            signature: &self.signature,
        };
        let selection = match candidate.is_always {
            true => Selection::All,
            false => evaluation.rows(&self.plan.root, candidate.template)?,
        };
        match selection {
            Selection::None => Ok(Selection::None),
            selection => Ok(selection.and(evaluation.in_range(candidate.template)?)),
        }
    }

    /// How many records are selected.
    pub(crate) fn count(&self) -> Result<u64, Trouble> {
        let mut count = 0;
        for candidate in &self.candidates {
            let rows = self.template(*candidate).rows as usize;
            count += self.select(*candidate)?.count(rows) as u64;
        }
        Ok(count)
    }
}

struct Evaluation<'a> {
    reader: &'a BlockReader<'a>,
    plan: &'a Plan,
    signature: &'a [Mask],
}

/// Variables as the filter's mask and the stamps of a template's groups see them.
struct Stamped<'a> {
    mask: Masked,
    template: &'a TemplateMeta,
    words: &'a Words,
}

impl Variables for Stamped<'_> {
    fn can_hold(&self, group: usize, word: usize) -> bool {
        self.mask.can_hold(group, word)
            && match self.template.stamps.get(group) {
                Some(stamp) => stamp.admits(&self.words.words[word]),
                None => true,
            }
    }

    fn can_follow(&self, word: usize) -> bool {
        self.mask.can_follow(word)
    }

    fn can_be_tokenless(&self) -> bool {
        self.mask.can_be_tokenless()
    }
}

impl Evaluation<'_> {
    fn template(&self, number: usize) -> &TemplateMeta {
        &self.reader.meta.templates[number]
    }

    fn rows(&self, node: &Node, number: usize) -> Result<Selection, Trouble> {
        match node {
            Node::All => Ok(Selection::All),
            Node::And(parts) => {
                let mut all = Selection::All;
                for part in self.cheapest_first(parts) {
                    all = all.and(self.rows(part, number)?);
                    if all == Selection::None {
                        break;
                    }
                }
                Ok(all)
            }
            Node::Or(parts) => {
                let mut any = Selection::None;
                for part in self.cheapest_first(parts) {
                    any = any.or(self.rows(part, number)?);
                    if any == Selection::All {
                        break;
                    }
                }
                Ok(any)
            }
            Node::Not(inner) => Ok(self.rows(inner, number)?.not()),
            Node::Leaf(leaf) => match &self.plan.leaves[*leaf] {
                Leaf::Words { words, .. } => self.words(words, self.signature[*leaf], number),
                Leaf::Field(field) => self.field(field, number),
            },
        }
    }

    /// What needs no columns comes before what does.
    fn cheapest_first<'n>(&self, parts: &'n [Node]) -> impl Iterator<Item = &'n Node> {
        let is_cheap = |part: &&Node| match part {
            Node::Leaf(leaf) => match &self.plan.leaves[*leaf] {
                Leaf::Words { .. } => false,
                Leaf::Field(field) => !matches!(field.field, FieldKind::Attribute(_)),
            },
            _ => false,
        };
        let (cheap, dear): (Vec<_>, Vec<_>) = parts.iter().partition(is_cheap);
        cheap.into_iter().chain(dear)
    }

    fn words(&self, words: &Words, mask: Mask, number: usize) -> Result<Selection, Trouble> {
        let template = self.template(number);
        let variables = Stamped {
            mask: Masked(mask),
            template,
            words,
        };
        match words.judge(&template.info, &variables) {
            Judgement::Never => Ok(Selection::None),
            Judgement::Always => Ok(Selection::All),
            Judgement::Depends(stretches) => {
                let mut any = Bits::none(template.rows as usize);
                for stretch in stretches {
                    any.union(&words_rows(self.reader, number, words, stretch)?);
                }
                Ok(Selection::of(any))
            }
        }
    }

    fn field(&self, leaf: &FieldLeaf, number: usize) -> Result<Selection, Trouble> {
        let template = self.template(number);
        let meta = &self.reader.meta;
        match &leaf.field {
            FieldKind::Source => self.by_stream(number, |stream| {
                let name = meta.sources.get(stream.source as usize);
                name.is_some_and(|name| test_text(&leaf.test, name.as_bytes()))
            }),
            FieldKind::Host => self.by_stream(number, |stream| {
                let name = meta.hosts.get(stream.host as usize);
                name.is_some_and(|name| !name.is_empty() && test_text(&leaf.test, name.as_bytes()))
            }),
            FieldKind::Severity => {
                self.by_stream(number, |stream| test_severity(&leaf.test, stream.severity))
            }
            FieldKind::Template => {
                let id = template.info.template.id.to_string();
                Ok(Selection::all_if(test_text(&leaf.test, id.as_bytes())))
            }
            FieldKind::Id(Some(id)) => {
                let (first, last) = self.reader.summary.batches;
                let batch = id.batch().bits();
                let mut bits = Bits::none(template.rows as usize);
                if first <= batch && batch <= last {
                    let rows = self.reader.rows()?;
                    let place = rows
                        .row_of(*id)
                        .and_then(|row| rows.rows_of[number].binary_search(&row).ok());
                    if let Some(at) = place {
                        bits.insert(at);
                    }
                }
                Ok(Selection::of(bits))
            }
            FieldKind::Id(None) => {
                let rows = self.reader.rows()?;
                let of = &rows.rows_of[number];
                Ok(Selection::of(Bits::from_fn(of.len(), |at| {
                    test_text(&leaf.test, rows.id_of(of[at]).to_string().as_bytes())
                })))
            }
            FieldKind::Trace | FieldKind::Span => field_rows(self.reader, number, leaf),
            FieldKind::Attribute(key) => {
                let beside = field_rows(self.reader, number, leaf)?;
                Ok(beside.or(slot_rows(self.reader, number, key, &leaf.test)?))
            }
        }
    }

    fn by_stream(
        &self,
        number: usize,
        test: impl Fn(&super::block::meta::Stream) -> bool,
    ) -> Result<Selection, Trouble> {
        let template = self.template(number);
        let streams = &self.reader.meta.streams;
        let passes = |stream: u32| streams.get(stream as usize).is_some_and(&test);
        let passing = template
            .streams
            .iter()
            .filter(|(stream, _)| passes(*stream))
            .count();
        if passing == 0 || passing == template.streams.len() {
            return Ok(Selection::all_if(passing > 0));
        }
        let column = &self.reader.rows()?.streams[number];
        Ok(Selection::of(Bits::from_fn(template.rows as usize, |at| {
            passes(column.get(at))
        })))
    }

    fn in_range(&self, number: usize) -> Result<Selection, Trouble> {
        let template = self.template(number);
        let range = self.plan.range;
        if range.covers(template.first, template.last) {
            return Ok(Selection::All);
        }
        let rows = self.reader.rows()?;
        let of = &rows.rows_of[number];
        Ok(Selection::of(Bits::from_fn(of.len(), |at| {
            range.contains(tocsin_domain::Timestamp(rows.times[of[at] as usize]))
        })))
    }
}
