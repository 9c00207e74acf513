//! Which form a section of a document has, and what its reader makes of it.

use regex::Regex;

use crate::document::{LineRef, Page, Section};
use crate::fields::Field;
use crate::log::{LogLine, LogReader};
use crate::table::Table;
use crate::trace::{Span, TraceReader};
use crate::{json, json_log, outline, table, trace};

/// What a section is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Log,
    /// `kubectl describe`, YAML and their like.
    Outline,
    Json,
    Table,
    Trace,
    /// A page of words: a manual, a runbook. It says nothing of what is.
    Prose,
}

/// A section as its reader read it.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) document: usize,
    pub(crate) section: Section,
    pub(crate) form: Form,
    pub(crate) fields: Vec<Field>,
    pub(crate) tables: Vec<Table>,
    pub(crate) log: Vec<LogLine>,
    pub(crate) spans: Vec<Span>,
}

/// Reads sections of all forms.
#[derive(Debug)]
pub(crate) struct Reader {
    log: LogReader,
    trace: TraceReader,
    stamp: Regex,
}

impl Reader {
    pub(crate) fn new() -> Result<Self, regex::Error> {
        Ok(Self {
            log: LogReader::new()?,
            trace: TraceReader::new()?,
            stamp: Regex::new(r"\d\d:\d\d:\d\d|\b(?:INFO|WARN|ERROR|DEBUG)\b|\blevel=")?,
        })
    }

    pub(crate) fn read(&self, page: &Page<'_>, document: usize, section: &Section) -> Reading {
        let form = self.form(page, section);
        let mut reading = Reading {
            document,
            section: section.clone(),
            form,
            fields: Vec::new(),
            tables: Vec::new(),
            log: Vec::new(),
            spans: Vec::new(),
        };
        match form {
            Form::Json => {
                let text: Vec<&str> = page.of(section).map(|(_, line)| line).collect();
                let first = u32::try_from(section.start + 1).unwrap_or(u32::MAX);
                reading.fields = json::read(&text.join("\n"), document, first);
                reading.spans = trace::of_fields(&reading.fields);
                if reading.spans.is_empty() {
                    reading.log = json_log::read(&reading.fields, &self.log);
                }
            }
            Form::Outline => {
                reading.fields = outline::read(page.of(section), document);
                reading.tables = inner_tables(page, document, section);
            }
            Form::Table => {
                let lines: Vec<(usize, &str)> = page.of(section).collect();
                reading.tables = table::read(&lines, document);
            }
            Form::Trace => reading.spans = self.trace.tree(page.of(section), document),
            Form::Log => reading.log = self.log_lines(page, document, section),
            Form::Prose => {}
        }
        reading
    }

    fn log_lines(&self, page: &Page<'_>, document: usize, section: &Section) -> Vec<LogLine> {
        let mut lines: Vec<LogLine> = Vec::with_capacity(section.end - section.start);
        for (at, text) in page.of(section).filter(|(_, text)| !text.trim().is_empty()) {
            let place = LineRef {
                document,
                line: u32::try_from(at + 1).unwrap_or(u32::MAX),
            };
            let line = self.log.read(text, place, lines.last());
            lines.push(line);
        }
        lines
    }

    fn form(&self, page: &Page<'_>, section: &Section) -> Form {
        let lines: Vec<(usize, &str)> = page
            .of(section)
            .filter(|(_, line)| {
                !line.trim().is_empty() && !matches!(line.trim(), "stdout:" | "stderr:")
            })
            .take(400)
            .collect();
        let share = |is: &dyn Fn(&str) -> bool| {
            lines.iter().filter(|(_, line)| is(line)).count() * 100 / lines.len().max(1)
        };
        if is_json(&lines) {
            return Form::Json;
        }
        let spans = self.trace.tree(lines.iter().copied(), 0).len();
        if spans >= 1
            && spans * 40 >= lines.len()
            && lines
                .iter()
                .any(|(_, line)| line.contains(['├', '└', '─', '│']))
        {
            return Form::Trace;
        }
        let stamps = share(&|line| self.stamp.is_match(line));
        let tables = table::read(&lines, 0);
        let rows: usize = tables.iter().map(|table| table.rows.len()).sum();
        let keys = share(&|line| has_key(line));
        let starts = |name: &str| lines.iter().any(|(_, line)| line.starts_with(name));
        let is_object = (starts("Name:") && keys >= 25)
            || (starts("apiVersion:") || starts("kind:")) && keys >= 40;
        if is_object || (keys >= 70 && stamps < 50 && lines.len() >= 3) {
            return Form::Outline;
        }
        if rows * 2 >= lines.len()
            && rows > 0
            && (stamps < 50 || tables.iter().any(|table| table.columns.len() >= 4))
        {
            return Form::Table;
        }
        if stamps < 10 && is_prose(&lines) {
            return Form::Prose;
        }
        Form::Log
    }
}

