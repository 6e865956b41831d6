-- Every change of the policies of a programme: who made it, when, and of what. Versions count from 1.

CREATE TABLE policy_versions (
  program_id   BLOB    NOT NULL REFERENCES programs (id),
  version      INTEGER NOT NULL,
  at           INTEGER NOT NULL,
  actor        TEXT    NOT NULL,
  channel      TEXT    NOT NULL,
  on_behalf_of TEXT    NOT NULL,
  reason       TEXT    NOT NULL,
  changes      TEXT    NOT NULL, -- JSON
  PRIMARY KEY (program_id, version)
) STRICT, WITHOUT ROWID;
