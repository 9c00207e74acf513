//! What happens in the demo, and what is said of it on the terminal: faults as they are switched on, findings
//! as Tocsin makes them.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::process::ShopProcess;
use super::proposals;

/// Bytes of the past that travel in one request.
const REQUEST_BYTES: usize = 1 << 20;
/// How often something is due or new.
const TICK: Duration = Duration::from_millis(500);
/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long a push that the server cannot take waits, and how often it is tried.
const PUSH_AGAIN: (Duration, u32) = (Duration::from_millis(500), 60);

/// What is switched on, how many seconds after the doors opened, and what there is to see.
const FAULTS: [(u64, &str, &str); 4] = [
    (
        0,
        "disk_fill",
        "exports fill the volume, for 20 hours now: a prediction says when it is full",
    ),
    (
        10,
        "missing_price",
        "product 999 has no price: critical lines, and a failure that is recognised",
    ),
    (
        20,
        "payment_timeout",
        "the payment provider does not answer: payments first, then orders, then web",
    ),
    (
        40,
        "memory_leak",
        "sessions are kept in memory for ever: an anomaly of its series",
    ),
];

/// The course of the demo.
pub(super) struct Guide {
    page: String,
    shop: ShopProcess,
    agent: ureq::Agent,
    begun: Instant,
    folder: String,
    /// What is not there and what is not proposed therefore; none: nothing is proposed.
    missing: Option<Vec<String>>,
    /// The names of rules, by their ids.
    rules: HashMap<String, String>,
    /// What was told of already.
    told: HashSet<String>,
}

