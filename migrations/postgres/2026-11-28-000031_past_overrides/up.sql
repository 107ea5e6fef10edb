-- What was overridden, by the words of what was asked: a job fills it.
CREATE TABLE past_overrides (
    number   bigint PRIMARY KEY,
    item_id  uuid NOT NULL UNIQUE REFERENCES review_items (id),
    agent_id uuid NOT NULL REFERENCES agents (id),
    team_id  uuid NOT NULL REFERENCES teams (id),
    words    text NOT NULL,
    lexemes  tsvector NOT NULL
        GENERATED ALWAYS AS (array_to_tsvector(string_to_array(words, ' '))) STORED
);
CREATE INDEX past_overrides_lexemes ON past_overrides USING gin (lexemes);

-- How many overrides have a word: the rarest are looked for.
CREATE TABLE override_words (
    word      text PRIMARY KEY,
    overrides bigint NOT NULL
);

-- How far the job is.
CREATE TABLE override_passes (
    name  text PRIMARY KEY,
    after uuid NOT NULL REFERENCES review_items (id)
);
