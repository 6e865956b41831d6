-- Records of idempotency keys lie in the order in which they came, and only their keys in an order of their own. Keys are random: while
-- whole records lay in the order of their keys, each new one was put between others somewhere, and pages had to be split for every few of
-- them. Both tables are made anew, because the second refers to the first. What an older release asks, it may go on asking.

CREATE TABLE idempotency_in_order (
  program_id  BLOB    NOT NULL,
  door        TEXT    NOT NULL,
  idem_key    TEXT    NOT NULL,
  fingerprint BLOB,
  status      INTEGER NOT NULL,
  body        BLOB,
  sealed      INTEGER NOT NULL,
  mismatches  INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  apart       INTEGER NOT NULL DEFAULT 0, -- 1: the body lies in idempotency_bodies
  PRIMARY KEY (program_id, door, idem_key)
) STRICT;
INSERT INTO idempotency_in_order (program_id, door, idem_key, fingerprint, status, body, sealed, mismatches, created_at, expires_at, apart)
  SELECT program_id, door, idem_key, fingerprint, status, body, sealed, mismatches, created_at, expires_at, apart FROM idempotency
  ORDER BY program_id, expires_at;

CREATE TABLE idempotency_bodies_in_order (
  program_id BLOB    NOT NULL,
  door       TEXT    NOT NULL,
  idem_key   TEXT    NOT NULL,
  body       BLOB    NOT NULL,
  sealed     INTEGER NOT NULL,
  PRIMARY KEY (program_id, door, idem_key),
  FOREIGN KEY (program_id, door, idem_key) REFERENCES idempotency_in_order (program_id, door, idem_key) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
) STRICT;
INSERT INTO idempotency_bodies_in_order (program_id, door, idem_key, body, sealed)
  SELECT program_id, door, idem_key, body, sealed FROM idempotency_bodies;

DROP TABLE idempotency_bodies; -- first, or its rows would go with those that they belong to
DROP TABLE idempotency;
ALTER TABLE idempotency_in_order RENAME TO idempotency;
ALTER TABLE idempotency_bodies_in_order RENAME TO idempotency_bodies; -- it refers to the table by its new name now
CREATE INDEX idempotency_expired ON idempotency (program_id, expires_at);
