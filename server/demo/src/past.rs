//! A past for the shop: what it would have measured and logged, had it been open before. Detectors and
//! forecasts need one, and nobody waits for days in front of a demo.
//!
//! The numbers come from the same model as the present: as many customers at each hour, payments as long,
//! a disk that has been filling by exports at the rate at which it goes on filling.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use crate::clock::now_ms;
use crate::customers::{BUYERS, visits_per_sec, wish};
use crate::faults::Fault;
use crate::journal::Line;
use crate::payment::{MEDIAN_SECS, Provider};
use crate::random::Random;
use crate::readings::{Readings, resident_bytes};
use crate::shop::{FILL_BYTES_PER_SEC, Shop};
use crate::stock::{self, DELIVERED, PRODUCTS};
use crate::volume::QUOTA_BYTES;
use crate::words::{self, Order};

/// Time between two points of the past, in ms.
const STEP_MS: i64 = 60_000;
/// Chance is drawn for a time as long as between two scrapes, in seconds, so that the past is as
/// restless as the present will be.
const DRAWN_SECS: f64 = 5.0;
/// How long the disk has been filling, in ms.
const FILLING_MS: i64 = 20 * 3_600_000;
/// How much of the log there is, in ms.
const LOGGED_MS: i64 = 10 * 60_000;
/// How far memory goes up and down, in bytes: what a shop gains in its first minutes is within it.
const MEMORY_RANGE: f64 = 4e6;

/// Writes `past.lp` and the beginning of `shop.log` for so many hours, unless there is one; `tags` are
/// put on each line of `past.lp`.
pub(crate) fn write(shop: &Arc<Shop>, folder: &Path, past: (u32, &str)) -> std::io::Result<()> {
    let end_ms = now_ms();
    let begin_ms = end_ms - i64::from(past.0) * 3_600_000;
    let filling_ms = (end_ms - FILLING_MS).max(begin_ms);
    shop.faults.switch_at(Fault::DiskFill, true, filling_ms);
    // A volume in memory is new each time.
    if shop.volume.is_new() {
        let filled = FILL_BYTES_PER_SEC * ((end_ms - filling_ms) / 1000) as u64;
        shop.volume.write_past_exports(filled);
    }
    if folder.join("past.lp").exists() {
        return Ok(());
    }
    let mut random = Random::new(4711);
    shop.journal.write_past(&lines(&mut random, end_ms))?;
    let readings = points(shop, folder, (begin_ms, end_ms, filling_ms, past.1))?;
    shop.measure(|now, _| *now = readings);
    Ok(())
}

/// Writes the points and gives the last of them, from which the counters go on.
fn points(
    shop: &Shop,
    folder: &Path,
    (begin_ms, end_ms, filling_ms, tags): (i64, i64, i64, &str),
) -> std::io::Result<Readings> {
    let mut random = Random::new(42);
    let mut out = BufWriter::new(File::create(folder.join("past.lp"))?);
    let volume = shop.volume.path().display().to_string();
    let used = shop.volume.used_bytes() as f64;
    let resident = resident_bytes().unwrap_or(4e7);
    let mut readings = Readings {
        disk_total_bytes: QUOTA_BYTES as f64,
        ..Readings::default()
    };
    let mut at_ms = begin_ms;
    while at_ms < end_ms {
        minute(&mut readings, &mut random, at_ms);
        let to_come_secs = (end_ms - at_ms.max(filling_ms)) as f64 / 1000.0;
        readings.disk_used_bytes = used - to_come_secs * FILL_BYTES_PER_SEC as f64;
        readings.resident_bytes = (resident + (random.share() - 0.3) * MEMORY_RANGE).round();
        out.write_all(readings.lines(&volume, tags, at_ms).as_bytes())?;
        at_ms += STEP_MS;
    }
    out.flush()?;
    Ok(readings)
}

