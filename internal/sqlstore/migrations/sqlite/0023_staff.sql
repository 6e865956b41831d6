-- Who works at the operator console, and their sessions. Neither the token of a session nor the secret of the one-time codes
-- is kept: the one is hashed with a key, the other made from the seed with a key.

CREATE TABLE staff (
  id            BLOB    NOT NULL PRIMARY KEY,
  program_id    BLOB    REFERENCES programs (id), -- null: the whole installation
  name          TEXT    NOT NULL,
  role          TEXT    NOT NULL,
  password_hash TEXT    NOT NULL,
  code_seed     BLOB,
  codes_on      INTEGER NOT NULL,
  last_step     INTEGER NOT NULL,
  wrong_tries   INTEGER NOT NULL,
  locked_until  INTEGER,
  sessions_from INTEGER NOT NULL,
  disabled_at   INTEGER,
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL,
  version       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX staff_name ON staff (name);
CREATE INDEX staff_list ON staff (created_at, id);

CREATE TABLE staff_sessions (
  token_hash BLOB    NOT NULL PRIMARY KEY, -- keyed
  staff_id   BLOB    NOT NULL REFERENCES staff (id),
  created_at INTEGER NOT NULL,
  seen_at    INTEGER NOT NULL,
  ended_at   INTEGER,
  version    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX staff_sessions_over ON staff_sessions (created_at, token_hash);
