//! Where a page of a ranked answer ends: which prototype, and which of its records.

use tocsin_domain::ports::SearchError;
use tocsin_domain::ports::log_store::Cursor;
use tocsin_domain::{LogRecord, RecordId, TemplateId, Timestamp};

/// The last record of a page of a ranked answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RankedCursor {
    /// The prototype that the page ended in; none while exact matches are shown.
    pub(crate) template: Option<TemplateId>,
    /// The last record shown.
    pub(crate) record: Cursor,
}

impl RankedCursor {
    /// The text form, which only this module reads.
    pub(crate) fn to_text(self) -> String {
        let template = self.template.map(|id| id.to_string()).unwrap_or_default();
        format!("{template}.{}.{}", self.record.timestamp.0, self.record.id)
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`SearchError::Invalid`] if it is not one.
    pub(crate) fn from_text(text: &str) -> Result<Self, SearchError> {
        let parse = || {
            let mut parts = text.splitn(3, '.');
            let template = match parts.next()? {
                "" => None,
                id => Some(id.parse().ok()?),
            };
            let timestamp = Timestamp(parts.next()?.parse().ok()?);
            let id: RecordId = parts.next()?.parse().ok()?;
            Some(Self {
                template,
                record: Cursor { timestamp, id },
            })
        };
        parse().ok_or_else(|| SearchError::Invalid(format!("`{text}` is not a cursor")))
    }
}

/// The cursor of a page that ends with `record`, shown for the prototype `template`.
pub(crate) fn after(template: Option<TemplateId>, record: &LogRecord) -> RankedCursor {
    let record = Cursor {
        timestamp: record.timestamp,
        id: record.id,
    };
    RankedCursor { template, record }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_from_their_text() {
        let record = Cursor {
            timestamp: Timestamp(-5),
            id: RecordId::from_bits(77),
        };
        for template in [None, Some(TemplateId(9))] {
            let cursor = RankedCursor { template, record };
            assert_eq!(RankedCursor::from_text(&cursor.to_text()).unwrap(), cursor);
        }
        for foreign in ["", "x", "..", "1.2.3", "0000000000000009.now.id"] {
            assert!(RankedCursor::from_text(foreign).is_err(), "{foreign}");
        }
    }
}
