//! This machine, measured for real.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::*;
use crate::metrics::kept::{Kept, door};

#[tokio::test]
async fn this_machine_is_measured_within_seconds() {
    let kept = Arc::new(Kept::default());
    let (tracker, shutdown) = (TaskTracker::new(), CancellationToken::new());
    HostCollector::new("here", 1, door(&kept)).spawn(&tracker, shutdown.clone());
    let of = |name: &str| {
        let own = r#"{host="here",instance="here",job="host"}"#;
        kept.values(&format!("{name}{own}"))
    };
    for _ in 0..400 {
        if of("host_memory_used_ratio").len() >= 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    for ratio in ["host_memory_used_ratio", "host_cpu_used_ratio"] {
        let values = of(ratio);
        assert!(values.len() >= 2, "{ratio}");
        for value in values {
            let value: f64 = value.parse().unwrap();
            assert!((0.0..=1.0).contains(&value), "{ratio} {value}");
        }
    }
    let lines = kept.lines.lock().unwrap().clone();
    for start in [
        "node_load1{",
        "node_memory_MemTotal_bytes{",
        "node_boot_time_seconds{",
        "node_network_receive_bytes_total{device=",
        "node_filesystem_size_bytes{device=",
        "host_filesystem_used_ratio{host=\"here\",instance=\"here\",job=\"host\",mountpoint=\"/\"}",
        "process_resident_memory_bytes{",
        "node_uname_info{",
        #[cfg(target_os = "linux")]
        "node_cpu_seconds_total{cpu=\"0\",host=\"here\",instance=\"here\",job=\"host\",mode=\"idle\"}",
        #[cfg(target_os = "linux")]
        "node_filesystem_files_free{device=",
    ] {
        let found = lines.iter().any(|(name, ..)| name.starts_with(start));
        assert!(found, "{start}\n{lines:#?}");
    }
    let names: std::collections::BTreeSet<_> = lines.iter().map(|(name, ..)| name).collect();
    assert!(names.len() < 1500, "{}", names.len());
    shutdown.cancel();
    tracker.close();
    tokio::time::timeout(Duration::from_secs(5), tracker.wait())
        .await
        .unwrap();
}
