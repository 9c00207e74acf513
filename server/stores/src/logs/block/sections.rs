//! The sections of a block: columns put together to the size that is read at once.

use super::codec::put_number;
use super::columns::{ColumnWriter, Known};
use super::meta::Place;

/// Columns are put together in sections of about this many bytes, the unit of reading.
const SECTION_BYTES: usize = 64 << 10;
/// Templates with fewer rows share sections that are folded as a whole.
const FEW_ROWS: u32 = 8;
/// A section as it is.
pub(crate) const SECTION_PLAIN: u8 = 0;
/// A section folded as a whole.
pub(crate) const SECTION_FOLDED: u8 = 1;

/// The sections of a block while they are filled: one for the columns of rare templates, which is
/// folded as a whole, and those for the columns of the others.
#[derive(Debug)]
pub(crate) struct Sections {
    done: Vec<Vec<u8>>,
    few: Vec<u8>,
    few_number: Option<u16>,
    many: Vec<u8>,
    many_number: Option<u16>,
}

impl Sections {
    pub(crate) fn new(rows: Vec<u8>) -> Self {
        Self {
            done: vec![rows],
            few: Vec::new(),
            few_number: None,
            many: Vec::new(),
            many_number: None,
        }
    }

    fn reserve(done: &mut Vec<Vec<u8>>) -> u16 {
        done.push(Vec::new());
        (done.len() - 1) as u16
    }

    /// Puts a column of a template of so many rows, and returns where it lies and what is known of
    /// its texts.
    pub(crate) fn put<'a>(
        &mut self,
        column: &[&'a [u8]],
        template_rows: u32,
        writer: &mut ColumnWriter,
    ) -> (Place, Known<'a>) {
        if self.many.len() > SECTION_BYTES {
            self.close_many();
        }
        if self.few.len() > SECTION_BYTES {
            self.close_few(writer);
        }
        let (section, number) = if template_rows < FEW_ROWS {
            (&mut self.few, &mut self.few_number)
        } else {
            (&mut self.many, &mut self.many_number)
        };
        let section_number = *number.get_or_insert_with(|| Self::reserve(&mut self.done));
        let start = section.len();
        // A column beside the bodies may have fewer rows than its template.
        put_number(section, column.len() as u64);
        let known = writer.put(section, column);
        let place = Place {
            section: section_number,
            start: start as u32,
            length: (section.len() - start) as u32,
        };
        (place, known)
    }

    fn close_many(&mut self) {
        if let Some(number) = self.many_number.take() {
            let mut section = vec![SECTION_PLAIN];
            section.append(&mut self.many);
            self.done[usize::from(number)] = section;
        }
    }

    fn close_few(&mut self, writer: &mut ColumnWriter) {
        if let Some(number) = self.few_number.take() {
            let mut section = vec![SECTION_FOLDED];
            writer.folder.put(&mut section, &self.few);
            self.few.clear();
            self.done[usize::from(number)] = section;
        }
    }

    pub(crate) fn finish(mut self, writer: &mut ColumnWriter) -> Vec<Vec<u8>> {
        self.close_many();
        self.close_few(writer);
        self.done
    }
}
