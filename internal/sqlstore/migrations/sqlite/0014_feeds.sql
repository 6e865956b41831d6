-- The feed of events: the place of each native message in its programme's feed, given after its commit to whoever asks
-- first. So a reader who has seen a place has seen all before it, in whatever order the commits came.

ALTER TABLE messages ADD COLUMN position INTEGER;
CREATE UNIQUE INDEX messages_feed ON messages (program_id, position) WHERE position IS NOT NULL;
CREATE INDEX messages_unplaced ON messages (program_id, id) WHERE position IS NULL AND door = 'native';

CREATE TABLE feeds (
  program_id BLOB NOT NULL PRIMARY KEY,
  last INTEGER NOT NULL -- the highest place that was given
) STRICT, WITHOUT ROWID;
