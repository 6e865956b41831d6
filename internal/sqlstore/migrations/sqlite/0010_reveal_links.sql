-- Links of pages that show a card once. The token itself is not kept.

CREATE TABLE reveal_links (
  token_hash  BLOB    NOT NULL PRIMARY KEY, -- keyed
  program_id  BLOB    NOT NULL REFERENCES programs (id),
  card_id     BLOB    NOT NULL,
  stylesheet  TEXT    NOT NULL,
  copy_button INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  used_at     INTEGER,
  version     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX reveal_links_over ON reveal_links (program_id, expires_at, token_hash);
