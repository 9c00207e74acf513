//! Which values the variables of a template take, and how often.

use tocsin_domain::TemplateId;
use tocsin_domain::ports::StoreError;
use tocsin_domain::ports::log_store::{LogQuery, ValueDistribution};

use super::super::distribution::Tally;
use super::inner::Inner;
use super::row_binary::Take;
use super::translate::condition;

impl Inner {
    /// The distribution of every variable of a template in what a query selects.
    pub(super) async fn distributions(
        &self,
        template: TemplateId,
        query: &LogQuery,
    ) -> Result<Vec<ValueDistribution>, StoreError> {
        self.settle().await?;
        let slots = format!(
            "SELECT toUInt64(length(variables)) FROM logs WHERE template = {} LIMIT 1",
            template.0
        );
        let slots = self.connection.all(&slots, |row| row.u64()).await?;
        let Some(slots) = slots.first().and_then(|slots| usize::try_from(*slots).ok()) else {
            return Ok(Vec::new());
        };
        let wanted = query.templates.as_ref();
        let is_wanted = wanted.is_none_or(|list| list.contains(&template));
        let query = LogQuery {
            templates: Some(is_wanted.then_some(template).into_iter().collect()),
            ..query.clone()
        };
        let condition = condition(&query);
        let values_max = self.config.distinct_values_max;
        let mut tallies: Vec<Tally> = (0..slots).map(|_| Tally::default()).collect();
        // One value more than are counted, so that it is seen that there are more.
        let sql = format!(
            "SELECT slot, value, toUInt64(count()) AS times FROM logs \
             ARRAY JOIN variables AS value, arrayEnumerate(variables) AS slot \
             WHERE {} GROUP BY slot, value ORDER BY slot, times DESC, value \
             LIMIT {} BY slot",
            condition.must,
            values_max + 1
        );
        let mut rows = self.connection.ask(&sql)?;
        let take = |row: &mut Take<'_>| Some((row.u32()?, row.text()?.to_vec(), row.u64()?));
        while let Some((slot, value, times)) = rows.next(take).await? {
            if let Some(tally) = tallies.get_mut((slot as usize).wrapping_sub(1)) {
                tally.add_times(&value, times, values_max);
            }
        }
        let sql = format!("SELECT count() FROM logs WHERE {}", condition.must);
        let total = self.connection.one(&sql, |row| row.u64()).await?;
        for tally in &mut tallies {
            tally.set_total(total);
        }
        if !condition.is_exact() {
            let each = self.each_doubtful(&query, &condition, |row| {
                for (tally, value) in tallies.iter_mut().zip(&row.variables) {
                    tally.add(value, values_max);
                }
                Ok(())
            });
            each.await?;
        }
        let finish = |(slot, tally): (usize, Tally)| tally.finish(slot);
        Ok(tallies.into_iter().enumerate().map(finish).collect())
    }
}
