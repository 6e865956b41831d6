\set id random(1, 200000)
\set key random(1, 9000000000000000000)
BEGIN;
INSERT INTO firsttap_floor.idem (program, key, status, at) VALUES (1, 'k-' || :key, 204, now()) ON CONFLICT DO NOTHING;
SELECT program, status, customer, code, tries, version FROM firsttap_floor.card WHERE id = :id FOR UPDATE;
UPDATE firsttap_floor.card SET status = 4, customer = 1, tries = 0, version = version + 1, activated_at = now(), updated_at = now() WHERE id = :id;
INSERT INTO firsttap_floor.audit (id, card, at, actor, action) VALUES (gen_random_uuid(), :id, clock_timestamp(), 'key-floor', 'card.activate');
INSERT INTO firsttap_floor.outbox (id, card, body, next_at, state) VALUES (gen_random_uuid(), :id, '{"type":"card.activated"}', now(), 0);
COMMIT;
