-- A release on its way to the object store, or there. While it is pushed somebody holds a lease on
-- it; `upload` is a file that was begun in parts, which whoever goes on removes first.
CREATE TABLE pushes (
    release_id   UUID PRIMARY KEY REFERENCES releases (id),
    state        TEXT NOT NULL,
    store        TEXT,
    done         BIGINT NOT NULL,
    total        BIGINT NOT NULL,
    tries        BIGINT NOT NULL,
    next_try_at  TIMESTAMPTZ NOT NULL,
    lease_id     UUID,
    leased_until TIMESTAMPTZ,
    upload       JSONB,
    error        TEXT,
    finished_at  TIMESTAMPTZ
);
CREATE INDEX pushes_waiting ON pushes (next_try_at) WHERE state = 'waiting';