/// Adds what happens in a minute.
fn minute(readings: &mut Readings, random: &mut Random, at_ms: i64) {
    let repeats = STEP_MS as f64 / 1000.0 / DRAWN_SECS;
    let visits = random.count(visits_per_sec(at_ms) * DRAWN_SECS);
    let orders = (0..visits).filter(|_| random.happens(BUYERS)).count();
    let paid: Vec<f64> = (0..orders).map(|_| random.around(MEDIAN_SECS)).collect();
    let (orders, visits) = (orders as f64 * repeats, f64::from(visits) * repeats);
    let paying = paid.iter().sum::<f64>();
    readings.orders_completed += orders;
    readings.payments += orders;
    readings.payment_secs += paying * repeats;
    readings.requests_ok += visits + orders;
    readings.requests.count += visits + orders;
    readings.requests.sum_secs += paying * repeats + visits * 0.014;
    // Two scrapes' worth: the mean is over ten seconds.
    let recent: Vec<f64> = (0..20).map(|_| random.around(MEDIAN_SECS)).collect();
    readings.payment_latency_secs = recent.iter().sum::<f64>() / recent.len() as f64;
    let at_a_time = visits_per_sec(at_ms) * BUYERS * MEDIAN_SECS;
    readings.queue_depth = f64::from(random.count(at_a_time));
}

/// The last minutes of the log.
fn lines(random: &mut Random, end_ms: i64) -> Vec<(i64, Line)> {
    let mut lines = Vec::new();
    let mut at_ms = end_ms - LOGGED_MS;
    let mut chores_ms = at_ms;
    let mut id = id_before(end_ms);
    while at_ms < end_ms {
        while chores_ms < at_ms {
            lines.push((
                chores_ms,
                words::prices_loaded(PRODUCTS as usize + 1, 1 + random.below(9)),
            ));
            lines.push((chores_ms, words::stock_synced(20 + random.below(60))));
            let pool = words::pool(Provider::Paygate, random.below(4), 1);
            lines.push((chores_ms, pool));
            chores_ms += 15_000;
        }
        id += 1;
        visit(random, (at_ms, id), &mut lines);
        at_ms += (random.gap_secs(visits_per_sec(at_ms)) * 1000.0) as i64;
    }
    lines.sort_by_key(|(at_ms, _)| *at_ms);
    lines.retain(|(at_ms, _)| *at_ms < end_ms);
    lines
}

/// The number before the first order of the past, some 2000 below where the present begins to count:
/// round the corner where that begins near nought, which it does every eleven days.
fn id_before(end_ms: i64) -> u64 {
    (end_ms as u64 / 1000 + 998_000) % 1_000_000
}

/// What one customer leaves in the log.
fn visit(random: &mut Random, (at_ms, id): (i64, u64), lines: &mut Vec<(i64, Line)>) {
    let (customer, wanted) = wish(random);
    let looked = 8 + random.below(12);
    lines.push((at_ms, words::session(customer)));
    let found = words::request("GET", "/products", (200, "OK"), looked);
    lines.push((at_ms + looked as i64, found));
    let Some((product, quantity)) = wanted else {
        return;
    };
    let order = Order {
        id,
        customer,
        product,
        quantity,
    };
    let ms = (random.around(MEDIAN_SECS) * 1000.0) as u64;
    let cents = stock::price(product) * quantity;
    let (begun, done) = (at_ms + 30, at_ms + 31 + ms as i64);
    lines.extend([
        (begun, words::order_received(order)),
        (begun, words::price_computed(order, cents)),
        (begun, words::reserved(order, random.below(DELIVERED))),
        (done, words::paid(Provider::Paygate, order, ms)),
        (done, words::order_completed(order, cents, ms + 1)),
        (
            done,
            words::request("POST", "/orders", (201, "Created"), ms + 1),
        ),
    ]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_of_the_past_are_numbered_at_any_time_of_the_clock() {
        assert_eq!(id_before(1_796_005_000_000), 3000);
        assert_eq!(id_before(1_796_000_007_000), 998_007);
        for end_ms in [1_796_000_000_000, 1_796_001_999_999, 1_796_002_000_000] {
            assert!(!lines(&mut Random::new(1), end_ms).is_empty());
        }
    }
}
