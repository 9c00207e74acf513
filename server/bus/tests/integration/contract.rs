//! The contract suite on the embedded bus.

use std::path::PathBuf;

use tempfile::TempDir;
use tocsin_bus::{BusConfig, FjallBus, contract};

struct Embedded {
    folder: TempDir,
    opened: u32,
    config: BusConfig,
}

impl Embedded {
    fn path(&self) -> PathBuf {
        self.folder.path().join(self.opened.to_string())
    }
}

impl contract::Fixture for Embedded {
    type Bus = FjallBus;

    async fn open_empty(&mut self, bytes_max: u64) -> FjallBus {
        self.opened += 1;
        self.config.bytes_max = bytes_max;
        self.reopen().await
    }

    async fn reopen(&mut self) -> FjallBus {
        FjallBus::open(&self.path(), self.config.clone()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_bus_keeps_the_contract() {
    let mut fixture = Embedded {
        folder: tempfile::tempdir().unwrap(),
        opened: 0,
        config: BusConfig::default(),
    };
    contract::run(&mut fixture).await;
}
