-- Templates, miners, audit, jobs and file positions.
-- Text is ordered by its bytes, as in SQLite. Tables that grow without end are cut into partitions by
-- time, which is in their ids; relational/partitions.rs makes the next ones and drops spent ones.
-- Times are nanoseconds since the epoch; unsigned 64-bit numbers are kept as the same bits signed.

-- What SQLite calls so, for the one body of SQL.
CREATE FUNCTION instr(TEXT, TEXT) RETURNS INTEGER
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT strpos($1, $2)';
CREATE FUNCTION json_each(TEXT) RETURNS TABLE (value TEXT)
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS 'SELECT json_array_elements_text(CAST($1 AS JSON))';

CREATE TABLE templates (
    id         BIGINT NOT NULL PRIMARY KEY,
    parent     BIGINT,
    pattern    TEXT COLLATE "C" NOT NULL, -- for people; the truth is in parts
    parts      BYTEA NOT NULL, -- versioned, see relational/template_blob.rs
    source     TEXT COLLATE "C" NOT NULL,
    severity   BIGINT NOT NULL,
    example    TEXT COLLATE "C" NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen  BIGINT NOT NULL,
    records    BIGINT NOT NULL
);

CREATE TABLE miners (
    partition_number BIGINT NOT NULL PRIMARY KEY,
    state            BYTEA NOT NULL
);

CREATE TABLE audit_entries (
    id      TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- UUIDv7, so sorted by time
    at      BIGINT NOT NULL,
    actor   TEXT COLLATE "C" NOT NULL,
    action  TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    details TEXT COLLATE "C" NOT NULL -- a JSON object
) PARTITION BY RANGE (id);
CREATE TABLE audit_entries_rest PARTITION OF audit_entries DEFAULT;

CREATE TABLE jobs (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- UUIDv7, so sorted by time
    kind        TEXT COLLATE "C" NOT NULL,
    status      TEXT COLLATE "C" NOT NULL, -- queued, running, succeeded or failed
    created_at  BIGINT NOT NULL,
    finished_at BIGINT,
    parameters  TEXT COLLATE "C" NOT NULL, -- a JSON object
    result      TEXT COLLATE "C", -- a JSON object
    error       TEXT COLLATE "C"
);

CREATE INDEX jobs_by_status ON jobs (status);

CREATE TABLE file_positions (
    device            BIGINT NOT NULL,
    inode             BIGINT NOT NULL,
    path              BYTEA NOT NULL, -- file names are bytes
    fingerprint       BIGINT NOT NULL,
    fingerprint_bytes BIGINT NOT NULL,
    read_offset       BIGINT NOT NULL,
    PRIMARY KEY (device, inode)
);
