//! An export of the audit log, newest first.

use std::io;

use bytes::Bytes;
use futures_util::Stream;
use tocsin_domain::ports::{AuditFilter, AuditId};

use super::pages::{self, Pages};
use crate::errors::ApiError;
use crate::state::ApiState;
use crate::wire::audit::AuditItem;
use crate::wire::csv;
use crate::wire::export::ExportFormat;

const HEADER: &str = "at,actor,action,subject,details,id\r\n";

/// Where an export is.
struct Export {
    state: ApiState,
    filter: AuditFilter,
    format: ExportFormat,
    before: Option<AuditId>,
}

/// The bytes of an export.
pub(crate) async fn export(
    state: ApiState,
    filter: AuditFilter,
    format: ExportFormat,
) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + 'static, ApiError> {
    let export = Export {
        state: state.clone(),
        filter,
        format,
        before: None,
    };
    pages::stream(&state, export, pages::header(format, HEADER)).await
}

impl Pages for Export {
    async fn write_next(&mut self, to: &mut Vec<u8>) -> Result<bool, ApiError> {
        let limit = self.state.parts().config.export_page_records.max(1);
        let log = &self.state.parts().audit;
        let page = log.page(&self.filter, self.before, limit).await?;
        self.before = page.last().map(|entry| entry.id);
        let is_last = page.len() < limit;
        for item in page.into_iter().map(AuditItem::from) {
            pages::write_item(self.format, &item, row, to);
        }
        Ok(is_last)
    }
}

fn row(item: &AuditItem, to: &mut Vec<u8>) {
    let details = item.details.to_string();
    let fields = [
        item.at.as_str(),
        &item.actor,
        &item.action,
        &item.subject,
        &details,
        &item.id,
    ];
    csv::row(fields, to);
}
