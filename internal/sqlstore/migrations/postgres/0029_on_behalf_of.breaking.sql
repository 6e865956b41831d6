-- Whom the caller of a command acts for, in its own words. A release that does not know of it seals rows without it, and such a row
-- would look changed afterwards: so no older release works beside this one.

ALTER TABLE audit ADD COLUMN on_behalf_of TEXT COLLATE "C" NOT NULL DEFAULT '';

DROP TRIGGER audit_is_not_changed ON audit;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
FOR EACH ROW WHEN (OLD.log_index IS NOT NULL OR NEW.log_index IS NULL
  OR (OLD.program_id, OLD.at, OLD.id, OLD.actor, OLD.channel, OLD.source, OLD.request_id, OLD.action, OLD.card_id,
    OLD.customer_id, OLD.shipment_id, OLD.batch_id, OLD.outcome, OLD.note, OLD.on_behalf_of)
  IS DISTINCT FROM (NEW.program_id, NEW.at, NEW.id, NEW.actor, NEW.channel, NEW.source, NEW.request_id, NEW.action, NEW.card_id,
    NEW.customer_id, NEW.shipment_id, NEW.batch_id, NEW.outcome, NEW.note, NEW.on_behalf_of))
EXECUTE FUNCTION audit_is_kept();
