-- Every attempt of a delivery stays visible, and a delivery can be sent again.
ALTER TABLE deliveries ADD COLUMN tries BIGINT NOT NULL DEFAULT 0; -- attempts since the timetable last began
UPDATE deliveries SET tries = attempts;
CREATE INDEX deliveries_list ON deliveries (endpoint_id, message_at, id);

CREATE TABLE attempts (
  delivery_id BYTEA NOT NULL,
  number BIGINT NOT NULL, -- from 1, over all replays
  at BIGINT NOT NULL, -- on the programme's clock
  sent_at BIGINT NOT NULL, -- on real time, as in the receiver's own log
  result TEXT COLLATE "C" NOT NULL, -- 'acknowledged', or the class of the failure
  http_status BIGINT NOT NULL, -- 0 when there was no answer
  took BIGINT NOT NULL, -- nanoseconds
  PRIMARY KEY (delivery_id, number)
);
