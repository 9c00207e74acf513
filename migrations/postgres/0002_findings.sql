-- Anomalies, predictions and how predictions turned out. Ids are UUIDs as 16 bytes, whose order is
-- their order in time; a series is a 64-bit number kept as a signed one.

CREATE TABLE anomalies (
    id     BYTEA NOT NULL PRIMARY KEY,
    series BIGINT NOT NULL,
    labels BYTEA NOT NULL,
    -- The labels as text in lower case, to look for words in.
    label_text  TEXT COLLATE "C" NOT NULL,
    detector    TEXT COLLATE "C" NOT NULL,
    score       DOUBLE PRECISION NOT NULL,
    observed    DOUBLE PRECISION,
    yhat        DOUBLE PRECISION,
    yhat_lower  DOUBLE PRECISION,
    yhat_upper  DOUBLE PRECISION,
    started_ms  BIGINT NOT NULL,
    ended_ms    BIGINT,
    explanation TEXT COLLATE "C" NOT NULL,
    feedback    TEXT COLLATE "C"
) PARTITION BY RANGE (id);
CREATE TABLE anomalies_rest PARTITION OF anomalies DEFAULT;
CREATE INDEX anomalies_by_series ON anomalies (series, id);
CREATE INDEX anomalies_by_end ON anomalies (ended_ms);

CREATE TABLE predictions (
    id          BYTEA NOT NULL PRIMARY KEY,
    series      BIGINT NOT NULL,
    labels      BYTEA NOT NULL,
    rule        TEXT COLLATE "C" NOT NULL,
    made_ms     BIGINT NOT NULL,
    threshold   DOUBLE PRECISION NOT NULL,
    direction   TEXT COLLATE "C" NOT NULL,
    horizon_ms  BIGINT NOT NULL,
    current     DOUBLE PRECISION NOT NULL,
    probability DOUBLE PRECISION NOT NULL,
    early_ms    BIGINT,
    median_ms   BIGINT,
    late_ms     BIGINT,
    -- A point of the forecast: its time as a number, then five floats, 8 bytes each.
    point     BYTEA,
    is_raised BOOLEAN NOT NULL,
    -- The newest of its series and rule.
    is_current  BOOLEAN NOT NULL,
    explanation TEXT COLLATE "C" NOT NULL,
    outcome     TEXT COLLATE "C" NOT NULL,
    crossed_ms  BIGINT
) PARTITION BY RANGE (id);
CREATE TABLE predictions_rest PARTITION OF predictions DEFAULT;
CREATE INDEX predictions_by_series ON predictions (series, made_ms);
CREATE INDEX predictions_current ON predictions (is_current, is_raised, median_ms);
CREATE INDEX predictions_open ON predictions (outcome, made_ms);

CREATE TABLE scorecards (
    series        BIGINT NOT NULL,
    rule          TEXT COLLATE "C" NOT NULL,
    labels        BYTEA NOT NULL,
    outcomes      BYTEA NOT NULL,
    points        BIGINT NOT NULL,
    inside_80     BIGINT NOT NULL,
    inside_95     BIGINT NOT NULL,
    brier         DOUBLE PRECISION NOT NULL,
    is_calibrated BOOLEAN NOT NULL,
    reason        TEXT COLLATE "C" NOT NULL,
    state         BYTEA NOT NULL,
    PRIMARY KEY (series, rule)
);
