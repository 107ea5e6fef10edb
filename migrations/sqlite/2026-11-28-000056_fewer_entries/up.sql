-- The signals of an interaction are found through its feedback, which has an index by interaction
-- already. An entry at a place of its own is a page more in every commit.
DROP INDEX signals_interaction;
