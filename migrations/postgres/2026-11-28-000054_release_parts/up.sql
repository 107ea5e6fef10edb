-- The rows of a release, some 250 together: every signal it looked at, in the order of its files.
-- `ids` has 64 bytes a row: interaction, feedback, signal and revision, zeros where there is none.
-- `facts` has a list a row: side, weight, category, and the reason why it was left out. All rows of
-- an interaction are in one part, so the interaction of the last row finds the part of any.
CREATE TABLE release_parts (
    release_id UUID NOT NULL REFERENCES releases (id),
    position   BIGINT NOT NULL,
    agent_id   UUID NOT NULL REFERENCES agents (id),
    last_id    UUID NOT NULL REFERENCES interactions (id),
    ids        BYTEA NOT NULL,
    facts      TEXT NOT NULL,
    PRIMARY KEY (release_id, position)
);
-- What are mostly random bytes gets no smaller.
ALTER TABLE release_parts ALTER COLUMN ids SET STORAGE EXTERNAL;
CREATE INDEX release_parts_of ON release_parts (agent_id, release_id, last_id, position);
INSERT INTO release_parts (release_id, position, agent_id, last_id, ids, facts)
SELECT release_id, min(position), agent_id,
    (array_agg(interaction_id ORDER BY position DESC))[1],
    string_agg(uuid_send(interaction_id) || uuid_send(feedback_id) || uuid_send(signal_id)
        || uuid_send(coalesce(revision_id, '00000000-0000-0000-0000-000000000000')),
        ''::bytea ORDER BY position),
    json_agg(json_build_array(side, weight, category, reason) ORDER BY position)::text
FROM (
    SELECT r.*, f.interaction_id, i.agent_id,
        min(r.position) OVER (PARTITION BY r.release_id, f.interaction_id) / 250 AS part
    FROM release_rows r
    JOIN feedback f ON f.id = r.feedback_id
    JOIN interactions i ON i.id = f.interaction_id
) numbered
GROUP BY release_id, agent_id, part;

-- How many rows of a part were left out, by reason.
CREATE TABLE release_left (
    release_id UUID NOT NULL REFERENCES releases (id),
    reason     TEXT COLLATE "C" NOT NULL,
    position   BIGINT NOT NULL,
    row_count  BIGINT NOT NULL,
    PRIMARY KEY (release_id, reason, position)
);
INSERT INTO release_left (release_id, reason, position, row_count)
SELECT p.release_id, fact.value ->> 3, p.position, count(*)
FROM release_parts p, json_array_elements(p.facts::json) fact (value)
WHERE fact.value ->> 3 IS NOT NULL
GROUP BY p.release_id, fact.value ->> 3, p.position;

-- The releases that are about an agent.
CREATE TABLE release_agents (
    agent_id   UUID NOT NULL REFERENCES agents (id),
    release_id UUID NOT NULL REFERENCES releases (id),
    PRIMARY KEY (agent_id, release_id)
);
INSERT INTO release_agents (agent_id, release_id)
SELECT DISTINCT agent_id, release_id FROM release_parts;

DROP TABLE release_rows;
