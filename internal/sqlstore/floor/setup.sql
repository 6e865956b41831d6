-- Tables of the shape that an activation touches, for pgbench. They stand apart in a schema of their own, made anew by each run.
DROP SCHEMA IF EXISTS firsttap_floor CASCADE;
CREATE SCHEMA firsttap_floor;
CREATE TABLE firsttap_floor.card (
  id INTEGER PRIMARY KEY, program INTEGER NOT NULL, status INTEGER NOT NULL, customer INTEGER NOT NULL, code BYTEA NOT NULL,
  tries INTEGER NOT NULL, version INTEGER NOT NULL, activated_at TIMESTAMPTZ, updated_at TIMESTAMPTZ
) WITH (fillfactor = 80);
CREATE TABLE firsttap_floor.audit (
  id UUID PRIMARY KEY, card INTEGER NOT NULL, at TIMESTAMPTZ NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL
);
CREATE INDEX audit_card ON firsttap_floor.audit (card, at);
CREATE TABLE firsttap_floor.outbox (id UUID PRIMARY KEY, card INTEGER NOT NULL, body JSONB NOT NULL, next_at TIMESTAMPTZ NOT NULL, state INTEGER NOT NULL);
CREATE INDEX outbox_due ON firsttap_floor.outbox (next_at) WHERE state = 0;
CREATE TABLE firsttap_floor.idem (program INTEGER NOT NULL, key TEXT NOT NULL, status INTEGER NOT NULL, at TIMESTAMPTZ NOT NULL, PRIMARY KEY (program, key));
INSERT INTO firsttap_floor.card SELECT g, 1, 0, 0, '\x00112233445566778899aabbccddeeff', 0, 0, NULL, NULL FROM generate_series(1, 200000) g;
CREATE FUNCTION firsttap_floor.activate(which INTEGER, name TEXT) RETURNS INTEGER LANGUAGE plpgsql AS $$
DECLARE c firsttap_floor.card;
BEGIN
  INSERT INTO firsttap_floor.idem (program, key, status, at) VALUES (1, name, 204, now()) ON CONFLICT DO NOTHING;
  SELECT * INTO c FROM firsttap_floor.card WHERE id = which FOR UPDATE;
  UPDATE firsttap_floor.card SET status = 4, customer = 1, tries = 0, version = c.version + 1, activated_at = now(), updated_at = now() WHERE id = which;
  INSERT INTO firsttap_floor.audit (id, card, at, actor, action) VALUES (gen_random_uuid(), which, clock_timestamp(), 'key-floor', 'card.activate');
  INSERT INTO firsttap_floor.outbox (id, card, body, next_at, state) VALUES (gen_random_uuid(), which, '{"type":"card.activated"}', now(), 0);
  RETURN c.status;
END $$;
VACUUM ANALYZE firsttap_floor.card;
