-- Nobody looks a card up by its reference, which is 128 random bits: an index in random order only costs
-- every new card a page.
DROP INDEX cards_reference;
