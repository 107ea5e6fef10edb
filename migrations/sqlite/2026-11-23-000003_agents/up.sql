CREATE TABLE agents (
    id                   BLOB NOT NULL PRIMARY KEY,
    slug                 TEXT NOT NULL UNIQUE,
    name                 TEXT NOT NULL,
    kind                 TEXT NOT NULL,
    team_id              BLOB NOT NULL REFERENCES teams (id),
    review               TEXT NOT NULL,
    visibility           TEXT NOT NULL,
    good_at              TEXT NOT NULL,
    not_for              TEXT NOT NULL,
    json_schema          TEXT,
    out_of_scope_label   TEXT,
    normal_due_minutes   INTEGER NOT NULL,
    urgent_due_minutes   INTEGER NOT NULL,
    created_at           INTEGER NOT NULL,
    updated_at           INTEGER NOT NULL
) STRICT;

CREATE TABLE agent_versions (
    id         BLOB NOT NULL PRIMARY KEY,
    agent_id   BLOB NOT NULL REFERENCES agents (id),
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (agent_id, name)
) STRICT, WITHOUT ROWID;

-- Append-only: a label keeps its position for good, and is retired rather than removed.
CREATE TABLE labels (
    id         BLOB NOT NULL PRIMARY KEY,
    agent_id   BLOB NOT NULL REFERENCES agents (id),
    position   INTEGER NOT NULL,
    name       TEXT NOT NULL,
    retired_at INTEGER,
    created_at INTEGER NOT NULL,
    UNIQUE (agent_id, name),
    UNIQUE (agent_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE categories (
    id          BLOB NOT NULL PRIMARY KEY,
    agent_id    BLOB NOT NULL REFERENCES agents (id),
    parent_id   BLOB REFERENCES categories (id),
    slug        TEXT NOT NULL,
    name        TEXT NOT NULL,
    position    INTEGER NOT NULL,
    retired_at  INTEGER,
    merged_into BLOB REFERENCES categories (id),
    created_at  INTEGER NOT NULL,
    UNIQUE (agent_id, slug)
) STRICT, WITHOUT ROWID;

-- One agent as used by one team in one environment.
CREATE TABLE deployments (
    id                 BLOB NOT NULL PRIMARY KEY,
    agent_id           BLOB NOT NULL REFERENCES agents (id),
    team_id            BLOB NOT NULL REFERENCES teams (id),
    environment        TEXT NOT NULL,
    review             TEXT NOT NULL,
    visibility         TEXT NOT NULL,
    normal_due_minutes INTEGER NOT NULL,
    urgent_due_minutes INTEGER NOT NULL,
    created_at         INTEGER NOT NULL,
    UNIQUE (agent_id, team_id, environment)
) STRICT, WITHOUT ROWID;
CREATE INDEX deployments_team ON deployments (team_id);
