-- The first letters of a key, by which a leaked one is found again.
ALTER TABLE api_keys ADD COLUMN hint text NOT NULL DEFAULT '';
-- Slugs with a space between; NULL is all of them.
ALTER TABLE api_keys ADD COLUMN agents text;
ALTER TABLE api_keys ADD COLUMN teams text;
ALTER TABLE api_keys ADD COLUMN expires_at timestamptz;
ALTER TABLE api_keys ADD COLUMN last_used_at timestamptz;
-- The key that takes this one's place; this one expires.
ALTER TABLE api_keys ADD COLUMN replaced_by uuid REFERENCES api_keys (id);
