//! Alert rules and classification rules that people changed, every version of them.

use async_trait::async_trait;
use tocsin_domain::ClassificationRule;
use tocsin_domain::alert::AlertRule;
use tocsin_domain::ports::{ClassificationRuleStore, RuleStore, StoreError};

use super::alerts::{from_text, to_text};
use super::rule_json::{AlertRuleRow, ClassificationRuleRow};
use super::sql::{self, Area, Connection, Row};
use super::{RelationalStore, store_error};

/// The newest version of each rule.
macro_rules! newest {
    ($table:literal) => {
        concat!(
            "SELECT id, version, rule FROM ",
            $table,
            " r WHERE version = (SELECT max(version) FROM ",
            $table,
            " WHERE id = r.id) ORDER BY id"
        )
    };
}

macro_rules! highest {
    ($table:literal) => {
        concat!("SELECT max(version) FROM ", $table, " WHERE id = $1")
    };
}

macro_rules! insert {
    ($table:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (id, version, rule) VALUES ($1, $2, $3)"
        )
    };
}

/// A version of a rule, as it is kept.
pub(super) type Version = (String, u32, Option<String>);

#[async_trait]
impl RuleStore for RelationalStore {
    async fn changed_rules(&self) -> Result<Vec<(String, Option<AlertRule>)>, StoreError> {
        let versions = self.newest_versions(newest!("alert_rule_versions")).await?;
        let read = |(id, version, rule): Version| {
            let row = rule
                .map(|text| from_text::<AlertRuleRow>(&text, &id))
                .transpose()?;
            let rule = row.map(|row| row.read(&id, version)).transpose()?;
            Ok((id, rule))
        };
        versions.into_iter().map(read).collect()
    }

    async fn put_rule(&self, id: &str, rule: Option<AlertRule>) -> Result<u32, StoreError> {
        let own = rule.as_ref().map_or(0, |rule| rule.version);
        let text = rule
            .map(|rule| to_text(&AlertRuleRow::of(rule)))
            .transpose()?;
        let sql = [
            highest!("alert_rule_versions"),
            insert!("alert_rule_versions"),
        ];
        self.put_version(sql, id, own, text).await
    }
}

#[async_trait]
impl ClassificationRuleStore for RelationalStore {
    async fn changed_rules(&self) -> Result<Vec<(String, Option<ClassificationRule>)>, StoreError> {
        let versions = self
            .newest_versions(newest!("classification_rule_versions"))
            .await?;
        let read = |(id, version, rule): Version| {
            let row = rule
                .map(|text| from_text::<ClassificationRuleRow>(&text, &id))
                .transpose()?;
            let rule = row.map(|row| row.read(&id, version)).transpose()?;
            Ok((id, rule))
        };
        versions.into_iter().map(read).collect()
    }

    async fn put_rule(
        &self,
        id: &str,
        rule: Option<ClassificationRule>,
    ) -> Result<u32, StoreError> {
        let own = rule.as_ref().map_or(0, |rule| rule.version);
        let text = rule
            .map(|rule| to_text(&ClassificationRuleRow::of(rule)))
            .transpose()?;
        let sql = [
            highest!("classification_rule_versions"),
            insert!("classification_rule_versions"),
        ];
        self.put_version(sql, id, own, text).await
    }
}

impl RelationalStore {
    pub(super) async fn newest_versions(
        &self,
        sql: &'static str,
    ) -> Result<Vec<Version>, StoreError> {
        let rows = sql::query(sql)
            .fetch_all(&self.pool)
            .await
            .map_err(store_error)?;
        let version = |row: &Row| {
            let id: String = row.try_get(0).map_err(store_error)?;
            let version: i64 = row.try_get(1).map_err(store_error)?;
            let version = u32::try_from(version);
            let version = version.map_err(|_| StoreError::Corrupt(format!("rule `{id}`")))?;
            Ok((id, version, row.try_get(2).map_err(store_error)?))
        };
        rows.iter().map(version).collect()
    }

    async fn put_version(
        &self,
        sql: [&'static str; 2],
        id: &str,
        own: u32,
        rule: Option<String>,
    ) -> Result<u32, StoreError> {
        let mut transaction = self.write(Area::Rules).await?;
        let version = Self::add_version(&mut transaction, sql, (id, own), rule).await?;
        transaction.commit().await.map_err(store_error)?;
        Ok(version)
    }

    /// Adds the next version of a rule, above its `own`, in a transaction.
    pub(super) async fn add_version(
        connection: &mut Connection,
        [highest, insert]: [&'static str; 2],
        (id, own): (&str, u32),
        rule: Option<String>,
    ) -> Result<u32, StoreError> {
        let highest: Option<i64> = sql::query_scalar(highest)
            .bind(id)
            .fetch_one(&mut *connection)
            .await
            .map_err(store_error)?;
        let next = highest.unwrap_or(0).max(i64::from(own)) + 1;
        let version = u32::try_from(next);
        let version = version.map_err(|_| {
            StoreError::Invalid(format!("rule `{id}` cannot have a version above {own}"))
        })?;
        sql::query(insert)
            .bind(id)
            .bind(next)
            .bind(rule)
            .execute(connection)
            .await
            .map_err(store_error)?;
        Ok(version)
    }
}
