-- What several processes agree by: leases, and signals on their way to the writer of alerts. Times
-- are ms since the epoch; unsigned 64-bit numbers are kept as the same bits signed.

-- A lease that was given back stays, so that its token never goes down.
CREATE TABLE leases (
    name     TEXT   NOT NULL PRIMARY KEY,
    holder   TEXT   NOT NULL,
    note     TEXT   NOT NULL,
    token    BIGINT NOT NULL,
    until_ms BIGINT NOT NULL
);

-- Never reused: the reader goes on from a number.
CREATE TABLE told_signals (
    seq              INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind             TEXT    NOT NULL, -- lines, anomalies or predictions
    partition_number BIGINT,           -- of lines
    position         BIGINT,
    told             TEXT    NOT NULL  -- a JSON list: signals, or ids
);

-- The last event of the bus whose lines were told.
CREATE TABLE told_positions (
    partition_number BIGINT NOT NULL PRIMARY KEY,
    position         BIGINT NOT NULL
);
