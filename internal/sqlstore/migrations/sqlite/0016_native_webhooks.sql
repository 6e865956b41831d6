-- Webhooks of the native API: which events an endpoint wants, and whether it is paused. Those of the published APIs get all
-- that their door says.

ALTER TABLE endpoints ADD COLUMN types TEXT NOT NULL DEFAULT ''; -- names of events with commas between; '' is all
ALTER TABLE endpoints ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;
