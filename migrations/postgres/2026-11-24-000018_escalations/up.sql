-- What a person was asked to take over. What is told here follows from the events; it is kept so
-- that lists are walks of an index.
CREATE TABLE escalations (
    id            UUID PRIMARY KEY,
    item_id       UUID NOT NULL REFERENCES review_items (id),
    deployment_id UUID NOT NULL REFERENCES deployments (id),
    team_id       UUID NOT NULL REFERENCES teams (id),
    feedback_id   UUID NOT NULL REFERENCES feedback (id),
    origin        TEXT NOT NULL,
    state         TEXT NOT NULL,
    is_urgent     BOOLEAN NOT NULL,
    assignee_id   UUID REFERENCES people (id),
    opened_at     TIMESTAMPTZ NOT NULL,
    answered_at   TIMESTAMPTZ,
    due_at        TIMESTAMPTZ,
    order_at      TIMESTAMPTZ NOT NULL,
    notice_at     TIMESTAMPTZ,
    outcome       TEXT,
    minutes       BIGINT,
    closed_at     TIMESTAMPTZ
);
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
    id                 UUID PRIMARY KEY,
    escalation_id      UUID NOT NULL REFERENCES escalations (id),
    kind               TEXT NOT NULL,
    person_id          UUID REFERENCES people (id),
    key_id             UUID REFERENCES api_keys (id),
    assignee_id        UUID REFERENCES people (id),
    body               TEXT,
    outcome            TEXT,
    minutes            BIGINT,
    answer_minutes     BIGINT,
    resolution_minutes BIGINT,
    created_at         TIMESTAMPTZ NOT NULL
);
CREATE INDEX escalation_events_of ON escalation_events (escalation_id, id);

-- Which mails were queued, each once.
CREATE TABLE escalation_notices (
    escalation_id UUID NOT NULL REFERENCES escalations (id),
    kind          TEXT NOT NULL,
    created_at    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (escalation_id, kind)
);

-- What asked for a person before there was this, by its item's id.
INSERT INTO escalations
SELECT q.item_id, q.item_id, q.deployment_id, d.team_id, q.feedback_id,
    CASE q.verdict WHEN 'escalated' THEN 'verdict' ELSE 'decision' END, 'open', q.is_urgent, NULL,
    q.waiting_at, NULL, q.waiting_at, q.waiting_at, q.waiting_at, NULL, NULL, NULL
FROM queue q JOIN deployments d ON d.id = q.deployment_id
WHERE q.verdict = 'escalated' OR q.state = 'escalated';
INSERT INTO escalation_events
SELECT e.id, e.id, 'opened', NULL, NULL, NULL, NULL, NULL, NULL,
    CASE WHEN e.is_urgent THEN d.urgent_due_minutes ELSE d.normal_due_minutes END,
    CASE WHEN e.is_urgent THEN d.urgent_resolution_minutes ELSE d.normal_resolution_minutes END,
    e.opened_at
FROM escalations e JOIN deployments d ON d.id = e.deployment_id;
