-- Here write transactions never overlap, so an audit row is born with its place in its log (decision 0025). The rows that
-- wait for theirs get them now. An older release would add rows without a place among them: so none starts beside this one.

UPDATE audit SET log_index = w.place FROM (
  SELECT t.program_id, t.at, t.id, COALESCE((SELECT MAX(x.log_index) + 1 FROM audit x WHERE x.program_id = t.program_id AND x.log_index IS NOT NULL), 0)
    + ROW_NUMBER() OVER (PARTITION BY t.program_id ORDER BY t.at, t.id) - 1 AS place
  FROM audit t WHERE t.log_index IS NULL) w
WHERE audit.log_index IS NULL AND audit.program_id = w.program_id AND audit.at = w.at AND audit.id = w.id;
