-- An event comes in without a seal and under an id of its own: `INSERT OR REPLACE` fires no trigger
-- of deletion. A copy from another database brings its seals along.
CREATE TRIGGER audit_events_new BEFORE INSERT ON audit_events
WHEN (NEW.seal IS NOT NULL AND NOT EXISTS (SELECT 1 FROM installation WHERE name = 'copying'))
    OR EXISTS (SELECT 1 FROM audit_events WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_seals_new BEFORE INSERT ON audit_seals
WHEN EXISTS (SELECT 1 FROM audit_seals WHERE number = NEW.number)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
