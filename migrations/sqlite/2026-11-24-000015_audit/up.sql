-- Events are sealed in batches; each seal's hash covers its events and the seal before.
CREATE TABLE audit_seals (
    number    INTEGER NOT NULL PRIMARY KEY,
    events    INTEGER NOT NULL,
    hash      BLOB NOT NULL,
    sealed_at INTEGER NOT NULL
) STRICT;

-- From where, as a commitment: a hash over a salt and the address.
ALTER TABLE audit_events ADD COLUMN origin_hash BLOB;
ALTER TABLE audit_events ADD COLUMN seal INTEGER REFERENCES audit_seals (number);

-- What a commitment stands for. A row can be erased, and the chain still holds.
CREATE TABLE audit_origins (
    event_id BLOB NOT NULL PRIMARY KEY REFERENCES audit_events (id),
    salt     BLOB NOT NULL,
    address  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_events_open ON audit_events (id) WHERE seal IS NULL;
CREATE INDEX audit_events_seal ON audit_events (seal, id) WHERE seal IS NOT NULL;
CREATE INDEX audit_events_actor ON audit_events (actor_id, id);
CREATE INDEX audit_events_action ON audit_events (action, id);
CREATE INDEX audit_events_subject ON audit_events (subject, id);

-- Append-only, whoever asks: an event gets its seal once, and nothing else ever changes. Half a
-- copy of another database may be emptied, to begin anew.
CREATE TRIGGER audit_events_kept BEFORE UPDATE ON audit_events
WHEN OLD.seal IS NOT NULL OR NEW.seal IS NULL
    OR NEW.id IS NOT OLD.id OR NEW.actor_kind IS NOT OLD.actor_kind
    OR NEW.actor_id IS NOT OLD.actor_id OR NEW.action IS NOT OLD.action
    OR NEW.subject IS NOT OLD.subject OR NEW.detail IS NOT OLD.detail
    OR NEW.created_at IS NOT OLD.created_at OR NEW.origin_hash IS NOT OLD.origin_hash
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_events_stay BEFORE DELETE ON audit_events
WHEN NOT EXISTS (SELECT 1 FROM installation WHERE name = 'copying')
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_seals_kept BEFORE UPDATE ON audit_seals
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_seals_stay BEFORE DELETE ON audit_seals
WHEN NOT EXISTS (SELECT 1 FROM installation WHERE name = 'copying')
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
