-- Customers' tokens: what a token came with, and how many wrong answers it met. Users of a programme, their
-- sign-ins, and what customers prove themselves with.

ALTER TABLE credentials ADD COLUMN parent_id BLOB;
ALTER TABLE credentials ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
CREATE INDEX credentials_living ON credentials (program_id, customer_id, created_at, id) WHERE customer_id IS NOT NULL AND status <> 'revoked';
CREATE INDEX credentials_device ON credentials (parent_id, device, created_at, id) WHERE parent_id IS NOT NULL;

CREATE TABLE api_users (
  id            BLOB    NOT NULL PRIMARY KEY,
  program_id    BLOB    NOT NULL REFERENCES programs (id),
  public_id     TEXT    NOT NULL UNIQUE,
  email         TEXT    NOT NULL,
  email_key     TEXT    NOT NULL UNIQUE, -- the form in which e-mails are compared
  role          TEXT    NOT NULL,
  password_hash TEXT    NOT NULL, -- slow hash; empty until one was set
  invite_hash   BLOB    UNIQUE,
  invite_until  INTEGER,
  disabled_at   INTEGER,
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER,
  version       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX api_users_list ON api_users (program_id, created_at, id);

CREATE TABLE api_logins (
  id         BLOB    NOT NULL PRIMARY KEY,
  program_id BLOB    NOT NULL REFERENCES programs (id),
  user_id    BLOB    NOT NULL REFERENCES api_users (id),
  generation INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  ended_at   INTEGER,
  version    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX api_logins_over ON api_logins (program_id, expires_at, id);

CREATE TABLE customer_logins (
  program_id    BLOB    NOT NULL REFERENCES programs (id),
  customer_id   BLOB    NOT NULL REFERENCES customers (id),
  password_hash TEXT    NOT NULL, -- slow hash; empty when there is none
  wrong         INTEGER NOT NULL, -- answers since wrong_since
  wrong_since   INTEGER,
  version       INTEGER NOT NULL,
  PRIMARY KEY (program_id, customer_id)
) STRICT, WITHOUT ROWID;
