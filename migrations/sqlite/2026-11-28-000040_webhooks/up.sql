-- Whom programs elsewhere are told by. The secret signs, so it is kept as it is.
CREATE TABLE webhooks (
    id         BLOB NOT NULL PRIMARY KEY,
    url        TEXT NOT NULL,
    secret     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at   INTEGER
) STRICT, WITHOUT ROWID;

-- What they are to be told: written with the fact, sent at least once with the same id.
CREATE TABLE webhook_calls (
    id           BLOB NOT NULL PRIMARY KEY,
    webhook_id   BLOB NOT NULL REFERENCES webhooks (id),
    event        TEXT NOT NULL,
    body         TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    next_try_at  INTEGER NOT NULL,
    leased_until INTEGER,
    tries        INTEGER NOT NULL,
    delivered_at INTEGER,
    last_error   TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_calls_waiting ON webhook_calls (next_try_at) WHERE delivered_at IS NULL;
CREATE INDEX webhook_calls_of ON webhook_calls (webhook_id, id);
