//! A storm of a million lines of 200 causes, with kills, a Jira and a webhook that fail: how many
//! alerts, incidents, tickets and messages come of it, and whether any is missing or there twice.
//!
//! `bench_storm [LINES] [CAUSES] [KILLS]`: once with receivers that obey and no kill,
//! once with KILLS kills at random moments and receivers that fail, hang and answer that they are busy.

use std::io::Write;
use std::time::SystemTime;

use tocsin_harness::storm::{StormPlan, run};

fn main() -> anyhow::Result<()> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let mut number = |otherwise| numbers.next().unwrap_or(Ok(otherwise));
    let (lines, causes, kills) = (number(1_000_000)?, number(200)?, number(50)?);
    let seed = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)?
        .as_secs();
    let calm = StormPlan {
        causes,
        lines,
        kills: 0,
        fails: false,
        seed,
    };
    let rough = StormPlan {
        kills: u32::try_from(kills)?,
        fails: true,
        ..calm
    };
    for plan in [calm, rough] {
        let result = run(plan)?;
        writeln!(std::io::stdout().lock(), "{plan:?}\n  {result:?}")?;
    }
    Ok(())
}
