//! Times as they stand in texts.

use regex::Regex;

/// A time that stands in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Seconds since the epoch; of a time without a year as if it were [`YEARLESS`].
    pub(crate) secs: i64,
    /// False where the year is not written.
    pub(crate) has_year: bool,
    /// As it is written.
    pub(crate) text: String,
}

/// The year of times that say none.
const YEARLESS: i64 = 1972;
/// How far into a line a time is looked for, in bytes.
const HEAD_BYTES: usize = 160;
const DAY_S: i64 = 86_400;

/// Reads times.
#[derive(Debug)]
pub(crate) struct Clock {
    iso: Regex,
    apache: Regex,
    verbose: Regex,
    syslog: Regex,
    klog: Regex,
    epoch: Regex,
}

impl Clock {
    pub(crate) fn new() -> Result<Self, regex::Error> {
        Ok(Self {
            iso: Regex::new(
                r"(?P<y>\d{4})[-/](?P<mo>\d\d)[-/](?P<d>\d\d)(?:[T ,]+(?P<h>\d\d):(?P<mi>\d\d)(?::(?P<s>\d\d))?(?:[.,]\d+)?\s?(?P<z>Z|UTC|[+-]\d\d:?\d\d)?)?",
            )?,
            apache: Regex::new(
                r"(?P<d>\d\d)/(?P<mon>[A-Z][a-z]{2})/(?P<y>\d{4}):(?P<h>\d\d):(?P<mi>\d\d):(?P<s>\d\d)(?: (?P<z>[+-]\d{4}))?",
            )?,
            verbose: Regex::new(
                r"(?:(?P<d>\d{1,2}) (?P<mon>[A-Z][a-z]{2}) (?P<y>\d{4}) (?P<h>\d\d):(?P<mi>\d\d):(?P<s>\d\d)(?: (?P<z>[+-]\d{4}))?|(?P<mon2>[A-Z][a-z]{2}) +(?P<d2>\d{1,2}) (?P<h2>\d\d):(?P<mi2>\d\d):(?P<s2>\d\d)(?: [A-Z]{2,4})? (?P<y2>\d{4}))",
            )?,
            syslog: Regex::new(
                r"\b(?P<mon>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +(?P<d>\d{1,2}) (?P<h>\d\d):(?P<mi>\d\d):(?P<s>\d\d)",
            )?,
            klog: Regex::new(
                r"^[IWEF](?P<mo>\d\d)(?P<d>\d\d) (?P<h>\d\d):(?P<mi>\d\d):(?P<s>\d\d)\.\d+",
            )?,
            epoch: Regex::new(
                r#""?(?:ts|time|timestamp|t)"?[:=]\s?"?(?P<e>1[0-9]{9}(?:\.\d+)?|1[0-9]{12})\b"#,
            )?,
        })
    }

    /// The first time near the start of a line.
    pub(crate) fn read(&self, line: &str) -> Option<Moment> {
        let end = (0..=HEAD_BYTES.min(line.len()))
            .rev()
            .find(|&at| line.is_char_boundary(at));
        let head = &line[..end.unwrap_or(0)];
        if !head.contains(|c: char| c.is_ascii_digit()) {
            return None;
        }
        self.dated(head)
            .or_else(|| self.of(&self.klog, head, false))
            .or_else(|| self.of(&self.syslog, head, false))
            .or_else(|| self.of_epoch(head))
    }

    fn dated(&self, head: &str) -> Option<Moment> {
        [&self.iso, &self.apache, &self.verbose]
            .into_iter()
            .find_map(|regex| self.of(regex, head, true))
    }

