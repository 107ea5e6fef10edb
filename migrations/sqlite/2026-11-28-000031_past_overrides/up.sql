-- What was overridden, by the words of what was asked: a job fills it.
CREATE TABLE past_overrides (
    number   INTEGER NOT NULL PRIMARY KEY,
    item_id  BLOB NOT NULL UNIQUE REFERENCES review_items (id),
    agent_id BLOB NOT NULL REFERENCES agents (id),
    team_id  BLOB NOT NULL REFERENCES teams (id),
    words    TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE past_override_index USING fts5 (
    words, content = 'past_overrides', content_rowid = 'number',
    tokenize = 'unicode61 remove_diacritics 0'
);
CREATE TRIGGER past_overrides_in AFTER INSERT ON past_overrides BEGIN
    INSERT INTO past_override_index (rowid, words) VALUES (new.number, new.words);
END;
CREATE TRIGGER past_overrides_out AFTER DELETE ON past_overrides BEGIN
    INSERT INTO past_override_index (past_override_index, rowid, words)
    VALUES ('delete', old.number, old.words);
END;
CREATE TRIGGER past_overrides_changed AFTER UPDATE ON past_overrides BEGIN
    INSERT INTO past_override_index (past_override_index, rowid, words)
    VALUES ('delete', old.number, old.words);
    INSERT INTO past_override_index (rowid, words) VALUES (new.number, new.words);
END;

-- How many overrides have a word: the rarest are looked for.
CREATE TABLE override_words (
    word      TEXT NOT NULL PRIMARY KEY,
    overrides INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How far the job is.
CREATE TABLE override_passes (
    name  TEXT NOT NULL PRIMARY KEY,
    after BLOB NOT NULL REFERENCES review_items (id)
) STRICT, WITHOUT ROWID;
