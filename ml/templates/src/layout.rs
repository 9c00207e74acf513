//! Which bytes of a line are header, frame and message. Computed only for lines whose shape is new.

use crate::header::{self, Scanned};
use crate::tokens::Zone;

/// The zones of a line, ascending, together all of it. Every header and frame zone is one token
/// with the bytes since the last one as its gap.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// Zone, first byte, end.
    pub zones: Vec<(Zone, u32, u32)>,
    elements: Vec<(u32, u32)>,
}

impl Layout {
    /// Lays out a plain line: header, if it has one, then message.
    pub(crate) fn plain(&mut self, scanned: &mut Scanned<'_>) {
        self.zones.clear();
        let message = header::find(scanned, &mut self.elements) as u32;
        let elements = self.elements.iter();
        self.zones
            .extend(elements.map(|(start, end)| (Zone::Header, *start, *end)));
        self.zones
            .push((Zone::Message, message, scanned.line.len() as u32));
    }

    /// Lays out a record: its skeleton around its message, if it has one.
    pub(crate) fn record(&mut self, length: usize, message: Option<(usize, usize)>) {
        self.zones.clear();
        let length = length as u32;
        let Some((start, end)) = message else {
            return self.zones.push((Zone::Frame, 0, length));
        };
        let (start, end) = (start as u32, end as u32);
        self.zones.push((Zone::Frame, 0, start));
        self.zones.push((Zone::Message, start, end));
        self.zones.push((Zone::Frame, end, length));
    }
}
