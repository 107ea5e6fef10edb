-- The narrow row stays when retention or erasure takes the body.
CREATE TABLE interactions (
    id              BLOB NOT NULL PRIMARY KEY,
    deployment_id   BLOB NOT NULL REFERENCES deployments (id),
    agent_id        BLOB NOT NULL REFERENCES agents (id),
    version_id      BLOB NOT NULL REFERENCES agent_versions (id),
    environment     TEXT NOT NULL,
    external_id     TEXT,
    content_hash    BLOB NOT NULL,
    input_hash      BLOB NOT NULL,
    source          TEXT NOT NULL,
    conversation_id TEXT,
    end_user_id     BLOB REFERENCES people (id),
    occurred_at     INTEGER NOT NULL,
    confidence      REAL,
    model           TEXT,
    latency_ms      INTEGER,
    input_tokens    INTEGER,
    output_tokens   INTEGER,
    cost_nano_usd   INTEGER
) STRICT, WITHOUT ROWID;
-- NULLs are distinct: what has no external id is always new.
CREATE UNIQUE INDEX interactions_key ON interactions (agent_id, environment, external_id);
CREATE INDEX interactions_list ON interactions (deployment_id, id);
CREATE INDEX interactions_time ON interactions (deployment_id, occurred_at);
CREATE INDEX interactions_end_user ON interactions (end_user_id, id) WHERE end_user_id IS NOT NULL;
CREATE INDEX interactions_conversation ON interactions (agent_id, conversation_id, id)
    WHERE conversation_id IS NOT NULL;

-- JSON text exactly as it was sent.
CREATE TABLE interaction_bodies (
    interaction_id BLOB NOT NULL PRIMARY KEY REFERENCES interactions (id),
    input          TEXT NOT NULL,
    tools          TEXT,
    output         TEXT,
    error          TEXT,
    sources        TEXT,
    metadata       TEXT
) STRICT;
