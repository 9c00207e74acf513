//! Keeps the templates of a miner by index. Indices are dense and never used twice; pages whose
//! templates are all evicted are given back.

use std::sync::Arc;

use crate::pattern::Token;
use crate::template::{Place, Template};

/// Number of a template in its miner, from zero, in the order of minting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TemplateIndex(pub u32);

/// A template and what the miner knows of it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub template: Arc<Template>,
    pub tokens: Box<[Token]>,
    /// Hash of the format of its lines.
    pub format: u64,
    /// Key of its message tokens.
    pub key: u64,
    /// The group that must not change while a shape of this template is cached.
    pub group: u32,
    /// The more general template that replaced it; itself while there is none.
    pub head: u32,
    /// Lines, saturating.
    pub count: u32,
    /// Number of the last line.
    pub last: u64,
}

const PAGE: usize = 256;

/// Templates by index.
#[derive(Debug)]
pub(crate) struct Arena {
    pages: Vec<Option<Box<Page>>>,
    next: u32,
    live: usize,
    evicted: Arc<Template>,
}

#[derive(Debug)]
struct Page {
    entries: Vec<Option<Entry>>,
    live: usize,
}

impl Arena {
    pub(crate) fn new() -> Self {
        let whole = (Place::default(), Place { part: 1, offset: 0 });
        let slot = crate::template::Slot {
            kind: crate::template::VariableKind::Any,
            key: None,
        };
        let parts = vec![Box::default(), Box::default()];
        let evicted = Arc::new(Template::new(parts, vec![slot], whole, None));
        Self {
            pages: Vec::new(),
            next: 0,
            live: 0,
            evicted,
        }
    }

    /// Templates that are held.
    pub(crate) fn live(&self) -> usize {
        self.live
    }

    /// Index that the next template gets.
    pub(crate) fn next(&self) -> u32 {
        self.next
    }

    /// The template that stands for any line.
    pub(crate) fn anything(&self) -> &Arc<Template> {
        &self.evicted
    }

    #[inline]
    pub(crate) fn get(&self, index: u32) -> Option<&Entry> {
        let page = self.pages.get(index as usize / PAGE)?.as_ref()?;
        page.entries.get(index as usize % PAGE)?.as_ref()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, index: u32) -> Option<&mut Entry> {
        let page = self.pages.get_mut(index as usize / PAGE)?.as_mut()?;
        page.entries.get_mut(index as usize % PAGE)?.as_mut()
    }

    /// Puts an entry at an index not used before; the next index is at least one more.
    pub(crate) fn put(&mut self, index: u32, entry: Entry) {
        let (page, place) = (index as usize / PAGE, index as usize % PAGE);
        if self.pages.len() <= page {
            self.pages.resize_with(page + 1, || None);
        }
        let page = self.pages[page].get_or_insert_with(|| {
            Box::new(Page {
                entries: (0..PAGE).map(|_| None).collect(),
                live: 0,
            })
        });
        page.entries[place] = Some(entry);
        page.live += 1;
        self.live += 1;
        self.next = self.next.max(index.saturating_add(1));
    }

    /// Says from which index on templates are minted, when that is more than is known.
    pub(crate) fn reserve(&mut self, next: u32) {
        self.next = self.next.max(next);
    }

    /// Forgets a template.
    pub(crate) fn remove(&mut self, index: u32) -> Option<Entry> {
        let slot = self.pages.get_mut(index as usize / PAGE)?;
        let page = slot.as_mut()?;
        let entry = page.entries.get_mut(index as usize % PAGE)?.take()?;
        page.live -= 1;
        self.live -= 1;
        if page.live == 0 {
            *slot = None;
        }
        Some(entry)
    }

    /// Held templates, by index.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Entry)> {
        self.pages.iter().enumerate().flat_map(|(p, page)| {
            let entries = page.iter().flat_map(|page| page.entries.iter().enumerate());
            entries.filter_map(move |(i, e)| Some(((p * PAGE + i) as u32, e.as_ref()?)))
        })
    }
}
