-- What somebody asked for and somebody else decides. The digest is a keyed hash of the request.

CREATE TABLE approvals (
  id         BYTEA   NOT NULL PRIMARY KEY,
  program_id BYTEA   NOT NULL REFERENCES programs (id),
  action     TEXT COLLATE "C" NOT NULL,
  card_id    BYTEA,
  digest     BYTEA   NOT NULL,
  reason     TEXT COLLATE "C" NOT NULL,
  asked_by   TEXT COLLATE "C" NOT NULL,
  status     TEXT COLLATE "C" NOT NULL,
  decided_by TEXT COLLATE "C" NOT NULL,
  note       TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  decided_at BIGINT,
  used_at    BIGINT,
  version    BIGINT NOT NULL
);
CREATE INDEX approvals_list ON approvals (program_id, created_at, id);
CREATE INDEX approvals_open ON approvals (program_id, digest, created_at, id) WHERE status IN ('pending', 'approved');
