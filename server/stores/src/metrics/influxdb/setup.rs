//! What has to be there: the four buckets with their retention, a token that may use them, and the tasks that
//! make intervals in advance.

use reqwest::Method;
use serde_json::{Value, json};
use tocsin_domain::ports::StoreError;

use super::super::MetricStoreConfig;
use super::super::tiers::Tier;
use super::config::InfluxConfig;
use super::failure::InfluxError;
use super::flux::quoted;
use super::tasks;
use super::wire::Wire;

const DAY_SECS: u64 = 86_400;
/// Days for which the engine keeps what should have become coarser, in case nobody made it so.
const SPARE_DAYS: u64 = 7;

/// The buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Buckets {
    /// Points one by one.
    pub(crate) raw: String,
    /// Intervals of 5 minutes.
    pub(crate) five_minutes: String,
    /// Intervals of an hour.
    pub(crate) hour: String,
    /// Series, positions and states.
    pub(crate) state: String,
    /// What InfluxDB calls them, by which it says their sizes.
    pub(crate) ids: Vec<String>,
}

impl Buckets {
    pub(crate) fn named(prefix: &str) -> Self {
        Self {
            raw: format!("{prefix}_raw"),
            five_minutes: format!("{prefix}_5m"),
            hour: format!("{prefix}_1h"),
            state: format!("{prefix}_state"),
            ids: Vec::new(),
        }
    }

    pub(crate) fn of_tier(&self, tier: Tier) -> &str {
        match tier {
            Tier::FiveMinutes => &self.five_minutes,
            Tier::Hour => &self.hour,
        }
    }
}

/// Sees to it that buckets, permissions and tasks are there.
pub(crate) async fn prepare(
    wire: &Wire,
    config: &InfluxConfig,
    keep: &MetricStoreConfig,
) -> Result<Buckets, StoreError> {
    let mut buckets = Buckets::named(&config.bucket_prefix);
    let secs = |days: u32| (u64::from(days) + SPARE_DAYS) * DAY_SECS;
    let wanted = [
        (buckets.raw.clone(), secs(keep.raw_days)),
        (buckets.five_minutes.clone(), secs(keep.five_minute_days)),
        (buckets.hour.clone(), secs(keep.hour_days)),
        (buckets.state.clone(), 0),
    ];
    for (name, secs) in &wanted {
        let id = prepare_bucket(wire, name, *secs).await?;
        check_permissions(wire, name).await?;
        buckets.ids.push(id);
    }
    if config.tasks {
        for task in tasks::tasks(&buckets, &config.bucket_prefix) {
            if let Err(error) = prepare_task(wire, &task).await {
                let name = &task.name;
                tracing::warn!(name, %error, "InfluxDB makes no intervals in advance");
            }
        }
    }
    Ok(buckets)
}

