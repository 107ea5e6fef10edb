-- The first letters of a key, by which a leaked one is found again.
ALTER TABLE api_keys ADD COLUMN hint TEXT NOT NULL DEFAULT '';
-- Slugs with a space between; NULL is all of them.
ALTER TABLE api_keys ADD COLUMN agents TEXT;
ALTER TABLE api_keys ADD COLUMN teams TEXT;
ALTER TABLE api_keys ADD COLUMN expires_at INTEGER;
ALTER TABLE api_keys ADD COLUMN last_used_at INTEGER;
-- The key that takes this one's place; this one expires.
ALTER TABLE api_keys ADD COLUMN replaced_by BLOB REFERENCES api_keys (id);
