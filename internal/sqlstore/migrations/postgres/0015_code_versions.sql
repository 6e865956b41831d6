-- Activation codes have a version, which goes up with each new code of a plastic; and the reads of one key are counted by an
-- index of their own, which holds no other rows of the trail.

ALTER TABLE plastics ADD COLUMN code_version BIGINT NOT NULL DEFAULT 0;
UPDATE plastics SET code_version = 1 WHERE code_issued_at IS NOT NULL;

CREATE INDEX audit_code_reads ON audit (program_id, actor, at) WHERE action = 'card.read_activation_code' AND outcome = 'ok';
