-- When a plastic was reported damaged: a fact beside its state, because it may be used until its successor is activated.

ALTER TABLE plastics ADD COLUMN damaged_at INTEGER;
