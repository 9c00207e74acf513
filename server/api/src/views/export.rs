//! An export: pages of records, oldest first, one in memory at a time. Dropping the stream, as a
//! client that goes away does, ends the work.

use std::io;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tocsin_domain::ports::log_store::{Cursor, LogQuery, Order, Page};
use tokio::sync::OwnedSemaphorePermit;

use crate::errors::{ApiError, ErrorKind};
use crate::state::ApiState;
use crate::wire::csv;
use crate::wire::export::ExportFormat;
use crate::wire::record::Record;

/// Where an export is.
struct Export {
    state: ApiState,
    query: LogQuery,
    format: ExportFormat,
    after: Option<Cursor>,
    /// Counts among the reads for as long as it runs.
    _read: OwnedSemaphorePermit,
}

/// The bytes of an export. The first page is fetched before the answer begins, so that what is
/// wrong with the query is answered as such; a failure later breaks the transfer off.
pub(crate) async fn export(
    state: ApiState,
    query: LogQuery,
    format: ExportFormat,
) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + 'static, ApiError> {
    let busy = |_| ApiError::new(ErrorKind::TooManyRequests, "too many reads at a time");
    let read = state
        .bounds
        .reads
        .clone()
        .try_acquire_owned()
        .map_err(busy)?;
    let mut export = Export {
        state,
        query,
        format,
        after: None,
        _read: read,
    };
    let page = export.page().await?;
    let mut head = match format {
        ExportFormat::Csv => csv::HEADER.as_bytes().to_vec(),
        ExportFormat::Ndjson => Vec::new(),
    };
    let is_last = export.write(page, &mut head);
    let head = stream::once(async move { Ok(Bytes::from(head)) });
    let rest = stream::try_unfold((export, is_last), |(mut export, is_last)| async move {
        if is_last {
            return Ok(None);
        }
        let page = export.page().await.map_err(|error| {
            error.log();
            io::Error::other("the export broke off")
        })?;
        let mut text = Vec::new();
        let is_last = export.write(page, &mut text);
        Ok(Some((Bytes::from(text), (export, is_last))))
    });
    Ok(head.chain(rest))
}

impl Export {
    async fn page(&self) -> Result<Page, ApiError> {
        let parts = self.state.parts();
        let limit = parts.config.export_page_records.max(1);
        Ok(parts
            .logs
            .search(&self.query, Order::OldestFirst, self.after, limit)
            .await?)
    }

    /// Writes a page and says whether it was the last.
    fn write(&mut self, page: Page, to: &mut Vec<u8>) -> bool {
        for record in page.records {
            let record = Record::new(record);
            match self.format {
                ExportFormat::Csv => csv::write(&record, to),
                ExportFormat::Ndjson => {
                    // Strings and numbers always serialise.
                    let _ = serde_json::to_writer(&mut *to, &record);
                    to.push(b'\n');
                }
            }
        }
        self.after = page.next;
        self.after.is_none()
    }
}
