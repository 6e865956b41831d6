-- What somebody asked for and somebody else decides. The digest is a keyed hash of the request.

CREATE TABLE approvals (
  id         BLOB    NOT NULL PRIMARY KEY,
  program_id BLOB    NOT NULL REFERENCES programs (id),
  action     TEXT    NOT NULL,
  card_id    BLOB,
  digest     BLOB    NOT NULL,
  reason     TEXT    NOT NULL,
  asked_by   TEXT    NOT NULL,
  status     TEXT    NOT NULL,
  decided_by TEXT    NOT NULL,
  note       TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  decided_at INTEGER,
  used_at    INTEGER,
  version    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX approvals_list ON approvals (program_id, created_at, id);
CREATE INDEX approvals_open ON approvals (program_id, digest, created_at, id) WHERE status IN ('pending', 'approved');
