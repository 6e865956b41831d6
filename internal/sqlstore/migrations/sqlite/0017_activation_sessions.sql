-- Holders at the activation page. Neither the token of a link nor a cookie is kept.

CREATE TABLE activation_sessions (
  token_hash  BLOB    NOT NULL PRIMARY KEY, -- keyed
  cookie_hash BLOB,                         -- keyed; null until it was opened
  program_id  BLOB    NOT NULL REFERENCES programs (id),
  card_id     BLOB    NOT NULL,
  return_url  TEXT    NOT NULL,
  language    TEXT    NOT NULL,
  pin         TEXT    NOT NULL,
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  opened_at   INTEGER,
  version     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX activation_sessions_cookie ON activation_sessions (cookie_hash) WHERE cookie_hash IS NOT NULL;
CREATE INDEX activation_sessions_over ON activation_sessions (program_id, expires_at, token_hash);
