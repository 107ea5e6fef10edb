-- Values of the installation itself, such as the secret that signs links.
CREATE TABLE installation (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Everything that leaves the house, written in the transaction of the fact it tells.
CREATE TABLE outbox (
    id           BLOB NOT NULL PRIMARY KEY,
    kind         TEXT NOT NULL,
    recipient    TEXT NOT NULL,
    subject      TEXT NOT NULL,
    body_text    TEXT NOT NULL,
    body_html    TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    next_try_at  INTEGER NOT NULL,
    leased_until INTEGER,
    tries        INTEGER NOT NULL,
    delivered_at INTEGER,
    last_error   TEXT
) STRICT;
CREATE INDEX outbox_due ON outbox (next_try_at) WHERE delivered_at IS NULL;

CREATE TABLE audit_events (
    id          BLOB NOT NULL PRIMARY KEY,
    actor_kind  TEXT NOT NULL,
    actor_id    BLOB,
    action      TEXT NOT NULL,
    subject     TEXT NOT NULL,
    detail      TEXT NOT NULL CHECK (json_valid(detail)),
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
