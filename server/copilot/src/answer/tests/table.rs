//! Questions, and what their answers must say.

/// A question, the intent it has, and what the answer must say.
pub(super) const QUESTIONS: &[(&str, &str, &[&str])] = &[
    ("What can I ask?", "help", &["what is wrong"]),
    (
        "show errors of payment",
        "errors",
        &[
            "60 lines",
            "paygate timed out",
            "in as long a time before there were 0",
        ],
    ),
    ("errors of web", "errors", &["No line of severity error"]),
    (
        "how many errors were there in the last hour?",
        "count",
        &["81 lines"],
    ),
    (
        "how many timeouts did payment have today?",
        "count",
        &["None: no line"],
    ),
    (
        "how many alerts are there",
        "count",
        &["2 alerts were found", "2 of them firing"],
    ),
    (
        "Which host has the most errors?",
        "top",
        &["host `pay-1` with 61 lines"],
    ),
    ("most frequent errors", "top", &["81 lines in all"]),
    (
        "which services have most errors",
        "top",
        &["service `payment` with 60 lines"],
    ),
    (
        "what changed?",
        "changes",
        &["deploy of `payment` by ana", "payment 2.4.1"],
    ),
    (
        "what changed on web since yesterday",
        "changes",
        &["No change of `web` is known"],
    ),
    (
        "show open alerts",
        "alerts",
        &["2 alerts were found, 2 of them firing", "fired 57 times"],
    ),
    (
        "critical alerts of payment",
        "alerts",
        &["payment provider paygate timed out"],
    ),
    (
        "alerts of volume",
        "alerts",
        &["No alert of `volume` fires now."],
    ),
    (
        "what is broken?",
        "status",
        &[
            "payment provider paygate timed out",
            "is unusual: 30.02 where 0.08 was expected",
            "reaches its limit",
        ],
    ),
    ("is web ok?", "status", &["Nothing is wrong of `web`"]),
    (
        "what will fill up?",
        "fill_up",
        &[
            "reaches its limit of 1 about 2027-01-17 08:00:00 UTC",
            "93 %",
        ],
    ),
    (
        "when will the disk of web-1 be full?",
        "fill_up",
        &["Nothing of `web-1` is watched"],
    ),
    (
        "latency of payment in the last hour",
        "metric",
        &["shop_payment_latency_seconds (service=payment)", "at last"],
    ),
    (
        "show temperature of web-1",
        "metric",
        &["No series of temperature of `web-1`"],
    ),
    (
        "errors in the last 20 minutes vs yesterday",
        "compare",
        &[
            "81 lines of severity error or worse",
            "No line of severity error or worse",
        ],
    ),
    (
        "is payment slower than yesterday?",
        "compare",
        &["No series of `payment` has points both"],
    ),
    (
        "any new errors in the last hour?",
        "patterns",
        &["There are new kinds", "which is new"],
    ),
    (
        "what does orders log?",
        "patterns",
        &["most frequent kinds"],
    ),
    (
        "when did \"paygate timed out\" start?",
        "first_seen",
        &["First seen at 2027-01-15 07:40:00 UTC"],
    ),
    (
        "since when is payment slow?",
        "first_seen",
        &["is unusual", "fires since"],
    ),
    (
        "similar incidents?",
        "similar",
        &["the same type of failure of payment"],
    ),
    (
        "what happened today?",
        "digest",
        &["alerts fired", "payment 2.4.1", "reaches its limit"],
    ),
    (
        "how do I fix disk full?",
        "runbook",
        &["For `disk_full`", "First: "],
    ),
    (
        "how do I fix the flux capacitor?",
        "runbook",
        &["No runbook fits"],
    ),
    ("why is payment slow?", "why", &["payment"]),
    (
        "what caused the errors of orders in the last 30 minutes?",
        "cause",
        &["payment"],
    ),
    (
        "paygate timed out",
        "search",
        &["60 lines found", "paygate timed out"],
    ),
    ("flux capacitor melted", "search", &["No line", "was found"]),
];

/// What is open on the page.
#[derive(Debug, Clone, Copy)]
pub(super) enum Open {
    Alert,
    Incident,
    Line,
}

/// A question, what is open, the intent it has, and what the answer must say.
pub(super) const ON_PAGES: &[(&str, Open, &str, &str)] = &[
    (
        "explain this",
        Open::Alert,
        "explain",
        "It belongs to the incident",
    ),
    (
        "explain this",
        Open::Incident,
        "explain",
        "2 alerts belong to it",
    ),
    (
        "what does this line mean?",
        Open::Line,
        "explain",
        "`disk_full`",
    ),
    ("why?", Open::Alert, "why", "payment"),
    (
        "has this happened before?",
        Open::Alert,
        "similar",
        "the same type of failure",
    ),
    (
        "what should I do?",
        Open::Alert,
        "runbook",
        "For `payment_provider_failure`",
    ),
    (
        "what should I do?",
        Open::Incident,
        "runbook",
        "For `payment_provider_failure`",
    ),
    (
        "what changed during the incident?",
        Open::Incident,
        "changes",
        "payment 2.4.1",
    ),
    (
        "show the errors",
        Open::Alert,
        "errors",
        "60 lines of severity error or worse of `payment`",
    ),
];
