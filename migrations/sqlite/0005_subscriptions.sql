-- Subscriptions, and what is to be told to them. Ids are UUIDs as 16 bytes, whose order is their
-- order in time; times are ms since the epoch; what is a list or an object is JSON.

-- The whole subscription is one object: there are few, and they are read together.
CREATE TABLE subscriptions (
    id           BLOB NOT NULL PRIMARY KEY,
    subscription TEXT NOT NULL
);

-- Never reused, so that a page that began before some were forgotten goes on after it.
CREATE TABLE deliveries (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    subscription BLOB    NOT NULL,
    alert        BLOB    NOT NULL,
    event_seq    BIGINT  NOT NULL,
    news         TEXT    NOT NULL,
    at_ms        BIGINT  NOT NULL,
    state        TEXT    NOT NULL,
    attempts     BIGINT  NOT NULL,
    due_ms       BIGINT  NOT NULL,
    was_held     BOOLEAN NOT NULL,
    message      BIGINT,             -- the id of the delivery that leads the message
    reference    TEXT,               -- what the channel calls the message
    note         TEXT,
    settled_ms   BIGINT,
    UNIQUE (subscription, alert, event_seq)
);
CREATE INDEX deliveries_by_subscription ON deliveries (subscription, id);
CREATE INDEX deliveries_by_state ON deliveries (state, id);
CREATE INDEX deliveries_by_alert ON deliveries (alert, id);
-- Few are pending, however many were sent.
CREATE INDEX deliveries_ready ON deliveries (subscription, due_ms) WHERE state = 'pending';
CREATE INDEX deliveries_in_order ON deliveries (subscription, id) WHERE state = 'pending';
-- What waits for another attempt keeps back what follows it.
CREATE INDEX deliveries_waiting ON deliveries (subscription, due_ms)
    WHERE state = 'pending' AND attempts > 0;
CREATE INDEX deliveries_sent ON deliveries (subscription, settled_ms) WHERE state = 'sent';
CREATE INDEX deliveries_settled ON deliveries (settled_ms) WHERE state <> 'pending';

-- The number of the last event that was taken.
CREATE TABLE outbox_position (
    id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    position BIGINT  NOT NULL
);
