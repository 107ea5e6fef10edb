-- Sessions know how they began and when they were last used. Those that are there go on.
ALTER TABLE sessions ADD COLUMN how TEXT NOT NULL DEFAULT 'link';
ALTER TABLE sessions ADD COLUMN last_seen_at TIMESTAMPTZ NOT NULL DEFAULT now();
ALTER TABLE sessions ADD COLUMN browser TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN id_token TEXT;

-- In which time zone a person reads times; none was chosen yet.
ALTER TABLE people ADD COLUMN time_zone TEXT;

-- Argon2id, with its own salt and figures in the text.
CREATE TABLE passwords (
    person_id UUID PRIMARY KEY REFERENCES people (id),
    hash      TEXT NOT NULL,
    set_at    TIMESTAMPTZ NOT NULL
);

-- Who somebody is at an identity provider.
CREATE TABLE identities (
    issuer       TEXT COLLATE "C" NOT NULL,
    subject      TEXT COLLATE "C" NOT NULL,
    person_id    UUID NOT NULL REFERENCES people (id),
    created_at   TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_person ON identities (person_id);

-- Failed tries with a password, by a keyed hash of what was tried.
CREATE TABLE sign_in_tries (
    bucket     BYTEA PRIMARY KEY,
    failures   BIGINT NOT NULL,
    wait_until TIMESTAMPTZ NOT NULL,
    forget_at  TIMESTAMPTZ NOT NULL
);
CREATE INDEX sign_in_tries_forget ON sign_in_tries (forget_at);
