//! Reading the parts of one block: its rows, and the columns of its templates.

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use fjall::Slice;
use hashbrown::HashMap;

use super::block::codec::{Damaged, Reader, unfold};
use super::block::column::Column;
use super::block::filter::Filter;
use super::block::meta::{Meta, Place, Summary};
use super::block::rows::Rows;
use super::block::{SECTION_FOLDED, SECTION_PLAIN};
use super::inner::{Inner, Trouble, section_key};

/// A decoded part of a block.
#[derive(Debug)]
pub(crate) enum Part {
    Rows(Rows),
    Column(Column),
}

impl Part {
    fn rows(&self) -> Option<&Rows> {
        match self {
            Self::Rows(rows) => Some(rows),
            Self::Column(_) => None,
        }
    }
}

/// The rows of a block, kept alive by the cache's handle.
#[derive(Debug, Clone)]
pub(crate) struct RowsHandle(Arc<Part>);

impl RowsHandle {
    pub(crate) fn get(&self) -> Result<&Rows, Trouble> {
        self.0.rows().ok_or(Trouble::Damaged)
    }
}

/// The rows are the part of this number; a column of place `p` of template `t` is `t << 12 | p`
/// plus one.
const ROWS_PART: u32 = 0;
/// Columns per template that can be told apart in the cache.
const COLUMNS_CACHED_MAX: usize = 1 << 12;

/// A block that is being read by one query.
#[derive(Debug)]
pub(crate) struct BlockReader<'a> {
    inner: &'a Inner,
    pub(crate) summary: &'a Summary,
    pub(crate) meta: Arc<Meta>,
    filter: OnceCell<Arc<Filter>>,
    rows: OnceCell<RowsHandle>,
    sections: RefCell<HashMap<u16, Section>>,
}

#[derive(Debug, Clone)]
enum Section {
    Plain(Slice),
    Unfolded(Arc<Vec<u8>>),
}

impl<'a> BlockReader<'a> {
    pub(crate) fn open(inner: &'a Inner, summary: &'a Summary) -> Result<Self, Trouble> {
        Ok(Self {
            meta: inner.meta(summary.id)?,
            inner,
            summary,
            filter: OnceCell::new(),
            rows: OnceCell::new(),
            sections: RefCell::default(),
        })
    }

    /// The words of its variables.
    pub(crate) fn filter(&self) -> Result<Arc<Filter>, Trouble> {
        if let Some(filter) = self.filter.get() {
            return Ok(Arc::clone(filter));
        }
        let filter = self.inner.filter(self.summary.id)?;
        Ok(Arc::clone(self.filter.get_or_init(|| filter)))
    }

    /// Its rows.
    pub(crate) fn rows(&self) -> Result<&Rows, Trouble> {
        if self.rows.get().is_none() {
            let key = (self.summary.id, ROWS_PART);
            let part = match self.inner.parts.get(key) {
                Some(part) => part,
                None => {
                    let bytes = self.bytes_of(0)?;
                    let rows = Rows::decode(&bytes, &self.meta)?;
                    let bytes = rows.bytes();
                    let part = Arc::new(Part::Rows(rows));
                    self.inner.parts.insert(key, Arc::clone(&part), bytes);
                    part
                }
            };
            let _ = self.rows.set(RowsHandle(part));
        }
        self.rows.get().ok_or(Trouble::Damaged)?.get()
    }

    fn bytes_of(&self, section: u16) -> Result<Slice, Trouble> {
        let key = section_key(self.summary.id, section);
        self.inner.engine.get(&key)?.ok_or(Trouble::Gone)
    }

    /// Column `column` of template `template`: slots first, then fields.
    pub(crate) fn column(&self, template: usize, column: usize) -> Result<Arc<Part>, Trouble> {
        let described = self.meta.templates.get(template).ok_or(Trouble::Damaged)?;
        let place = *described.columns.get(column).ok_or(Trouble::Damaged)?;
        let key = (
            self.summary.id,
            1 + (template * COLUMNS_CACHED_MAX + column) as u32,
        );
        let is_cached = column < COLUMNS_CACHED_MAX;
        if is_cached && let Some(part) = self.inner.parts.get(key) {
            return Ok(part);
        }
        let decoded = self.decode(place)?;
        let bytes = decoded.bytes();
        let part = Arc::new(Part::Column(decoded));
        if is_cached {
            self.inner.parts.insert(key, Arc::clone(&part), bytes);
        }
        Ok(part)
    }

    fn decode(&self, place: Place) -> Result<Column, Trouble> {
        let section = self.section(place.section)?;
        let range = place.start as usize..place.start as usize + place.length as usize;
        let bytes = match &section {
            Section::Plain(slice) => slice.get(1..).and_then(|bytes| bytes.get(range)),
            Section::Unfolded(bytes) => bytes.get(range),
        };
        let bytes = bytes.ok_or(Trouble::Damaged)?;
        let mut reader = Reader::new(bytes);
        let rows = reader.bounded(self.meta.rows as usize)?;
        Ok(Column::decode(&bytes[bytes.len() - reader.left()..], rows)?)
    }

    fn section(&self, number: u16) -> Result<Section, Trouble> {
        if let Some(section) = self.sections.borrow().get(&number) {
            return Ok(section.clone());
        }
        let slice = self.bytes_of(number)?;
        let section = match slice.first() {
            Some(&SECTION_PLAIN) => Section::Plain(slice),
            Some(&SECTION_FOLDED) => {
                Section::Unfolded(Arc::new(unfold(&mut Reader::new(&slice[1..]))?))
            }
            _ => return Err(Damaged.into()),
        };
        self.sections.borrow_mut().insert(number, section.clone());
        Ok(section)
    }
}

/// The column in a part.
pub(crate) fn column_in(part: &Part) -> Result<&Column, Trouble> {
    match part {
        Part::Column(column) => Ok(column),
        Part::Rows(_) => Err(Trouble::Damaged),
    }
}
