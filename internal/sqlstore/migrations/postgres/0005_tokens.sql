-- Customers' tokens: what a token came with, and how many wrong answers it met. Users of a programme, their
-- sign-ins, and what customers prove themselves with.

ALTER TABLE credentials ADD COLUMN parent_id BYTEA;
ALTER TABLE credentials ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
CREATE INDEX credentials_living ON credentials (program_id, customer_id, created_at, id) WHERE customer_id IS NOT NULL AND status <> 'revoked';
CREATE INDEX credentials_device ON credentials (parent_id, device, created_at, id) WHERE parent_id IS NOT NULL;

CREATE TABLE api_users (
  id BYTEA NOT NULL PRIMARY KEY,
  program_id BYTEA NOT NULL REFERENCES programs (id),
  public_id TEXT COLLATE "C" NOT NULL UNIQUE,
  email TEXT COLLATE "C" NOT NULL,
  email_key TEXT COLLATE "C" NOT NULL UNIQUE, -- the form in which e-mails are compared
  role TEXT COLLATE "C" NOT NULL,
  password_hash TEXT COLLATE "C" NOT NULL, -- slow hash; empty until one was set
  invite_hash BYTEA UNIQUE,
  invite_until BIGINT,
  disabled_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT,
  version BIGINT NOT NULL
);
CREATE INDEX api_users_list ON api_users (program_id, created_at, id);

CREATE TABLE api_logins (
  id BYTEA NOT NULL PRIMARY KEY,
  program_id BYTEA NOT NULL REFERENCES programs (id),
  user_id BYTEA NOT NULL REFERENCES api_users (id),
  generation BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  ended_at BIGINT,
  version BIGINT NOT NULL
);
CREATE INDEX api_logins_over ON api_logins (program_id, expires_at, id);

CREATE TABLE customer_logins (
  program_id BYTEA NOT NULL REFERENCES programs (id),
  customer_id BYTEA NOT NULL REFERENCES customers (id),
  password_hash TEXT COLLATE "C" NOT NULL, -- slow hash; empty when there is none
  wrong BIGINT NOT NULL, -- answers since wrong_since
  wrong_since BIGINT,
  version BIGINT NOT NULL,
  PRIMARY KEY (program_id, customer_id)
);
