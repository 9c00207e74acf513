//! Sessions: a request that went another way than all before becomes an alert.

use anyhow::{Context, ensure};
use serde_json::Value;
use tocsin_harness::{TestServer, wait_for};

/// Orders that go as they should before one does not.
const ORDERS: usize = 1500;

fn order(number: usize, steps: &[&str]) -> Vec<String> {
    let id = (number * 7919) % 1_000_000;
    let line = |step: &&str| format!("{step} request_id=r{id:06}");
    steps.iter().map(line).collect()
}

#[test]
fn a_request_that_lacks_a_step_is_an_alert_that_names_it() -> anyhow::Result<()> {
    let server = TestServer::start_with(&[("TOCSIN_PIPELINE__SESSIONS__IDLE_SECS", "1")])?;
    let steps = [
        "order received",
        "payment accepted by bank",
        "parcel shipped",
    ];
    let mut lines: Vec<String> = (0..ORDERS).flat_map(|n| order(n, &steps)).collect();
    for batch in lines.chunks(1000) {
        let batch: Vec<&str> = batch.iter().map(String::as_str).collect();
        server.push("shop", &batch)?;
    }
    wait_for("the orders to be stored", || {
        let (_, answer) = server.get("/api/v1/logs/search?source=shop&limit=1").ok()?;
        (answer["total"].as_u64()? >= lines.len() as u64).then_some(())
    })?;
    let find = || -> Option<Value> {
        let (_, answer) = server
            .get("/api/v1/alerts?rule=anomaly&firing=true&limit=100")
            .ok()?;
        answer["items"]
            .as_array()?
            .iter()
            .find(|one| {
                let title = one["title"].as_str().unwrap_or_default();
                title.contains("it lacks \"payment accepted by bank")
            })
            .cloned()
    };
    ensure!(find().is_none(), "an order that went well is no alert");
    // As many as are beyond chance beside so many that went well.
    lines = (0..6)
        .flat_map(|n| order(ORDERS + n, &[steps[0], steps[2]]))
        .collect();
    let batch: Vec<&str> = lines.iter().map(String::as_str).collect();
    server.push("shop", &batch)?;
    let alert = wait_for("the alert", find).with_context(|| server.log())?;
    ensure!(alert["kind"] == "anomaly", "{alert}");
    ensure!(alert["labels"]["source"] == "shop", "{alert}");
    Ok(())
}
