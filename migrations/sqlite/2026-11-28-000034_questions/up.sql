-- What everybody of a team reads beside what an agent is good at.
CREATE TABLE pinned_answers (
    id         BLOB NOT NULL PRIMARY KEY,
    agent_id   BLOB NOT NULL REFERENCES agents (id),
    team_id    BLOB NOT NULL REFERENCES teams (id),
    question   TEXT NOT NULL,
    answer     TEXT NOT NULL,
    pinned_by  BLOB REFERENCES people (id),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX pinned_answers_of ON pinned_answers (agent_id, team_id, id);

-- What somebody asked the champions of a team. Where it stands follows from the messages; it is
-- kept so that lists are walks of an index.
CREATE TABLE questions (
    id             BLOB NOT NULL PRIMARY KEY,
    team_id        BLOB NOT NULL REFERENCES teams (id),
    agent_id       BLOB REFERENCES agents (id),
    interaction_id BLOB REFERENCES interactions (id),
    author_id      BLOB NOT NULL REFERENCES people (id),
    is_private     INTEGER NOT NULL CHECK (is_private IN (0, 1)),
    state          TEXT NOT NULL,
    order_at       INTEGER NOT NULL,
    asked_at       INTEGER NOT NULL,
    answered_at    INTEGER,
    answered_by    BLOB REFERENCES people (id),
    answer_minutes INTEGER,
    pinned_id      BLOB REFERENCES pinned_answers (id)
) STRICT;
CREATE INDEX questions_team ON questions (team_id, is_private, state, order_at, id);
CREATE INDEX questions_all ON questions (state, order_at, id);
CREATE INDEX questions_author ON questions (author_id, state, order_at, id);
CREATE INDEX questions_answered ON questions (team_id, answered_at) WHERE answered_at IS NOT NULL;
CREATE INDEX questions_answered_all ON questions (answered_at) WHERE answered_at IS NOT NULL;
CREATE INDEX questions_answered_by ON questions (answered_by, answered_at)
    WHERE answered_by IS NOT NULL;
CREATE INDEX questions_pinned ON questions (pinned_id) WHERE pinned_id IS NOT NULL;

-- What was written, append-only; the first is the question. A nonce comes with each form, so that
-- a second click writes nothing.
CREATE TABLE question_messages (
    id          BLOB NOT NULL PRIMARY KEY,
    question_id BLOB NOT NULL REFERENCES questions (id),
    kind        TEXT NOT NULL,
    person_id   BLOB NOT NULL REFERENCES people (id),
    body        TEXT NOT NULL,
    nonce       TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    UNIQUE (person_id, nonce)
) STRICT;
CREATE INDEX question_messages_of ON question_messages (question_id, id);
CREATE UNIQUE INDEX question_messages_first ON question_messages (question_id)
    WHERE kind = 'asked';

-- Who was named in a message and told of it.
CREATE TABLE question_mentions (
    message_id BLOB NOT NULL REFERENCES question_messages (id),
    person_id  BLOB NOT NULL REFERENCES people (id),
    PRIMARY KEY (message_id, person_id)
) STRICT, WITHOUT ROWID;
