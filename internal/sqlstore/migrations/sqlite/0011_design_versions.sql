-- An operator and the programme may change a design at once: each change is guarded by the version that it saw.

ALTER TABLE designs ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
