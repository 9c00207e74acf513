//! Which rows of one block a query selects, template by template: what the template, the filter
//! and the description decide costs nothing, only what remains is decoded.

use std::cell::OnceCell;
use std::sync::Arc;

use tocsin_domain::query::{test_severity, test_text};

use super::block::meta::{Summary, TemplateMeta};
use super::block::stamp::{has_short, kind_of};
use super::fields::{field_rows, slot_rows};
use super::inner::{Inner, Trouble};
use super::known::{Found, Known};
use super::part::BlockReader;
use super::phrase::{Judgement, Variables, Words};
use super::plan::{FieldKind, FieldLeaf, Leaf, Mask, Masked, Node, Plan, Verdict};
use super::selection::{Bits, Selection};
use super::words::words_rows;

/// A block and which of its templates a query may select.
#[derive(Debug)]
pub(crate) struct BlockQuery<'a> {
    pub(crate) reader: BlockReader<'a>,
    plan: &'a Plan,
    signature: OnceCell<Vec<Mask>>,
    /// Templates (by place in the block) of which some rows may be selected.
    pub(crate) candidates: Vec<Candidate>,
    /// What this question found here before, and finds now.
    known: Arc<Known>,
}

/// A template of which some rows may be selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Its place in the block.
    pub(crate) template: usize,
    /// True if only the times of its rows decide.
    pub(crate) is_always: bool,
    /// Its place among what is known.
    place: usize,
}

impl<'a> BlockQuery<'a> {
    /// Judges the templates of a block; decodes no column.
    pub(crate) fn open(
        inner: &'a Inner,
        plan: &'a Plan,
        summary: &'a Summary,
    ) -> Result<Self, Trouble> {
        let reader = BlockReader::open(inner, summary)?;
        let signature = OnceCell::new();
        let held = plan.news.borrow().get(&summary.id).cloned();
        let known = match held.or_else(|| inner.known(summary.id, plan)) {
            Some(known) => known,
            None => {
                let judged = judge(&reader, plan, signature_of(&signature, plan, &reader)?);
                Arc::new(Known::new(&plan.question, judged))
            }
        };
        let is_open = |place: usize| {
            let found = known.get(place);
            found.is_none_or(|found| found.selection != Selection::None)
        };
        let candidates = known.candidates.iter().enumerate();
        let candidates = candidates.filter(|(place, _)| is_open(*place));
        let candidates = candidates.map(|(place, (template, is_always))| Candidate {
            template: *template,
            is_always: *is_always,
            place,
        });
        let is_in_range = |candidate: &Candidate| {
            let described = &reader.meta.templates[candidate.template];
            plan.range.overlaps(described.first, described.last)
        };
        Ok(Self {
            candidates: candidates.filter(is_in_range).collect(),
            reader,
            plan,
            signature,
            known,
        })
    }

    /// The description of a candidate.
    pub(crate) fn template(&self, candidate: Candidate) -> &TemplateMeta {
        &self.reader.meta.templates[candidate.template]
    }

    /// Which rows of a candidate are selected.
    pub(crate) fn select(&self, candidate: Candidate) -> Result<Selection, Trouble> {
        let found = match candidate.is_always {
            true => Selection::All,
            false => self.found(candidate)?.selection.clone(),
        };
        match found {
            Selection::None => Ok(Selection::None),
            found => Ok(found.and(self.in_range(candidate.template)?)),
        }
    }

    /// Which rows of a candidate are selected, whenever they happened.
    pub(crate) fn found(&self, candidate: Candidate) -> Result<Arc<Found>, Trouble> {
        if let Some(found) = self.known.get(candidate.place) {
            return Ok(found);
        }
        let evaluation = Evaluation {
            reader: &self.reader,
            plan: self.plan,
            signature: signature_of(&self.signature, self.plan, &self.reader)?,
        };
        let found = Arc::new(Found {
            selection: evaluation.rows(&self.plan.root, candidate.template)?,
            counts: None,
        });
        self.learn(candidate, &found);
        Ok(found)
    }

    /// Keeps what was found of a candidate for the next query.
    pub(crate) fn learn(&self, candidate: Candidate, found: &Arc<Found>) {
        self.known.set(candidate.place, Arc::clone(found));
    }

    /// True if all rows of a candidate are in the range of time.
    pub(crate) fn is_whole(&self, candidate: Candidate) -> bool {
        let template = self.template(candidate);
        self.plan.range.covers(template.first, template.last)
    }

    /// How many records are selected.
    pub(crate) fn count(&self) -> Result<u64, Trouble> {
        let mut count = 0;
        for candidate in &self.candidates {
            let rows = self.template(*candidate).rows as usize;
            count += match self.is_whole(*candidate) && !candidate.is_always {
                true => self.found(*candidate)?.selection.count(rows),
                false => self.select(*candidate)?.count(rows),
            } as u64;
        }
        Ok(count)
    }

    fn in_range(&self, number: usize) -> Result<Selection, Trouble> {
        let template = &self.reader.meta.templates[number];
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

impl Drop for BlockQuery<'_> {
    fn drop(&mut self) {
        // Also what was known before: the rows of blocks may have driven it out.
        let mut news = self.plan.news.borrow_mut();
        news.insert(self.reader.summary.id, Arc::clone(&self.known));
    }
}

fn signature_of<'s>(
    known: &'s OnceCell<Vec<Mask>>,
    plan: &Plan,
    reader: &BlockReader<'_>,
) -> Result<&'s [Mask], Trouble> {
    if let Some(signature) = known.get() {
        return Ok(signature);
    }
    let signature = plan.signature(&reader.meta, || reader.filter())?;
    Ok(known.get_or_init(|| signature))
}

/// The templates of which some rows may be selected, and whether all are.
fn judge(reader: &BlockReader<'_>, plan: &Plan, signature: &[Mask]) -> Vec<(usize, bool)> {
    let verdicts = plan.verdicts(signature);
    let numbers = reader.meta.numbers.iter().enumerate();
    let judged = numbers.filter_map(|(template, number)| {
        let described = &reader.meta.templates[template];
        match verdicts.of(*number, &described.info) {
            Verdict::Never => None,
            verdict => Some((template, verdict == Verdict::Always)),
        }
    });
    judged.collect()
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

impl Stamped<'_> {
    /// True for a word that may go on.
    fn is_open(&self, word: usize) -> bool {
        self.words.is_prefix && word + 1 == self.words.words.len()
    }
}

impl Variables for Stamped<'_> {
    fn can_hold(&self, group: usize, word: usize) -> bool {
        self.mask.can_hold(group, word)
            && match self.template.stamps.get(group) {
                Some(stamp) => stamp.admits(&self.words.words[word], self.is_open(word)),
                None => true,
            }
    }

    fn can_be_window(&self, group: usize, word: usize) -> bool {
        let three = self.words.words.get(word..word + 3).unwrap_or_default();
        let numbers = three
            .iter()
            .enumerate()
            .take_while(|(at, token)| !self.is_open(word + at) && has_short(kind_of(token)));
        let stamp = self.template.stamps.get(group);
        let run = numbers.count() as u8;
        self.mask.can_be_window(group, word) && stamp.is_none_or(|stamp| stamp.has_run(run))
    }

    fn can_open(&self, group: usize, word: usize) -> bool {
        let stamp = self.template.stamps.get(group);
        stamp.is_none_or(|stamp| stamp.can_open(&self.words.words[word], self.is_open(word)))
    }

    fn can_close(&self, group: usize, word: usize) -> bool {
        let stamp = self.template.stamps.get(group);
        stamp.is_none_or(|stamp| stamp.can_close(&self.words.words[word]))
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
}
