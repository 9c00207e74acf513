//! Automation: killed again and again around what it tells providers, it does everything once, and every
//! run ends in a state that is true.
//!
//! `TOCSIN_KILLS` says how often it is killed (24): `make kills` does it 200 times.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tocsin_harness::actions::KillAt;
use tocsin_harness::automation::{Site, SitePlan, text};

/// How long a kill at a moment is waited for before it is done at any.
const MOMENT_MAX: Duration = Duration::from_millis(1500);
/// How many units are measured between two kills.
const MEASURED: usize = 40;
/// How long everything may take to end once nothing is killed any more.
const END_MAX: Duration = Duration::from_secs(120);

/// Kills the server that started it, before or after it did its work, if it is told to.
const REPAIR: &str = "#!/bin/sh\n\
    spring() {\n\
    mv \"$1\" \"$1.$$\" 2>/dev/null && [ \"$(cat \"$1.$$\")\" = \"$PPID\" ] && kill -9 \"$PPID\"\n\
    }\n\
    spring {site}/kill-before\n\
    echo \"$TOCSIN_RUN $1\" >> {site}/repaired\n\
    spring {site}/kill-after\n\
    exit 0\n";

const RULES: &str = r#"
automations:
  - id: program
    match: { labels: { alertname: pump }, when: 'labels.unit.startsWith("s")' }
    action: { provider: scripts, params: { script: repair, args: ["{{ alert.labels.unit }}"] } }
    targets: "{{ alert.labels.unit }}"
    verify:
      timeout: 35s
      expect: metrics.done >= 1.0
      metrics: { done: { query: plant_done, labels: unit } }
  - id: hook
    match: { labels: { alertname: pump }, when: 'labels.unit.startsWith("h")' }
    action: { provider: hooks, params: { unit: "{{ alert.labels.unit }}" } }
    targets: "{{ alert.labels.unit }}"
"#;

/// When the server is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    /// After so many ms, whatever it does.
    Any(u64),
    /// The receiver was asked for something and did not do it.
    HookArrival,
    /// The receiver did it and did not answer.
    HookEffect,
    /// The receiver is asked what became of something.
    HookQuestion,
    /// The program was started and did nothing yet.
    ProgramBefore,
    /// The program did its work.
    ProgramAfter,
}

impl Moment {
    fn of(random: u64) -> Self {
        match random % 8 {
            0..=2 => Self::Any(random / 8 % 500),
            3 => Self::HookArrival,
            4 => Self::HookEffect,
            5 => Self::HookQuestion,
            6 => Self::ProgramBefore,
            _ => Self::ProgramAfter,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Any(_) => "any",
            Self::HookArrival => "hook arrival",
            Self::HookEffect => "hook effect",
            Self::HookQuestion => "hook question",
            Self::ProgramBefore => "program before",
            Self::ProgramAfter => "program after",
        }
    }
}

