//! Where backups go by themselves, how often, and how many are kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most minutes between two backups: a week.
const MINUTES_MAX: u32 = 7 * 24 * 60;

/// Where backups go, how often, and how many are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BackupConfig {
    /// A folder, or `s3://bucket/prefix`. Default empty: nothing is backed up by itself. Access to
    /// S3 comes from the environment as other programs have it: `AWS_ACCESS_KEY_ID`,
    /// `AWS_SECRET_ACCESS_KEY` or `AWS_SECRET_ACCESS_KEY_FILE`, `AWS_REGION`, `AWS_ENDPOINT_URL`.
    pub destination: String,
    /// Minutes between two backups by themselves, `0..=10080`. Default 0: none. At most so many
    /// minutes, and the time a backup takes, are lost with the machine.
    pub every_minutes: u32,
    /// How many of the newest snapshots are kept there, at least 1; older ones go after a backup by
    /// itself, with what only they need. Default 96: a day at one in 15 minutes.
    pub keep: u32,
}

impl Default for BackupConfig {
    fn default() -> Self {
        Self {
            destination: String::new(),
            every_minutes: 0,
            keep: 96,
        }
    }
}

impl BackupConfig {
    /// Checks that the settings go together.
    ///
    /// # Errors
    /// The key and what was expected.
    pub fn check(&self) -> Result<(), String> {
        if self.every_minutes > MINUTES_MAX {
            return Err(format!(
                "`backup.every_minutes`: expected 0 to {MINUTES_MAX}, got {}",
                self.every_minutes
            ));
        }
        if self.every_minutes > 0 && self.destination.is_empty() {
            return Err(
                "`backup.destination`: expected a folder or `s3://bucket/prefix`, since \
                 `backup.every_minutes` is set"
                    .into(),
            );
        }
        if self.keep == 0 {
            return Err("`backup.keep`: expected 1 or more".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_do_not_go_together_are_named() {
        assert_eq!(BackupConfig::default().check(), Ok(()));
        let check = |every_minutes, destination: &str, keep| {
            let destination = destination.to_owned();
            let config = BackupConfig {
                destination,
                every_minutes,
                keep,
            };
            config.check().map_err(|error| error[..12].to_owned())
        };
        assert_eq!(check(15, "/b", 1), Ok(()));
        assert_eq!(check(15, "", 1), Err("`backup.dest".into()));
        assert_eq!(check(20_000, "/b", 1), Err("`backup.ever".into()));
        assert_eq!(check(0, "", 0), Err("`backup.keep".into()));
    }
}
