//! Whether Redis keeps what it accepted, found out at the start and said once.

use std::collections::BTreeMap;

use tocsin_domain::ports::BusError;

use super::link::Link;
use super::trouble::unavailable;

/// The first version that has what the scripts need.
const VERSION_MIN: u32 = 7;

/// Redis is not set up for what the bus promises.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct NotDurable(String);

/// Looks at Redis' settings and says what is to be changed.
///
/// # Errors
/// [`BusError::Unavailable`] if Redis is too old or cannot be asked, and, where durability is
/// `required`, if there is none or it cannot be seen.
pub(super) async fn check(link: &Link, required: bool) -> Result<(), BusError> {
    let text: String = link.ask(&redis::cmd("INFO")).await?;
    let said = Said::read(&text, settings(link).await);
    let version = said.version.split('.').next().unwrap_or_default();
    if version.parse().is_ok_and(|major: u32| major < VERSION_MIN) {
        let found = &said.version;
        return Err(unavailable(NotDurable(format!(
            "Redis 7.0 or later is needed; this one is {found}"
        ))));
    }
    for advice in said.advice() {
        match advice {
            Advice::Lost(why) if required => return Err(unavailable(NotDurable(why))),
            Advice::Lost(why) | Advice::Warn(why) => tracing::warn!("{why}"),
        }
    }
    Ok(())
}

/// `CONFIG GET`, which managed services forbid.
async fn settings(link: &Link) -> Option<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    for pattern in ["append*", "maxmemory*"] {
        let mut command = redis::cmd("CONFIG");
        command.arg("GET").arg(pattern);
        all.extend(link.ask::<BTreeMap<_, _>>(&command).await.ok()?);
    }
    Some(all)
}

/// What Redis says of itself.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Said {
    version: String,
    is_aof: Option<bool>,
    is_failing: bool,
    fsync: Option<String>,
    maxmemory: Option<u64>,
    policy: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
enum Advice {
    /// What was accepted would be lost.
    Lost(String),
    Warn(String),
}

impl Said {
    fn read(info: &str, settings: Option<BTreeMap<String, String>>) -> Self {
        let info: BTreeMap<_, _> = info
            .lines()
            .filter_map(|line| line.trim().split_once(':'))
            .collect();
        let settings = settings.unwrap_or_default();
        let text = |key: &str| settings.get(key).cloned();
        let told = |key: &str| info.get(key).map(ToString::to_string);
        let is_aof = told("aof_enabled").map(|value| value == "1");
        Self {
            version: told("redis_version").unwrap_or_default(),
            is_aof: is_aof.or_else(|| text("appendonly").map(|value| value == "yes")),
            is_failing: told("aof_last_write_status").is_some_and(|status| status != "ok"),
            fsync: text("appendfsync"),
            maxmemory: told("maxmemory").and_then(|value| value.parse().ok()),
            policy: told("maxmemory_policy"),
        }
    }

    fn advice(&self) -> Vec<Advice> {
        let mut all = Vec::new();
        match (self.is_aof, self.fsync.as_deref()) {
            (Some(false), _) => all.push(Advice::Lost(
                "Redis has `appendonly no`: what was accepted is lost when it restarts. Set \
                 `appendonly yes` and `appendfsync always` there"
                    .into(),
            )),
            (None, _) => all.push(Advice::Lost(
                "Redis does not say whether it has `appendonly yes`: without it, what was accepted \
                 is lost when it restarts"
                    .into(),
            )),
            (Some(true), Some("always")) => {}
            (Some(true), Some(other)) => all.push(Advice::Lost(format!(
                "Redis has `appendfsync {other}`: what was accepted in the last {} is lost if Redis \
                 is killed or its machine loses power. Set `appendfsync always` there",
                if other == "everysec" {
                    "two seconds"
                } else {
                    "half minute"
                }
            ))),
            (Some(true), None) => all.push(Advice::Lost(
                "Redis does not say its `appendfsync` (CONFIG GET is not allowed): unless it is \
                 `always`, what was accepted in the last seconds is lost if Redis is killed or its \
                 machine loses power"
                    .into(),
            )),
        }
        if self.is_failing {
            all.push(Advice::Warn(
                "Redis could not write its append-only file the last time: is its disk full?"
                    .into(),
            ));
        }
        if let Some(policy) = self
            .policy
            .as_deref()
            .filter(|policy| *policy != "noeviction")
            && self.maxmemory != Some(0)
        {
            all.push(Advice::Lost(format!(
                "Redis has `maxmemory-policy {policy}`: it may throw away what was accepted when \
                 memory is short. Set `maxmemory-policy noeviction` there"
            )));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &str = "# Server\r\nredis_version:7.0.15\r\naof_enabled:1\r\n\
                        aof_last_write_status:ok\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n";

    fn said(info: &str, fsync: Option<&str>) -> Said {
        let settings =
            fsync.map(|fsync| BTreeMap::from([("appendfsync".to_owned(), fsync.to_owned())]));
        Said::read(info, settings)
    }

    #[test]
    fn a_durable_redis_has_nothing_to_be_said() {
        assert_eq!(said(INFO, Some("always")).advice(), []);
    }

    #[test]
    fn what_would_lose_events_is_said_with_the_setting() {
        let off = INFO.replace("aof_enabled:1", "aof_enabled:0");
        let off = said(&off, Some("always")).advice();
        assert!(matches!(&off[..], [Advice::Lost(why)] if why.contains("`appendonly yes`")));
        let silent = INFO.replace("aof_enabled", "x");
        assert!(matches!(
            &said(&silent, None).advice()[..],
            [Advice::Lost(_)]
        ));
        let lazy = |fsync| said(INFO, fsync).advice();
        let [Advice::Lost(half)] = &lazy(Some("everysec"))[..] else {
            panic!("everysec loses")
        };
        assert!(half.contains("two seconds") && half.contains("`appendfsync always`"));
        assert!(matches!(&lazy(Some("no"))[..], [Advice::Lost(why)] if why.contains("minute")));
        assert!(matches!(&lazy(None)[..], [Advice::Lost(why)] if why.contains("not allowed")));
        let evicting = INFO
            .replace("maxmemory:0", "maxmemory:1000")
            .replace("noeviction", "allkeys-lru");
        let evicting = said(&evicting, Some("always")).advice();
        assert!(matches!(&evicting[..], [Advice::Lost(why)] if why.contains("allkeys-lru")));
        let failing = INFO.replace("status:ok", "status:err");
        assert!(matches!(
            &said(&failing, Some("always")).advice()[..],
            [Advice::Warn(_)]
        ));
    }
}
