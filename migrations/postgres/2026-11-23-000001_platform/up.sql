-- Values of the installation itself, such as the secret that signs links.
CREATE TABLE installation (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- Everything that leaves the house, written in the transaction of the fact it tells.
CREATE TABLE outbox (
    id           UUID PRIMARY KEY,
    kind         TEXT NOT NULL,
    recipient    TEXT NOT NULL,
    subject      TEXT NOT NULL,
    body_text    TEXT NOT NULL,
    body_html    TEXT NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL,
    next_try_at  TIMESTAMPTZ NOT NULL,
    leased_until TIMESTAMPTZ,
    tries        BIGINT NOT NULL,
    delivered_at TIMESTAMPTZ,
    last_error   TEXT
);
CREATE INDEX outbox_due ON outbox (next_try_at) WHERE delivered_at IS NULL;

CREATE TABLE audit_events (
    id          UUID PRIMARY KEY,
    actor_kind  TEXT NOT NULL,
    actor_id    UUID,
    action      TEXT NOT NULL,
    subject     TEXT NOT NULL,
    detail      JSONB NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL
);
