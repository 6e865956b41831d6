\set id random(1, 200000)
\set key random(1, 9000000000000000000)
WITH i AS (INSERT INTO firsttap_floor.idem (program, key, status, at) VALUES (1, 'k-' || :key, 204, now()) ON CONFLICT DO NOTHING RETURNING 1),
c AS (SELECT id, version FROM firsttap_floor.card WHERE id = :id FOR UPDATE),
u AS (UPDATE firsttap_floor.card k SET status = 4, customer = 1, tries = 0, version = c.version + 1, activated_at = now(), updated_at = now() FROM c WHERE k.id = c.id RETURNING k.id),
a AS (INSERT INTO firsttap_floor.audit (id, card, at, actor, action) SELECT gen_random_uuid(), id, clock_timestamp(), 'key-floor', 'card.activate' FROM u)
INSERT INTO firsttap_floor.outbox (id, card, body, next_at, state) SELECT gen_random_uuid(), id, '{"type":"card.activated"}', now(), 0 FROM u;
