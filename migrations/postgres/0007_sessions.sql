-- What is known of the sessions of log lines, by partition and source.
CREATE TABLE session_states (
    partition_number BIGINT NOT NULL,
    source           TEXT COLLATE "C" NOT NULL,
    state            BYTEA NOT NULL,
    PRIMARY KEY (partition_number, source)
);

-- The last event of the bus that is in the states of a partition.
CREATE TABLE session_positions (
    partition_number BIGINT NOT NULL PRIMARY KEY,
    position         BIGINT NOT NULL
);