    #[expect(clippy::unused_self, reason = "all readings go the same way")]
    fn of(&self, regex: &Regex, head: &str, has_year: bool) -> Option<Moment> {
        let found = regex.captures(head)?;
        let part = |name: &str| found.name(name).or_else(|| found.name(&format!("{name}2")));
        let number = |name: &str| part(name).and_then(|m| m.as_str().parse::<i64>().ok());
        let month = number("mo").or_else(|| part("mon").and_then(|m| month(m.as_str())))?;
        let year = if has_year { number("y")? } else { YEARLESS };
        let days = days_of(year, month, number("d")?)?;
        let time = |name| number(name).unwrap_or(0);
        let (hour, minute, second) = (time("h"), time("mi"), time("s"));
        let zone = part("z").map_or(0, |zone| zone_s(zone.as_str()));
        Some(Moment {
            secs: days * DAY_S + hour * 3600 + minute * 60 + second - zone,
            has_year,
            text: found.get(0)?.as_str().trim_end().to_owned(),
        })
    }

    fn of_epoch(&self, head: &str) -> Option<Moment> {
        let text = self.epoch.captures(head)?.name("e")?.as_str();
        let whole: i64 = text.split('.').next()?.parse().ok()?;
        Some(Moment {
            secs: if whole > 100_000_000_000 {
                whole / 1000
            } else {
                whole
            },
            has_year: true,
            text: text.to_owned(),
        })
    }
}

/// The number of a month by its first three letters.
pub(crate) fn month(name: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let start: String = name.chars().take(3).collect::<String>().to_lowercase();
    let at = MONTHS.iter().position(|month| *month == start)?;
    i64::try_from(at).ok().map(|at| at + 1)
}

/// Days from 1970-01-01 to a date; none if there is no such month or day.
pub(crate) fn days_of(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1000..=9999).contains(&year) {
        return None;
    }
    // Years that begin in March, so that a leap day is the last of its year (Hinnant).
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    Some(era * 146_097 + days - 719_468)
}

/// The day of the week of a time: 0 is Monday.
pub(crate) const fn weekday(secs: i64) -> i64 {
    (secs.div_euclid(DAY_S) + 3).rem_euclid(7)
}

fn zone_s(text: &str) -> i64 {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let (Some(Ok(hours)), Some(Ok(minutes))) = (
        digits.get(..2).map(str::parse::<i64>),
        digits.get(2..4).map(str::parse::<i64>),
    ) else {
        return 0;
    };
    let secs = hours * 3600 + minutes * 60;
    if text.starts_with('-') { -secs } else { secs }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_forms_that_logs_have() {
        let clock = Clock::new().unwrap();
        for (line, secs) in [
            ("2025-06-12 22:14:51,711 ERROR x", 1_749_766_491),
            ("2025-06-12T22:14:51.711Z x", 1_749_766_491),
            ("2025-06-13T00:14:51+02:00 x", 1_749_766_491),
            (
                "1.2.3.4 - - [12/Jun/2025:22:14:51 +0000] \"GET /",
                1_749_766_491,
            ),
            ("Thu, 12 Jun 2025 22:14:51 +0000 x", 1_749_766_491),
            ("Thu Jun 12 22:14:51 UTC 2025 ERROR", 1_749_766_491),
            (
                "{\"level\":30,\"time\":1749766491000,\"msg\":\"x\"}",
                1_749_766_491,
            ),
            ("ts=1749766491.25 level=info", 1_749_766_491),
            ("on 2025-06-12 it was", 1_749_686_400),
        ] {
            let moment = clock.read(line).unwrap();
            assert_eq!((moment.secs, moment.has_year), (secs, true), "{line}");
            assert!(line.contains(&moment.text), "{line}: {}", moment.text);
        }
        for line in [
            "Jun 12 22:14:51 host sshd[1]: x",
            "E0612 22:14:51.123456       1 x.go:12] y",
        ] {
            assert!(!clock.read(line).unwrap().has_year, "{line}");
        }
        for line in ["no time", "version 1.2.3", "9999-99-99 00:00:00"] {
            assert_eq!(clock.read(line), None, "{line}");
        }
    }

    #[test]
    fn days_have_names() {
        assert_eq!(days_of(1970, 1, 1), Some(0));
        assert_eq!(days_of(2000, 2, 29), Some(11_016));
        // 2025-06-19 was a Thursday.
        assert_eq!(weekday(1_750_320_765), 3);
    }
}
