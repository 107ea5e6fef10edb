-- Sessions know how they began and when they were last used. Those that are there go on.
ALTER TABLE sessions ADD COLUMN how TEXT NOT NULL DEFAULT 'link';
ALTER TABLE sessions ADD COLUMN last_seen_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN browser TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN id_token TEXT;
UPDATE sessions SET last_seen_at = CAST(strftime('%s', 'now') AS INTEGER) * 1000000;

-- In which time zone a person reads times; none was chosen yet.
ALTER TABLE people ADD COLUMN time_zone TEXT;

-- Argon2id, with its own salt and figures in the text.
CREATE TABLE passwords (
    person_id BLOB NOT NULL PRIMARY KEY REFERENCES people (id),
    hash      TEXT NOT NULL,
    set_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who somebody is at an identity provider.
CREATE TABLE identities (
    issuer       TEXT NOT NULL,
    subject      TEXT NOT NULL,
    person_id    BLOB NOT NULL REFERENCES people (id),
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX identities_person ON identities (person_id);

-- Failed tries with a password, by a keyed hash of what was tried.
CREATE TABLE sign_in_tries (
    bucket     BLOB NOT NULL PRIMARY KEY,
    failures   INTEGER NOT NULL,
    wait_until INTEGER NOT NULL,
    forget_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_tries_forget ON sign_in_tries (forget_at);
