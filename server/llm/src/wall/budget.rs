//! Budgets: what a call may cost is reserved before it leaves, against what the ledger holds and
//! what is on its way.

use std::collections::HashMap;
use std::sync::Arc;

use tocsin_domain::ports::clock::Clock;
use tocsin_domain::ports::{BudgetKind, CallScope, ModelError, ModelLedger, SpendScope, Spent};
use tocsin_domain::time::civil_date;
use tokio::sync::Mutex as AsyncMutex;

use crate::config::{ModelBudgetsConfig, ModelPricesConfig, Settings};

const DAY_MS: i64 = 86_400_000;

/// What may be spent.
pub(super) struct Budget {
    limits: ModelBudgetsConfig,
    prices: ModelPricesConfig,
    ledger: Arc<dyn ModelLedger>,
    clock: Arc<dyn Clock>,
    /// Held from the look into the ledger to the reservation, so that no two calls see the same rest.
    gate: AsyncMutex<()>,
    reserved: Arc<Reserved>,
}

/// What calls on their way may cost.
#[derive(Debug, Default)]
struct Reserved {
    by_scope: parking_lot::Mutex<HashMap<Scope, Spent>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Scope {
    Question(u128),
    User(String),
    Everybody,
}

/// What a call may cost; given back when dropped.
#[derive(Debug)]
pub(super) struct Reservation {
    reserved: Arc<Reserved>,
    scopes: [Scope; 3],
    amount: Spent,
    /// The most tokens of the answer that may be asked for.
    pub(super) tokens_out: u64,
    /// Tokens of the answer at which it is cut, and which budget ends there.
    pub(super) cut_at: u64,
    pub(super) cut_by: BudgetKind,
    pub(super) until_ms: Option<i64>,
}

/// What is left of one budget for the answer of a call.
#[derive(Debug, Clone, Copy)]
struct Rest {
    kind: BudgetKind,
    tokens_out: u64,
}

impl Budget {
    pub(super) fn new(
        settings: &Settings,
        ledger: Arc<dyn ModelLedger>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            limits: settings.budgets.clone(),
            prices: settings.prices.clone(),
            ledger,
            clock,
            gate: AsyncMutex::new(()),
            reserved: Arc::default(),
        }
    }

    /// Reserves what a call may cost: `tokens_in` that are sent, and up to `tokens_max` that come
    /// back, fewer if a budget ends before.
    pub(super) async fn reserve(
        &self,
        scope: &CallScope,
        tokens_in: u64,
        tokens_max: u64,
    ) -> Result<Reservation, ModelError> {
        let month = Month::at(self.clock.now().millis());
        let scopes = [
            Scope::Question(scope.question_id),
            Scope::User(scope.user.clone()),
            Scope::Everybody,
        ];
        let _gate = self.gate.lock().await;
        let mut tightest: Option<Rest> = None;
        for place in &scopes {
            let rest = self.rest(place, month, tokens_in).await?;
            if tightest.is_none_or(|tightest| rest.tokens_out < tightest.tokens_out) {
                tightest = Some(rest);
            }
        }
        let kind = tightest.map_or(BudgetKind::Question, |rest| rest.kind);
        let rest = tightest.map_or(0, |rest| rest.tokens_out);
        let until_ms = (kind != BudgetKind::Question).then_some(month.next_ms);
        // An embedding has no answer.
        if rest < tokens_max.min(1) {
            return Err(ModelError::BudgetSpent {
                which: kind,
                until_ms,
            });
        }
        let tokens_out = tokens_max.min(rest);
        let amount = Spent {
            tokens: tokens_in.saturating_add(tokens_out),
            micro_usd: self.prices.cost_micro_usd(tokens_in, tokens_out),
        };
        self.reserved.add(&scopes, amount);
        Ok(Reservation {
            reserved: Arc::clone(&self.reserved),
            scopes,
            amount,
            tokens_out,
            // Where the server keeps to what it was asked for, an estimate that errs upwards must
            // not cut it.
            cut_at: rest.min(tokens_max.saturating_mul(2)),
            cut_by: kind,
            until_ms,
        })
    }

