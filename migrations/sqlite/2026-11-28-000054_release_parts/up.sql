-- The rows of a release, some 250 together: every signal it looked at, in the order of its files.
-- `ids` has 64 bytes a row: interaction, feedback, signal and revision, zeros where there is none.
-- `facts` has a list a row: side, weight, category, and the reason why it was left out. All rows of
-- an interaction are in one part, so the interaction of the last row finds the part of any.
CREATE TABLE release_parts (
    release_id BLOB NOT NULL REFERENCES releases (id),
    position   INTEGER NOT NULL,
    agent_id   BLOB NOT NULL REFERENCES agents (id),
    last_id    BLOB NOT NULL REFERENCES interactions (id),
    ids        BLOB NOT NULL,
    facts      TEXT NOT NULL CHECK (json_valid(facts)),
    PRIMARY KEY (release_id, position)
) STRICT;
CREATE INDEX release_parts_of ON release_parts (agent_id, release_id, last_id, position);
INSERT INTO release_parts (release_id, position, agent_id, last_id, ids, facts)
SELECT release_id, min(position), agent_id, max(interaction_id),
    unhex(group_concat(hex(interaction_id) || hex(feedback_id) || hex(signal_id)
        || iif(revision_id IS NULL, hex(zeroblob(16)), hex(revision_id)), '' ORDER BY position)),
    json_group_array(json_array(side, weight, category, reason) ORDER BY position)
FROM (
    SELECT r.*, f.interaction_id, i.agent_id,
        min(r.position) OVER (PARTITION BY r.release_id, f.interaction_id) / 250 AS part
    FROM release_rows r
    JOIN feedback f ON f.id = r.feedback_id
    JOIN interactions i ON i.id = f.interaction_id
)
GROUP BY release_id, agent_id, part;

-- How many rows of a part were left out, by reason.
CREATE TABLE release_left (
    release_id BLOB NOT NULL REFERENCES releases (id),
    reason     TEXT NOT NULL,
    position   INTEGER NOT NULL,
    row_count  INTEGER NOT NULL,
    PRIMARY KEY (release_id, reason, position)
) STRICT, WITHOUT ROWID;
INSERT INTO release_left (release_id, reason, position, row_count)
SELECT p.release_id, fact.value ->> 3, p.position, count(*)
FROM release_parts p, json_each(p.facts) fact
WHERE fact.value ->> 3 IS NOT NULL
GROUP BY p.release_id, fact.value ->> 3, p.position;

-- The releases that are about an agent.
CREATE TABLE release_agents (
    agent_id   BLOB NOT NULL REFERENCES agents (id),
    release_id BLOB NOT NULL REFERENCES releases (id),
    PRIMARY KEY (agent_id, release_id)
) STRICT, WITHOUT ROWID;
INSERT INTO release_agents (agent_id, release_id)
SELECT DISTINCT agent_id, release_id FROM release_parts;

DROP TABLE release_rows;
