-- Who works at the operator console, and their sessions. Neither the token of a session nor the secret of the one-time codes
-- is kept: the one is hashed with a key, the other made from the seed with a key.

CREATE TABLE staff (
  id BYTEA NOT NULL PRIMARY KEY,
  program_id BYTEA REFERENCES programs (id), -- null: the whole installation
  name TEXT COLLATE "C" NOT NULL,
  role TEXT COLLATE "C" NOT NULL,
  password_hash TEXT COLLATE "C" NOT NULL,
  code_seed BYTEA,
  codes_on BIGINT NOT NULL,
  last_step BIGINT NOT NULL,
  wrong_tries BIGINT NOT NULL,
  locked_until BIGINT,
  sessions_from BIGINT NOT NULL,
  disabled_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  version BIGINT NOT NULL
);
CREATE UNIQUE INDEX staff_name ON staff (name);
CREATE INDEX staff_list ON staff (created_at, id);

CREATE TABLE staff_sessions (
  token_hash BYTEA NOT NULL PRIMARY KEY, -- keyed
  staff_id BYTEA NOT NULL REFERENCES staff (id),
  created_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  ended_at BIGINT,
  version BIGINT NOT NULL
);
CREATE INDEX staff_sessions_over ON staff_sessions (created_at, token_hash);
