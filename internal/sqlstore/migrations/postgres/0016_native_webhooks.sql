-- Webhooks of the native API: which events an endpoint wants, and whether it is paused. Those of the published APIs get all
-- that their door says.

ALTER TABLE endpoints ADD COLUMN types TEXT COLLATE "C" NOT NULL DEFAULT ''; -- names of events with commas between; '' is all
ALTER TABLE endpoints ADD COLUMN paused BIGINT NOT NULL DEFAULT 0;
