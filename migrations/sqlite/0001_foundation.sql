-- Templates, miners, audit, jobs and file positions.
-- Times are nanoseconds since the epoch; unsigned 64-bit numbers are kept as the same bits signed.

CREATE TABLE templates (
    id         BIGINT   NOT NULL PRIMARY KEY,
    parent     BIGINT,
    pattern    TEXT     NOT NULL, -- for people; the truth is in parts
    parts      BLOB     NOT NULL, -- versioned, see relational/template_blob.rs
    source     TEXT     NOT NULL,
    severity   SMALLINT NOT NULL,
    example    TEXT     NOT NULL,
    first_seen BIGINT   NOT NULL,
    last_seen  BIGINT   NOT NULL,
    records    BIGINT   NOT NULL
);

CREATE TABLE miners (
    partition_number INTEGER NOT NULL PRIMARY KEY,
    state            BLOB    NOT NULL
);

CREATE TABLE audit_entries (
    id      TEXT   NOT NULL PRIMARY KEY, -- UUIDv7, so sorted by time
    at      BIGINT NOT NULL,
    actor   TEXT   NOT NULL,
    action  TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    details TEXT   NOT NULL -- a JSON object
);

CREATE TABLE jobs (
    id          TEXT   NOT NULL PRIMARY KEY, -- UUIDv7, so sorted by time
    kind        TEXT   NOT NULL,
    status      TEXT   NOT NULL, -- queued, running, succeeded or failed
    created_at  BIGINT NOT NULL,
    finished_at BIGINT,
    parameters  TEXT   NOT NULL, -- a JSON object
    result      TEXT,            -- a JSON object
    error       TEXT
);

CREATE INDEX jobs_by_status ON jobs (status);

CREATE TABLE file_positions (
    device            BIGINT NOT NULL,
    inode             BIGINT NOT NULL,
    path              BLOB   NOT NULL, -- file names are bytes
    fingerprint       BIGINT NOT NULL,
    fingerprint_bytes BIGINT NOT NULL,
    read_offset       BIGINT NOT NULL,
    PRIMARY KEY (device, inode)
);
