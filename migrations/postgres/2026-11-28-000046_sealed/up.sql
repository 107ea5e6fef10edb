-- An event comes in without a seal. A copy from another database brings its seals along.
CREATE FUNCTION audit_event_is_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM installation WHERE name = 'copying') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER audit_events_new BEFORE INSERT ON audit_events FOR EACH ROW
WHEN (NEW.seal IS NOT NULL)
EXECUTE FUNCTION audit_event_is_new();
