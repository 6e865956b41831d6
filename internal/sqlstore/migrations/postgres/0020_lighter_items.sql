-- The outcome of an item changes once, when its card is made. No index holds it, so that giving one touches no tree but the
-- table's own. That a batch makes no identifier twice is decided when the order is taken; a pending item gets one outcome.

DROP INDEX batch_items_made;
DROP INDEX batch_items_identifier;
CREATE INDEX batch_items_identifier ON batch_items (batch_id, identifier, idx);
