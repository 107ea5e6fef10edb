-- A program that decides is named by its key.
ALTER TABLE resolutions ADD COLUMN key_id BLOB REFERENCES api_keys (id);

-- What waits for a decision, in the order in which it is looked at; a row goes once it is decided.
-- It repeats what lists are filtered by, so that a page is one walk of an index.
CREATE TABLE queue (
    item_id       BLOB NOT NULL PRIMARY KEY REFERENCES review_items (id),
    deployment_id BLOB NOT NULL REFERENCES deployments (id),
    state         TEXT NOT NULL,
    is_urgent     INTEGER NOT NULL CHECK (is_urgent IN (0, 1)),
    waiting_at    INTEGER NOT NULL,
    feedback_id   BLOB NOT NULL REFERENCES feedback (id),
    verdict       TEXT NOT NULL,
    severity      TEXT NOT NULL,
    category_id   BLOB REFERENCES categories (id),
    version_id    BLOB NOT NULL REFERENCES agent_versions (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX queue_order ON queue (deployment_id, state, is_urgent, waiting_at, item_id);
CREATE INDEX queue_verdict ON queue
    (deployment_id, state, verdict, is_urgent, waiting_at, item_id);
CREATE INDEX queue_category ON queue
    (deployment_id, state, category_id, is_urgent, waiting_at, item_id);
CREATE INDEX queue_severity ON queue
    (deployment_id, state, severity, is_urgent, waiting_at, item_id);
CREATE INDEX queue_version ON queue
    (deployment_id, state, version_id, is_urgent, waiting_at, item_id);

INSERT INTO queue
SELECT i.id, f.deployment_id,
    CASE (SELECT outcome FROM resolutions r WHERE r.item_id = i.id ORDER BY number DESC LIMIT 1)
        WHEN 'needs_info' THEN 'asked' WHEN 'escalated' THEN 'escalated' ELSE 'waiting' END,
    EXISTS (SELECT 1 FROM signals s JOIN feedback u ON u.id = s.feedback_id
        WHERE s.item_id = i.id AND u.urgency = 'urgent'),
    i.created_at, f.id, f.verdict, f.severity, f.category_id, n.version_id
FROM review_items i
JOIN feedback f ON f.id =
    (SELECT s.feedback_id FROM signals s JOIN feedback c ON c.id = s.feedback_id
        WHERE s.item_id = i.id AND c.superseded_by IS NULL ORDER BY s.feedback_id LIMIT 1)
JOIN interactions n ON n.id = f.interaction_id
WHERE i.status = 'pending';

-- Who looks at an item until when. A slot is one of the independent reviews an item needs.
CREATE TABLE claims (
    item_id       BLOB NOT NULL REFERENCES review_items (id),
    slot          INTEGER NOT NULL,
    person_id     BLOB REFERENCES people (id),
    key_id        BLOB REFERENCES api_keys (id),
    claimed_at    INTEGER NOT NULL,
    claimed_until INTEGER NOT NULL,
    PRIMARY KEY (item_id, slot)
) STRICT, WITHOUT ROWID;
CREATE INDEX claims_person ON claims (person_id) WHERE person_id IS NOT NULL;

-- What reviewers decided. An act may decide several items; a round ends when an item is looked at
-- again, and each slot of a round is decided once.
CREATE TABLE reviews (
    id            BLOB NOT NULL PRIMARY KEY,
    act_id        BLOB NOT NULL,
    item_id       BLOB NOT NULL REFERENCES review_items (id),
    round         INTEGER NOT NULL,
    slot          INTEGER NOT NULL,
    person_id     BLOB REFERENCES people (id),
    key_id        BLOB REFERENCES api_keys (id),
    decision      TEXT NOT NULL,
    label         TEXT,
    reason        TEXT,
    duplicate_of  BLOB REFERENCES review_items (id),
    resolution_id BLOB NOT NULL REFERENCES resolutions (id),
    created_at    INTEGER NOT NULL,
    UNIQUE (item_id, round, slot)
) STRICT;
CREATE INDEX reviews_act ON reviews (act_id);
CREATE INDEX reviews_person ON reviews (person_id, id) WHERE person_id IS NOT NULL;

-- Filters of the queue that a person gave a name.
CREATE TABLE saved_filters (
    id         BLOB NOT NULL PRIMARY KEY,
    person_id  BLOB NOT NULL REFERENCES people (id),
    name       TEXT NOT NULL,
    query      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (person_id, name)
) STRICT;
