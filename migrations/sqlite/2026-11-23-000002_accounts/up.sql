-- Everyone ever named. A row without can_sign_in was only named by others, or holds a link.
CREATE TABLE people (
    id             BLOB NOT NULL PRIMARY KEY,
    address        TEXT UNIQUE,
    name           TEXT NOT NULL,
    can_sign_in    INTEGER NOT NULL CHECK (can_sign_in IN (0, 1)),
    is_engineer    INTEGER NOT NULL CHECK (is_engineer IN (0, 1)),
    is_admin       INTEGER NOT NULL CHECK (is_admin IN (0, 1)),
    verified_at    INTEGER,
    deactivated_at INTEGER,
    created_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE teams (
    id         BLOB NOT NULL PRIMARY KEY,
    slug       TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE memberships (
    person_id   BLOB NOT NULL REFERENCES people (id),
    team_id     BLOB NOT NULL REFERENCES teams (id),
    is_champion INTEGER NOT NULL CHECK (is_champion IN (0, 1)),
    is_manager  INTEGER NOT NULL CHECK (is_manager IN (0, 1)),
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (person_id, team_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_team ON memberships (team_id);

-- Tokens are kept as their SHA-256 only.
CREATE TABLE sessions (
    token_hash BLOB NOT NULL PRIMARY KEY,
    person_id  BLOB NOT NULL REFERENCES people (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_person ON sessions (person_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE sign_in_links (
    token_hash  BLOB NOT NULL PRIMARY KEY,
    person_id   BLOB NOT NULL REFERENCES people (id),
    is_reusable INTEGER NOT NULL CHECK (is_reusable IN (0, 1)),
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    used_at     INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_links_expiry ON sign_in_links (expires_at);

CREATE TABLE api_keys (
    id         BLOB NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    scopes     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
