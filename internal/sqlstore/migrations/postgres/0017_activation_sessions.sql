-- Holders at the activation page. Neither the token of a link nor a cookie is kept.

CREATE TABLE activation_sessions (
  token_hash BYTEA NOT NULL PRIMARY KEY, -- keyed
  cookie_hash BYTEA, -- keyed; null until it was opened
  program_id BYTEA NOT NULL REFERENCES programs (id),
  card_id BYTEA NOT NULL,
  return_url TEXT COLLATE "C" NOT NULL,
  language TEXT COLLATE "C" NOT NULL,
  pin TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  opened_at BIGINT,
  version BIGINT NOT NULL
);
CREATE UNIQUE INDEX activation_sessions_cookie ON activation_sessions (cookie_hash) WHERE cookie_hash IS NOT NULL;
CREATE INDEX activation_sessions_over ON activation_sessions (program_id, expires_at, token_hash);
