-- What the debit API's card endpoints keep: the two forms of a PIN, cards that wait for one customer, the
-- history of stops, and the campaign that a customer's new cards have.

ALTER TABLE cards ADD COLUMN pin_hash BLOB;
ALTER TABLE cards ADD COLUMN replaces BLOB; -- the card that this one took the place of
ALTER TABLE cards ADD COLUMN pin_viewable INTEGER NOT NULL DEFAULT 0;
CREATE INDEX cards_reserved ON cards (program_id, reserved_for, created_at, id) WHERE reserved_for IS NOT NULL AND customer_id IS NULL;

ALTER TABLE customers ADD COLUMN campaign TEXT NOT NULL DEFAULT '';

CREATE TABLE block_changes (
  card_id BLOB    NOT NULL REFERENCES cards (id),
  at      INTEGER NOT NULL,
  id      BLOB    NOT NULL,
  actor   TEXT    NOT NULL,
  channel TEXT    NOT NULL,
  was     TEXT    NOT NULL,
  became  TEXT    NOT NULL,
  note    TEXT    NOT NULL,
  PRIMARY KEY (card_id, at, id)
) STRICT, WITHOUT ROWID;
