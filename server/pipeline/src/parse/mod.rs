//! The parse stage: a batch of lines in, the same batch with templates and variables out.
//!
//! Pure: the miner's state is the stage's, and nothing is read or written beside it.

use std::sync::Arc;

use tocsin_domain::ports::TemplateSummary;
use tocsin_domain::{
    LogBatch, ParsedBatch, ParsedLine, Slot, Span, Template, TemplateId, VariableKind,
};
use tocsin_templates::{Miner, MinerConfig, SnapshotError, TemplateIndex};

/// The most bytes of a first line that are kept as a template's example.
const EXAMPLE_BYTES_MAX: usize = 2000;
/// No place in the table of a batch yet.
const UNPLACED: u32 = u32::MAX;
/// Entries of the tables beyond which they are made anew: the miner numbers its templates without
/// end, and those that it evicted are not needed here.
const TABLES_MAX: usize = 200_000;

/// What the stage makes of a batch.
#[derive(Debug)]
pub struct Parsed {
    /// The batch with its templates.
    pub batch: ParsedBatch,
    /// Templates that no earlier line of this run had, in the order of their lines.
    pub met: Vec<TemplateSummary>,
}

/// The parse stage of one partition.
#[derive(Debug)]
pub struct ParseStage {
    miner: Miner,
    /// The domain's template for each of the miner's, made when first met.
    templates: Vec<Option<Arc<Template>>>,
    /// For each of the miner's templates its index in the batch at hand.
    places: Vec<u32>,
    /// For each of the miner's templates whether a line of this run has had it.
    met: Vec<bool>,
}

impl ParseStage {
    /// A stage that knows nothing yet.
    #[must_use]
    pub fn new(config: MinerConfig) -> Self {
        Self::with(Miner::new(config))
    }

    /// A stage that continues where a snapshot was taken.
    ///
    /// # Errors
    /// If the bytes are not a snapshot of this version.
    pub fn restore(config: MinerConfig, snapshot: &[u8]) -> Result<Self, SnapshotError> {
        Miner::restore(config, snapshot).map(Self::with)
    }

    fn with(miner: Miner) -> Self {
        Self {
            miner,
            templates: Vec::new(),
            places: Vec::new(),
            met: Vec::new(),
        }
    }

    /// The state, to be restored after a restart.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        self.miner.snapshot()
    }

    /// Finds the template of every line of `batch`.
    pub fn step(&mut self, batch: LogBatch) -> Parsed {
        let mut lines = Vec::with_capacity(batch.records.len());
        let mut variables: Vec<Span> = Vec::with_capacity(batch.records.len() * 4);
        let mut templates: Vec<Arc<Template>> = Vec::new();
        let mut used: Vec<usize> = Vec::new();
        let mut met = Vec::new();
        let mut spans: Vec<(u32, u32)> = Vec::new();
        for (index, record) in batch.records.iter().enumerate() {
            spans.clear();
            let mined = self.miner.parse(record.body.of(&batch.arena), &mut spans).0 as usize;
            let mut place = self.places.get(mined).copied().unwrap_or(UNPLACED);
            if place == UNPLACED {
                place = templates.len() as u32;
                let template = self.template(mined);
                if !std::mem::replace(&mut self.met[mined], true) {
                    met.push(summary(&batch, index, template.clone()));
                }
                templates.push(template);
                self.places[mined] = place;
                used.push(mined);
            }
            lines.push(ParsedLine {
                template: place,
                variables: variables.len() as u32,
            });
            variables.extend(spans.iter().map(|&(start, end)| Span { start, end }));
        }
        for mined in used {
            self.places[mined] = UNPLACED;
        }
        // Evicts what is beyond the miner's bound; what is new was met above.
        self.miner.take_new();
        if self.templates.len() > TABLES_MAX {
            self.templates.clear();
            self.places.clear();
            self.met.clear();
        }
        Parsed {
            batch: ParsedBatch {
                batch,
                lines,
                variables,
                templates,
            },
            met,
        }
    }

    /// The domain's form of the miner's template `mined`; makes room in the tables.
    fn template(&mut self, mined: usize) -> Arc<Template> {
        if self.templates.len() <= mined {
            self.templates.resize(mined + 1, None);
            self.places.resize(mined + 1, UNPLACED);
            self.met.resize(mined + 1, false);
        }
        let miner = &self.miner;
        let convert = || Arc::new(domain_template(miner.template(TemplateIndex(mined as u32))));
        self.templates[mined].get_or_insert_with(convert).clone()
    }
}

