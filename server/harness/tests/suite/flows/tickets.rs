//! Tickets: an alert becomes one ticket and one message, whatever fails or is killed in between.

use anyhow::ensure;
use tocsin_harness::storm::{StormPlan, run};

#[test]
fn kills_and_failing_receivers_lose_no_ticket_and_no_message_and_double_none() -> anyhow::Result<()>
{
    let plan = StormPlan {
        causes: 20,
        lines: 40_000,
        kills: 6,
        fails: true,
        seed: 7,
    };
    let result = run(plan)?;
    ensure!(result.alerts == 20 && result.tickets == 20, "{result:?}");
    ensure!(
        result.tickets_missing == 0 && result.tickets_double == 0,
        "{result:?}"
    );
    ensure!(result.comments_double == 0, "{result:?}");
    ensure!(
        result.messages_missing == 0 && result.messages_double == 0,
        "{result:?}"
    );
    Ok(())
}
