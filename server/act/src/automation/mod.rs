//! Automation: from an alert to a change that people agreed to and that was seen to help.
//!
//! [`reader`] follows the events of alerts: where a rule matches ([`matching`]) it proposes a run.
//! [`driver`] does what is due about runs: it has the provider say what would happen, waits for
//! people, begins if nothing holds it back ([`budget`]), asks how it goes, looks whether it helped
//! ([`verify`]), and undoes or tells people if not. What a run does next is decided in [`machine`],
//! which is pure; who may say yes, and that a provider is never told without it, in [`policy`]. All
//! steps are kept through [`ledger`] before anything is told to anyone, so that everything may be
//! killed anywhere: what may have been told is asked for before it is told again.

#![cfg_attr(not(test), expect(dead_code, reason = "the providers come next"))]

mod budget;
mod condition;
mod desk;
mod driver;
mod entry;
mod file;
mod ledger;
mod machine;
mod matching;
mod policy;
mod propose;
mod provider;
mod reader;
mod render;
#[cfg(test)]
mod tests;
mod throttle;
mod try_out;
mod verify;
mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tocsin_domain::automation::{AutomationRule, SafetyBudget};
use tocsin_domain::ports::{
    AlertDesk, AlertStore, AutomationSettings, AutomationStore, Clock, LogStore, MetricQueries,
    StoreError,
};
use tokio_util::sync::CancellationToken;

pub use desk::Desk as AutomationEngineDesk;
use driver::Driver;
pub use file::{AutomationFileError, parse as parse_automations};
use ledger::Ledger;
use machine::Pace;
use matching::{Compiled, too_broad};
use provider::Provider;
use reader::Reader;
use render::Renderer;

/// How automation works.
#[derive(Debug, Clone)]
pub struct AutomationConfig {
    /// The rules of files.
    pub rules: Vec<AutomationRule>,
    /// How much may happen.
    pub budget: SafetyBudget,
    /// How many runs are worked on at the same time. Default 8.
    pub lanes_max: usize,
}

impl Default for AutomationConfig {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            budget: SafetyBudget::default(),
            lanes_max: 8,
        }
    }
}

/// What stands behind automation. `app` fills it in.
#[derive(Clone)]
pub struct AutomationParts {
    /// Runs and all that belongs to them.
    pub store: Arc<dyn AutomationStore>,
    /// Rules and switches that people changed.
    pub settings: Arc<dyn AutomationSettings>,
    /// Alerts and their events.
    pub alerts: Arc<dyn AlertStore>,
    /// Where alerts are resolved and told; it knows the silences.
    pub desk: Arc<dyn AlertDesk>,
    /// Where it is seen whether an action helped.
    pub metrics: Arc<dyn MetricQueries>,
    /// Where lines are counted.
    pub logs: Arc<dyn LogStore>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for AutomationParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AutomationParts").finish_non_exhaustive()
    }
}

/// Why automation cannot be.
#[derive(Debug, thiserror::Error)]
pub enum AutomationError {
    /// A rule cannot be, or matches too much; says which and what was expected.
    #[error("{0}")]
    Rule(String),
    /// The store cannot be read.
    #[error("automation cannot be read")]
    Store(#[from] StoreError),
}

/// Proposes, and carries out what people agreed to.
#[derive(Debug)]
pub struct AutomationEngine {
    driver: Driver,
    lanes_max: usize,
}

impl AutomationEngine {
    async fn over(
        parts: AutomationParts,
        config: AutomationConfig,
        pace: Pace,
        providers: BTreeMap<String, Arc<dyn Provider>>,
    ) -> Result<(Self, Arc<AutomationEngineDesk>), AutomationError> {
        let renderer = Renderer::default();
        for rule in &config.rules {
            let compiled = Compiled::new(rule, &renderer);
            let compiled = compiled.map_err(|error| AutomationError::Rule(error.to_string()))?;
            if let Some(why) = too_broad(&compiled, config.budget.match_percent_max) {
                return Err(AutomationError::Rule(format!(
                    "automation `{}`: {why}",
                    rule.id
                )));
            }
        }
        let ledger = Ledger::new(parts, (config.budget, pace), providers, config.rules);
        ledger.load().await?;
        let ledger = Arc::new(ledger);
        let driver = Driver::new(ledger.clone());
        let desk = desk::Desk {
            ledger,
            driver: driver.clone(),
        };
        let engine = Self {
            driver,
            lanes_max: config.lanes_max.max(1),
        };
        Ok((engine, Arc::new(desk)))
    }

    /// Proposes and carries out until `shutdown` is cancelled; what a provider is being told is
    /// waited for.
    ///
    /// # Errors
    /// [`StoreError`] if the position cannot be read at the beginning. Later errors are logged and
    /// tried again.
    ///
    /// # Cancel safety
    /// Safe: of what a provider may have been told, it is asked before it is told again.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), StoreError> {
        let mut reader = Reader::open(self.driver.ledger.clone(), self.driver.clone()).await?;
        tokio::join!(
            reader.run(&shutdown),
            self.driver.run(self.lanes_max, &shutdown)
        );
        Ok(())
    }
}
