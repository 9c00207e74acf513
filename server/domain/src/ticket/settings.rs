//! How tickets are decided on; what people may change while the server runs.

use std::fmt;

use crate::alert::AlertSeverity;

/// A setting that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    /// Which one.
    pub field: &'static str,
    /// What it should have been.
    pub expected: &'static str,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: expected {}", self.field, self.expected)
    }
}

impl std::error::Error for SettingsError {}

/// How sure an alert must be to get a ticket, by its severity: `[0, 1]`; above 1 none is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Default 0: whatever is critical gets one.
    pub critical: f64,
    /// Default 0.6.
    pub high: f64,
    /// Default 0.75.
    pub medium: f64,
    /// Default 0.9.
    pub low: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            critical: 0.0,
            high: 0.6,
            medium: 0.75,
            low: 0.9,
        }
    }
}

impl Thresholds {
    /// How sure an alert of a severity must be.
    #[must_use]
    pub const fn of(&self, severity: AlertSeverity) -> f64 {
        match severity {
            AlertSeverity::Critical => self.critical,
            AlertSeverity::High => self.high,
            AlertSeverity::Medium => self.medium,
            AlertSeverity::Low => self.low,
        }
    }
}

/// How tickets are decided on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TicketSettings {
    /// Whether alerts get tickets. While they do not, what happens is decided as "skip".
    pub is_enabled: bool,
    /// Whether deciding waits. What happens meanwhile is decided on once it goes on.
    pub is_paused: bool,
    /// How sure an alert must be.
    pub thresholds: Thresholds,
    /// Whether a ticket is resolved when its alert is over.
    pub resolves: bool,
    /// Within how many hours after it was resolved a ticket is opened again rather than followed by
    /// a new one: `[0, 8760]`.
    pub reopen_hours: f64,
}

impl Default for TicketSettings {
    fn default() -> Self {
        Self {
            is_enabled: true,
            is_paused: false,
            thresholds: Thresholds::default(),
            resolves: true,
            reopen_hours: 72.0,
        }
    }
}

impl TicketSettings {
    /// Whether everything is within its range.
    ///
    /// # Errors
    /// [`SettingsError`] with what was expected.
    pub fn check(&self) -> Result<(), SettingsError> {
        let Thresholds {
            critical,
            high,
            medium,
            low,
        } = self.thresholds;
        let thresholds = [
            ("thresholds.critical", critical),
            ("thresholds.high", high),
            ("thresholds.medium", medium),
            ("thresholds.low", low),
        ];
        for (field, value) in thresholds {
            if !(0.0..=2.0).contains(&value) {
                let expected = "0 to 1, or 2 for never";
                return Err(SettingsError { field, expected });
            }
        }
        if !(0.0..=8760.0).contains(&self.reopen_hours) {
            return Err(SettingsError {
                field: "reopen_hours",
                expected: "0 to 8760",
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_out_of_range_and_no_numbers_are_refused() {
        let mut settings = TicketSettings::default();
        assert_eq!(settings.check(), Ok(()));
        settings.thresholds.low = f64::NAN;
        assert_eq!(settings.check().unwrap_err().field, "thresholds.low");
        settings.thresholds.low = 2.0;
        settings.reopen_hours = -1.0;
        assert_eq!(settings.check().unwrap_err().field, "reopen_hours");
    }
}
