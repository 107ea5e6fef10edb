-- What happened to revisions and has no number yet; one publisher at a time numbers it.
CREATE TABLE unpublished (
    revision_id BLOB NOT NULL REFERENCES signal_revisions (id),
    event       TEXT NOT NULL,
    PRIMARY KEY (revision_id, event)
) STRICT, WITHOUT ROWID;

-- Every revision that was made, and every one that was taken out of use, in an order without gaps
-- that others can follow.
CREATE TABLE published (
    sequence    INTEGER NOT NULL PRIMARY KEY,
    revision_id BLOB NOT NULL REFERENCES signal_revisions (id),
    event       TEXT NOT NULL
) STRICT;
INSERT INTO published (sequence, revision_id, event)
    SELECT row_number() OVER (ORDER BY id), id, 'made' FROM signal_revisions;
INSERT INTO published (sequence, revision_id, event)
    SELECT (SELECT count(*) FROM signal_revisions) + row_number() OVER (ORDER BY id), id, 'retired'
    FROM signal_revisions WHERE retired_at IS NOT NULL;

-- Who follows what is published, and how far they are. `until` is what they are at.
CREATE TABLE followers (
    name     TEXT NOT NULL PRIMARY KEY,
    sequence INTEGER NOT NULL,
    until    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Rows of releases whose revision was taken out of use since.
CREATE TABLE release_retired (
    release_id BLOB NOT NULL REFERENCES releases (id),
    position   INTEGER NOT NULL,
    PRIMARY KEY (release_id, position)
) STRICT, WITHOUT ROWID;
ALTER TABLE releases ADD COLUMN retired INTEGER NOT NULL DEFAULT 0;