/// Asks whether InfluxDB answers, and still knows the token.
pub(crate) async fn check(wire: &Wire, buckets: &Buckets) -> Result<(), InfluxError> {
    let query = [("org", wire.org()), ("name", buckets.state.as_str())];
    let way = (Method::GET, "/api/v2/buckets");
    match wire.ask(way, &query, None, "look for its buckets").await {
        // Where it may not be listed, it may be used all the same.
        Ok(_) | Err(InfluxError::Missing { .. } | InfluxError::Forbidden { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Finds a bucket or makes it, and returns what InfluxDB calls it.
async fn prepare_bucket(wire: &Wire, name: &str, secs: u64) -> Result<String, StoreError> {
    let doing = format!("look for the bucket `{name}`");
    let query = [("org", wire.org()), ("name", name)];
    let way = (Method::GET, "/api/v2/buckets");
    let found = match wire.ask(way, &query, None, &doing).await {
        Ok(found) => found,
        Err(InfluxError::Missing { .. }) => Value::Null,
        Err(error) => return Err(error.into()),
    };
    let rules = if secs == 0 {
        json!([])
    } else {
        json!([{"type": "expire", "everySeconds": secs}])
    };
    let listed = found["buckets"].as_array().and_then(|all| all.first());
    let Some(bucket) = listed else {
        return make_bucket(wire, name, &rules, secs).await;
    };
    let id = text(bucket, "id");
    let has = bucket["retentionRules"][0]["everySeconds"].as_u64();
    if has.unwrap_or(0) != secs {
        let doing = format!("set the retention of the bucket `{name}` to {secs} s");
        let path = format!("/api/v2/buckets/{id}");
        let body = json!({"name": name, "retentionRules": rules});
        let changed = wire.ask((Method::PATCH, &path), &[], Some(&body), &doing);
        match changed.await {
            Ok(_) => {}
            Err(error) if error.is_permission() => {
                tracing::warn!(%error, "the bucket's own retention holds beside the configured one");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(id)
}

async fn make_bucket(
    wire: &Wire,
    name: &str,
    rules: &Value,
    secs: u64,
) -> Result<String, StoreError> {
    let made = async {
        let org = organisation(wire).await?;
        let body = json!({"orgID": org, "name": name, "retentionRules": rules});
        let doing = format!("make the bucket `{name}`");
        let way = (Method::POST, "/api/v2/buckets");
        wire.ask(way, &[], Some(&body), &doing).await
    };
    match made.await {
        Ok(bucket) => Ok(text(&bucket, "id")),
        Err(error) if error.is_permission() || matches!(error, InfluxError::Missing { .. }) => {
            let kept = match secs {
                0 => "without an end of retention".to_owned(),
                secs => format!("with a retention of {} days", secs / DAY_SECS),
            };
            let (org, message) = (wire.org(), error);
            Err(StoreError::Invalid(format!(
                "InfluxDB shows no bucket `{name}` in the organisation `{org}` to the token of `metrics.influxdb.token`, \
                 and it may not make it ({message}). Make the bucket {kept} and give the token the permissions to read \
                 and write it, or give it `read:orgs` and `write:buckets` for the first start"
            )))
        }
        // Another process may have made it just now.
        Err(InfluxError::Refused { status: 422, .. }) => Ok(String::new()),
        Err(error) => Err(error.into()),
    }
}

/// What InfluxDB calls the organisation.
async fn organisation(wire: &Wire) -> Result<String, InfluxError> {
    let doing = format!("look for the organisation `{}`", wire.org());
    let way = (Method::GET, "/api/v2/orgs");
    let found = wire.ask(way, &[("org", wire.org())], None, &doing).await?;
    let id = text(&found["orgs"][0], "id");
    if id.is_empty() {
        return Err(InfluxError::Missing {
            doing,
            message: "it is not shown to this token".into(),
        });
    }
    Ok(id)
}

/// Tries whether the token may read and write a bucket.
async fn check_permissions(wire: &Wire, name: &str) -> Result<(), StoreError> {
    let refused = |doing: &str, error: InfluxError| {
        StoreError::Invalid(format!(
            "the token of `metrics.influxdb.token` may not {doing} the bucket `{name}`: give it that permission ({error})"
        ))
    };
    // A comment has no point, so that nothing is written; what the body lacks is said after what the token
    // lacks.
    match wire.write(name, "ns", b"# may this token write?\n").await {
        Ok(()) | Err(InfluxError::Refused { .. } | InfluxError::Partial(_)) => {}
        Err(error) if error.is_permission() || matches!(error, InfluxError::Missing { .. }) => {
            return Err(refused("write", error));
        }
        Err(error) => return Err(error.into()),
    }
    let query = format!(
        "from(bucket: {}) |> range(start: -1s) |> limit(n: 1)",
        quoted(name)
    );
    match wire.query(&query, &mut |_| Ok(())).await {
        Ok(()) => Ok(()),
        Err(error @ (InfluxError::Away(_) | InfluxError::Silent | InfluxError::Busy { .. })) => {
            Err(error.into())
        }
        Err(error) => Err(refused("read", error)),
    }
}

/// Finds a task or makes it, and sees to it that it does what it should.
async fn prepare_task(wire: &Wire, task: &tasks::Task) -> Result<(), InfluxError> {
    let doing = format!("keep the task `{}`", task.name);
    let query = [("org", wire.org()), ("name", task.name.as_str())];
    let way = (Method::GET, "/api/v2/tasks");
    let found = wire.ask(way, &query, None, &doing).await?;
    let listed = found["tasks"].as_array().and_then(|all| all.first());
    match listed {
        None => {
            let body = json!({"org": wire.org(), "flux": task.flux, "status": "active"});
            let way = (Method::POST, "/api/v2/tasks");
            wire.ask(way, &[], Some(&body), &doing).await.map(drop)
        }
        // Whether it runs is for people to say.
        Some(kept) if text(kept, "flux") != task.flux => {
            let path = format!("/api/v2/tasks/{}", text(kept, "id"));
            let body = json!({"flux": task.flux});
            let changed = wire.ask((Method::PATCH, &path), &[], Some(&body), &doing);
            changed.await.map(drop)
        }
        Some(_) => Ok(()),
    }
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}
