-- Links of pages that show a card once. The token itself is not kept.

CREATE TABLE reveal_links (
  token_hash BYTEA NOT NULL PRIMARY KEY, -- keyed
  program_id BYTEA NOT NULL REFERENCES programs (id),
  card_id BYTEA NOT NULL,
  stylesheet TEXT COLLATE "C" NOT NULL,
  copy_button BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT,
  version BIGINT NOT NULL
);
CREATE INDEX reveal_links_over ON reveal_links (program_id, expires_at, token_hash);
