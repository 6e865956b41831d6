-- The native API lists the boxes of batches among the others, and finds a parcel by the courier's number.

CREATE INDEX shipments_all ON shipments (program_id, created_at, id);
CREATE INDEX shipments_tracking ON shipments (program_id, tracking_number) WHERE tracking_number <> '';
