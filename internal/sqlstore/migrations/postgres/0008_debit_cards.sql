-- What the debit API's card endpoints keep: the two forms of a PIN, cards that wait for one customer, the
-- history of stops, and the campaign that a customer's new cards have.

ALTER TABLE cards ADD COLUMN pin_hash BYTEA;
ALTER TABLE cards ADD COLUMN replaces BYTEA; -- the card that this one took the place of
ALTER TABLE cards ADD COLUMN pin_viewable BIGINT NOT NULL DEFAULT 0;
CREATE INDEX cards_reserved ON cards (program_id, reserved_for, created_at, id) WHERE reserved_for IS NOT NULL AND customer_id IS NULL;

ALTER TABLE customers ADD COLUMN campaign TEXT COLLATE "C" NOT NULL DEFAULT '';

CREATE TABLE block_changes (
  card_id BYTEA NOT NULL REFERENCES cards (id),
  at BIGINT NOT NULL,
  id BYTEA NOT NULL,
  actor TEXT COLLATE "C" NOT NULL,
  channel TEXT COLLATE "C" NOT NULL,
  was TEXT COLLATE "C" NOT NULL,
  became TEXT COLLATE "C" NOT NULL,
  note TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (card_id, at, id)
);
