-- The cards that somebody holds are found by their last four digits. A card of a batch comes in here when it is activated, so
-- that the making of cards does not pay; one whose number is kept elsewhere never does.

CREATE INDEX cards_last4 ON cards (program_id, last4, created_at, id) WHERE customer_id IS NOT NULL AND last4 <> '';
