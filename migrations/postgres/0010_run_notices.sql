-- Messages in chats about runs: one a run, posted once and edited in place as the run goes on.

CREATE TABLE automation_notices (
    run        BYTEA NOT NULL PRIMARY KEY,
    reference  TEXT COLLATE "C", -- what the chat calls the message; none: it has none that is known
    shown      BIGINT NOT NULL, -- the number of the run's event that it shows; 0: none
    posting_ms BIGINT, -- since when it may have been posted without an answer; none: that is not so
    attempts   BIGINT NOT NULL,
    due_ms     BIGINT NOT NULL,
    is_behind  BIGINT NOT NULL -- whether the run went on since
);
CREATE INDEX automation_notices_behind ON automation_notices (due_ms, run) WHERE is_behind = 1;
