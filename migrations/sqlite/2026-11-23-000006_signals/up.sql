-- What must be judged once: the same verdict and label for the same input, in one agent and team.
CREATE TABLE review_items (
    id           BLOB NOT NULL PRIMARY KEY,
    kind         TEXT NOT NULL,
    agent_id     BLOB NOT NULL REFERENCES agents (id),
    team_id      BLOB NOT NULL REFERENCES teams (id),
    input_hash   BLOB NOT NULL,
    cluster_hash BLOB NOT NULL,
    status       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    UNIQUE (cluster_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX review_items_input ON review_items (agent_id, team_id, input_hash);

-- Append-only; the newest counts.
CREATE TABLE resolutions (
    id         BLOB NOT NULL PRIMARY KEY,
    item_id    BLOB NOT NULL REFERENCES review_items (id),
    number     INTEGER NOT NULL,
    outcome    TEXT NOT NULL,
    label      TEXT,
    how        TEXT NOT NULL,
    person_id  BLOB REFERENCES people (id),
    reason     TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (item_id, number)
) STRICT;

-- One per author's current feedback on an interaction; keeps its id when the author revises.
CREATE TABLE signals (
    id             BLOB NOT NULL PRIMARY KEY,
    feedback_id    BLOB NOT NULL UNIQUE REFERENCES feedback (id),
    interaction_id BLOB NOT NULL REFERENCES interactions (id),
    deployment_id  BLOB NOT NULL REFERENCES deployments (id),
    agent_id       BLOB NOT NULL REFERENCES agents (id),
    item_id        BLOB NOT NULL REFERENCES review_items (id),
    status         TEXT NOT NULL,
    revision_id    BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX signals_export ON signals (agent_id, interaction_id, feedback_id);
CREATE INDEX signals_item ON signals (item_id);
CREATE INDEX signals_interaction ON signals (interaction_id);
CREATE INDEX signals_waiting ON signals (deployment_id, feedback_id) WHERE status = 'pending';

-- A self-contained snapshot: what a training file says stays true whatever happens to the rest.
CREATE TABLE signal_revisions (
    id              BLOB NOT NULL PRIMARY KEY,
    signal_id       BLOB NOT NULL REFERENCES signals (id),
    number          INTEGER NOT NULL,
    resolution_id   BLOB NOT NULL REFERENCES resolutions (id),
    feedback_id     BLOB NOT NULL REFERENCES feedback (id),
    verdict         TEXT NOT NULL,
    prompt          TEXT NOT NULL,
    tools           TEXT,
    output          TEXT,
    label           TEXT,
    version         TEXT NOT NULL,
    conversation_id TEXT,
    end_user_id     BLOB,
    input_hash      BLOB NOT NULL,
    created_at      INTEGER NOT NULL,
    retired_at      INTEGER,
    UNIQUE (signal_id, number)
) STRICT;
