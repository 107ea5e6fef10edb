-- What happened to revisions and has no number yet; one publisher at a time numbers it.
CREATE TABLE unpublished (
    revision_id UUID NOT NULL REFERENCES signal_revisions (id),
    event       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (revision_id, event)
);

-- Every revision that was made, and every one that was taken out of use, in an order without gaps
-- that others can follow.
CREATE TABLE published (
    sequence    BIGINT PRIMARY KEY,
    revision_id UUID NOT NULL REFERENCES signal_revisions (id),
    event       TEXT NOT NULL
);
INSERT INTO published (sequence, revision_id, event)
    SELECT row_number() OVER (ORDER BY id), id, 'made' FROM signal_revisions;
INSERT INTO published (sequence, revision_id, event)
    SELECT (SELECT count(*) FROM signal_revisions) + row_number() OVER (ORDER BY id), id, 'retired'
    FROM signal_revisions WHERE retired_at IS NOT NULL;

-- Who follows what is published, and how far they are. `until` is what they are at.
CREATE TABLE followers (
    name     TEXT PRIMARY KEY,
    sequence BIGINT NOT NULL,
    until    BIGINT NOT NULL
);

-- Rows of releases whose revision was taken out of use since.
CREATE TABLE release_retired (
    release_id UUID NOT NULL REFERENCES releases (id),
    position   BIGINT NOT NULL,
    PRIMARY KEY (release_id, position)
);
ALTER TABLE releases ADD COLUMN retired BIGINT NOT NULL DEFAULT 0;
