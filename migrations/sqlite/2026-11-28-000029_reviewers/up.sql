-- How many must decide an item, each without knowing of the others.
ALTER TABLE deployments ADD COLUMN reviews_needed INTEGER NOT NULL DEFAULT 1;
-- How many interactions of each week that nobody overrode are drawn to be looked at.
ALTER TABLE deployments ADD COLUMN weekly_audits INTEGER NOT NULL DEFAULT 0;

-- A review that others are still awaited for has no resolution yet. Nobody decides twice.
CREATE TABLE reviews_of_many (
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
    resolution_id BLOB REFERENCES resolutions (id),
    created_at    INTEGER NOT NULL,
    UNIQUE (item_id, round, slot)
) STRICT;
INSERT INTO reviews_of_many
SELECT id, act_id, item_id, round, slot, person_id, key_id, decision, label, reason, duplicate_of,
    resolution_id, created_at FROM reviews;
DROP TABLE reviews;
ALTER TABLE reviews_of_many RENAME TO reviews;
CREATE INDEX reviews_act ON reviews (act_id);
CREATE INDEX reviews_person ON reviews (person_id, id) WHERE person_id IS NOT NULL;
CREATE UNIQUE INDEX reviews_once_a_person ON reviews (item_id, round, person_id)
    WHERE person_id IS NOT NULL;
CREATE UNIQUE INDEX reviews_once_a_key ON reviews (item_id, round, key_id)
    WHERE key_id IS NOT NULL;

-- What several teams say of one question is looked for, too; one team's is a stretch of it.
CREATE INDEX review_items_question ON review_items (agent_id, input_hash, team_id);
DROP INDEX review_items_input;
