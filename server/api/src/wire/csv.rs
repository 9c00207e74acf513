//! Records as CSV (RFC 4180). Every text is quoted and nothing is changed: what looks like a
//! formula stays what the log said, so import the file as text where a spreadsheet would compute.

use super::record::Record;

/// The header line.
pub(crate) const HEADER: &str = "timestamp,observed,source,host,severity,body,template,attributes,\
                                 trace_id,span_id,issues,id\r\n";

/// Writes one record as a line.
pub(crate) fn write(record: &Record, to: &mut Vec<u8>) {
    let attributes = serde_json::to_string(&record.attributes).unwrap_or_default();
    let issues = record.issues.join(" ");
    let fields = [
        record.timestamp.as_str(),
        &record.observed,
        &record.source,
        &record.host,
        record.severity,
        &record.body,
        record.template.as_deref().unwrap_or_default(),
        &attributes,
        record.trace_id.as_deref().unwrap_or_default(),
        record.span_id.as_deref().unwrap_or_default(),
        &issues,
        &record.id,
    ];
    row(fields, to);
}

/// Writes fields as a line.
pub(crate) fn row<'a>(fields: impl IntoIterator<Item = &'a str>, to: &mut Vec<u8>) {
    for (at, field) in fields.into_iter().enumerate() {
        if at > 0 {
            to.push(b',');
        }
        quote(field, to);
    }
    to.extend_from_slice(b"\r\n");
}

fn quote(field: &str, to: &mut Vec<u8>) {
    to.push(b'"');
    for (at, part) in field.split('"').enumerate() {
        if at > 0 {
            to.extend_from_slice(b"\"\"");
        }
        to.extend_from_slice(part.as_bytes());
    }
    to.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled_and_lines_stay_inside() {
        let mut text = Vec::new();
        quote("say \"hi\",\nthen go", &mut text);
        assert_eq!(text, b"\"say \"\"hi\"\",\nthen go\"");
    }
}
