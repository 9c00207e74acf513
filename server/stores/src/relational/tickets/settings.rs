//! The settings that people made, and how far events were taken: one row.
//!
//! Fields of the settings are named, and what is not known is left alone, so that a later version
//! can add some. Floats are text, which comes back to the bit.

use serde::{Deserialize, Serialize};
use tocsin_domain::ports::StoreError;
use tocsin_domain::ticket::{Thresholds, TicketSettings};

use crate::relational::alerts::{from_text, to_text};
use crate::relational::sql::{self, Area, Pool};
use crate::relational::{RelationalStore, store_error};

const READ: &str = "SELECT settings FROM ticket_state WHERE id = 1";
const PUT: &str = "UPDATE ticket_state SET settings = $1 WHERE id = 1";
const POSITION: &str = "SELECT position FROM ticket_state WHERE id = 1";

#[derive(Debug, Serialize, Deserialize)]
struct SettingsRow {
    is_enabled: bool,
    is_paused: bool,
    critical: String,
    high: String,
    medium: String,
    low: String,
    resolves: bool,
    reopen_hours: String,
}

impl From<&TicketSettings> for SettingsRow {
    fn from(settings: &TicketSettings) -> Self {
        Self {
            is_enabled: settings.is_enabled,
            is_paused: settings.is_paused,
            critical: settings.thresholds.critical.to_string(),
            high: settings.thresholds.high.to_string(),
            medium: settings.thresholds.medium.to_string(),
            low: settings.thresholds.low.to_string(),
            resolves: settings.resolves,
            reopen_hours: settings.reopen_hours.to_string(),
        }
    }
}

impl SettingsRow {
    fn read(&self) -> Result<TicketSettings, StoreError> {
        let corrupt = |text| StoreError::Corrupt(format!("a setting of tickets: `{text}`"));
        let number = |text: &str| text.parse::<f64>().map_err(|_| corrupt(text.to_owned()));
        Ok(TicketSettings {
            is_enabled: self.is_enabled,
            is_paused: self.is_paused,
            thresholds: Thresholds {
                critical: number(&self.critical)?,
                high: number(&self.high)?,
                medium: number(&self.medium)?,
                low: number(&self.low)?,
            },
            resolves: self.resolves,
            reopen_hours: number(&self.reopen_hours)?,
        })
    }
}

pub(super) async fn read(pool: &Pool) -> Result<Option<TicketSettings>, StoreError> {
    let text: Option<String> = sql::query_scalar(READ)
        .fetch_one(pool)
        .await
        .map_err(store_error)?;
    let row = text.map(|text| from_text::<SettingsRow>(&text, "the settings of tickets"));
    row.map(|row| row?.read()).transpose()
}

pub(super) async fn put(
    store: &RelationalStore,
    settings: &TicketSettings,
) -> Result<(), StoreError> {
    let text = to_text(&SettingsRow::from(settings))?;
    let mut transaction = store.write(Area::Tickets).await?;
    sql::query(PUT)
        .bind(text)
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
    transaction.commit().await.map_err(store_error)
}

pub(super) async fn position(pool: &Pool) -> Result<Option<u64>, StoreError> {
    let position: Option<i64> = sql::query_scalar(POSITION)
        .fetch_one(pool)
        .await
        .map_err(store_error)?;
    Ok(position.map(i64::cast_unsigned))
}
