-- Changes, reports of causes, threads, and what was sent to models. Ids are UUIDs as 16 bytes, whose
-- order is their order in time; times are ms since the epoch; what is a map or an object is JSON.

CREATE TABLE changes (
    id     BLOB   NOT NULL PRIMARY KEY,
    at_ms  BIGINT NOT NULL,
    kind   TEXT   NOT NULL,
    entity TEXT   NOT NULL,
    title  TEXT   NOT NULL,
    words  TEXT   NOT NULL, -- title, entity and actor as lines, in lower case
    labels TEXT   NOT NULL,
    source TEXT   NOT NULL,
    actor  TEXT,
    url    TEXT,
    record BLOB
);
CREATE INDEX changes_by_time ON changes (at_ms, id);
CREATE INDEX changes_by_entity ON changes (entity, at_ms, id);
CREATE INDEX changes_by_kind ON changes (kind, at_ms, id);

CREATE TABLE root_causes (
    id           BLOB   NOT NULL PRIMARY KEY,
    subject_kind TEXT   NOT NULL, -- alert or incident
    subject      BLOB   NOT NULL,
    revision     BIGINT NOT NULL,
    made_ms      BIGINT NOT NULL,
    report       TEXT   NOT NULL,
    confirmed    TEXT,            -- the entity that someone says it was
    confirmed_ms BIGINT,
    UNIQUE (subject_kind, subject, revision)
);
CREATE INDEX root_causes_by_time ON root_causes (made_ms, id);
-- Few are confirmed.
CREATE INDEX root_causes_confirmed ON root_causes (confirmed_ms, id)
    WHERE confirmed_ms IS NOT NULL;

CREATE TABLE threads (
    id         BLOB   NOT NULL PRIMARY KEY,
    title      TEXT   NOT NULL,
    words      TEXT   NOT NULL, -- the title in lower case
    owner      TEXT   NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    messages   BIGINT NOT NULL  -- how many there are
);
CREATE INDEX threads_by_time ON threads (updated_ms, id);

-- What is looked through for words stands before the answer, which is large.
CREATE TABLE thread_messages (
    number   INTEGER NOT NULL PRIMARY KEY,
    id       BLOB    NOT NULL,
    thread   BLOB    NOT NULL,
    words    TEXT    NOT NULL, -- the text in lower case
    answers  BLOB,
    role     TEXT    NOT NULL,
    at_ms    BIGINT  NOT NULL,
    text     TEXT    NOT NULL,
    page     TEXT,
    feedback TEXT,
    comment  TEXT,
    answer   TEXT
);
CREATE UNIQUE INDEX thread_messages_by_id ON thread_messages (id);
CREATE INDEX thread_messages_by_thread ON thread_messages (thread, at_ms, number);

CREATE TABLE model_ledger (
    id          BLOB   NOT NULL PRIMARY KEY,
    at_ms       BIGINT NOT NULL,
    provider    TEXT   NOT NULL,
    model       TEXT   NOT NULL,
    destination TEXT   NOT NULL,
    asker       TEXT   NOT NULL,
    question    BLOB   NOT NULL,
    task        TEXT   NOT NULL,
    prompt_hash TEXT   NOT NULL,
    tokens_in   BIGINT NOT NULL,
    tokens_out  BIGINT NOT NULL,
    micro_usd   BIGINT NOT NULL,
    redactions  TEXT   NOT NULL,
    outcome     TEXT   NOT NULL,
    took_ms     BIGINT NOT NULL,
    sent_sha256 TEXT   NOT NULL
);
-- With what is summed, so that a sum reads nothing else.
CREATE INDEX model_ledger_by_question
    ON model_ledger (question, tokens_in, tokens_out, micro_usd);
CREATE INDEX model_ledger_by_asker
    ON model_ledger (asker, at_ms, tokens_in, tokens_out, micro_usd);
CREATE INDEX model_ledger_by_time ON model_ledger (at_ms, tokens_in, tokens_out, micro_usd);
