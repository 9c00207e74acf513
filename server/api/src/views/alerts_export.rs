//! An export of alerts, newest first.

use std::io;

use bytes::Bytes;
use futures_util::Stream;
use tocsin_domain::alert::AlertId;
use tocsin_domain::ports::AlertFilter;

use super::pages::{self, Pages};
use crate::errors::ApiError;
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
}

/// The bytes of an export.
pub(crate) async fn export(
    state: ApiState,
    filter: AlertFilter,
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
        let store = &self.state.parts().alerts;
        let page = store.alerts(&self.filter, self.before, limit).await?;
        for item in items(&self.state, &page) {
            pages::write_item(self.format, &item, row, to);
        }
        self.before = page.last().map(|alert| alert.id);
        Ok(page.len() < limit)
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
