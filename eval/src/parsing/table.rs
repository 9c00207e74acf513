//! Comma-separated values (RFC 4180): fields of bytes, in quotes where they hold commas, quotes or
//! line ends.

/// Reads all records; blank lines are none.
pub(crate) fn records(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut records = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (record, next) = record(rest);
        rest = next;
        if record.len() > 1 || record.first().is_some_and(|f| !f.is_empty()) {
            records.push(record);
        }
    }
    records
}

/// The first record, and what follows it.
fn record(bytes: &[u8]) -> (Vec<Vec<u8>>, &[u8]) {
    let mut fields = vec![Vec::new()];
    let mut quoted = false;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        let Some(field) = fields.last_mut() else {
            break;
        };
        match byte {
            b'"' if quoted && bytes.get(at) == Some(&b'"') => {
                field.push(b'"');
                at += 1;
            }
            b'"' if quoted => quoted = false,
            b'"' if field.is_empty() => quoted = true,
            b',' if !quoted => fields.push(Vec::new()),
            b'\n' if !quoted => break,
            b'\r' if !quoted && bytes.get(at) == Some(&b'\n') => {}
            _ => field.push(byte),
        }
    }
    (fields, bytes.get(at..).unwrap_or_default())
}

/// Writes one record, all fields but the first in quotes.
pub(crate) fn write(out: &mut String, first: u32, second: &str) {
    out.push_str(&format!("{first},\"{}\"\n", second.replace('"', "\"\"")));
}

#[cfg(test)]
mod tests {
    use super::records;

    #[test]
    fn quotes_hold_commas_quotes_and_line_ends() {
        let found = records(b"a,\"b,\"\"c\"\"\nd\",\r\n\n1,2 \"x\",3\n");
        let expect: [&[&[u8]]; 2] = [&[b"a", b"b,\"c\"\nd", b""], &[b"1", b"2 \"x\"", b"3"]];
        assert_eq!(found.len(), 2);
        for (record, fields) in found.iter().zip(expect) {
            assert_eq!(record, fields);
        }
    }
}
