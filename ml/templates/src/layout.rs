//! Which bytes of a line are header, frame and message. Computed only for lines whose shape is new.

use crate::header;
use crate::tokens::Zone;

/// The zones of a line, ascending, together all of it.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// Zone, first byte, end.
    pub zones: Vec<(Zone, u32, u32)>,
}

impl Layout {
    /// Lays out a plain line: header, if it has one, then message.
    pub(crate) fn plain(&mut self, line: &[u8], spans: &[(u32, u32)]) {
        self.zones.clear();
        let message = header::end(line, spans) as u32;
        if message > 0 {
            self.zones.push((Zone::Header, 0, message));
        }
        self.zones.push((Zone::Message, message, line.len() as u32));
    }
}
