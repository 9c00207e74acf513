//! An export of decisions about tickets, newest first.

use std::io;

use bytes::Bytes;
use futures_util::Stream;
use tocsin_domain::ports::DecisionFilter;
use tocsin_domain::ticket::DecisionId;

use super::pages::{self, Pages};
use crate::errors::ApiError;
use crate::routes::tickets_decisions::items;
use crate::state::ApiState;
use crate::wire::csv;
use crate::wire::export::ExportFormat;
use crate::wire::ticket_decisions::DecisionItem;

const HEADER: &str = "at,action,reason,severity,confidence,threshold,title,rule,failure_type,event,\
                      ticket_key,ticket,alert,due_at,id\r\n";

/// Where an export is.
struct Export {
    state: ApiState,
    filter: DecisionFilter,
    format: ExportFormat,
    before: Option<DecisionId>,
}

/// The bytes of an export.
pub(crate) async fn export(
    state: ApiState,
    filter: DecisionFilter,
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
        let store = &self.state.parts().tickets;
        let page = store.decisions(&self.filter, self.before, limit).await?;
        for item in items(&self.state, &page).await? {
            pages::write_item(self.format, &item, row, to);
        }
        self.before = page.last().map(|decision| decision.id);
        Ok(page.len() < limit)
    }
}

fn row(item: &DecisionItem, to: &mut Vec<u8>) {
    let own = |text: &Option<String>| text.clone().unwrap_or_default();
    let number = |number: Option<f64>| number.map_or_else(String::new, |one| one.to_string());
    let decided = &item.decided;
    let fields = [
        decided.at.as_str(),
        decided.action,
        &decided.reason,
        decided.severity,
        &number(decided.confidence),
        &number(decided.threshold),
        &decided.title,
        &decided.rule,
        &own(&decided.failure_type),
        &decided.event,
        &own(&item.ticket_key),
        &own(&decided.ticket),
        &decided.alert,
        &own(&decided.due_at),
        &item.id.to_string(),
    ];
    csv::row(fields, to);
}
