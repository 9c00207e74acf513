//! The shop from outside: its faults have consequences, and it does not outlive whoever started it.

#![expect(clippy::unwrap_used, reason = "what a test cannot do ends it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The longest that a test waits for one thing.
const WAIT_MAX: Duration = Duration::from_secs(60);

struct Shop {
    child: Child,
    address: String,
    /// Where its volume is, and in what.
    volume: (PathBuf, String),
}

impl Shop {
    fn start(folder: &Path, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tocsin-demo-shop"))
            .args([
                "--listen",
                "127.0.0.1:0",
                "--until-stdin-ends",
                "--data-dir",
            ])
            .arg(folder)
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let said: serde_json::Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        Self {
            child,
            address: text("http"),
            volume: (text("volume").into(), text("volume_in")),
        }
    }

    /// The answer to a request, head and body.
    fn ask(&self, method: &str, route: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "{method} {route} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn order(&self, product: u64) -> String {
        self.ask("POST", "/orders", &format!("{{\"product\":{product}}}"))
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn wait_for(what: &str, mut look: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !look() {
        assert!(begun.elapsed() < WAIT_MAX, "waited for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("shop.log")).unwrap()
}

#[test]
fn a_missing_price_stops_the_orders_of_one_product() {
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop::start(folder.path(), &[]);
    assert!(shop.order(999).starts_with("HTTP/1.1 201"));
    assert!(
        shop.ask("POST", "/faults/missing_price", "on")
            .starts_with("HTTP/1.1 200")
    );
    assert!(shop.order(999).starts_with("HTTP/1.1 409"));
    assert!(shop.order(12).starts_with("HTTP/1.1 201"));
    assert!(
        log(folder.path()).contains("level=critical service=pricing msg=\"CRITICAL: Pricing error | Missing price for product 999\"\n")
    );
    assert!(
        shop.ask("POST", "/faults/missing_price", "off")
            .contains("\"until\":\"2")
    );
    assert!(shop.order(999).starts_with("HTTP/1.1 201"));
    assert!(
        shop.ask("POST", "/faults/missing_price", "maybe")
            .starts_with("HTTP/1.1 422")
    );
    assert!(
        shop.ask("POST", "/faults/earthquake", "on")
            .starts_with("HTTP/1.1 404")
    );
}

#[test]
fn a_payment_provider_that_does_not_answer_fails_payments_then_orders_then_requests() {
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop::start(folder.path(), &[]);
    shop.ask("POST", "/faults/payment_timeout", "on");
    let place = |word: &str| log(folder.path()).find(word);
    wait_for("a request that fails", || {
        place("level=error service=web").is_some()
    });
    let (payment, orders) = (
        place("level=error service=payment").unwrap(),
        place("level=error service=orders").unwrap(),
    );
    assert!(payment < orders && orders < place("level=error service=web").unwrap());
    let page = shop.ask("GET", "/metrics", "");
    let value = |name: &str| -> f64 {
        let line = page.lines().find(|line| line.starts_with(name)).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert!(value("shop_payment_latency_seconds") > 2.0, "{page}");
    assert!(value("shop_payment_errors_total") >= 2.0, "{page}");
    assert!(value("shop_order_queue_depth") > 4.0, "{page}");
}

#[test]
fn a_closed_shop_with_a_past_measures_nothing_until_it_opens() {
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop::start(folder.path(), &["--closed", "--past-hours", "30"]);
    let page = shop.ask("GET", "/metrics", "");
    assert!(
        page.starts_with("HTTP/1.1 200") && !page.contains("shop_"),
        "{page}"
    );
    let past = std::fs::read_to_string(folder.path().join("past.lp")).unwrap();
    let disk: Vec<f64> = past
        .lines()
        .filter(|line| line.starts_with("node_filesystem_avail,job=shop,instance=shop,"))
        .map(|line| {
            let value = line.split(" bytes=").nth(1).unwrap();
            value.split(' ').next().unwrap().parse().unwrap()
        })
        .collect();
    assert_eq!(disk.len(), 30 * 60);
    assert!(
        disk[0] > 0.55 * 6.7e7 && *disk.last().unwrap() < 0.2 * 6.7e7,
        "it has been filling"
    );
    assert!(log(folder.path()).lines().count() > 3000);
    assert!(
        shop.ask("GET", "/faults", "")
            .contains("\"name\":\"disk_fill\",\"on\":true")
    );
    shop.ask("POST", "/open", "");
    wait_for("customers", || {
        shop.ask("GET", "/metrics", "")
            .contains("shop_orders_total{service=\"orders\",outcome=\"completed\"}")
    });
}

#[test]
fn it_ends_with_its_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let mut shop = Shop::start(folder.path(), &[]);
    drop(shop.child.stdin.take());
    wait_for("the shop to end", || {
        shop.child.try_wait().unwrap().is_some()
    });
}

#[test]
fn payments_go_through_the_provider_that_the_state_of_terraform_names() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("terraform.tfstate");
    let shop = Shop::start(
        folder.path(),
        &["--terraform-state", state.to_str().unwrap()],
    );
    shop.ask("POST", "/faults/payment_timeout", "on");
    let text = "{\"outputs\":{\"payment_provider\":{\"value\":\"cardline\",\"type\":\"string\"}}}";
    std::fs::write(state, text).unwrap();
    wait_for("the change", || {
        log(folder.path()).contains("payments go through cardline from now on")
    });
    assert!(shop.order(12).starts_with("HTTP/1.1 201"));
    assert!(log(folder.path()).contains("msg=\"cardline authorised order "));
}

#[test]
fn a_setting_for_idle_sessions_is_followed_and_does_not_help_against_the_leak() {
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop::start(folder.path(), &[]);
    shop.ask("POST", "/faults/memory_leak", "on");
    wait_for("what leaks", || {
        log(folder.path()).contains("session cache holds 40 MB")
    });
    std::fs::write(folder.path().join("shop.conf"), "session_idle_secs=5\n").unwrap();
    let said = "sessions that were idle for 5 s are evicted from now on: 0 of ";
    wait_for("the change", || log(folder.path()).contains(said));
    wait_for("more that leaks", || {
        log(folder.path()).contains("session cache holds 80 MB")
    });
}

#[test]
fn a_volume_in_memory_is_gone_when_the_shop_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut shop = Shop::start(folder.path(), &["--tmpfs", "--past-hours", "30"]);
    let (volume, kind) = shop.volume.clone();
    let is_mounted = || {
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
        mounts.contains(&format!("tocsin-demo-shop {} tmpfs", volume.display()))
    };
    let exports = || {
        let files = std::fs::read_dir(volume.join("spool"));
        files.map_or(0, |files| files.count())
    };
    assert_eq!(is_mounted(), kind == "tmpfs");
    assert_eq!(volume.starts_with("/dev/shm"), kind == "shared_memory");
    assert!(exports() > 20, "{}", exports());
    let free = |page: &str| -> f64 {
        let mut lines = page.lines();
        let line = lines.find(|line| line.starts_with("node_filesystem_avail_bytes{"));
        line.unwrap().rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert!(free(&shop.ask("GET", "/metrics", "")) < 0.2 * 6.7e7);
    // Someone cleans, and the shop goes on with a folder of its own.
    // An export that is written meanwhile may stand in the way.
    wait_for("the spool to be cleaned", || {
        std::fs::remove_dir_all(volume.join("spool")).is_ok()
    });
    wait_for("room", || {
        free(&shop.ask("GET", "/metrics", "")) > 0.5 * 6.7e7
    });
    wait_for("the next export", || exports() == 1);
    shop.child.kill().unwrap();
    shop.child.wait().unwrap();
    wait_for("the volume to go", || exports() == 0 && !is_mounted());
}
