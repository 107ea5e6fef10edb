-- What reporters are to be told by mail; a row goes with the mail.
CREATE TABLE news (
    id          BLOB NOT NULL PRIMARY KEY,
    person_id   BLOB NOT NULL REFERENCES people (id),
    feedback_id BLOB NOT NULL REFERENCES feedback (id),
    item_id     BLOB NOT NULL REFERENCES review_items (id),
    kind        TEXT NOT NULL,
    body        TEXT,
    due_at      INTEGER NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX news_due ON news (due_at);
CREATE INDEX news_person ON news (person_id, id);
CREATE INDEX news_item ON news (item_id, kind);

-- Who wants no mail about what they reported.
CREATE TABLE news_declined (
    person_id  BLOB NOT NULL PRIMARY KEY REFERENCES people (id),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Where one click ends mails of this kind (RFC 8058).
ALTER TABLE outbox ADD COLUMN unsubscribe TEXT;
