-- Tickets, what was decided about them and why, and what trackers are to be told. Ids are UUIDs as
-- 16 bytes, whose order is their order in time; times are ms since the epoch; unsigned 64-bit
-- numbers are kept as the same bits signed; what is a map or an object is JSON.

CREATE TABLE tickets (
    id            BLOB   NOT NULL PRIMARY KEY,
    fingerprint   BIGINT NOT NULL,
    alert         BLOB   NOT NULL,
    rule          TEXT   NOT NULL,
    title         TEXT   NOT NULL,
    words         TEXT   NOT NULL, -- the title in lower case
    description   TEXT   NOT NULL,
    severity      TEXT   NOT NULL,
    labels        TEXT   NOT NULL,
    failure_type  TEXT,
    status        TEXT   NOT NULL,
    tracker       TEXT   NOT NULL,
    reference_key TEXT,
    reference_id  TEXT,
    reference_url TEXT,
    created_ms    BIGINT NOT NULL,
    updated_ms    BIGINT NOT NULL,
    resolved_ms   BIGINT,
    occurrences   BIGINT NOT NULL,
    next_task     BIGINT,          -- the first of its tasks that is to be done, with its due_ms;
    next_due_ms   BIGINT           -- none: there is none, or one that was given up holds it back
);
CREATE INDEX tickets_by_fingerprint ON tickets (fingerprint, tracker, id);
CREATE INDEX tickets_by_alert ON tickets (alert, id);
CREATE INDEX tickets_by_status ON tickets (status, id);
CREATE INDEX tickets_by_resolved ON tickets (resolved_ms) WHERE resolved_ms IS NOT NULL;
-- Few have something to be done, however many there are and however much waits behind it.
CREATE INDEX tickets_due ON tickets (next_due_ms, next_task) WHERE next_due_ms IS NOT NULL;

-- Never reused, so that a page that began before some were forgotten goes on after it.
CREATE TABLE ticket_tasks (
    id              INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    ticket          BLOB    NOT NULL,
    event_seq       BIGINT  NOT NULL,
    kind            TEXT    NOT NULL,
    text            TEXT    NOT NULL,
    due_ms          BIGINT  NOT NULL,
    state           TEXT    NOT NULL,
    is_ahead        BOOLEAN NOT NULL, -- what comes after it on its ticket waits for it
    attempts        BIGINT  NOT NULL,
    unsure_since_ms BIGINT,
    note            TEXT,
    settled_ms      BIGINT,
    UNIQUE (ticket, event_seq, kind)
);
CREATE INDEX ticket_tasks_by_ticket ON ticket_tasks (ticket, id);
CREATE INDEX ticket_tasks_by_state ON ticket_tasks (state, id);
CREATE INDEX ticket_tasks_ahead ON ticket_tasks (ticket, id) WHERE is_ahead;

CREATE TABLE ticket_comments (
    id     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    ticket BLOB    NOT NULL,
    at_ms  BIGINT  NOT NULL,
    author TEXT    NOT NULL,
    text   TEXT    NOT NULL
);
CREATE INDEX ticket_comments_by_ticket ON ticket_comments (ticket, id);

-- Never reused: readers go on from a number.
CREATE TABLE ticket_decisions (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    alert        BLOB    NOT NULL,
    event_seq    BIGINT  NOT NULL,
    event        TEXT    NOT NULL,
    at_ms        BIGINT  NOT NULL,
    due_ms       BIGINT,
    action       TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    title        TEXT    NOT NULL,
    rule         TEXT    NOT NULL,
    failure_type TEXT,
    severity     TEXT    NOT NULL,
    confidence   DOUBLE PRECISION,
    threshold    DOUBLE PRECISION,
    ticket       BLOB,
    UNIQUE (alert, event_seq)
);
CREATE INDEX ticket_decisions_by_kind ON ticket_decisions (action, severity, id);
CREATE INDEX ticket_decisions_by_ticket ON ticket_decisions (ticket, id) WHERE ticket IS NOT NULL;
CREATE INDEX ticket_decisions_by_time ON ticket_decisions (at_ms, id);
CREATE INDEX ticket_decisions_held ON ticket_decisions (due_ms, id) WHERE action = 'hold';

-- Parts of titles and reasons, to find decisions by; its rowid is the id of a decision.
CREATE VIRTUAL TABLE ticket_decision_words USING fts5(
    text, content='', contentless_delete=1, tokenize='trigram'
);

-- How many decisions there are of each kind: counting a million would be slow.
CREATE TABLE ticket_decision_counts (
    action    TEXT   NOT NULL PRIMARY KEY,
    decisions BIGINT NOT NULL
);

CREATE TABLE ticket_state (
    id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    position BIGINT,          -- the number of the last event that was taken
    number   BIGINT NOT NULL, -- of the last ticket of the built-in tracker, never given again
    settings TEXT             -- an object; none until people changed them
);
INSERT INTO ticket_state (id, number) VALUES (1, 0);
