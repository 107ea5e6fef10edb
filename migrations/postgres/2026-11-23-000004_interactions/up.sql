-- The narrow row stays when retention or erasure takes the body.
CREATE TABLE interactions (
    id              UUID PRIMARY KEY,
    deployment_id   UUID NOT NULL REFERENCES deployments (id),
    agent_id        UUID NOT NULL REFERENCES agents (id),
    version_id      UUID NOT NULL REFERENCES agent_versions (id),
    environment     TEXT NOT NULL,
    external_id     TEXT,
    content_hash    BYTEA NOT NULL,
    input_hash      BYTEA NOT NULL,
    source          TEXT NOT NULL,
    conversation_id TEXT,
    end_user_id     UUID REFERENCES people (id),
    occurred_at     TIMESTAMPTZ NOT NULL,
    confidence      DOUBLE PRECISION,
    model           TEXT,
    latency_ms      BIGINT,
    input_tokens    BIGINT,
    output_tokens   BIGINT,
    cost_nano_usd   BIGINT
);
-- NULLs are distinct: what has no external id is always new.
CREATE UNIQUE INDEX interactions_key ON interactions (agent_id, environment, external_id);
CREATE INDEX interactions_list ON interactions (deployment_id, id);
CREATE INDEX interactions_time ON interactions (deployment_id, occurred_at);
CREATE INDEX interactions_end_user ON interactions (end_user_id, id) WHERE end_user_id IS NOT NULL;
CREATE INDEX interactions_conversation ON interactions (agent_id, conversation_id, id)
    WHERE conversation_id IS NOT NULL;

-- JSON text exactly as it was sent.
CREATE TABLE interaction_bodies (
    interaction_id UUID PRIMARY KEY REFERENCES interactions (id),
    input          TEXT NOT NULL,
    tools          TEXT,
    output         TEXT,
    error          TEXT,
    sources        TEXT,
    metadata       TEXT
);
