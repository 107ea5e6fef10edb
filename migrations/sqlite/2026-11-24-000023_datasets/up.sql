-- A saved question: which signals, in which shape, by which rules.
CREATE TABLE datasets (
    id          BLOB NOT NULL PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    question    TEXT NOT NULL CHECK (json_valid(question)),
    last_number INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A frozen, numbered build of a dataset. While it is being built somebody holds a lease on it.
CREATE TABLE releases (
    id            BLOB NOT NULL PRIMARY KEY,
    dataset_id    BLOB NOT NULL REFERENCES datasets (id),
    number        INTEGER NOT NULL,
    state         TEXT NOT NULL,
    question      TEXT NOT NULL CHECK (json_valid(question)),
    frame         TEXT NOT NULL CHECK (json_valid(frame)),
    redaction_key BLOB NOT NULL,
    person_id     BLOB REFERENCES people (id),
    key_id        BLOB REFERENCES api_keys (id),
    created_at    INTEGER NOT NULL,
    stage         TEXT NOT NULL,
    done          INTEGER NOT NULL,
    total         INTEGER NOT NULL,
    tries         INTEGER NOT NULL,
    next_try_at   INTEGER NOT NULL,
    lease_id      BLOB,
    leased_until  INTEGER,
    finished_at   INTEGER,
    error         TEXT,
    figures       TEXT CHECK (json_valid(figures)),
    manifest      TEXT,
    card          TEXT,
    UNIQUE (dataset_id, number)
) STRICT;
CREATE INDEX releases_building ON releases (next_try_at) WHERE state = 'building';

CREATE TABLE release_files (
    release_id BLOB NOT NULL REFERENCES releases (id),
    name       TEXT NOT NULL,
    row_count  INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    sha256     BLOB NOT NULL,
    PRIMARY KEY (release_id, name)
) STRICT, WITHOUT ROWID;

-- Every signal that a release looked at, in the order of its files; those it left out say why.
CREATE TABLE release_rows (
    release_id  BLOB NOT NULL REFERENCES releases (id),
    position    INTEGER NOT NULL,
    signal_id   BLOB NOT NULL REFERENCES signals (id),
    feedback_id BLOB NOT NULL REFERENCES feedback (id),
    revision_id BLOB REFERENCES signal_revisions (id),
    side        TEXT,
    weight      INTEGER NOT NULL,
    category    TEXT,
    reason      TEXT,
    PRIMARY KEY (release_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX release_rows_signal ON release_rows (signal_id, release_id);
CREATE INDEX release_rows_left ON release_rows (release_id, reason, position)
    WHERE reason IS NOT NULL;

-- The side of a group or of a normalised input: who writes it first decides, for good.
CREATE TABLE split_groups (
    group_hash BLOB NOT NULL PRIMARY KEY,
    side       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What the interactions of an agent are grouped by, from its first release on.
CREATE TABLE split_rules (
    agent_id   BLOB NOT NULL PRIMARY KEY REFERENCES agents (id),
    group_by   TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