fn has_key(line: &str) -> bool {
    outline::key_value(line.trim_start().trim_start_matches("- ")).is_some()
}

/// One JSON text, not a log of JSON lines.
fn is_json(lines: &[(usize, &str)]) -> bool {
    let Some((_, first)) = lines.first() else {
        return false;
    };
    let first = first.trim();
    let is_list = matches!(first, "[" | "[]") || first.starts_with("[{") || first.starts_with("[[");
    let is_whole = |line: &str| line.starts_with('{') && line.ends_with('}');
    let others = lines.iter().skip(1).any(|(_, line)| is_whole(line.trim()));
    is_list || first.starts_with('{') && !(is_whole(first) && others)
}

/// Headings and long sentences.
fn is_prose(lines: &[(usize, &str)]) -> bool {
    let is_heading = |line: &str| {
        let line = line.trim();
        line.starts_with("# ")
            || line.starts_with("## ")
            || line.starts_with("### ")
            || line.len() >= 4 && (line.chars().all(|c| c == '=') || line.chars().all(|c| c == '-'))
    };
    let headings = lines.iter().filter(|(_, line)| is_heading(line)).count();
    headings >= 3 && lines.len() >= 10
}

/// Tables within descriptions: `Conditions:` and `Events:`.
fn inner_tables(page: &Page<'_>, document: usize, section: &Section) -> Vec<Table> {
    let lines: Vec<(usize, &str)> = page.of(section).collect();
    // Tables of their own below the keys, with a header in capitals.
    let mut tables: Vec<Table> = table::read(&lines, document)
        .into_iter()
        .filter(|table| table.columns.len() >= 2 && table.column(&["TYPE"]).is_none())
        .collect();
    let mut at = 0;
    while let Some((_, line)) = lines.get(at) {
        at += 1;
        let is_head = ["Events:", "Conditions:"].contains(&line.trim());
        if !is_head {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let start = at;
        while lines
            .get(at)
            .is_some_and(|(_, line)| line.len() - line.trim_start().len() > indent)
        {
            at += 1;
        }
        tables.extend(table::read(
            lines.get(start..at).unwrap_or_default(),
            document,
        ));
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;

    fn form(text: &str) -> Form {
        let document = Document {
            name: "x".into(),
            text: text.into(),
        };
        let page = Page::new(&document);
        Reader::new().unwrap().form(&page, &page.sections[0])
    }

    #[test]
    fn each_form_is_known_by_its_looks() {
        assert_eq!(form("{\n \"a\": 1\n}"), Form::Json);
        assert_eq!(
            form("{\"level\":30,\"msg\":\"a\"}\n{\"level\":30,\"msg\":\"b\"}"),
            Form::Log
        );
        assert_eq!(
            form("Name: a\nNamespace: b\nStatus: Pending\nEvents: <none>"),
            Form::Outline
        );
        assert_eq!(
            form("apiVersion: v1\nkind: Pod\nmetadata:\n  name: x"),
            Form::Outline
        );
        assert_eq!(
            form("NAME   READY   STATUS\nweb    1/1     Running"),
            Form::Table
        );
        assert_eq!(
            form("├─ a (s) - 12ms\n│  x: y\n  ├─ b (s) - 3ms"),
            Form::Trace
        );
        assert_eq!(
            form("2025-06-12 22:14:51 ERROR a: b\n2025-06-12 22:14:52 INFO c: d\nx"),
            Form::Log
        );
        let page = "# How to\n\nDo this and then that.\n\n## Then\n\nWords of it.\n\n## Last\n\na\nb\nc\nd\ne\nf\ng";
        assert_eq!(form(page), Form::Prose);
    }

    #[test]
    fn events_of_a_description_are_a_table() {
        let text = "Name:  a\nConditions:\n  Type    Status\n  Ready   False\nEvents:\n  Type     Reason   Age                 From     Message\n  ----     ------   ----                ----     -------\n  Warning  BackOff  32s (x6 over 77s)   kubelet  Back-off restarting failed container\n";
        let document = Document {
            name: "x".into(),
            text: text.into(),
        };
        let page = Page::new(&document);
        let reading = Reader::new().unwrap().read(&page, 0, &page.sections[0]);
        assert_eq!(reading.tables.len(), 2);
        let events = &reading.tables[1];
        assert_eq!(
            events.cell(&events.rows[0], &["MESSAGE"]),
            Some("Back-off restarting failed container")
        );
        assert_eq!(events.rows[0].place.line, 8);
        let conditions = &reading.tables[0];
        assert_eq!(
            conditions.cell(&conditions.rows[0], &["STATUS"]),
            Some("False")
        );
    }
}
