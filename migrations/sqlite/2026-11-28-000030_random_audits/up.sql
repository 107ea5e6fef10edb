-- An item may be about an interaction that nobody reported: it was drawn at random.
ALTER TABLE review_items ADD COLUMN interaction_id BLOB REFERENCES interactions (id);

-- What waits need not be something that somebody said.
CREATE TABLE queue_of_both (
    item_id       BLOB NOT NULL PRIMARY KEY REFERENCES review_items (id),
    deployment_id BLOB NOT NULL REFERENCES deployments (id),
    state         TEXT NOT NULL,
    is_urgent     INTEGER NOT NULL CHECK (is_urgent IN (0, 1)),
    waiting_at    INTEGER NOT NULL,
    feedback_id   BLOB REFERENCES feedback (id),
    verdict       TEXT,
    severity      TEXT NOT NULL,
    category_id   BLOB REFERENCES categories (id),
    version_id    BLOB NOT NULL REFERENCES agent_versions (id)
) STRICT, WITHOUT ROWID;
INSERT INTO queue_of_both
SELECT item_id, deployment_id, state, is_urgent, waiting_at, feedback_id, verdict, severity,
    category_id, version_id FROM queue;
DROP TABLE queue;
ALTER TABLE queue_of_both RENAME TO queue;
CREATE INDEX queue_order ON queue (deployment_id, state, is_urgent, waiting_at, item_id);
CREATE INDEX queue_verdict ON queue
    (deployment_id, state, verdict, is_urgent, waiting_at, item_id);
CREATE INDEX queue_category ON queue
    (deployment_id, state, category_id, is_urgent, waiting_at, item_id);
CREATE INDEX queue_severity ON queue
    (deployment_id, state, severity, is_urgent, waiting_at, item_id);
CREATE INDEX queue_version ON queue
    (deployment_id, state, version_id, is_urgent, waiting_at, item_id);

-- A week's draw in one deployment, and how far its interactions are counted.
CREATE TABLE audit_draws (
    id            BLOB NOT NULL PRIMARY KEY,
    deployment_id BLOB NOT NULL REFERENCES deployments (id),
    week_at       INTEGER NOT NULL,
    size          INTEGER NOT NULL,
    after         BLOB REFERENCES interactions (id),
    counted       INTEGER NOT NULL,
    flagged       INTEGER NOT NULL,
    is_drawn      INTEGER NOT NULL CHECK (is_drawn IN (0, 1)),
    created_at    INTEGER NOT NULL,
    UNIQUE (deployment_id, week_at)
) STRICT, WITHOUT ROWID;

-- What was drawn. Those with the smallest ranks are; a rank follows from the interaction.
CREATE TABLE audit_picks (
    draw_id        BLOB NOT NULL REFERENCES audit_draws (id),
    interaction_id BLOB NOT NULL REFERENCES interactions (id),
    rank           BLOB NOT NULL,
    is_flagged     INTEGER NOT NULL CHECK (is_flagged IN (0, 1)),
    item_id        BLOB REFERENCES review_items (id),
    PRIMARY KEY (draw_id, interaction_id)
) STRICT, WITHOUT ROWID;
