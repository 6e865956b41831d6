-- Every audit trail is a Merkle log. log_index is the place of a row in the log of its programme; it is given
-- behind the command, by the worker that seals audit rows. NULL: not sealed yet.

ALTER TABLE audit ADD COLUMN log_index BIGINT;

-- A row is changed in one way only, once: it gets its place.
DROP TRIGGER audit_is_not_changed ON audit;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
FOR EACH ROW WHEN (OLD.log_index IS NOT NULL OR NEW.log_index IS NULL
  OR (OLD.program_id, OLD.at, OLD.id, OLD.actor, OLD.channel, OLD.source, OLD.request_id, OLD.action, OLD.card_id,
    OLD.customer_id, OLD.shipment_id, OLD.batch_id, OLD.outcome, OLD.note)
  IS DISTINCT FROM (NEW.program_id, NEW.at, NEW.id, NEW.actor, NEW.channel, NEW.source, NEW.request_id, NEW.action, NEW.card_id,
    NEW.customer_id, NEW.shipment_id, NEW.batch_id, NEW.outcome, NEW.note))
EXECUTE FUNCTION audit_is_kept();

CREATE INDEX audit_unsealed ON audit (log_index, program_id, at, id) WHERE log_index IS NULL;
CREATE UNIQUE INDEX audit_sealed ON audit (program_id, log_index) WHERE log_index IS NOT NULL;
-- Each row leaves an older version behind when it gets its place.
ALTER TABLE audit SET (autovacuum_vacuum_scale_factor = 0.02);

-- How long each log is, and the root of its tree. The installation itself has 16 zero bytes as programme.
CREATE TABLE audit_logs (
  program_id BYTEA NOT NULL PRIMARY KEY,
  size BIGINT NOT NULL,
  root BYTEA NOT NULL
);
CREATE FUNCTION audit_logs_grow() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'audit logs only grow, and are never removed'; END $$;
CREATE TRIGGER audit_logs_only_grow BEFORE UPDATE ON audit_logs
FOR EACH ROW WHEN (NEW.size <= OLD.size) EXECUTE FUNCTION audit_logs_grow();
CREATE TRIGGER audit_logs_are_kept BEFORE DELETE ON audit_logs
FOR EACH ROW EXECUTE FUNCTION audit_logs_grow();

-- The trees: up to 256 adjacent hashes in a row, of every eighth level.
CREATE TABLE audit_tiles (
  program_id BYTEA NOT NULL,
  level BIGINT NOT NULL,
  n BIGINT NOT NULL,
  hashes BYTEA NOT NULL,
  PRIMARY KEY (program_id, level, n)
);