impl Guide {
    pub(super) fn new(
        server: SocketAddr,
        shop: ShopProcess,
        folder: &Path,
        missing: Option<Vec<String>>,
    ) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .build()
            .into();
        Self {
            page: format!("http://{server}"),
            shop,
            agent,
            begun: Instant::now(),
            folder: folder.display().to_string(),
            missing,
            rules: HashMap::new(),
            told: HashSet::new(),
        }
    }

    /// Tells the past, opens the shop, and switches faults on until it is stopped.
    ///
    /// # Errors
    /// If the past cannot be told, or the shop ended.
    pub(super) fn run(mut self, stopped: &Receiver<()>) -> anyhow::Result<()> {
        self.welcome()?;
        self.tell_past()?;
        self.ask_shop("/open", "")?;
        self.begun = Instant::now();
        let mut due = FAULTS.into_iter().peekable();
        while !is_stopped(stopped) {
            if let Some(status) = self.shop.ended() {
                bail!("the shop ended with {status}");
            }
            let passed = self.begun.elapsed().as_secs();
            while let Some((_, fault, about)) = due.next_if(|(at, _, _)| *at <= passed) {
                self.switch_on(fault, about)?;
            }
            self.look()?;
            if self.missing.is_some() {
                self.look_at_runs()?;
            }
        }
        Ok(())
    }

    fn welcome(&self) -> anyhow::Result<()> {
        let (page, shop, folder) = (&self.page, self.shop.address(), &self.folder);
        let log = self.shop.log();
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "Tocsin watches a small shop whose faults are switched on one after another.\n"
        )?;
        writeln!(out, "  page     {page}")?;
        writeln!(
            out,
            "  shop     http://{shop}  (orders, metrics; GET /faults is the truth)"
        )?;
        writeln!(out, "  its log  {}", log.display())?;
        let (volume, kind) = (self.shop.volume().display(), self.shop.volume_in());
        writeln!(out, "  volume   {volume}  ({kind})")?;
        writeln!(out, "  data     {folder}")?;
        if let Some(missing) = &self.missing {
            writeln!(
                out,
                "\nWhat could be done about it is proposed, and nothing of it is done before you approve it:"
            )?;
            writeln!(out, "  {page}/automation")?;
            for what in missing {
                writeln!(out, "{what}.")?;
            }
        }
        writeln!(out, "\nCtrl-C ends both.\n")?;
        Ok(out.flush()?)
    }

    fn switch_on(&mut self, fault: &str, about: &str) -> anyhow::Result<()> {
        let shop = self.shop.address().to_owned();
        self.ask_shop(&format!("/faults/{fault}"), "on")?;
        self.say(&format!("fault     {fault}: {about}"))?;
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "                 curl -X POST http://{shop}/faults/{fault} -d off"
        )?;
        Ok(out.flush()?)
    }

    /// Tells what Tocsin found since the last look.
    fn look(&mut self) -> anyhow::Result<()> {
        let kinds = [
            ("alert", "alerts"),
            ("incident", "incidents"),
            ("ticket", "tickets"),
        ];
        for (kind, route) in kinds {
            let url = format!("{}/api/v1/{route}?limit=50", self.page);
            for item in self.items(&url).iter().rev() {
                let id = item["id"].as_str().unwrap_or_default();
                if self.told.insert(format!("{kind} {id}")) {
                    let title = item["title"].as_str().unwrap_or_default();
                    let severity = item["severity"].as_str().unwrap_or_default();
                    self.say(&format!("{kind:<9} {severity}: {title}"))?;
                }
            }
        }
        Ok(())
    }

    /// Tells of proposals and of what became of them.
    fn look_at_runs(&mut self) -> anyhow::Result<()> {
        let url = format!("{}/api/v1/automation/runs?limit=50", self.page);
        for run in self.items(&url).iter().rev() {
            let name = self.rule_name(run["rule"].as_str().unwrap_or_default());
            let Some((text, link)) = proposals::line(run, &name, &self.page) else {
                continue;
            };
            let id = run["id"].as_str().unwrap_or_default();
            if self.told.insert(format!("run {id} {text}")) {
                self.say(&text)?;
                if let Some(link) = link {
                    writeln!(std::io::stdout(), "                 {link}")?;
                }
            }
        }
        Ok(())
    }

    /// What people call a rule; its id, if that cannot be asked.
    fn rule_name(&mut self, id: &str) -> String {
        if let Some(name) = self.rules.get(id) {
            return name.clone();
        }
        let rule = self.get(&format!("{}/api/v1/automation/rules/{id}", self.page));
        let Some(name) = rule["name"].as_str() else {
            return id.to_owned();
        };
        self.rules.insert(id.to_owned(), name.to_owned());
        name.to_owned()
    }

    /// The items of a list, newest first. The page shows what is missed here.
    fn items(&self, url: &str) -> Vec<Value> {
        let found = self.get(url);
        found["items"].as_array().cloned().unwrap_or_default()
    }

    /// An answer; null if there is none.
    fn get(&self, url: &str) -> Value {
        let Ok(mut answer) = self.agent.get(url).call() else {
            return Value::Null;
        };
        let text = answer.body_mut().read_to_string().unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// A line with the time since the doors opened.
    fn say(&self, text: &str) -> anyhow::Result<()> {
        let secs = self.begun.elapsed().as_secs();
        let mut out = std::io::stdout().lock();
        writeln!(out, "{:02}:{:02}  {text}", secs / 60, secs % 60)?;
        Ok(out.flush()?)
    }

    fn ask_shop(&self, route: &str, body: &str) -> anyhow::Result<()> {
        let url = format!("http://{}{route}", self.shop.address());
        let answer = self.agent.post(&url).send(body);
        let status = answer.context("the shop does not answer")?.status();
        ensure!(status.is_success(), "the shop answered {status} to {route}");
        Ok(())
    }

    /// Pushes the shop's past, as an agent would that was away.
    fn tell_past(&self) -> anyhow::Result<()> {
        let Ok(file) = File::open(self.shop.past()) else {
            return Ok(());
        };
        let mut reader = BufReader::new(file);
        let mut body = Vec::with_capacity(REQUEST_BYTES + 1024);
        loop {
            let read = reader
                .read_until(b'\n', &mut body)
                .context("cannot read the past")?;
            if body.len() >= REQUEST_BYTES || (read == 0 && !body.is_empty()) {
                self.push(&body)?;
                body.clear();
            }
            if read == 0 {
                break;
            }
        }
        // An empty file says that the past was told, when the folder is used again.
        std::fs::write(self.shop.past(), "").context("cannot empty the past")
    }

    fn push(&self, points: &[u8]) -> anyhow::Result<()> {
        let url = format!("{}/api/v2/write?precision=ms", self.page);
        let (wait, tries) = PUSH_AGAIN;
        for _ in 0..tries {
            let answer = self.agent.post(&url).send(points);
            let mut answer = answer.context("the past could not be told")?;
            let status = answer.status();
            if status.is_success() {
                return Ok(());
            }
            if !matches!(status.as_u16(), 429 | 503) {
                let text = answer.body_mut().read_to_string().unwrap_or_default();
                bail!("the past was answered {status}: {text}");
            }
            std::thread::sleep(wait);
        }
        bail!("the past could not be told: the server is full")
    }
}

/// Waits for a moment; true if the demo is to end.
fn is_stopped(stopped: &Receiver<()>) -> bool {
    !matches!(stopped.recv_timeout(TICK), Err(RecvTimeoutError::Timeout))
}
