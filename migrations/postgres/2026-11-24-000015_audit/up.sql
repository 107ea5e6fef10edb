-- Events are sealed in batches; each seal's hash covers its events and the seal before.
CREATE TABLE audit_seals (
    number    bigint PRIMARY KEY,
    events    bigint NOT NULL,
    hash      bytea NOT NULL,
    sealed_at timestamptz NOT NULL
);

-- From where, as a commitment: a hash over a salt and the address.
ALTER TABLE audit_events ADD COLUMN origin_hash bytea;
ALTER TABLE audit_events ADD COLUMN seal bigint REFERENCES audit_seals (number);

-- What a commitment stands for. A row can be erased, and the chain still holds.
CREATE TABLE audit_origins (
    event_id uuid PRIMARY KEY REFERENCES audit_events (id),
    salt     bytea NOT NULL,
    address  text NOT NULL
);

CREATE INDEX audit_events_open ON audit_events (id) WHERE seal IS NULL;
CREATE INDEX audit_events_seal ON audit_events (seal, id) WHERE seal IS NOT NULL;
CREATE INDEX audit_events_actor ON audit_events (actor_id, id);
CREATE INDEX audit_events_action ON audit_events (action, id);
CREATE INDEX audit_events_subject ON audit_events (subject, id);

-- Append-only, whoever asks: an event gets its seal once, and nothing else ever changes. Half a
-- copy of another database may be emptied, to begin anew.
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM installation WHERE name = 'copying') THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER audit_events_kept BEFORE UPDATE ON audit_events FOR EACH ROW
WHEN (OLD.seal IS NOT NULL OR NEW.seal IS NULL
    OR (NEW.id, NEW.actor_kind, NEW.actor_id, NEW.action, NEW.subject, NEW.detail,
        NEW.created_at, NEW.origin_hash)
    IS DISTINCT FROM
       (OLD.id, OLD.actor_kind, OLD.actor_id, OLD.action, OLD.subject, OLD.detail,
        OLD.created_at, OLD.origin_hash))
EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_events_stay BEFORE DELETE ON audit_events FOR EACH ROW
EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_events_whole BEFORE TRUNCATE ON audit_events
EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_seals_kept BEFORE UPDATE OR DELETE ON audit_seals FOR EACH ROW
EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_seals_whole BEFORE TRUNCATE ON audit_seals
EXECUTE FUNCTION audit_is_append_only();