/// Numbers that look random (SplitMix64, Steele et al. 2014).
fn random(seed: u64) -> u64 {
    let z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Someone who agrees to whatever waits.
struct People {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl People {
    fn at(site: &Site) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let url = site.server.url("");
        let own = stop.clone();
        let thread = std::thread::spawn(move || {
            let config = ureq::Agent::config_builder().http_status_as_error(false);
            let agent: ureq::Agent = config
                .timeout_global(Some(Duration::from_secs(5)))
                .build()
                .into();
            while !own.load(Ordering::Relaxed) {
                // The server may be gone at any time.
                let _unanswered = agree(&agent, &url);
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        Self { stop, thread }
    }

    fn leave(self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ended = self.thread.join();
    }
}

fn agree(agent: &ureq::Agent, url: &str) -> anyhow::Result<()> {
    let base = format!("{url}/api/v1/automation/runs");
    let waiting = agent.get(format!("{base}?limit=100&state=awaiting_approval"));
    let waiting: Value = serde_json::from_str(&waiting.call()?.body_mut().read_to_string()?)?;
    for run in waiting["items"].as_array().into_iter().flatten() {
        let body = json!({ "plan": run["plan"] }).to_string();
        let approve = agent.post(format!("{base}/{}/approve", text(run, "id")));
        approve
            .header("Content-Type", "application/json")
            .send(body)?;
    }
    Ok(())
}

/// Says which units are repaired: the newest, since each start reads all points again that were not
/// stored as blocks yet.
fn measure(site: &Site) -> anyhow::Result<()> {
    let lines = site.lines("repaired");
    let newest = lines.len().saturating_sub(MEASURED);
    let units = lines.iter().skip(newest);
    let units = units.filter_map(|line| line.split(' ').nth(1));
    let points: String = units
        .map(|unit| format!("plant,unit={unit} done=1\n"))
        .collect();
    if points.is_empty() {
        return Ok(());
    }
    let route = "/api/v2/write?bucket=b";
    let (status, answer) = site.server.post(route, &[], points.as_bytes())?;
    ensure!(status == 204, "{status}: {answer}");
    Ok(())
}

/// Sets the trap of a moment.
fn arm(site: &Site, moment: Moment) -> anyhow::Result<()> {
    let process = site.server.process().context("no server")?;
    let program = |name: &str| std::fs::write(site.path(name), process.to_string());
    match moment {
        Moment::Any(_) => {}
        Moment::HookArrival => site.receiver.kill_at(KillAt::Arrival, process),
        Moment::HookEffect => site.receiver.kill_at(KillAt::Effect, process),
        Moment::HookQuestion => site.receiver.kill_at(KillAt::Question, process),
        Moment::ProgramBefore => program("kill-before")?,
        Moment::ProgramAfter => program("kill-after")?,
    }
    Ok(())
}

fn disarm(site: &Site) {
    site.receiver.disarm();
    for name in ["kill-before", "kill-after"] {
        // A program took it.
        let _gone = std::fs::remove_file(site.path(name));
    }
}

/// Kills the server so often; every time two more units need help. Gives how often it was killed when.
fn kill(site: &mut Site, kills: u64, seed: u64) -> anyhow::Result<BTreeMap<&'static str, u32>> {
    let mut counts = BTreeMap::new();
    let mut unheard: Vec<String> = Vec::new();
    for number in 0..kills {
        measure(site)?;
        let moment = Moment::of(random(seed ^ number));
        arm(site, moment)?;
        let people = People::at(site);
        unheard.extend([format!("s{number}"), format!("h{number}")]);
        // What was not answered may have been heard: it is the same alert then.
        unheard.retain(|unit| site.fire(unit).is_err());
        let is_hit = match moment {
            Moment::Any(after_ms) => site.server.ends_within(Duration::from_millis(after_ms))?,
            _ => site.server.ends_within(MOMENT_MAX)?,
        };
        site.server.kill()?;
        people.leave();
        disarm(site);
        let name = match is_hit {
            true => moment.name(),
            false => "any",
        };
        *counts.entry(name).or_default() += 1;
        site.server.resume()?;
    }
    unheard.retain(|unit| site.fire(unit).is_err());
    ensure!(unheard.is_empty(), "{unheard:?} were not heard");
    Ok(counts)
}

/// Waits until every unit has a run and every run is over.
fn all_end(site: &Site, units: u64) -> anyhow::Result<Vec<Value>> {
    let people = People::at(site);
    let begun = Instant::now();
    let finals = [
        "succeeded",
        "failed",
        "cancelled",
        "expired",
        "rejected",
        "rolled_back",
    ];
    let mut all = Vec::new();
    while begun.elapsed() < END_MAX {
        measure(site)?;
        all = site.runs("")?;
        let is_over = |run: &Value| finals.contains(&text(run, "state"));
        if all.len() as u64 >= units && all.iter().all(is_over) {
            people.leave();
            return Ok(all);
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    let open = all
        .iter()
        .filter(|run| !finals.contains(&text(run, "state")));
    let open: Vec<&Value> = open.take(5).collect();
    anyhow::bail!(
        "{} of {units} runs; {open:#?}\n{}",
        all.len(),
        site.server.log()
    )
}

/// Every run is what really happened, and happened once.
fn check(site: &Site, runs: &[Value], units: u64) -> anyhow::Result<(usize, usize)> {
    let mut done: BTreeMap<String, u32> = site.receiver.effects();
    for line in site.lines("repaired") {
        let run = line.split(' ').next().unwrap_or_default();
        *done.entry(run.to_owned()).or_default() += 1;
    }
    let targets: BTreeSet<String> = runs.iter().map(|run| run["targets"].to_string()).collect();
    ensure!(
        runs.len() as u64 == units && targets.len() as u64 == units,
        "{} runs of {} units",
        runs.len(),
        targets.len()
    );
    let ids: BTreeSet<&str> = runs.iter().map(|run| text(run, "id")).collect();
    ensure!(
        done.keys().all(|run| ids.contains(run.as_str())),
        "{done:?}"
    );
    let mut never = 0;
    let mut untrue = Vec::new();
    for run in runs {
        let times = done.get(text(run, "id")).copied().unwrap_or_default();
        let is_true = match text(run, "state") {
            "succeeded" => times == 1,
            "failed" => times == 0,
            _ => false,
        };
        never += usize::from(times == 0);
        if !is_true {
            let details = site.run(text(run, "id"))?;
            untrue.push(format!("done {times} times: {details:#}"));
        }
    }
    ensure!(
        untrue.is_empty(),
        "{} of {} runs are not what happened:\n{}",
        untrue.len(),
        runs.len(),
        untrue.join("\n")
    );
    audited(site, runs)?;
    Ok((runs.len() - never, never))
}

/// Every step of every run is in the audit log, once.
fn audited(site: &Site, runs: &[Value]) -> anyhow::Result<()> {
    let route = "/api/v1/automation/audit/export?format=ndjson";
    let (status, entries) = site.server.get_text(route)?;
    ensure!(status == 200, "{status}: {entries}");
    let mut steps: BTreeMap<String, usize> = BTreeMap::new();
    for line in entries.lines() {
        let entry: Value = serde_json::from_str(line)?;
        *steps.entry(text(&entry, "subject").to_owned()).or_default() += 1;
    }
    for run in runs {
        let id = text(run, "id");
        let details = site.run(id)?;
        let events = details["events"].as_array().context("no events")?;
        let numbers: Vec<u64> = events
            .iter()
            .filter_map(|one| one["seq"].as_u64())
            .collect();
        ensure!(
            numbers.into_iter().eq(1..=events.len() as u64),
            "{events:?}"
        );
        let entries = steps.get(&format!("run:{id}")).copied().unwrap_or_default();
        ensure!(entries == events.len(), "{entries} entries: {events:?}");
    }
    Ok(())
}

#[test]
fn kills_around_what_providers_are_told_do_nothing_twice_and_forget_nothing() -> anyhow::Result<()>
{
    let kills = std::env::var_os("TOCSIN_KILLS");
    let kills: u64 = kills.map_or(Ok(24), |text| text.to_string_lossy().parse())?;
    if !Site::may_have_programs()? {
        return Ok(());
    }
    let mut site = Site::start(&SitePlan {
        rules: RULES,
        scripts: &[("repair", REPAIR)],
        // Without a model it is up again sooner.
        config: "[model]\ndir = \"none\"\n",
    })?;
    let begun = Instant::now();
    let counts = kill(&mut site, kills, 6)?;
    let killed = begun.elapsed();
    let runs = all_end(&site, 2 * kills)?;
    let (once, never) = check(&site, &runs, 2 * kills)?;
    writeln!(
        std::io::stdout().lock(),
        "{kills} kills in {killed:.0?}, {counts:?}; {} runs over after {:.0?} more: {once} done once, \
         {never} never and known to be",
        runs.len(),
        begun.elapsed() - killed
    )?;
    ensure!(never as u64 <= kills / 10, "{never} runs were never done");
    Ok(())
}
