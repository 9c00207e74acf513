//! Whether something may begin now: switches, freezes and how much happened lately.

use tocsin_domain::automation::{AutomationRule, RateLimit, SafetyBudget, Switches};

/// How often runs were executed within the windows of the limits that hold for one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Usage {
    pub(super) all: u64,
    pub(super) provider: u64,
    pub(super) rule: u64,
}

/// What keeps something from beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hold {
    pub(super) why: String,
    /// When it may be tried again, in ms.
    pub(super) until_ms: i64,
}

/// How long to wait until a limit is looked at again, in ms.
const LIMIT_RETRY_MS: i64 = 30_000;

/// The limit of a rule.
pub(super) fn limit_of(rule: &AutomationRule, budget: &SafetyBudget) -> RateLimit {
    rule.limit.unwrap_or(budget.rule)
}

/// Whether something may begin.
///
/// # Errors
/// [`Hold`].
pub(super) fn may_begin(
    rule: &AutomationRule,
    budget: &SafetyBudget,
    switches: &Switches,
    usage: Usage,
    now_ms: i64,
) -> Result<(), Hold> {
    let hold = |why: String, until_ms: i64| Err(Hold { why, until_ms });
    if let Some(kill) = &switches.kill {
        let why = format!("{} stopped everything: {}", kill.by, kill.reason);
        return hold(why, now_ms + LIMIT_RETRY_MS);
    }
    for freeze in &switches.freezes {
        if let Some(over_ms) = freeze.over_ms(now_ms) {
            return hold(format!("nothing begins: {}", freeze.reason), over_ms);
        }
    }
    let limits = [
        ("of this rule", usage.rule, limit_of(rule, budget)),
        ("of this provider", usage.provider, budget.provider),
        ("of all rules", usage.all, budget.global),
    ];
    for (whose, used, limit) in limits {
        if used >= u64::from(limit.runs_max) {
            let RateLimit {
                runs_max,
                window_secs,
            } = limit;
            let why = format!("{used} runs {whose} within {window_secs} s; {runs_max} may be");
            return hold(why, now_ms + LIMIT_RETRY_MS);
        }
    }
    Ok(())
}

/// Why a run may not do something to so many; none: it may.
pub(super) fn too_many(
    rule: &AutomationRule,
    budget: &SafetyBudget,
    many: usize,
) -> Option<String> {
    let most = rule.targets_max.unwrap_or(budget.targets_max);
    (many > most as usize).then(|| format!("it would be done to {many} at once; {most} may be"))
}
