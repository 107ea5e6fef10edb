-- A release on its way to the object store, or there. While it is pushed somebody holds a lease on
-- it; `upload` is a file that was begun in parts, which whoever goes on removes first.
CREATE TABLE pushes (
    release_id   BLOB NOT NULL PRIMARY KEY REFERENCES releases (id),
    state        TEXT NOT NULL,
    store        TEXT,
    done         INTEGER NOT NULL,
    total        INTEGER NOT NULL,
    tries        INTEGER NOT NULL,
    next_try_at  INTEGER NOT NULL,
    lease_id     BLOB,
    leased_until INTEGER,
    upload       TEXT CHECK (json_valid(upload)),
    error        TEXT,
    finished_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX pushes_waiting ON pushes (next_try_at) WHERE state = 'waiting';
