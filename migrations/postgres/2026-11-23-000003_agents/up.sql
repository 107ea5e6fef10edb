CREATE TABLE agents (
    id                   UUID PRIMARY KEY,
    slug                 TEXT COLLATE "C" NOT NULL UNIQUE,
    name                 TEXT NOT NULL,
    kind                 TEXT NOT NULL,
    team_id              UUID NOT NULL REFERENCES teams (id),
    review               TEXT NOT NULL,
    visibility           TEXT NOT NULL,
    good_at              TEXT NOT NULL,
    not_for              TEXT NOT NULL,
    json_schema          TEXT,
    out_of_scope_label   TEXT,
    normal_due_minutes   BIGINT NOT NULL,
    urgent_due_minutes   BIGINT NOT NULL,
    created_at           TIMESTAMPTZ NOT NULL,
    updated_at           TIMESTAMPTZ NOT NULL
);

CREATE TABLE agent_versions (
    id         UUID PRIMARY KEY,
    agent_id   UUID NOT NULL REFERENCES agents (id),
    name       TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (agent_id, name)
);

-- Append-only: a label keeps its position for good, and is retired rather than removed.
CREATE TABLE labels (
    id         UUID PRIMARY KEY,
    agent_id   UUID NOT NULL REFERENCES agents (id),
    position   BIGINT NOT NULL,
    name       TEXT NOT NULL,
    retired_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (agent_id, name),
    UNIQUE (agent_id, position)
);

CREATE TABLE categories (
    id          UUID PRIMARY KEY,
    agent_id    UUID NOT NULL REFERENCES agents (id),
    parent_id   UUID REFERENCES categories (id),
    slug        TEXT COLLATE "C" NOT NULL,
    name        TEXT NOT NULL,
    position    BIGINT NOT NULL,
    retired_at  TIMESTAMPTZ,
    merged_into UUID REFERENCES categories (id),
    created_at  TIMESTAMPTZ NOT NULL,
    UNIQUE (agent_id, slug)
);

-- One agent as used by one team in one environment.
CREATE TABLE deployments (
    id                 UUID PRIMARY KEY,
    agent_id           UUID NOT NULL REFERENCES agents (id),
    team_id            UUID NOT NULL REFERENCES teams (id),
    environment        TEXT NOT NULL,
    review             TEXT NOT NULL,
    visibility         TEXT NOT NULL,
    normal_due_minutes BIGINT NOT NULL,
    urgent_due_minutes BIGINT NOT NULL,
    created_at         TIMESTAMPTZ NOT NULL,
    UNIQUE (agent_id, team_id, environment)
);
CREATE INDEX deployments_team ON deployments (team_id);
