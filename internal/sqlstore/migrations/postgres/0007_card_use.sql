-- The use of cards: transactions with their steps, 3-D Secure challenges, spend policies, money.

CREATE TABLE card_transactions (
  id BYTEA NOT NULL PRIMARY KEY,
  program_id BYTEA NOT NULL REFERENCES programs (id),
  account_id BYTEA NOT NULL,
  card_id BYTEA NOT NULL REFERENCES cards (id),
  status TEXT COLLATE "C" NOT NULL,
  channel TEXT COLLATE "C" NOT NULL,
  wallet TEXT COLLATE "C" NOT NULL,
  currency TEXT COLLATE "C" NOT NULL,
  original_currency TEXT COLLATE "C" NOT NULL,
  merchant TEXT COLLATE "C" NOT NULL, -- JSON
  decline TEXT COLLATE "C" NOT NULL,
  policy_id BYTEA,
  policy_type TEXT COLLATE "C" NOT NULL,
  policy_scope TEXT COLLATE "C" NOT NULL,
  policy_name TEXT COLLATE "C" NOT NULL,
  occurred_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  version BIGINT NOT NULL
);

CREATE TABLE card_transaction_steps (
  transaction_id BYTEA NOT NULL REFERENCES card_transactions (id),
  idx BIGINT NOT NULL,
  id BYTEA NOT NULL,
  type TEXT COLLATE "C" NOT NULL,
  billed BIGINT NOT NULL,
  original BIGINT NOT NULL,
  at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (transaction_id, idx)
);

CREATE TABLE challenges (
  id BYTEA NOT NULL PRIMARY KEY,
  program_id BYTEA NOT NULL REFERENCES programs (id),
  card_id BYTEA NOT NULL REFERENCES cards (id),
  answer TEXT COLLATE "C" NOT NULL,
  billed BIGINT NOT NULL,
  original BIGINT NOT NULL,
  currency TEXT COLLATE "C" NOT NULL,
  original_currency TEXT COLLATE "C" NOT NULL,
  wallet TEXT COLLATE "C" NOT NULL,
  merchant TEXT COLLATE "C" NOT NULL, -- JSON
  transaction_id BYTEA,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  answered_at BIGINT,
  version BIGINT NOT NULL
);
CREATE INDEX challenges_waiting ON challenges (card_id, expires_at) WHERE answer = 'PENDING';

CREATE TABLE spend_policies (
  id BYTEA NOT NULL PRIMARY KEY,
  program_id BYTEA NOT NULL REFERENCES programs (id),
  type TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  disabled BIGINT NOT NULL,
  scope_type TEXT COLLATE "C" NOT NULL,
  scope_id BYTEA NOT NULL,
  channels TEXT COLLATE "C" NOT NULL, -- between commas, with one at each end
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  version BIGINT NOT NULL
);
CREATE INDEX spend_policies_list ON spend_policies (program_id, created_at, id);
CREATE INDEX spend_policies_active ON spend_policies (program_id, scope_id, created_at, id) WHERE disabled = 0;

-- The book of money: movements, and for each account that one touches an entry with the sums after it.
CREATE TABLE journals (
  id BYTEA NOT NULL PRIMARY KEY,
  program_id BYTEA NOT NULL REFERENCES programs (id),
  kind TEXT COLLATE "C" NOT NULL,
  transaction_id BYTEA,
  memo TEXT COLLATE "C" NOT NULL, -- JSON
  at BIGINT NOT NULL
);

CREATE TABLE journal_entries (
  account_id BYTEA NOT NULL REFERENCES accounts (id),
  seq BIGINT NOT NULL,
  journal_id BYTEA NOT NULL REFERENCES journals (id),
  spendable BIGINT NOT NULL,
  held BIGINT NOT NULL,
  network BIGINT NOT NULL,
  funding BIGINT NOT NULL,
  spendable_after BIGINT NOT NULL,
  held_after BIGINT NOT NULL,
  network_after BIGINT NOT NULL,
  funding_after BIGINT NOT NULL,
  PRIMARY KEY (account_id, seq)
);
CREATE INDEX journal_entries_journal ON journal_entries (journal_id, account_id);
CREATE INDEX accounts_own ON accounts (program_id, currency, created_at, id) WHERE owner_kind = 'program';
