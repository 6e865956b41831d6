-- Long answers lie apart from the records of their keys. SQLite reads a record that does not fit into its page as a whole, from several
-- pages, for each comparison on the way to another key. A release that does not know of it would answer a repeated key without a body: so no
-- older release works beside this one. Records that are there already stay as they are, until their window has passed.

ALTER TABLE idempotency ADD COLUMN apart INTEGER NOT NULL DEFAULT 0; -- 1: the body lies in idempotency_bodies

CREATE TABLE idempotency_bodies (
  program_id BLOB    NOT NULL,
  door       TEXT    NOT NULL,
  idem_key   TEXT    NOT NULL,
  body       BLOB    NOT NULL,
  sealed     INTEGER NOT NULL,
  PRIMARY KEY (program_id, door, idem_key),
  FOREIGN KEY (program_id, door, idem_key) REFERENCES idempotency (program_id, door, idem_key) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
) STRICT;
