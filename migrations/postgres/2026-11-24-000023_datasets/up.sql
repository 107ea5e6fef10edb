-- A saved question: which signals, in which shape, by which rules.
CREATE TABLE datasets (
    id          UUID PRIMARY KEY,
    name        TEXT COLLATE "C" NOT NULL UNIQUE,
    question    JSONB NOT NULL,
    last_number BIGINT NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    updated_at  TIMESTAMPTZ NOT NULL
);

-- A frozen, numbered build of a dataset. While it is being built somebody holds a lease on it.
CREATE TABLE releases (
    id            UUID PRIMARY KEY,
    dataset_id    UUID NOT NULL REFERENCES datasets (id),
    number        BIGINT NOT NULL,
    state         TEXT NOT NULL,
    question      JSONB NOT NULL,
    frame         JSONB NOT NULL,
    redaction_key BYTEA NOT NULL,
    person_id     UUID REFERENCES people (id),
    key_id        UUID REFERENCES api_keys (id),
    created_at    TIMESTAMPTZ NOT NULL,
    stage         TEXT NOT NULL,
    done          BIGINT NOT NULL,
    total         BIGINT NOT NULL,
    tries         BIGINT NOT NULL,
    next_try_at   TIMESTAMPTZ NOT NULL,
    lease_id      UUID,
    leased_until  TIMESTAMPTZ,
    finished_at   TIMESTAMPTZ,
    error         TEXT,
    figures       JSONB,
    manifest      TEXT,
    card          TEXT,
    UNIQUE (dataset_id, number)
);
CREATE INDEX releases_building ON releases (next_try_at) WHERE state = 'building';

CREATE TABLE release_files (
    release_id UUID NOT NULL REFERENCES releases (id),
    name       TEXT COLLATE "C" NOT NULL,
    row_count  BIGINT NOT NULL,
    bytes      BIGINT NOT NULL,
    sha256     BYTEA NOT NULL,
    PRIMARY KEY (release_id, name)
);

-- Every signal that a release looked at, in the order of its files; those it left out say why.
CREATE TABLE release_rows (
    release_id  UUID NOT NULL REFERENCES releases (id),
    position    BIGINT NOT NULL,
    signal_id   UUID NOT NULL REFERENCES signals (id),
    feedback_id UUID NOT NULL REFERENCES feedback (id),
    revision_id UUID REFERENCES signal_revisions (id),
    side        TEXT,
    weight      BIGINT NOT NULL,
    category    TEXT,
    reason      TEXT,
    PRIMARY KEY (release_id, position)
);
CREATE INDEX release_rows_signal ON release_rows (signal_id, release_id);
CREATE INDEX release_rows_left ON release_rows (release_id, reason, position)
    WHERE reason IS NOT NULL;

-- The side of a group or of a normalised input: who writes it first decides, for good.
CREATE TABLE split_groups (
    group_hash BYTEA PRIMARY KEY,
    side       TEXT NOT NULL
);

-- What the interactions of an agent are grouped by, from its first release on.
CREATE TABLE split_rules (
    agent_id   UUID PRIMARY KEY REFERENCES agents (id),
    group_by   TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
