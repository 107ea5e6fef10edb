-- What a person was asked to take over. What is told here follows from the events; it is kept so
-- that lists are walks of an index.
CREATE TABLE escalations (
    id            BLOB NOT NULL PRIMARY KEY,
    item_id       BLOB NOT NULL REFERENCES review_items (id),
    deployment_id BLOB NOT NULL REFERENCES deployments (id),
    team_id       BLOB NOT NULL REFERENCES teams (id),
    feedback_id   BLOB NOT NULL REFERENCES feedback (id),
    origin        TEXT NOT NULL,
    state         TEXT NOT NULL,
    is_urgent     INTEGER NOT NULL CHECK (is_urgent IN (0, 1)),
    assignee_id   BLOB REFERENCES people (id),
    opened_at     INTEGER NOT NULL,
    answered_at   INTEGER,
    due_at        INTEGER,
    order_at      INTEGER NOT NULL,
    notice_at     INTEGER,
    outcome       TEXT,
    minutes       INTEGER,
    closed_at     INTEGER
) STRICT;
CREATE UNIQUE INDEX escalations_open ON escalations (item_id) WHERE state <> 'closed';
CREATE INDEX escalations_item ON escalations (item_id, id);
CREATE INDEX escalations_feedback ON escalations (feedback_id);
CREATE INDEX escalations_team ON escalations (team_id, state, order_at, id);
CREATE INDEX escalations_all ON escalations (state, order_at, id);
CREATE INDEX escalations_assignee ON escalations (assignee_id, state, order_at, id)
    WHERE assignee_id IS NOT NULL;
CREATE INDEX escalations_notice ON escalations (notice_at) WHERE notice_at IS NOT NULL;

-- What happened, append-only: the clock is worked out from these.
CREATE TABLE escalation_events (
    id                 BLOB NOT NULL PRIMARY KEY,
    escalation_id      BLOB NOT NULL REFERENCES escalations (id),
    kind               TEXT NOT NULL,
    person_id          BLOB REFERENCES people (id),
    key_id             BLOB REFERENCES api_keys (id),
    assignee_id        BLOB REFERENCES people (id),
    body               TEXT,
    outcome            TEXT,
    minutes            INTEGER,
    answer_minutes     INTEGER,
    resolution_minutes INTEGER,
    created_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX escalation_events_of ON escalation_events (escalation_id, id);

-- Which mails were queued, each once.
CREATE TABLE escalation_notices (
    escalation_id BLOB NOT NULL REFERENCES escalations (id),
    kind          TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (escalation_id, kind)
) STRICT, WITHOUT ROWID;

-- What asked for a person before there was this, by its item's id.
INSERT INTO escalations
SELECT q.item_id, q.item_id, q.deployment_id, d.team_id, q.feedback_id,
    CASE q.verdict WHEN 'escalated' THEN 'verdict' ELSE 'decision' END, 'open', q.is_urgent, NULL,
    q.waiting_at, NULL, q.waiting_at, q.waiting_at, q.waiting_at, NULL, NULL, NULL
FROM queue q JOIN deployments d ON d.id = q.deployment_id
WHERE q.verdict = 'escalated' OR q.state = 'escalated';
INSERT INTO escalation_events
SELECT e.id, e.id, 'opened', NULL, NULL, NULL, NULL, NULL, NULL,
    CASE WHEN e.is_urgent = 1 THEN d.urgent_due_minutes ELSE d.normal_due_minutes END,
    CASE WHEN e.is_urgent = 1 THEN d.urgent_resolution_minutes ELSE d.normal_resolution_minutes END,
    e.opened_at
FROM escalations e JOIN deployments d ON d.id = e.deployment_id;
