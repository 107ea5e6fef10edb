-- The language in which a person likes to be answered, as ISO 639-1 has it.
ALTER TABLE people ADD COLUMN language TEXT;