    /// How many tokens of an answer a budget still has room for, beside those that are sent.
    async fn rest(&self, scope: &Scope, month: Month, tokens_in: u64) -> Result<Rest, ModelError> {
        let limits = &self.limits;
        let since_ms = month.begin_ms;
        let (kind, tokens, micro_usd, asked) = match scope {
            Scope::Question(question_id) => (
                BudgetKind::Question,
                limits.question_tokens,
                limits.question_micro_usd,
                SpendScope::Question {
                    question_id: *question_id,
                },
            ),
            Scope::User(user) => (
                BudgetKind::User,
                limits.user_month_tokens,
                limits.user_month_micro_usd,
                SpendScope::User {
                    user: user.clone(),
                    since_ms,
                },
            ),
            Scope::Everybody => (
                BudgetKind::Month,
                limits.month_tokens,
                limits.month_micro_usd,
                SpendScope::Month { since_ms },
            ),
        };
        let spent = self.ledger.spent(asked).await.map_err(|error| {
            tracing::error!(error = %error, "the ledger of models cannot be read: no call is made");
            ModelError::Unavailable {
                retry_after_secs: None,
                detail: "what was spent cannot be read".into(),
            }
        })?;
        let held = self.reserved.of(scope);
        let spent_tokens = spent.tokens.saturating_add(held.tokens);
        let left = tokens.saturating_sub(spent_tokens);
        let until_ms = (kind != BudgetKind::Question).then_some(month.next_ms);
        let over = Err(ModelError::BudgetSpent {
            which: kind,
            until_ms,
        });
        let Some(mut tokens_out) = left.checked_sub(tokens_in) else {
            return over;
        };
        if let Some(micro_usd) = micro_usd {
            let left = micro_usd.saturating_sub(spent.micro_usd.saturating_add(held.micro_usd));
            let cost_in = self.prices.cost_micro_usd(tokens_in, 0);
            let Some(left) = left.checked_sub(cost_in).filter(|_| micro_usd > 0) else {
                return over;
            };
            let price = self.prices.micro_usd_per_million_out;
            let affordable = left.saturating_mul(1_000_000).checked_div(price);
            tokens_out = tokens_out.min(affordable.unwrap_or(u64::MAX));
        }
        Ok(Rest { kind, tokens_out })
    }
}

impl Reserved {
    fn of(&self, scope: &Scope) -> Spent {
        self.by_scope.lock().get(scope).copied().unwrap_or_default()
    }

    fn add(&self, scopes: &[Scope], amount: Spent) {
        let mut by_scope = self.by_scope.lock();
        for scope in scopes {
            let held = by_scope.entry(scope.clone()).or_default();
            held.tokens = held.tokens.saturating_add(amount.tokens);
            held.micro_usd = held.micro_usd.saturating_add(amount.micro_usd);
        }
    }

    fn remove(&self, scopes: &[Scope], amount: Spent) {
        let mut by_scope = self.by_scope.lock();
        for scope in scopes {
            let Some(held) = by_scope.get_mut(scope) else {
                continue;
            };
            held.tokens = held.tokens.saturating_sub(amount.tokens);
            held.micro_usd = held.micro_usd.saturating_sub(amount.micro_usd);
            if *held == Spent::default() {
                by_scope.remove(scope);
            }
        }
    }
}

impl Reservation {
    /// Keeps what was reserved for good: what it stands for was spent, and no ledger knows.
    pub(super) fn keep(mut self) {
        self.amount = Spent::default();
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.reserved.remove(&self.scopes, self.amount);
    }
}

/// A month of UTC, in ms since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Month {
    begin_ms: i64,
    next_ms: i64,
}

impl Month {
    fn at(now_ms: i64) -> Self {
        let today = now_ms.div_euclid(DAY_MS);
        let first_of = |day: i64| day - (civil_date(day).2 - 1);
        let begin = first_of(today);
        let next = first_of(begin + 31);
        Self {
            begin_ms: begin * DAY_MS,
            next_ms: next * DAY_MS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_and_end_where_they_do() {
        // 2024-02-29T23:59:59.999Z, and a millisecond later.
        let leap = 1_709_251_199_999;
        let february = Month::at(leap);
        assert_eq!(february.begin_ms, 1_706_745_600_000);
        assert_eq!(february.next_ms, leap + 1);
        let march = Month::at(leap + 1);
        assert_eq!(
            (march.begin_ms, march.next_ms),
            (leap + 1, 1_711_929_600_000)
        );
        assert_eq!(Month::at(1_735_689_599_999).next_ms, 1_735_689_600_000);
    }
}
