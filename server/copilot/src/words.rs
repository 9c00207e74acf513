//! Numbers, times and lengths of time as people read them.

use tocsin_domain::time::civil_date;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

/// `2027-01-15 08:00:03 UTC` of a time in ms.
pub(crate) fn moment(at_ms: i64) -> String {
    let (year, month, day) = civil_date(at_ms.div_euclid(DAY_MS));
    let seconds = at_ms.rem_euclid(DAY_MS) / 1000;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// A length of time in ms, in its two largest units: `2 d 4 h`, `90 s`, `250 ms`.
pub(crate) fn span(ms: i64) -> String {
    let ms = ms.max(0);
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..120_000 => format!("{} s", ms / 1000),
        120_000..7_200_000 => format!("{} min", ms / MINUTE_MS),
        7_200_000..172_800_000 => two(ms / 3_600_000, "h", ms / MINUTE_MS % 60, "min"),
        _ => two(ms / DAY_MS, "d", ms / 3_600_000 % 24, "h"),
    }
}

fn two(large: i64, large_unit: &str, small: i64, small_unit: &str) -> String {
    if small == 0 {
        format!("{large} {large_unit}")
    } else {
        format!("{large} {large_unit} {small} {small_unit}")
    }
}

/// About four digits, as short as they can be said.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "no number".into();
    }
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e15).contains(&size) {
        return format!("{value:.2e}");
    }
    let digits = match size {
        1000.0.. => 0,
        100.0.. => 1,
        1.0.. => 2,
        _ => 4,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').into()
    } else {
        text
    }
}

/// A probability or share in whole percent, never quite 100 or 0 unless it is.
pub(crate) fn percent(share: f64) -> String {
    let rounded = (share * 100.0).round();
    if share < 1.0 && rounded >= 100.0 {
        return "over 99 %".into();
    }
    if share > 0.0 && rounded <= 0.0 {
        return "under 1 %".into();
    }
    format!("{rounded} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_lengths_are_told_as_people_read_them() {
        assert_eq!(moment(1_800_000_003_123), "2027-01-15 08:00:03 UTC");
        assert_eq!(span(250), "250 ms");
        assert_eq!(span(90_000), "90 s");
        assert_eq!(span(150_000), "2 min");
        assert_eq!(span(2 * 86_400_000 + 4 * 3_600_000), "2 d 4 h");
        assert_eq!(span(3 * 86_400_000), "3 d");
    }

    #[test]
    fn numbers_have_about_four_digits() {
        assert_eq!(number(0.0), "0");
        assert_eq!(number(0.25), "0.25");
        assert_eq!(number(12.345), "12.35");
        assert_eq!(number(123_456.7), "123457");
        assert_eq!(number(f64::NAN), "no number");
        assert_eq!(percent(0.999), "over 99 %");
        assert_eq!(percent(0.873), "87 %");
    }
}
