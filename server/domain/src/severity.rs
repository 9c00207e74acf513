//! OpenTelemetry's severity numbers and the words people write for them.

use std::fmt;

/// A severity number of OpenTelemetry's log data model: 1–4 trace, 5–8 debug, 9–12 info, 13–16
/// warn, 17–20 error, 21–24 fatal; 0 says that none was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Severity(u8);

impl Severity {
    /// No severity was given or found.
    pub const UNSPECIFIED: Self = Self(0);
    /// Fine-grained debugging.
    pub const TRACE: Self = Self(1);
    /// Debugging.
    pub const DEBUG: Self = Self(5);
    /// Something happened that is as it should be.
    pub const INFO: Self = Self(9);
    /// Noteworthy but ordinary (syslog's notice).
    pub const NOTICE: Self = Self(10);
    /// Something may go wrong.
    pub const WARN: Self = Self(13);
    /// Something went wrong.
    pub const ERROR: Self = Self(17);
    /// A part is failing (syslog's critical).
    pub const CRITICAL: Self = Self(18);
    /// Act at once (syslog's alert).
    pub const ALERT: Self = Self(19);
    /// The program or system is unusable.
    pub const FATAL: Self = Self(21);

    /// The names of the bands in ascending order, as [`Self::band`] numbers them.
    pub const BANDS: [&'static str; 7] = [
        "unspecified",
        "trace",
        "debug",
        "info",
        "warn",
        "error",
        "fatal",
    ];

    /// Makes a severity from OpenTelemetry's number; out of `0..=24` gives `None`.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        if number <= 24 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// Maps a syslog severity (0 emergency … 7 debug) as OpenTelemetry's data model lays down.
    #[must_use]
    pub const fn from_syslog(level: u8) -> Self {
        match level {
            0 => Self::FATAL,
            1 => Self::ALERT,
            2 => Self::CRITICAL,
            3 => Self::ERROR,
            4 => Self::WARN,
            5 => Self::NOTICE,
            6 => Self::INFO,
            _ => Self::DEBUG,
        }
    }

    /// Reads the word a log line or a field uses, in any case: `WARN`, `warning`, `E`, `crit`, ….
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let mut lower = [0u8; 16];
        let word = word.as_bytes();
        if word.is_empty() || word.len() > lower.len() {
            return None;
        }
        for (to, from) in lower.iter_mut().zip(word) {
            *to = from.to_ascii_lowercase();
        }
        Some(match &lower[..word.len()] {
            b"trace" | b"trc" | b"finest" | b"finer" | b"verbose" | b"v" | b"t" => Self::TRACE,
            b"debug" | b"dbg" | b"debg" | b"fine" | b"d" => Self::DEBUG,
            b"info" | b"inf" | b"information" | b"informational" | b"i" | b"config" | b"log" => {
                Self::INFO
            }
            b"notice" | b"note" | b"n" => Self::NOTICE,
            b"warn" | b"warning" | b"wrn" | b"w" => Self::WARN,
            b"error" | b"err" | b"eror" | b"severe" | b"failure" | b"failed" | b"e" => Self::ERROR,
            b"critical" | b"crit" | b"c" => Self::CRITICAL,
            b"alert" | b"a" => Self::ALERT,
            b"fatal" | b"ftl" | b"panic" | b"emergency" | b"emerg" | b"f" => Self::FATAL,
            _ => return None,
        })
    }

    /// OpenTelemetry's number, `0..=24`.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The band: 0 unspecified, 1 trace, 2 debug, 3 info, 4 warn, 5 error, 6 fatal.
    #[must_use]
    pub const fn band(self) -> usize {
        if self.0 == 0 {
            0
        } else {
            ((self.0 - 1) / 4 + 1) as usize
        }
    }

    /// The name of the band in lower case, `unspecified` for none.
    #[must_use]
    pub const fn name(self) -> &'static str {
        Self::BANDS[self.band()]
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_the_band_of_the_data_model() {
        let names: Vec<_> = (0..=24)
            .filter_map(Severity::from_number)
            .map(Severity::name)
            .collect();
        assert_eq!(names[0], "unspecified");
        assert_eq!((names[1], names[4], names[5]), ("trace", "trace", "debug"));
        assert_eq!(
            (names[16], names[17], names[24]),
            ("warn", "error", "fatal")
        );
        assert_eq!(Severity::from_number(25), None);
    }

    #[test]
    fn words_of_many_systems_are_read() {
        assert_eq!(Severity::from_word("WARNING"), Some(Severity::WARN));
        assert_eq!(Severity::from_word("Crit"), Some(Severity::CRITICAL));
        assert_eq!(Severity::from_word("SEVERE"), Some(Severity::ERROR));
        assert_eq!(Severity::from_word("combo"), None);
        assert_eq!(Severity::from_word(""), None);
    }
}
