//! `tocsin ask`.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};

use anyhow::bail;
use serde_json::{Value, json};

use super::remote::{self, Remote, encoded};
use super::terminal::{list, plain};

/// The most bytes of an answer.
const ANSWER_BYTES_MAX: u64 = 64 << 20;

/// Ask a running server a question.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The question, such as "why is db-1 slow?" or "what changed last night?"
    question: String,
    /// Print the whole answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: Remote,
}

/// Asks, and prints the answer as it comes. Who interrupts it stops the answer.
///
/// # Errors
/// If no server answers, it refuses the question, or the answer breaks off.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let accept = if arguments.json {
        "application/json"
    } else {
        "text/event-stream"
    };
    let request = Remote::agent()
        .post(arguments.remote.url("/api/v1/copilot/ask"))
        .header("Content-Type", "application/json")
        .header("Accept", accept);
    let body = json!({ "text": arguments.question }).to_string();
    let answer = arguments.remote.reached(request.send(body))?;
    let mut out = std::io::stdout().lock();
    if arguments.json || !answer.status().is_success() {
        writeln!(out, "{}", remote::body(answer)?)?;
        return Ok(());
    }
    let body = answer.into_body().into_with_config();
    let events = BufReader::new(body.limit(ANSWER_BYTES_MAX).reader());
    read(events, &mut Printer::new(out, arguments.remote.url("")))
}

/// Prints the events of an answer; the last must be the whole of it.
fn read(events: impl BufRead, printer: &mut Printer<impl Write>) -> anyhow::Result<()> {
    let mut name = String::new();
    for line in events.lines() {
        let line = line?;
        if let Some(given) = line.strip_prefix("event: ") {
            given.clone_into(&mut name);
        } else if let Some(data) = line.strip_prefix("data: ") {
            let data: Value = serde_json::from_str(data)?;
            if printer.print(&name, &data)? {
                return Ok(());
            }
        }
    }
    bail!("the answer broke off")
}

/// Prints an answer piece by piece.
struct Printer<W> {
    out: W,
    /// The address of the page.
    page: String,
}

impl<W: Write> Printer<W> {
    const fn new(out: W, page: String) -> Self {
        Self { out, page }
    }

    /// Prints an event. True if it is the last.
    fn print(&mut self, name: &str, data: &Value) -> anyhow::Result<bool> {
        match name {
            "understood" => {
                let [from, to] = ["from", "to"].map(|name| plain(&data[name]));
                writeln!(
                    self.out,
                    "Understood as: {} ({from} to {to})\n",
                    plain(&data["text"])
                )?;
            }
            "statement" => writeln!(self.out, "{}", sentence(data))?,
            "notice" => writeln!(self.out, "note: {}", plain(&data["text"]))?,
            "message" => {
                self.rest(&data["answer"])?;
                self.out.flush()?;
                return Ok(true);
            }
            "error" => bail!("there is no answer: {}", plain(&data["detail"])),
            // Facts are listed at the end; steps and charts are for the page.
            _ => {}
        }
        self.out.flush()?;
        Ok(false)
    }

    /// What stands below the sentences.
    fn rest(&mut self, answer: &Value) -> std::io::Result<()> {
        if answer["stopped"] == true {
            writeln!(self.out, "note: the answer was stopped here")?;
        }
        for proposal in list(&answer["proposals"]) {
            let about = plain(&proposal["failure_type"]);
            writeln!(
                self.out,
                "\nWhat could be done about {about} (nothing of it was done):"
            )?;
            for (index, step) in list(&proposal["steps"]).iter().enumerate() {
                writeln!(self.out, "  {}. {}", index + 1, plain(step))?;
            }
        }
        let facts = list(&answer["facts"]);
        if !facts.is_empty() {
            writeln!(self.out, "\nEvidence:")?;
        }
        for fact in facts {
            let at = fact["at"]
                .as_str()
                .map_or(String::new(), |at| format!("{at}  "));
            writeln!(
                self.out,
                "  [{}] {at}{}",
                plain(&fact["id"]),
                plain(&fact["text"])
            )?;
            if let Some(link) = link(&fact["evidence"]) {
                writeln!(self.out, "       {}{link}", self.page)?;
            }
        }
        let follow_ups = list(&answer["follow_ups"]);
        if !follow_ups.is_empty() {
            writeln!(self.out, "\nYou may go on to ask:")?;
        }
        for question in follow_ups {
            writeln!(self.out, "  {}", plain(question))?;
        }
        Ok(())
    }
}

