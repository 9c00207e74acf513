-- Jobs become a queue: claimed with a lease, tried again, called off, asked for by schedules. Times are
-- in ns. What an earlier version left queued or running is taken up.

ALTER TABLE jobs ADD COLUMN asked_by        TEXT    NOT NULL DEFAULT 'anonymous';
ALTER TABLE jobs ADD COLUMN unique_key      TEXT;    -- one unfinished job at most has it
ALTER TABLE jobs ADD COLUMN once_key        TEXT;    -- one job at most ever has it
ALTER TABLE jobs ADD COLUMN schedule        TEXT;    -- the name of the schedule that asked for it
ALTER TABLE jobs ADD COLUMN attempts        BIGINT  NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN attempts_max    BIGINT  NOT NULL DEFAULT 5;
ALTER TABLE jobs ADD COLUMN due_at          BIGINT  NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN started_at      BIGINT;
ALTER TABLE jobs ADD COLUMN worker          TEXT;
ALTER TABLE jobs ADD COLUMN lease_until     BIGINT;  -- while it is running
ALTER TABLE jobs ADD COLUMN fence           BIGINT  NOT NULL DEFAULT 0; -- how often it was claimed
ALTER TABLE jobs ADD COLUMN is_cancel_asked BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE jobs ADD COLUMN done            BIGINT  NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN total           BIGINT;
ALTER TABLE jobs ADD COLUMN note            TEXT    NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN checkpoint      TEXT;
ALTER TABLE jobs ADD COLUMN revision        BIGINT  NOT NULL DEFAULT 0;

CREATE UNIQUE INDEX jobs_by_unique_key ON jobs (unique_key) WHERE finished_at IS NULL;
CREATE UNIQUE INDEX jobs_by_once_key ON jobs (once_key);
CREATE INDEX jobs_unfinished ON jobs (due_at) WHERE finished_at IS NULL;
CREATE INDEX jobs_by_schedule ON jobs (schedule, id);

CREATE TABLE job_schedules (
    name       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind       TEXT    NOT NULL,
    parameters TEXT    NOT NULL, -- a JSON object
    cron       TEXT    NOT NULL, -- five fields, in UTC
    is_paused  BOOLEAN NOT NULL,
    seen_until BIGINT  NOT NULL, -- all its times until here have been seen to
    last_job   TEXT,
    revision   BIGINT  NOT NULL
);
