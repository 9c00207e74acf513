//! Annotated CSV, as InfluxDB answers queries: several tables one after the other, each with a
//! header of its own, and errors that come in the middle. Read piece by piece as it arrives.

use super::failure::InfluxError;

/// The most bytes of a record: a piece of a state or the labels of a series, and then some.
const RECORD_BYTES_MAX: usize = 1 << 20;

/// A row, with the names of its columns.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    columns: &'a [String],
    fields: &'a [String],
}

impl Row<'_> {
    /// The value of a column; empty if it is not there.
    pub(crate) fn get(&self, column: &str) -> &str {
        let at = self.columns.iter().position(|name| name == column);
        at.and_then(|at| self.fields.get(at))
            .map_or("", String::as_str)
    }

    /// The time of the row, in ns since the epoch.
    pub(crate) fn time_ns(&self) -> Result<i64, InfluxError> {
        let text = self.get("_time");
        parse_time(text).ok_or_else(|| unreadable("a time", text))
    }

    /// The value as a whole number.
    pub(crate) fn integer(&self) -> Result<i64, InfluxError> {
        let text = self.get("_value");
        text.parse().map_err(|_| unreadable("a whole number", text))
    }

    /// The value as a number.
    pub(crate) fn float(&self) -> Result<f64, InfluxError> {
        let text = self.get("_value");
        text.parse().map_err(|_| unreadable("a number", text))
    }
}

pub(crate) fn unreadable(expected: &str, found: &str) -> InfluxError {
    let found: String = found.chars().take(80).collect();
    InfluxError::Answer(format!("expected {expected}, found `{found}`"))
}

/// Takes an answer apart as its bytes come.
#[derive(Debug, Default)]
pub(crate) struct CsvReader {
    /// Bytes that are no whole record yet.
    rest: Vec<u8>,
    /// How far `rest` was looked through, and whether that place is between quotes.
    seen: usize,
    is_quoted: bool,
    columns: Vec<String>,
    /// True once the header of the table at hand was read.
    has_header: bool,
    fields: Vec<String>,
}

