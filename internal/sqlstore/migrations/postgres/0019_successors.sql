-- The card that took the place of another one is found by it.

CREATE INDEX cards_successor ON cards (replaces, created_at, id) WHERE replaces IS NOT NULL;
