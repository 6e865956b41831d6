-- The funnel of the overview: what was ordered, made, shipped, delivered and activated, with wrong codes and locks, by day and
-- by batch. A worker counts it from the sealed rows of the audit trail; funnel_marks says how many are counted.

CREATE TABLE funnel_days (
  program_id BLOB NOT NULL REFERENCES programs (id),
  day INTEGER NOT NULL, -- its midnight
  lane TEXT NOT NULL,
  ordered INTEGER NOT NULL,
  made INTEGER NOT NULL,
  shipped INTEGER NOT NULL,
  delivered INTEGER NOT NULL,
  activated INTEGER NOT NULL,
  wrong INTEGER NOT NULL,
  locked INTEGER NOT NULL,
  PRIMARY KEY (program_id, day, lane)
) STRICT, WITHOUT ROWID;

-- Of a batch, or of a shipment of single cards; the id is its own.
CREATE TABLE funnel_parts (
  id BLOB NOT NULL PRIMARY KEY,
  program_id BLOB NOT NULL REFERENCES programs (id),
  ordered INTEGER NOT NULL,
  made INTEGER NOT NULL,
  shipped INTEGER NOT NULL,
  delivered INTEGER NOT NULL,
  activated INTEGER NOT NULL,
  wrong INTEGER NOT NULL,
  locked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE funnel_marks (
  program_id BLOB NOT NULL PRIMARY KEY,
  counted INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Parcels that need attention.
CREATE INDEX shipments_failed ON shipments (program_id, updated_at, id) WHERE status IN ('delivery_failed', 'exception', 'returned', 'lost');
CREATE INDEX shipments_under_way ON shipments (program_id, updated_at, id) WHERE status IN ('in_transit', 'out_for_delivery');

-- What was tried and has not arrived is counted in the index alone.
DROP INDEX deliveries_failing;
CREATE INDEX deliveries_failing ON deliveries (endpoint_id, message_at, state, attempts) WHERE attempts > 0 AND state <> 'delivered';
