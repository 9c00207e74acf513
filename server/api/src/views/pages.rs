//! A list as one long answer: page by page, one in memory at a time. Dropping the stream, as a
//! client that goes away does, ends the work.

use std::future::Future;
use std::io;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;

use crate::errors::{ApiError, ErrorKind};
use crate::state::ApiState;
use crate::wire::export::ExportFormat;

/// A list that is written out from its beginning.
pub(crate) trait Pages: Send + 'static {
    /// Writes the next page and says whether it was the last.
    fn write_next(
        &mut self,
        to: &mut Vec<u8>,
    ) -> impl Future<Output = Result<bool, ApiError>> + Send;
}

/// The header of a list in a form.
pub(crate) const fn header(format: ExportFormat, csv: &'static str) -> &'static str {
    match format {
        ExportFormat::Csv => csv,
        ExportFormat::Ndjson => "",
    }
}

/// Writes an item in a form; `row` writes it as CSV.
pub(crate) fn write_item<T: Serialize>(
    format: ExportFormat,
    item: &T,
    row: impl FnOnce(&T, &mut Vec<u8>),
    to: &mut Vec<u8>,
) {
    match format {
        ExportFormat::Csv => row(item, to),
        ExportFormat::Ndjson => {
            // Strings and numbers always serialise.
            let _ = serde_json::to_writer(&mut *to, item);
            to.push(b'\n');
        }
    }
}

/// The bytes of a list after a header. The first page is fetched before the answer begins, so that
/// what is wrong is answered as such; a failure later breaks the transfer off. It counts among the
/// reads for as long as it runs.
pub(crate) async fn stream<P: Pages>(
    state: &ApiState,
    mut pages: P,
    header: &str,
) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + use<P>, ApiError> {
    let busy = |_| ApiError::new(ErrorKind::TooManyRequests, "too many reads at a time");
    let reads = state.bounds.reads.clone();
    let read = reads.try_acquire_owned().map_err(busy)?;
    let mut head = header.as_bytes().to_vec();
    let is_last = pages.write_next(&mut head).await?;
    let head = stream::once(async move { Ok(Bytes::from(head)) });
    let begin = (pages, is_last, read);
    let rest = stream::try_unfold(begin, |(mut pages, is_last, read)| async move {
        if is_last {
            return Ok(None);
        }
        let mut text = Vec::new();
        let is_last = pages.write_next(&mut text).await.map_err(|error| {
            error.log();
            io::Error::other("the export broke off")
        })?;
        Ok(Some((Bytes::from(text), (pages, is_last, read))))
    });
    Ok(head.chain(rest))
}
