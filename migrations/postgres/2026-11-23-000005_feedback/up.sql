-- Append-only but for superseded_by.
CREATE TABLE feedback (
    id             UUID PRIMARY KEY,
    interaction_id UUID NOT NULL REFERENCES interactions (id),
    deployment_id  UUID NOT NULL REFERENCES deployments (id),
    author_id      UUID REFERENCES people (id),
    known_by       TEXT NOT NULL,
    verdict        TEXT NOT NULL,
    correction     TEXT,
    category_id    UUID REFERENCES categories (id),
    severity       TEXT NOT NULL,
    comment        TEXT,
    urgency        TEXT NOT NULL,
    occurred_at    TIMESTAMPTZ NOT NULL,
    external_id    TEXT,
    dedup_key      BYTEA NOT NULL,
    superseded_by  UUID REFERENCES feedback (id)
);
CREATE UNIQUE INDEX feedback_key ON feedback (interaction_id, dedup_key);
CREATE INDEX feedback_list ON feedback (deployment_id, id);
CREATE INDEX feedback_time ON feedback (deployment_id, occurred_at);
CREATE INDEX feedback_author ON feedback (author_id, id) WHERE author_id IS NOT NULL;
