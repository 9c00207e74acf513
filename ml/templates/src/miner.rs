//! The miner: scans a line, asks the shape cache, and only if the shape is new the store of
//! templates.

use std::sync::Arc;

use crate::arena::TemplateIndex;
use crate::body::{self, Outline};
use crate::config::MinerConfig;
use crate::header::Scanned;
use crate::layout::Layout;
use crate::mine::Mine;
use crate::pattern::Line;
use crate::scan::{self, Sink};
use crate::shape::Shapes;
use crate::snapshot::{self, SnapshotError};
use crate::template::{Template, VariableKind};
use crate::tokens::Tokens;

/// Mines templates from a stream of lines; one per partition. The same lines in the same order give
/// the same templates, also across a snapshot and a restore.
#[derive(Debug)]
pub struct Miner {
    config: MinerConfig,
    mine: Mine,
    shapes: Shapes,
    scratch: Scratch,
}

/// Buffers of the line at hand, kept for the next.
#[derive(Debug, Default)]
struct Scratch {
    kinds: Vec<VariableKind>,
    outline: Outline,
    is_record: bool,
    spans: Vec<(u32, u32)>,
    found: Vec<(u32, u32)>,
    layout: Layout,
    tokens: Tokens,
}

impl Scratch {
    /// Finds the variables that show by their form.
    #[inline]
    fn scan(&mut self, line: &[u8], config: &MinerConfig, variables: &mut Vec<(u32, u32)>) {
        self.outline.keys.clear();
        self.outline.message = None;
        let mut sink = Sink {
            spans: variables,
            kinds: &mut self.kinds,
            floor: 0,
            resume: 0,
        };
        let small = line.len() <= config.max_scanned_bytes;
        self.is_record =
            small && body::scan(line, config.max_variables, &mut sink, &mut self.outline);
        if self.is_record {
            return;
        }
        sink.floor = 0;
        let end = line.len().min(config.max_scanned_bytes);
        let stop = scan::text(line, 0, end, config.max_variables, &mut sink);
        if stop < line.len() {
            let from = sink.spans.last().map_or(stop, |s| stop.max(s.1 as usize));
            sink.push(from, line.len(), VariableKind::Any);
        }
    }
}

/// Scans a record again, now for the names of its members.
fn rescan(
    line: &[u8],
    config: &MinerConfig,
    (spans, kinds): (&mut Vec<(u32, u32)>, &mut Vec<VariableKind>),
    outline: &mut Outline,
) {
    spans.clear();
    kinds.clear();
    outline.keys.clear();
    outline.message = None;
    let mut sink = Sink {
        spans,
        kinds,
        floor: 0,
        resume: 0,
    };
    body::scan(line, config.max_variables, &mut sink, outline);
}

impl Miner {
    /// A miner that knows nothing yet.
    #[must_use]
    pub fn new(config: MinerConfig) -> Self {
        let mine = Mine::new(&config);
        Self::with(config, mine)
    }

    fn with(config: MinerConfig, mine: Mine) -> Self {
        let shapes = Shapes::new(config.max_shapes);
        Self {
            config,
            mine,
            shapes,
            scratch: Scratch::default(),
        }
    }

    /// Parses one line of at most 4 GiB - 1 bytes, UTF-8 or not. Writes where its variables are
    /// (start and end in bytes, ascending, disjoint, some possibly empty) to `variables`, one for
    /// each slot of the template it returns: part 0, variable 0, part 1, … put together are the
    /// line, byte for byte.
    ///
    /// The index is valid at least until the next call of [`take_new`](Self::take_new), and is
    /// never given to another template. Cost: one pass over the line and one hash look-up; for a
    /// new shape also time in proportion to the generalised templates of the same number of words.
    pub fn parse(&mut self, line: &[u8], variables: &mut Vec<(u32, u32)>) -> TemplateIndex {
        variables.clear();
        let scratch = &mut self.scratch;
        scratch.kinds.clear();
        self.mine.begin_line();
        scratch.scan(line, &self.config, variables);
        let hash = scan::shape(
            line,
            variables,
            &scratch.kinds,
            u64::from(scratch.is_record),
        );
        if let Some(shape) = self.shapes.get(hash) {
            let current = self.mine.is_current(shape.group, shape.epoch);
            if current && shape.apply(line, variables, &mut scratch.found) {
                let index = shape.index;
                self.mine.count(index);
                return TemplateIndex(index);
            }
        }
        self.learn(line, hash, variables)
    }

    #[cold]
    fn learn(&mut self, bytes: &[u8], hash: u64, variables: &mut Vec<(u32, u32)>) -> TemplateIndex {
        let scratch = &mut self.scratch;
        let spans = &mut scratch.spans;
        spans.clone_from(variables);
        let kinds = &mut scratch.kinds;
        if scratch.is_record {
            scratch.outline.wants_keys = true;
            rescan(bytes, &self.config, (spans, kinds), &mut scratch.outline);
            scratch.outline.wants_keys = false;
            scratch.layout.record(bytes.len(), scratch.outline.message);
        } else {
            scratch.layout.plain(&mut Scanned {
                line: bytes,
                spans,
                kinds,
            });
        }
        scratch.tokens.cut(bytes, spans, &scratch.layout);
        let line = Line {
            bytes,
            spans,
            kinds,
            keys: &scratch.outline.keys,
        };
        scratch.found.clear();
        let index = self.mine.place(line, &scratch.tokens, &mut scratch.found);
        if let Some(found) = self.mine.found(index) {
            self.shapes.put(hash, found, variables, &scratch.found);
        }
        std::mem::swap(variables, &mut scratch.found);
        self.mine.count(index);
        TemplateIndex(index)
    }

    /// The template with this index; the catch-all `<*>` when it was evicted.
    #[must_use]
    pub fn template(&self, index: TemplateIndex) -> &Arc<Template> {
        self.mine.template(index.0)
    }

    /// Lines that were given this template, saturating at `u32::MAX`; 0 when it was evicted.
    #[must_use]
    pub fn count(&self, index: TemplateIndex) -> u32 {
        self.mine.count_of(index.0)
    }

    /// The template that now stands for the lines of this one: the most general of its line of
    /// descent. Counts of templates that resolve to the same one may be added up: they are one
    /// message whose variability was not yet known. Returns `index` itself while nothing replaced
    /// it, and when it was evicted.
    #[must_use]
    pub fn resolve(&self, index: TemplateIndex) -> TemplateIndex {
        TemplateIndex(self.mine.head(index.0))
    }

    /// Templates minted since the last call, in order. When more than `max_templates` are held,
    /// evicts a part of them: those that were replaced and those seen once first, then those not
    /// seen for longest.
    pub fn take_new(&mut self) -> Vec<TemplateIndex> {
        self.mine
            .take_new()
            .into_iter()
            .map(TemplateIndex)
            .collect()
    }

    /// Templates held, in templates.
    #[must_use]
    pub fn template_count(&self) -> usize {
        self.mine.live()
    }

    /// The whole state in a versioned format, for [`restore`](Self::restore). Size and cost are
    /// linear in the templates held.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        snapshot::write(&self.mine)
    }

    /// Continues from a snapshot as if there had been no interruption; indices stay the same.
    ///
    /// # Errors
    /// When the bytes are no snapshot, are cut short or damaged, or come from a later version.
    pub fn restore(config: MinerConfig, bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mine = snapshot::read(bytes, &config)?;
        Ok(Self::with(config, mine))
    }
}
