-- The funnel of the overview: what was ordered, made, shipped, delivered and activated, with wrong codes and locks, by day and
-- by batch. A worker counts it from the sealed rows of the audit trail; funnel_marks says how many are counted.

CREATE TABLE funnel_days (
  program_id BYTEA NOT NULL REFERENCES programs (id),
  day BIGINT NOT NULL, -- its midnight
  lane TEXT COLLATE "C" NOT NULL,
  ordered BIGINT NOT NULL,
  made BIGINT NOT NULL,
  shipped BIGINT NOT NULL,
  delivered BIGINT NOT NULL,
  activated BIGINT NOT NULL,
  wrong BIGINT NOT NULL,
  locked BIGINT NOT NULL,
  PRIMARY KEY (program_id, day, lane)
);

-- Of a batch, or of a shipment of single cards; the id is its own.
CREATE TABLE funnel_parts (
  id BYTEA NOT NULL PRIMARY KEY,
  program_id BYTEA NOT NULL REFERENCES programs (id),
  ordered BIGINT NOT NULL,
  made BIGINT NOT NULL,
  shipped BIGINT NOT NULL,
  delivered BIGINT NOT NULL,
  activated BIGINT NOT NULL,
  wrong BIGINT NOT NULL,
  locked BIGINT NOT NULL
);

CREATE TABLE funnel_marks (
  program_id BYTEA NOT NULL PRIMARY KEY,
  counted BIGINT NOT NULL
);

-- Parcels that need attention.
CREATE INDEX shipments_failed ON shipments (program_id, updated_at, id) WHERE status IN ('delivery_failed', 'exception', 'returned', 'lost');
CREATE INDEX shipments_under_way ON shipments (program_id, updated_at, id) WHERE status IN ('in_transit', 'out_for_delivery');

-- What was tried and has not arrived is counted in the index alone.
DROP INDEX deliveries_failing;
CREATE INDEX deliveries_failing ON deliveries (endpoint_id, message_at, state, attempts) WHERE attempts > 0 AND state <> 'delivered';
