-- Alerts, what happened to them, incidents, silences, and the rules that people changed. Ids are
-- UUIDs as 16 bytes, whose order is their order in time; times are ms since the epoch; unsigned
-- 64-bit numbers are kept as the same bits signed; what is a list or a map is JSON.

-- What an alert says and is found by. The same cause says the same again and again, so labels and
-- words are indexed once for all its alerts, and never when an alert is merely counted on.
CREATE TABLE alert_subjects (
    id           INTEGER NOT NULL PRIMARY KEY,
    hash         BIGINT  NOT NULL, -- of what follows up to labels
    kind         TEXT    NOT NULL,
    rule         TEXT    NOT NULL,
    failure_type TEXT,
    title        TEXT    NOT NULL,
    labels       TEXT    NOT NULL,
    text         TEXT    NOT NULL, -- the title, then label=value lines, in lower case
    alerts       BIGINT  NOT NULL  -- how many have it; the row goes with the last of them
);
CREATE INDEX alert_subjects_by_hash ON alert_subjects (hash);
CREATE INDEX alert_subjects_by_rule ON alert_subjects (rule);
CREATE INDEX alert_subjects_by_failure_type ON alert_subjects (failure_type);

-- Parts of words, to find subjects by; its rowid is the id of a subject.
CREATE VIRTUAL TABLE alert_words USING fts5(
    text, content='', contentless_delete=1, detail='none', tokenize='trigram case_sensitive 1'
);

-- Every pair of label and value that there is, and which subjects have it.
CREATE TABLE alert_labels (
    id    INTEGER NOT NULL PRIMARY KEY,
    name  TEXT    NOT NULL,
    value TEXT    NOT NULL,
    UNIQUE (name, value)
);
CREATE TABLE alert_subject_labels (
    label   BIGINT NOT NULL,
    subject BIGINT NOT NULL,
    PRIMARY KEY (label, subject)
) WITHOUT ROWID;
CREATE INDEX alert_subject_labels_by_subject ON alert_subject_labels (subject);

CREATE TABLE alerts (
    number           INTEGER NOT NULL PRIMARY KEY,
    id               BLOB    NOT NULL,
    subject          BIGINT  NOT NULL,
    status           TEXT    NOT NULL,
    severity         TEXT    NOT NULL,
    is_firing        BOOLEAN NOT NULL, -- that ends_ms is not there, for the index
    assignee         TEXT,
    incident         BLOB,
    starts_ms        BIGINT  NOT NULL,
    ends_ms          BIGINT,
    acknowledged_ms  BIGINT,
    resolved_ms      BIGINT,
    fingerprint      BIGINT  NOT NULL,
    last_ms          BIGINT  NOT NULL,
    count            BIGINT  NOT NULL,
    confidence       DOUBLE PRECISION,
    snoozed_until_ms BIGINT,
    is_flapping      BOOLEAN NOT NULL,
    returns_ms       TEXT    NOT NULL,
    joined_because   TEXT,
    seq              BIGINT  NOT NULL,
    annotations      TEXT    NOT NULL,
    evidence         TEXT    NOT NULL
);
CREATE UNIQUE INDEX alerts_by_id ON alerts (id);
CREATE INDEX alerts_by_state ON alerts (status, severity, is_firing, id, subject);
CREATE INDEX alerts_by_subject ON alerts (subject, id);
CREATE INDEX alerts_by_incident ON alerts (incident, id) WHERE incident IS NOT NULL;
CREATE INDEX alerts_by_assignee ON alerts (assignee, status, id) WHERE assignee IS NOT NULL;
CREATE INDEX alerts_by_end ON alerts (ends_ms) WHERE ends_ms IS NOT NULL;

-- How many alerts there are of each state: counting a million would be slow.
CREATE TABLE alert_counts (
    status    TEXT    NOT NULL,
    severity  TEXT    NOT NULL,
    is_firing BOOLEAN NOT NULL,
    alerts    BIGINT  NOT NULL,
    PRIMARY KEY (status, severity, is_firing)
);

-- Never reused, even after the newest were forgotten: readers go on from a number.
CREATE TABLE alert_events (
    seq    INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    alert  BLOB    NOT NULL,
    at_ms  BIGINT  NOT NULL,
    actor  TEXT    NOT NULL,
    kind   TEXT    NOT NULL,
    detail TEXT             -- a JSON object, for the kinds that have one
);
CREATE INDEX alert_events_by_alert ON alert_events (alert, seq);

CREATE TABLE incidents (
    id              BLOB    NOT NULL PRIMARY KEY,
    title           TEXT    NOT NULL,
    is_titled       BOOLEAN NOT NULL,
    severity        TEXT    NOT NULL,
    status          TEXT    NOT NULL,
    starts_ms       BIGINT  NOT NULL,
    ends_ms         BIGINT,
    last_joined_ms  BIGINT  NOT NULL,
    acknowledged_ms BIGINT,
    resolved_ms     BIGINT,
    first_alert     BLOB    NOT NULL,
    alerts          BIGINT  NOT NULL,
    is_pinned       BOOLEAN NOT NULL
);
CREATE INDEX incidents_by_status ON incidents (status, id);

CREATE TABLE silences (
    id         BLOB   NOT NULL PRIMARY KEY,
    matchers   TEXT   NOT NULL,
    starts_ms  BIGINT NOT NULL,
    ends_ms    BIGINT NOT NULL,
    recurrence TEXT,
    created_by TEXT   NOT NULL,
    created_ms BIGINT NOT NULL,
    comment    TEXT   NOT NULL,
    expired_ms BIGINT,
    over_ms    BIGINT          -- when it holds no more; none: it comes again and again
);
CREATE INDEX silences_by_over ON silences (over_ms);

-- What rules remember between runs: for each the fingerprint of a group, and opaque bytes.
CREATE TABLE rule_states (
    rule        TEXT   NOT NULL,
    label_group BIGINT NOT NULL,
    state       BLOB   NOT NULL,
    PRIMARY KEY (rule, label_group)
);

-- How far each origin of signals was taken.
CREATE TABLE alert_origins (
    origin   TEXT   NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL
);

-- Every version of every rule that was changed; no rule: it was deleted.
CREATE TABLE alert_rule_versions (
    id      TEXT    NOT NULL,
    version BIGINT  NOT NULL,
    rule    TEXT,
    PRIMARY KEY (id, version)
);
CREATE TABLE classification_rule_versions (
    id      TEXT    NOT NULL,
    version BIGINT  NOT NULL,
    rule    TEXT,
    PRIMARY KEY (id, version)
);
