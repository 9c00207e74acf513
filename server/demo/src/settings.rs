//! What can be set while the shop runs: through which provider payments go, as the state of Terraform
//! says, and how long idle sessions are kept, as `shop.conf` says. Both are files that others write.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Deserialize;

use crate::payment::Provider;
use crate::shop::Shop;
use crate::words;

/// The name of the file with settings in the shop's folder.
const FILE: &str = "shop.conf";
/// How long idle sessions are kept unless the file says, in seconds.
const SESSION_IDLE_SECS: u64 = 3600;
/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Values {
    pub(crate) provider: Provider,
    pub(crate) session_idle_secs: u64,
}

/// The settings, and where they are read.
#[derive(Debug)]
pub(crate) struct Settings {
    values: Mutex<Values>,
    file: PathBuf,
    terraform_state: Option<PathBuf>,
}

impl Settings {
    /// Takes up the settings in a folder, or writes them as they are by default.
    pub(crate) fn open(folder: &Path, terraform_state: Option<PathBuf>) -> std::io::Result<Self> {
        let file = folder.join(FILE);
        if !file.exists() {
            std::fs::write(&file, format!("session_idle_secs={SESSION_IDLE_SECS}\n"))?;
        }
        let settings = Self {
            values: Mutex::new(Values {
                provider: Provider::Paygate,
                session_idle_secs: SESSION_IDLE_SECS,
            }),
            file,
            terraform_state,
        };
        settings.look();
        Ok(settings)
    }

    pub(crate) fn now(&self) -> Values {
        *self.values.lock()
    }

    /// Reads the files; gives what was set before, if that is something else. What cannot be read,
    /// because it is just being written, stays as it is.
    fn look(&self) -> Option<Values> {
        let mut values = self.values.lock();
        let before = *values;
        if let Some(provider) = self.terraform_state.as_deref().and_then(provider) {
            values.provider = provider;
        }
        if let Some(secs) = session_idle_secs(&self.file) {
            values.session_idle_secs = secs;
        }
        (*values != before).then_some(before)
    }
}

/// What the shop needs of a state.
#[derive(Deserialize)]
struct State {
    outputs: Outputs,
}

#[derive(Deserialize)]
struct Outputs {
    payment_provider: Output,
}

#[derive(Deserialize)]
struct Output {
    value: String,
}

fn provider(state: &Path) -> Option<Provider> {
    let state: State = serde_json::from_str(&std::fs::read_to_string(state).ok()?).ok()?;
    Provider::from_name(&state.outputs.payment_provider.value)
}

fn session_idle_secs(file: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.trim().strip_prefix("session_idle_secs="))?;
    value.trim().parse().ok()
}

/// Follows the files, and does as they say.
pub(crate) async fn follow(shop: Arc<Shop>) {
    let mut every = tokio::time::interval(LOOK_EVERY);
    loop {
        every.tick().await;
        let Some(before) = shop.settings.look() else {
            continue;
        };
        let now = shop.settings.now();
        if now.provider != before.provider {
            shop.say(&words::provider_changed(before.provider, now.provider));
        }
        if now.session_idle_secs != before.session_idle_secs {
            let idle = Duration::from_secs(now.session_idle_secs);
            let (gone, all) = shop.memory.evict(idle);
            shop.say(&words::sessions_evicted(now.session_idle_secs, gone, all));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_follow_their_files_and_outlast_half_written_ones() {
        let folder = tempfile::tempdir().unwrap();
        let (file, state) = (folder.path().join(FILE), folder.path().join("state"));
        let settings = Settings::open(folder.path(), Some(state.clone())).unwrap();
        let expected = Values {
            provider: Provider::Paygate,
            session_idle_secs: 3600,
        };
        assert_eq!(settings.now(), expected);
        assert_eq!(
            std::fs::read_to_string(&file).unwrap(),
            "session_idle_secs=3600\n"
        );
        let text =
            "{\"version\": 4, \"outputs\": {\"payment_provider\": {\"value\": \"cardline\"}}}";
        std::fs::write(&state, text).unwrap();
        std::fs::write(&file, "# for now\nsession_idle_secs=60\n").unwrap();
        assert_eq!(settings.look(), Some(expected));
        assert_eq!(settings.look(), None);
        for half in ["", "{\"version\": 4, \"outp"] {
            std::fs::write(&state, half).unwrap();
            std::fs::write(&file, "session_idle_").unwrap();
            assert_eq!(settings.look(), None);
        }
        let expected = Values {
            provider: Provider::Cardline,
            session_idle_secs: 60,
        };
        assert_eq!(settings.now(), expected);
    }
}
