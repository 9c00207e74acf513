//! Reading the parts of one block: its rows, and the columns of its templates.

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use fjall::Slice;
use hashbrown::HashMap;

use super::block::codec::{Damaged, Reader, unfold};
use super::block::column::Column;
use super::block::filter::Filter;
use super::block::meta::{Field, Meta, Place, Summary};
use super::block::rows::{Rows, StreamColumn};
use super::block::{SECTION_FOLDED, SECTION_PLAIN};
use super::inner::{Inner, Trouble, section_key};
use super::known::Known;

/// A decoded part of a block.
#[derive(Debug)]
pub(crate) enum Part {
    Meta(Arc<Meta>),
    Filter(Arc<Filter>),
    Rows(Rows),
    Column(Column),
    Known(Arc<Known>),
}

impl Part {
    fn rows(&self) -> Option<&Rows> {
        match self {
            Self::Rows(rows) => Some(rows),
            _ => None,
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
/// plus one, so columns stay below 2^29.
const ROWS_PART: u32 = 0;
/// The number of the description.
pub(crate) const META_PART: u32 = 1 << 30;
/// The number of the words.
pub(crate) const FILTER_PART: u32 = META_PART + 1;
/// Columns per template that can be told apart in the cache.
const COLUMNS_CACHED_MAX: usize = 1 << 12;

/// Rows that hold a field, by template of the block and field.
type Holders = HashMap<(usize, Field), Arc<Vec<u32>>>;

/// A block that is being read by one query.
#[derive(Debug)]
pub(crate) struct BlockReader<'a> {
    inner: &'a Inner,
    pub(crate) summary: &'a Summary,
    pub(crate) meta: Arc<Meta>,
    filter: OnceCell<Arc<Filter>>,
    rows: OnceCell<RowsHandle>,
    sections: RefCell<HashMap<u16, Section>>,
    columns: RefCell<HashMap<(usize, usize), Arc<Part>>>,
    holders: RefCell<Holders>,
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
            columns: RefCell::default(),
            holders: RefCell::default(),
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
        if let Some(part) = self.columns.borrow().get(&(template, column)) {
            return Ok(Arc::clone(part));
        }
        let part = self.shared_column(template, column)?;
        let mut columns = self.columns.borrow_mut();
        columns.insert((template, column), Arc::clone(&part));
        Ok(part)
    }

    /// The same from the cache that queries share.
    fn shared_column(&self, template: usize, column: usize) -> Result<Arc<Part>, Trouble> {
        let described = self.meta.templates.get(template).ok_or(Trouble::Damaged)?;
        let place = *described.columns.get(column).ok_or(Trouble::Damaged)?;
        let number = template * COLUMNS_CACHED_MAX + column + 1;
        let key = (self.summary.id, u32::try_from(number).unwrap_or(ROWS_PART));
        let is_cached = column < COLUMNS_CACHED_MAX && key.1 != ROWS_PART;
        if is_cached && let Some(part) = self.inner.parts.get(key) {
            return Ok(part);
        }
        let (rows, decoded) = self.decode(place)?;
        if column < described.info.template.slots.len() && rows != described.rows as usize {
            return Err(Trouble::Damaged);
        }
        let bytes = decoded.bytes();
        let part = Arc::new(Part::Column(decoded));
        if is_cached {
            self.inner.parts.insert(key, Arc::clone(&part), bytes);
        }
        Ok(part)
    }

    /// The rows of a template that have a field, ascending: row `i` of its column is of the `i`th.
    pub(crate) fn holders(&self, template: usize, field: Field) -> Result<Arc<Vec<u32>>, Trouble> {
        if let Some(known) = self.holders.borrow().get(&(template, field)) {
            return Ok(Arc::clone(known));
        }
        let found = Arc::new(self.find_holders(template, field)?);
        let mut holders = self.holders.borrow_mut();
        holders.insert((template, field), Arc::clone(&found));
        Ok(found)
    }

    fn find_holders(&self, template: usize, field: Field) -> Result<Vec<u32>, Trouble> {
        let meta = &self.meta;
        let has: Vec<bool> = meta
            .streams
            .iter()
            .map(|stream| {
                let shape = meta.shapes.get(stream.shape as usize);
                shape.is_some_and(|shape| shape.fields.contains(&field))
            })
            .collect();
        let has = |stream: u32| has.get(stream as usize).copied().unwrap_or(false);
        let rows = meta.templates[template].rows;
        Ok(match &self.rows()?.streams[template] {
            StreamColumn::One(stream) if has(*stream) => (0..rows).collect(),
            StreamColumn::One(_) => Vec::new(),
            StreamColumn::Each(each) => {
                let held = each.iter().enumerate().filter(|(_, stream)| has(**stream));
                held.map(|(row, _)| row as u32).collect()
            }
        })
    }

    fn decode(&self, place: Place) -> Result<(usize, Column), Trouble> {
        let section = self.section(place.section)?;
        let range = place.start as usize..place.start as usize + place.length as usize;
        let bytes = match &section {
            Section::Plain(slice) => slice.get(1..).and_then(|bytes| bytes.get(range)),
            Section::Unfolded(bytes) => bytes.get(range),
        };
        let bytes = bytes.ok_or(Trouble::Damaged)?;
        let mut reader = Reader::new(bytes);
        let rows = reader.bounded(self.meta.rows as usize)?;
        let column = Column::decode(&bytes[bytes.len() - reader.left()..], rows)?;
        Ok((rows, column))
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
        _ => Err(Trouble::Damaged),
    }
}
