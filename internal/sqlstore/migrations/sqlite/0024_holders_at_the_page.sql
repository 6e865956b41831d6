-- The activation page for cards of a batch: who holds the card once it is activated.

ALTER TABLE activation_sessions ADD COLUMN customer_id BLOB;
