//! What a query found in a block, kept for the next one: blocks never change, and the page asks for
//! the count, the histogram and the newest lines of the same question one after another.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use hashbrown::HashSet;
use parking_lot::Mutex;
use tocsin_domain::TemplateId;
use tocsin_domain::query::Expression;

use super::inner::Inner;
use super::part::Part;
use super::plan::Plan;
use super::selection::Selection;

/// The bit that tells the numbers of questions from those of rows and columns in the cache.
const QUESTION_BIT: u32 = 1 << 31;

/// A query but for its range of time: what is asked of every record by itself.
#[derive(Debug, PartialEq)]
pub(crate) struct Question {
    pub(crate) expression: Expression,
    pub(crate) templates: Option<HashSet<TemplateId>>,
}

impl Question {
    /// Its number in the cache; others may have the same.
    pub(crate) fn number(&self) -> u32 {
        let mut hasher = DefaultHasher::new();
        // Numbers of ranges have no hash of their own; questions are short.
        format!("{:?}", self.expression).hash(&mut hasher);
        self.templates.as_ref().map(HashSet::len).hash(&mut hasher);
        hasher.finish() as u32 | QUESTION_BIT
    }
}

/// What is known of a block about a question.
#[derive(Debug)]
pub(crate) struct Known {
    question: Arc<Question>,
    /// Templates (by place in the block) of which some rows may be selected, and whether all are.
    pub(crate) candidates: Vec<(usize, bool)>,
    found: Mutex<Vec<Option<Arc<Found>>>>,
}

/// What was found of one template, whenever it happened.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) selection: Selection,
    /// Bucket (index), severity band and count of what is selected, once they were asked for.
    pub(crate) counts: Option<Vec<(u16, u8, u32)>>,
}

impl Known {
    pub(crate) fn new(question: &Arc<Question>, candidates: Vec<(usize, bool)>) -> Self {
        Self {
            question: Arc::clone(question),
            found: Mutex::new(vec![None; candidates.len()]),
            candidates,
        }
    }

    /// True if this is about that question, and not about one with the same number.
    pub(crate) fn is_about(&self, question: &Arc<Question>) -> bool {
        Arc::ptr_eq(&self.question, question) || self.question == *question
    }

    /// What was found of the candidate at `place`.
    pub(crate) fn get(&self, place: usize) -> Option<Arc<Found>> {
        self.found.lock().get(place)?.clone()
    }

    /// Keeps what was found of the candidate at `place`.
    pub(crate) fn set(&self, place: usize, found: Arc<Found>) {
        if let Some(slot) = self.found.lock().get_mut(place) {
            *slot = Some(found);
        }
    }

    /// How much memory it takes, in bytes; about.
    pub(crate) fn bytes(&self) -> usize {
        let found = self.found.lock();
        let of_found = |found: &Arc<Found>| {
            size_of::<Found>()
                + found.selection.bytes()
                + found.counts.as_ref().map_or(0, |counts| counts.len() * 8)
        };
        let each = size_of::<(usize, bool)>() + size_of::<Option<Arc<Found>>>();
        let templates = self.question.templates.as_ref().map_or(0, HashSet::len);
        size_of::<Self>()
            + 256
            + templates * 16
            + self.candidates.len() * each
            + found.iter().flatten().map(of_found).sum::<usize>()
    }
}

impl Inner {
    /// What earlier queries found in a block about the same question.
    pub(crate) fn known(&self, block: u64, plan: &Plan) -> Option<Arc<Known>> {
        match &*self.parts.get((block, plan.number))? {
            Part::Known(known) if known.is_about(&plan.question) => Some(Arc::clone(known)),
            _ => None,
        }
    }

    /// Keeps what a query found in blocks for the next one. It is called when the query is done:
    /// what is put beside the columns that a long query goes through would be driven out by them.
    pub(crate) fn keep_news(&self, plan: &Plan) {
        for (block, known) in plan.news.take() {
            let bytes = known.bytes();
            let part = Arc::new(Part::Known(known));
            self.parts.insert((block, plan.number), part, bytes);
        }
    }
}
