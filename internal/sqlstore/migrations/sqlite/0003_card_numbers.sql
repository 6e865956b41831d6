-- The vault of card numbers, apart from the cards: few queries need it. The id is the card's.

CREATE TABLE card_numbers (
  id         BLOB    NOT NULL PRIMARY KEY,
  program_id BLOB    NOT NULL,
  pan_index  BLOB    NOT NULL, -- keyed hash of the number
  pan_sealed BLOB    NOT NULL,
  cvv_series INTEGER NOT NULL,
  version    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- No two cards of the whole installation have one number.
CREATE UNIQUE INDEX card_numbers_pan ON card_numbers (pan_index);
