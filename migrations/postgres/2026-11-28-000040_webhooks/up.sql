-- Whom programs elsewhere are told by. The secret signs, so it is kept as it is.
CREATE TABLE webhooks (
    id         UUID PRIMARY KEY,
    url        TEXT NOT NULL,
    secret     TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    ended_at   TIMESTAMPTZ
);

-- What they are to be told: written with the fact, sent at least once with the same id.
CREATE TABLE webhook_calls (
    id           UUID PRIMARY KEY,
    webhook_id   UUID NOT NULL REFERENCES webhooks (id),
    event        TEXT NOT NULL,
    body         TEXT NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL,
    next_try_at  TIMESTAMPTZ NOT NULL,
    leased_until TIMESTAMPTZ,
    tries        BIGINT NOT NULL,
    delivered_at TIMESTAMPTZ,
    last_error   TEXT
);
CREATE INDEX webhook_calls_waiting ON webhook_calls (next_try_at) WHERE delivered_at IS NULL;
CREATE INDEX webhook_calls_of ON webhook_calls (webhook_id, id);
