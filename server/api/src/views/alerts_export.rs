//! An export of alerts: pages, newest first, one in memory at a time. Dropping the stream, as a
//! client that goes away does, ends the work.

use std::io;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tocsin_domain::alert::{Alert, AlertId};
use tocsin_domain::ports::AlertFilter;
use tokio::sync::OwnedSemaphorePermit;

use crate::errors::{ApiError, ErrorKind};
use crate::routes::alerts::items;
use crate::state::ApiState;
use crate::wire::alerts::AlertItem;
use crate::wire::csv;
use crate::wire::export::ExportFormat;

const HEADER: &str = "starts_at,ends_at,last_at,severity,status,kind,title,rule,failure_type,count,\
                      confidence,assignee,incident,acknowledged_at,resolved_at,labels,annotations,\
                      fingerprint,id\r\n";

/// Where an export is.
struct Export {
    state: ApiState,
    filter: AlertFilter,
    format: ExportFormat,
    before: Option<AlertId>,
    /// Counts among the reads for as long as it runs.
    _read: OwnedSemaphorePermit,
}

/// The bytes of an export. The first page is fetched before the answer begins, so that what is
/// wrong is answered as such; a failure later breaks the transfer off.
pub(crate) async fn export(
    state: ApiState,
    filter: AlertFilter,
    format: ExportFormat,
) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + 'static, ApiError> {
    let busy = |_| ApiError::new(ErrorKind::TooManyRequests, "too many reads at a time");
    let reads = state.bounds.reads.clone();
    let read = reads.try_acquire_owned().map_err(busy)?;
    let mut export = Export {
        state,
        filter,
        format,
        before: None,
        _read: read,
    };
    let page = export.page().await?;
    let mut head = match format {
        ExportFormat::Csv => HEADER.as_bytes().to_vec(),
        ExportFormat::Ndjson => Vec::new(),
    };
    let is_last = export.write(&page, &mut head);
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
        let is_last = export.write(&page, &mut text);
        Ok(Some((Bytes::from(text), (export, is_last))))
    });
    Ok(head.chain(rest))
}

impl Export {
    fn limit(&self) -> usize {
        self.state.parts().config.export_page_records.max(1)
    }

    async fn page(&self) -> Result<Vec<Alert>, ApiError> {
        let store = &self.state.parts().alerts;
        Ok(store
            .alerts(&self.filter, self.before, self.limit())
            .await?)
    }

    /// Writes a page and says whether it was the last.
    fn write(&mut self, page: &[Alert], to: &mut Vec<u8>) -> bool {
        for item in items(&self.state, page) {
            match self.format {
                ExportFormat::Csv => row(&item, to),
                ExportFormat::Ndjson => {
                    // Strings and numbers always serialise.
                    let _ = serde_json::to_writer(&mut *to, &item);
                    to.push(b'\n');
                }
            }
        }
        self.before = page.last().map(|alert| alert.id);
        page.len() < self.limit()
    }
}

fn row(item: &AlertItem, to: &mut Vec<u8>) {
    let json = |value| serde_json::to_string(value).unwrap_or_default();
    let (labels, annotations) = (json(&item.labels), json(&item.annotations));
    let confidence = item
        .confidence
        .map_or_else(String::new, |sure| sure.to_string());
    let count = item.count.to_string();
    let own = |text: &'_ Option<String>| text.clone().unwrap_or_default();
    let fields = [
        item.starts_at.as_str(),
        &own(&item.ends_at),
        &item.last_at,
        item.severity,
        item.status,
        item.kind,
        &item.title,
        &item.rule,
        &own(&item.failure_type),
        &count,
        &confidence,
        &own(&item.assignee),
        &own(&item.incident),
        &own(&item.acknowledged_at),
        &own(&item.resolved_at),
        &labels,
        &annotations,
        &item.fingerprint,
        &item.id,
    ];
    csv::row(fields, to);
}
