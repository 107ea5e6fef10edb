-- How many must decide an item, each without knowing of the others.
ALTER TABLE deployments ADD COLUMN reviews_needed bigint NOT NULL DEFAULT 1;
-- How many interactions of each week that nobody overrode are drawn to be looked at.
ALTER TABLE deployments ADD COLUMN weekly_audits bigint NOT NULL DEFAULT 0;

-- A review that others are still awaited for has no resolution yet. Nobody decides twice.
ALTER TABLE reviews ALTER COLUMN resolution_id DROP NOT NULL;
CREATE UNIQUE INDEX reviews_once_a_person ON reviews (item_id, round, person_id)
    WHERE person_id IS NOT NULL;
CREATE UNIQUE INDEX reviews_once_a_key ON reviews (item_id, round, key_id)
    WHERE key_id IS NOT NULL;

-- What several teams say of one question is looked for, too; one team's is a stretch of it.
CREATE INDEX review_items_question ON review_items (agent_id, input_hash, team_id);
DROP INDEX review_items_input;
