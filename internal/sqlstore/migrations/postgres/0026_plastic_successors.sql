-- A plastic may take the place of another one of the same card: which, when that one dies, and what its activation changes. The
-- date on which a plastic dies stands on itself.

ALTER TABLE plastics ADD COLUMN supersedes BYTEA;
ALTER TABLE plastics ADD COLUMN retire_source TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE plastics ADD COLUMN renewed_expires_at BIGINT;
ALTER TABLE plastics ADD COLUMN renewed_cvv_series BIGINT NOT NULL DEFAULT 0;
ALTER TABLE plastics ADD COLUMN retires_at BIGINT;