/// A sentence with the ids of what it rests on.
fn sentence(statement: &Value) -> String {
    let mut text = plain(&statement["text"]);
    for id in list(&statement["cites"]) {
        // Writing to a text never fails.
        let _ = write!(text, " [{}]", plain(id));
    }
    text
}

/// Where a fact opens in the page.
fn link(evidence: &Value) -> Option<String> {
    let field = |name: &str| evidence[name].as_str().map(encoded);
    Some(match evidence["type"].as_str()? {
        "record" => format!("/search?record={}", field("id")?),
        "template" => format!("/search?template={}", field("id")?),
        "metric" => format!(
            "/series?view=query&q={}&from={}&to={}",
            field("query")?,
            field("from")?,
            field("to")?
        ),
        "anomaly" | "prediction" => format!("/series?series={}", field("series")?),
        "alert" => format!("/alerts?alert={}&status=all", field("id")?),
        "incident" => format!("/incidents?incident={}", field("id")?),
        "change" => format!("/changes?change={}", field("id")?),
        "runbook" => format!("/runbooks?failure_type={}", field("failure_type")?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(events: &str) -> (anyhow::Result<()>, String) {
        let mut out = Vec::new();
        let mut printer = Printer::new(&mut out, "http://127.0.0.1:8080".into());
        let result = read(events.as_bytes(), &mut printer);
        (result, String::from_utf8(out).unwrap())
    }

    #[test]
    fn an_answer_is_printed_as_it_comes_with_its_evidence_at_the_end() {
        let events = concat!(
            ": ping\n\n",
            "event: understood\ndata: {\"text\":\"Why?\",\"from\":\"a\",\"to\":\"b\"}\n\n",
            "event: step\ndata: {\"tool\":\"search_logs\"}\n\n",
            "event: statement\ndata: {\"text\":\"It is slow.\",\"cites\":[\"E1\",\"E2\"]}\n\n",
            "event: message\ndata: {\"answer\":{\"facts\":[",
            "{\"id\":\"E1\",\"text\":\"x\\u001b[31m\\u202ey\",\"at\":\"2027-01-15T08:00:00Z\",",
            "\"evidence\":{\"type\":\"record\",\"id\":\"r1\"}},",
            "{\"id\":\"E2\",\"text\":\"z\",\"at\":null,\"evidence\":{\"type\":\"metric\",",
            "\"query\":\"a b\",\"from\":\"1\",\"to\":\"2\"}}],\"stopped\":true}}\n\n",
        );
        let (result, text) = printed(events);
        result.unwrap();
        let expected = "Understood as: Why? (a to b)\n\n\
            It is slow. [E1] [E2]\n\
            note: the answer was stopped here\n\n\
            Evidence:\n  \
            [E1] 2027-01-15T08:00:00Z  x [31my\n       \
            http://127.0.0.1:8080/search?record=r1\n  \
            [E2] z\n       \
            http://127.0.0.1:8080/series?view=query&q=a%20b&from=1&to=2\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_fails_or_breaks_off_is_an_error() {
        let failed = printed("event: error\ndata: {\"detail\":\"a store did not answer\"}\n\n").0;
        let said = failed.unwrap_err().to_string();
        assert!(said.contains("a store did not answer"), "{said}");
        let cut = printed("event: statement\ndata: {\"text\":\"a\",\"cites\":[]}\n\n");
        assert!(cut.0.is_err());
        assert_eq!(cut.1, "a\n");
    }
}