impl CsvReader {
    /// Takes bytes and gives the rows that are whole to `take`.
    pub(crate) fn feed(
        &mut self,
        bytes: &[u8],
        take: &mut dyn FnMut(&Row<'_>) -> Result<(), InfluxError>,
    ) -> Result<(), InfluxError> {
        self.rest.extend_from_slice(bytes);
        let mut rest = std::mem::take(&mut self.rest);
        let mut start = 0;
        while let Some(end) = self.record_end(&rest) {
            self.record(&rest[start..end], take)?;
            start = end + 1;
        }
        rest.drain(..start);
        self.seen -= start;
        self.rest = rest;
        if self.rest.len() > RECORD_BYTES_MAX {
            return Err(InfluxError::Answer("a record has over 1 MiB".into()));
        }
        Ok(())
    }

    /// Takes what is left when the answer is over.
    pub(crate) fn finish(
        &mut self,
        take: &mut dyn FnMut(&Row<'_>) -> Result<(), InfluxError>,
    ) -> Result<(), InfluxError> {
        if self.is_quoted {
            return Err(InfluxError::Answer("it broke off".into()));
        }
        let record = std::mem::take(&mut self.rest);
        self.seen = 0;
        self.record(&record, take)
    }

    /// The place of the next line end that is not between quotes, looking on from where it stopped.
    fn record_end(&mut self, rest: &[u8]) -> Option<usize> {
        while let Some(byte) = rest.get(self.seen) {
            let at = self.seen;
            self.seen += 1;
            match byte {
                b'"' => self.is_quoted = !self.is_quoted,
                b'\n' if !self.is_quoted => return Some(at),
                _ => {}
            }
        }
        None
    }

    fn record(
        &mut self,
        record: &[u8],
        take: &mut dyn FnMut(&Row<'_>) -> Result<(), InfluxError>,
    ) -> Result<(), InfluxError> {
        let record = record.strip_suffix(b"\r").unwrap_or(record);
        if record.is_empty() || record[0] == b'#' {
            // An empty line ends a table, annotations begin one.
            self.has_header = false;
            return Ok(());
        }
        let text = std::str::from_utf8(record);
        let text = text.map_err(|_| InfluxError::Answer("it is no text".into()))?;
        if !self.has_header {
            split(text, &mut self.columns);
            self.has_header = true;
            return Ok(());
        }
        split(text, &mut self.fields);
        let row = Row {
            columns: &self.columns,
            fields: &self.fields,
        };
        if self.columns.iter().any(|name| name == "error") && !row.get("error").is_empty() {
            return Err(InfluxError::Query(row.get("error").to_owned()));
        }
        take(&row)
    }
}

/// Splits a record, using the room of `fields` again.
fn split(record: &str, fields: &mut Vec<String>) {
    let mut count = 0;
    let mut put = |text: &str, is_quoted: bool| {
        if count == fields.len() {
            fields.push(String::new());
        }
        let field = &mut fields[count];
        field.clear();
        if is_quoted {
            field.push_str(&text.replace("\"\"", "\""));
        } else {
            field.push_str(text);
        }
        count += 1;
    };
    let mut rest = record;
    loop {
        let (end, is_quoted) = match rest.strip_prefix('"') {
            Some(inner) => (quoted_end(inner) + 2, true),
            None => (rest.find(',').unwrap_or(rest.len()), false),
        };
        let end = end.min(rest.len());
        let text = if is_quoted {
            rest.get(1..end - 1).unwrap_or_default()
        } else {
            &rest[..end]
        };
        put(text, is_quoted);
        match rest[end..].strip_prefix(',') {
            Some(after) => rest = after,
            None => break,
        }
    }
    fields.truncate(count);
}

/// Where text in quotes ends; two quotes are one.
fn quoted_end(inner: &str) -> usize {
    let bytes = inner.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'"' {
            if bytes.get(at + 1) != Some(&b'"') {
                return at;
            }
            at += 1;
        }
        at += 1;
    }
    bytes.len()
}

/// Nanoseconds since the epoch of `2026-06-01T00:00:00.5Z`.
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        bytes.get(from..to)?.iter().try_fold(0, |sum, byte| {
            byte.is_ascii_digit()
                .then(|| sum * 10 + i64::from(byte - b'0'))
        })
    };
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let is_shaped = separators
        .iter()
        .all(|(at, byte)| bytes.get(*at) == Some(byte));
    if !is_shaped || bytes.last() != Some(&b'Z') {
        return None;
    }
    let days = days_of(number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let secs = days * 86_400 + number(11, 13)? * 3_600 + number(14, 16)? * 60 + number(17, 19)?;
    let mut nanos = 0;
    if bytes.get(19) == Some(&b'.') {
        let digits = &bytes[20..bytes.len() - 1];
        let width = u32::try_from(digits.len())
            .ok()
            .filter(|width| *width <= 9)?;
        nanos = number(20, bytes.len() - 1)? * 10i64.pow(9 - width);
    }
    // The first second of the range lies partly before it.
    let whole = i128::from(secs) * 1_000_000_000 + i128::from(nanos);
    i64::try_from(whole).ok()
}

/// Days since the epoch of a date (Hinnant's `days_from_civil`).
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_of_year = (month + 9) % 12;
    let day_of_year = (153 * month_of_year + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, piece: usize) -> Result<Vec<(String, String)>, InfluxError> {
        let mut found = Vec::new();
        let mut take = |row: &Row<'_>| {
            found.push((row.get("_value").to_owned(), row.get("name").to_owned()));
            Ok(())
        };
        let mut reader = CsvReader::default();
        for bytes in text.as_bytes().chunks(piece) {
            reader.feed(bytes, &mut take)?;
        }
        reader.finish(&mut take)?;
        Ok(found)
    }

    #[test]
    fn tables_of_any_columns_are_read_in_pieces_of_any_size() {
        let text = "#datatype,string,long,double,string\r\n,result,table,_value,name\r\n,_result,0,1.5,\"a, \"\"b\"\"\nc\"\r\n,_result,1,2,\r\n\r\n#datatype,string\r\n,result,name,_value\r\n,_result,x,3\r\n\r\n";
        let expect: Vec<(String, String)> = [("1.5", "a, \"b\"\nc"), ("2", ""), ("3", "x")]
            .map(|(value, name)| (value.to_owned(), name.to_owned()))
            .into();
        for piece in [1, 2, 7, 1_000] {
            assert_eq!(rows(text, piece).unwrap(), expect);
        }
        assert_eq!(rows("", 1).unwrap(), []);
    }

    #[test]
    fn errors_in_the_middle_are_errors() {
        let text = ",result,table,_value,name\r\n,_result,0,1,a\r\n\r\nerror,reference\r\n\"memory, all of it\",897\r\n";
        let Err(InfluxError::Query(message)) = rows(text, 5) else {
            panic!("an error");
        };
        assert_eq!(message, "memory, all of it");
        assert!(rows(",_value\r\n,\"a", 3).is_err());
    }

    #[test]
    fn times_are_nanoseconds() {
        assert_eq!(parse_time("1970-01-01T00:00:00Z"), Some(0));
        let at = Some(1_780_272_000_123_000_000);
        assert_eq!(parse_time("2026-06-01T00:00:00.123Z"), at);
        assert_eq!(
            parse_time("1677-09-21T00:12:43.145224194Z"),
            Some(i64::MIN + 2)
        );
        assert_eq!(
            parse_time("2262-04-11T23:47:16.854775806Z"),
            Some(i64::MAX - 1)
        );
        for text in [
            "",
            "2026-06-01",
            "2026-06-01T00:00:00",
            "2026-06-01T00:00:00.1234567890Z",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}
