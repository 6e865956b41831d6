-- The vault of card numbers, apart from the cards: few queries need it. The id is the card's.

CREATE TABLE card_numbers (
  id BYTEA NOT NULL PRIMARY KEY,
  program_id BYTEA NOT NULL,
  pan_index BYTEA NOT NULL, -- keyed hash of the number
  pan_sealed BYTEA NOT NULL,
  cvv_series BIGINT NOT NULL,
  version BIGINT NOT NULL
);
-- No two cards of the whole installation have one number.
CREATE UNIQUE INDEX card_numbers_pan ON card_numbers (pan_index);
