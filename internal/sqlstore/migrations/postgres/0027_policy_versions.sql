-- Every change of the policies of a programme: who made it, when, and of what. Versions count from 1.

CREATE TABLE policy_versions (
  program_id   BYTEA  NOT NULL REFERENCES programs (id),
  version      BIGINT NOT NULL,
  at           BIGINT NOT NULL,
  actor        TEXT COLLATE "C" NOT NULL,
  channel      TEXT COLLATE "C" NOT NULL,
  on_behalf_of TEXT COLLATE "C" NOT NULL,
  reason       TEXT COLLATE "C" NOT NULL,
  changes      TEXT COLLATE "C" NOT NULL, -- JSON
  PRIMARY KEY (program_id, version)
);
