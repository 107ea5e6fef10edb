-- Everyone ever named. A row without can_sign_in was only named by others, or holds a link.
CREATE TABLE people (
    id             UUID PRIMARY KEY,
    address        TEXT UNIQUE,
    name           TEXT NOT NULL,
    can_sign_in    BOOLEAN NOT NULL,
    is_engineer    BOOLEAN NOT NULL,
    is_admin       BOOLEAN NOT NULL,
    verified_at    TIMESTAMPTZ,
    deactivated_at TIMESTAMPTZ,
    created_at     TIMESTAMPTZ NOT NULL
);

CREATE TABLE teams (
    id         UUID PRIMARY KEY,
    slug       TEXT COLLATE "C" NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE memberships (
    person_id   UUID NOT NULL REFERENCES people (id),
    team_id     UUID NOT NULL REFERENCES teams (id),
    is_champion BOOLEAN NOT NULL,
    is_manager  BOOLEAN NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (person_id, team_id)
);
CREATE INDEX memberships_team ON memberships (team_id);

-- Tokens are kept as their SHA-256 only.
CREATE TABLE sessions (
    token_hash BYTEA PRIMARY KEY,
    person_id  UUID NOT NULL REFERENCES people (id),
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX sessions_person ON sessions (person_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE sign_in_links (
    token_hash  BYTEA PRIMARY KEY,
    person_id   UUID NOT NULL REFERENCES people (id),
    is_reusable BOOLEAN NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    expires_at  TIMESTAMPTZ NOT NULL,
    used_at     TIMESTAMPTZ
);
CREATE INDEX sign_in_links_expiry ON sign_in_links (expires_at);

CREATE TABLE api_keys (
    id         UUID PRIMARY KEY,
    name       TEXT NOT NULL,
    token_hash BYTEA NOT NULL UNIQUE,
    scopes     TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ
);
