-- Anomalies, predictions and how predictions turned out. Ids are UUIDs as 16 bytes, whose order is
-- their order in time; a series is a 64-bit number kept as a signed one.

CREATE TABLE anomalies (
    id          BLOB    NOT NULL PRIMARY KEY,
    series      BIGINT  NOT NULL,
    labels      BLOB    NOT NULL,
    -- The labels as text in lower case, to look for words in.
    label_text  TEXT    NOT NULL,
    detector    TEXT    NOT NULL,
    score       DOUBLE PRECISION NOT NULL,
    observed    DOUBLE PRECISION,
    yhat        DOUBLE PRECISION,
    yhat_lower  DOUBLE PRECISION,
    yhat_upper  DOUBLE PRECISION,
    started_ms  BIGINT  NOT NULL,
    ended_ms    BIGINT,
    explanation TEXT    NOT NULL,
    feedback    TEXT
);
CREATE INDEX anomalies_by_series ON anomalies (series, id);
CREATE INDEX anomalies_by_end ON anomalies (ended_ms);

CREATE TABLE predictions (
    id          BLOB    NOT NULL PRIMARY KEY,
    series      BIGINT  NOT NULL,
    labels      BLOB    NOT NULL,
    rule        TEXT    NOT NULL,
    made_ms     BIGINT  NOT NULL,
    threshold   DOUBLE PRECISION NOT NULL,
    direction   TEXT    NOT NULL,
    horizon_ms  BIGINT  NOT NULL,
    current     DOUBLE PRECISION NOT NULL,
    probability DOUBLE PRECISION NOT NULL,
    early_ms    BIGINT,
    median_ms   BIGINT,
    late_ms     BIGINT,
    -- A point of the forecast: its time as a number, then five floats, 8 bytes each.
    point       BLOB,
    is_raised   BOOLEAN NOT NULL,
    -- The newest of its series and rule.
    is_current  BOOLEAN NOT NULL,
    explanation TEXT    NOT NULL,
    outcome     TEXT    NOT NULL,
    crossed_ms  BIGINT
);
CREATE INDEX predictions_by_series ON predictions (series, made_ms);
CREATE INDEX predictions_current ON predictions (is_current, is_raised, median_ms);
CREATE INDEX predictions_open ON predictions (outcome, made_ms);

CREATE TABLE scorecards (
    series        BIGINT  NOT NULL,
    rule          TEXT    NOT NULL,
    labels        BLOB    NOT NULL,
    outcomes      BLOB    NOT NULL,
    points        BIGINT  NOT NULL,
    inside_80     BIGINT  NOT NULL,
    inside_95     BIGINT  NOT NULL,
    brier         DOUBLE PRECISION NOT NULL,
    is_calibrated BOOLEAN NOT NULL,
    reason        TEXT    NOT NULL,
    state         BLOB    NOT NULL,
    PRIMARY KEY (series, rule)
);
