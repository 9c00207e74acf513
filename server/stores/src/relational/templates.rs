//! The register of templates, and the state of the miners.

use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::ports::template_store::TemplateSighting;
use tocsin_domain::ports::{StoreError, TemplateStore, TemplateSummary};
use tocsin_domain::{Severity, TemplateId, Timestamp};

use super::sql::{self, Area, Row};
use super::{RelationalStore, store_error, template_blob};

const REGISTER: &str = "INSERT INTO templates (id, parent, pattern, parts, source, severity, \
    example, first_seen, last_seen, records) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
    ON CONFLICT (id) DO NOTHING";

const SIGHTING: &str = "UPDATE templates SET records = records + $2, \
    first_seen = CASE WHEN $3 < first_seen THEN $3 ELSE first_seen END, \
    last_seen = CASE WHEN $4 > last_seen THEN $4 ELSE last_seen END WHERE id = $1";

const ALL: &str = "SELECT id, parent, parts, source, severity, example, first_seen, last_seen, \
    records FROM templates ORDER BY records DESC, id";

const ONE: &str = "SELECT id, parent, parts, source, severity, example, first_seen, last_seen, \
    records FROM templates WHERE id = $1";

const SAVE_MINER: &str = "INSERT INTO miners (partition_number, state) VALUES ($1, $2) \
    ON CONFLICT (partition_number) DO UPDATE SET state = excluded.state";

#[async_trait]
impl TemplateStore for RelationalStore {
    async fn register(
        &self,
        templates: Vec<TemplateSummary>,
    ) -> Result<Vec<TemplateId>, StoreError> {
        let mut transaction = self.write(Area::Templates).await?;
        let mut new = Vec::new();
        for summary in &templates {
            let template = &summary.template;
            let added = sql::query(REGISTER)
                .bind(template.id.0.cast_signed())
                .bind(template.parent.map(|parent| parent.0.cast_signed()))
                .bind(template.pattern())
                .bind(template_blob::encode(template))
                .bind(&*summary.source)
                .bind(i64::from(summary.severity.number()))
                .bind(&summary.example)
                .bind(summary.first_seen.nanos())
                .bind(summary.last_seen.nanos())
                .bind(summary.count.cast_signed())
                .execute(&mut *transaction)
                .await
                .map_err(store_error)?;
            if added.rows_affected() > 0 {
                new.push(template.id);
            }
        }
        transaction.commit().await.map_err(store_error)?;
        Ok(new)
    }

    async fn record_sightings(&self, sightings: Vec<TemplateSighting>) -> Result<(), StoreError> {
        let mut transaction = self.write(Area::Templates).await?;
        for sighting in &sightings {
            sql::query(SIGHTING)
                .bind(sighting.template.0.cast_signed())
                .bind(sighting.count.cast_signed())
                .bind(sighting.first_seen.nanos())
                .bind(sighting.last_seen.nanos())
                .execute(&mut *transaction)
                .await
                .map_err(store_error)?;
        }
        transaction.commit().await.map_err(store_error)
    }

    async fn all(&self) -> Result<Vec<TemplateSummary>, StoreError> {
        let rows = sql::query(ALL)
            .fetch_all(&self.pool)
            .await
            .map_err(store_error)?;
        let mut summaries = Vec::with_capacity(rows.len());
        for row in &rows {
            match summary(row) {
                Ok(summary) => summaries.push(summary),
                // One bad row must not hide all the others.
                Err(StoreError::Corrupt(what)) => tracing::warn!(what, "a template is passed over"),
                Err(error) => return Err(error),
            }
        }
        Ok(summaries)
    }

    async fn count(&self) -> Result<u64, StoreError> {
        let count: i64 = sql::query_scalar("SELECT COUNT(*) FROM templates")
            .fetch_one(&self.pool)
            .await
            .map_err(store_error)?;
        Ok(count.cast_unsigned())
    }

    async fn get(&self, id: TemplateId) -> Result<Option<TemplateSummary>, StoreError> {
        let row = sql::query(ONE)
            .bind(id.0.cast_signed())
            .fetch_optional(&self.pool)
            .await
            .map_err(store_error)?;
        row.as_ref().map(summary).transpose()
    }

    async fn save_miner(&self, partition: u16, state: Vec<u8>) -> Result<(), StoreError> {
        sql::query(SAVE_MINER)
            .bind(i64::from(partition))
            .bind(state)
            .execute(&self.pool)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn load_miner(&self, partition: u16) -> Result<Option<Vec<u8>>, StoreError> {
        sql::query_scalar("SELECT state FROM miners WHERE partition_number = $1")
            .bind(i64::from(partition))
            .fetch_optional(&self.pool)
            .await
            .map_err(store_error)
    }
}

fn summary(row: &Row) -> Result<TemplateSummary, StoreError> {
    let number = |column| row.try_get::<i64, _>(column).map_err(store_error);
    let text = |column| row.try_get::<String, _>(column).map_err(store_error);
    let id = TemplateId(number("id")?.cast_unsigned());
    let corrupt = || StoreError::Corrupt(format!("template {id}"));
    let parent: Option<i64> = row.try_get("parent").map_err(store_error)?;
    let parent = parent.map(|parent| TemplateId(parent.cast_unsigned()));
    let parts: Vec<u8> = row.try_get("parts").map_err(store_error)?;
    let severity = u8::try_from(number("severity")?).ok();
    Ok(TemplateSummary {
        template: Arc::new(template_blob::decode(id, parent, &parts).ok_or_else(corrupt)?),
        source: Arc::from(text("source")?),
        severity: severity
            .and_then(Severity::from_number)
            .ok_or_else(corrupt)?,
        example: text("example")?,
        first_seen: Timestamp(number("first_seen")?),
        last_seen: Timestamp(number("last_seen")?),
        count: number("records")?.cast_unsigned(),
    })
}
