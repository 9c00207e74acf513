-- Automation: runs, their plans, what people said, every step, and what people switched. Ids are UUIDs
-- as 16 bytes, whose order is their order in time; times are ms since the epoch; unsigned 64-bit
-- numbers are kept as the same bits signed; what is a map, a list or an object is JSON.

CREATE TABLE automation_runs (
    id           BLOB   NOT NULL PRIMARY KEY,
    rule         TEXT   NOT NULL,
    rule_version BIGINT NOT NULL,
    alert        BLOB   NOT NULL,
    since_ms     BIGINT NOT NULL,
    run_group    TEXT   NOT NULL,
    targets      TEXT   NOT NULL, -- sorted, so that equal lists are equal texts
    provider     TEXT   NOT NULL,
    state        TEXT   NOT NULL,
    seq          BIGINT NOT NULL, -- the number of its newest event
    due_ms       BIGINT,          -- when something is to be done about it; none: never
    verification TEXT,            -- held or failed; none: it was not seen
    created_ms   BIGINT NOT NULL,
    executed_ms  BIGINT,
    finished_ms  BIGINT,
    run          TEXT   NOT NULL  -- everything else
);
CREATE INDEX automation_runs_by_state ON automation_runs (state, id);
CREATE INDEX automation_runs_by_alert ON automation_runs (alert, id);
CREATE INDEX automation_runs_by_rule ON automation_runs (rule, run_group, id);
CREATE INDEX automation_runs_due ON automation_runs (due_ms, id) WHERE due_ms IS NOT NULL;
CREATE INDEX automation_runs_executed ON automation_runs (executed_ms) WHERE executed_ms IS NOT NULL;
CREATE INDEX automation_runs_finished ON automation_runs (finished_ms) WHERE finished_ms IS NOT NULL;

-- Written once and never changed.
CREATE TABLE automation_plans (
    run  BLOB NOT NULL PRIMARY KEY,
    plan TEXT NOT NULL
);

CREATE TABLE automation_votes (
    id      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    run     BLOB    NOT NULL,
    plan    TEXT    NOT NULL, -- the hash of what was seen
    stage   BIGINT  NOT NULL,
    actor   TEXT    NOT NULL,
    verdict TEXT    NOT NULL,
    comment TEXT    NOT NULL,
    channel TEXT    NOT NULL,
    at_ms   BIGINT  NOT NULL
);
CREATE INDEX automation_votes_by_run ON automation_votes (run, id);

CREATE TABLE automation_events (
    run        BLOB   NOT NULL,
    seq        BIGINT NOT NULL,
    at_ms      BIGINT NOT NULL,
    actor      TEXT   NOT NULL,
    from_state TEXT,
    to_state   TEXT   NOT NULL,
    what       TEXT   NOT NULL,
    detail     TEXT   NOT NULL,
    PRIMARY KEY (run, seq)
);

-- What runs are doing something to: one run a target.
CREATE TABLE automation_targets (
    target TEXT NOT NULL PRIMARY KEY,
    run    BLOB NOT NULL
);
CREATE INDEX automation_targets_by_run ON automation_targets (run);

CREATE TABLE automation_outputs (
    run  BLOB   NOT NULL,
    at   BIGINT NOT NULL, -- how many bytes come before it
    text TEXT   NOT NULL,
    PRIMARY KEY (run, at)
);

CREATE TABLE automation_throttles (
    rule      TEXT   NOT NULL,
    run_group TEXT   NOT NULL,
    since_ms  BIGINT NOT NULL,
    alerts    TEXT   NOT NULL,
    due_ms    BIGINT,
    ends_ms   BIGINT NOT NULL,
    PRIMARY KEY (rule, run_group)
);

CREATE TABLE automation_rule_versions (
    id      TEXT   NOT NULL,
    version BIGINT NOT NULL,
    rule    TEXT,            -- none: it was deleted
    PRIMARY KEY (id, version)
);

CREATE TABLE automation_state (
    id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    position BIGINT,          -- the last event of alerts that was taken
    switches TEXT             -- none: nobody switched anything
);
INSERT INTO automation_state (id) VALUES (1);
