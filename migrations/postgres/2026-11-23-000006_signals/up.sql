-- What must be judged once: the same verdict and label for the same input, in one agent and team.
CREATE TABLE review_items (
    id           UUID PRIMARY KEY,
    kind         TEXT NOT NULL,
    agent_id     UUID NOT NULL REFERENCES agents (id),
    team_id      UUID NOT NULL REFERENCES teams (id),
    input_hash   BYTEA NOT NULL,
    cluster_hash BYTEA NOT NULL,
    status       TEXT NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL,
    UNIQUE (cluster_hash)
);
CREATE INDEX review_items_input ON review_items (agent_id, team_id, input_hash);

-- Append-only; the newest counts.
CREATE TABLE resolutions (
    id         UUID PRIMARY KEY,
    item_id    UUID NOT NULL REFERENCES review_items (id),
    number     BIGINT NOT NULL,
    outcome    TEXT NOT NULL,
    label      TEXT,
    how        TEXT NOT NULL,
    person_id  UUID REFERENCES people (id),
    reason     TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (item_id, number)
);

-- One per author's current feedback on an interaction; keeps its id when the author revises.
CREATE TABLE signals (
    id             UUID PRIMARY KEY,
    feedback_id    UUID NOT NULL UNIQUE REFERENCES feedback (id),
    interaction_id UUID NOT NULL REFERENCES interactions (id),
    deployment_id  UUID NOT NULL REFERENCES deployments (id),
    agent_id       UUID NOT NULL REFERENCES agents (id),
    item_id        UUID NOT NULL REFERENCES review_items (id),
    status         TEXT NOT NULL,
    revision_id    UUID
);
CREATE INDEX signals_export ON signals (agent_id, interaction_id, feedback_id);
CREATE INDEX signals_item ON signals (item_id);
CREATE INDEX signals_interaction ON signals (interaction_id);
CREATE INDEX signals_waiting ON signals (deployment_id, feedback_id) WHERE status = 'pending';

-- A self-contained snapshot: what a training file says stays true whatever happens to the rest.
CREATE TABLE signal_revisions (
    id              UUID PRIMARY KEY,
    signal_id       UUID NOT NULL REFERENCES signals (id),
    number          BIGINT NOT NULL,
    resolution_id   UUID NOT NULL REFERENCES resolutions (id),
    feedback_id     UUID NOT NULL REFERENCES feedback (id),
    verdict         TEXT NOT NULL,
    prompt          TEXT NOT NULL,
    tools           TEXT,
    output          TEXT,
    label           TEXT,
    version         TEXT NOT NULL,
    conversation_id TEXT,
    end_user_id     UUID,
    input_hash      BYTEA NOT NULL,
    created_at      TIMESTAMPTZ NOT NULL,
    retired_at      TIMESTAMPTZ,
    UNIQUE (signal_id, number)
);