/// What is known of a template from the first line that had it.
fn summary(batch: &LogBatch, index: usize, template: Arc<Template>) -> TemplateSummary {
    let record = &batch.records[index];
    let body = batch.body(record);
    let example = String::from_utf8_lossy(&body[..body.len().min(EXAMPLE_BYTES_MAX)]);
    TemplateSummary {
        template,
        source: batch.source.clone(),
        severity: record.severity,
        example: example.into_owned(),
        first_seen: record.timestamp,
        last_seen: record.timestamp,
        count: 0,
    }
}

fn domain_template(mined: &tocsin_templates::Template) -> Template {
    Template {
        id: TemplateId(mined.id),
        parent: mined.parent.map(TemplateId),
        parts: mined.parts.clone(),
        slots: mined
            .slots
            .iter()
            .map(|slot| Slot {
                kind: kind(slot.kind),
                key: slot.key.as_deref().map(Arc::from),
            })
            .collect(),
    }
}

fn kind(kind: tocsin_templates::VariableKind) -> VariableKind {
    use tocsin_templates::VariableKind as Mined;
    match kind {
        Mined::Any => VariableKind::Any,
        Mined::Number => VariableKind::Number,
        Mined::Ip => VariableKind::Ip,
        Mined::Uuid => VariableKind::Uuid,
        Mined::Path => VariableKind::Path,
        Mined::Hex => VariableKind::Hex,
        Mined::Duration => VariableKind::Duration,
        Mined::Quoted => VariableKind::Quoted,
        Mined::Time => VariableKind::Time,
        Mined::Url => VariableKind::Url,
        Mined::Email => VariableKind::Email,
        Mined::Host => VariableKind::Host,
        Mined::Mac => VariableKind::Mac,
        Mined::Size => VariableKind::Size,
        Mined::Version => VariableKind::Version,
        Mined::Id => VariableKind::Id,
        Mined::Word => VariableKind::Word,
        Mined::Space => VariableKind::Space,
        Mined::Bool => VariableKind::Bool,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tocsin_domain::{BatchBuilder, BatchId, NewRecord, Timestamp};

    use super::*;

    fn batch(lines: &[Vec<u8>]) -> LogBatch {
        let now = Timestamp::from_secs(1_700_000_000);
        let mut builder = BatchBuilder::new(BatchId::new(now, [1; 10]), now, "test".into());
        for body in lines {
            builder
                .push(NewRecord {
                    body,
                    ..NewRecord::default()
                })
                .unwrap();
        }
        builder.finish()
    }

    fn texts(lines: &[&str]) -> Vec<Vec<u8>> {
        lines.iter().map(|line| line.as_bytes().to_vec()).collect()
    }

    proptest! {
        #[test]
        fn every_line_comes_back_from_its_template_and_variables(
            lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 1..40),
            numbers in prop::collection::vec(any::<u32>(), 0..40),
        ) {
            let numbered = numbers.iter().map(|n| format!("order {n} took {n} ms").into_bytes());
            let lines: Vec<_> = lines.into_iter().chain(numbered).collect();
            let parsed = ParseStage::new(MinerConfig::default()).step(batch(&lines)).batch;
            for (index, line) in lines.iter().enumerate() {
                let mut rendered = Vec::new();
                parsed.template(index).render(parsed.variables(index), &mut rendered);
                prop_assert_eq!(&rendered, line);
            }
        }
    }

    #[test]
    fn a_template_is_met_once_and_its_first_line_is_its_example() {
        let mut stage = ParseStage::new(MinerConfig::default());
        let first = stage.step(batch(&texts(&["order 1 took 5 ms", "order 2 took 7 ms"])));
        assert_eq!(first.met.len(), 1, "{:?}", first.met);
        assert_eq!(first.met[0].example, "order 1 took 5 ms");
        let second = stage.step(batch(&texts(&["order 3 took 9 ms"])));
        assert!(second.met.is_empty());
        assert_eq!(second.batch.template(0).id, first.met[0].template.id);
    }

    #[test]
    fn a_restored_stage_finds_the_same_templates() {
        let mut stage = ParseStage::new(MinerConfig::default());
        let lines = texts(&[
            "user kim logged in",
            "user alex logged in",
            "user sam logged in",
        ]);
        stage.step(batch(&lines));
        let mut restored = ParseStage::restore(MinerConfig::default(), &stage.snapshot()).unwrap();
        let next = texts(&["user lee logged in"]);
        let ids = |stage: &mut ParseStage| stage.step(batch(&next)).batch.template(0).id;
        assert_eq!(ids(&mut stage), ids(&mut restored));
        assert!(ParseStage::restore(MinerConfig::default(), b"junk").is_err());
    }
}
