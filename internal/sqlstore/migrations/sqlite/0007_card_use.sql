-- The use of cards: transactions with their steps, 3-D Secure challenges, spend policies, money.

CREATE TABLE card_transactions (
  id                BLOB    NOT NULL PRIMARY KEY,
  program_id        BLOB    NOT NULL REFERENCES programs (id),
  account_id        BLOB    NOT NULL,
  card_id           BLOB    NOT NULL REFERENCES cards (id),
  status            TEXT    NOT NULL,
  channel           TEXT    NOT NULL,
  wallet            TEXT    NOT NULL,
  currency          TEXT    NOT NULL,
  original_currency TEXT    NOT NULL,
  merchant          TEXT    NOT NULL, -- JSON
  decline           TEXT    NOT NULL,
  policy_id         BLOB,
  policy_type       TEXT    NOT NULL,
  policy_scope      TEXT    NOT NULL,
  policy_name       TEXT    NOT NULL,
  occurred_at       INTEGER NOT NULL,
  created_at        INTEGER NOT NULL,
  updated_at        INTEGER NOT NULL,
  version           INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE card_transaction_steps (
  transaction_id BLOB    NOT NULL REFERENCES card_transactions (id),
  idx            INTEGER NOT NULL,
  id             BLOB    NOT NULL,
  type           TEXT    NOT NULL,
  billed         INTEGER NOT NULL,
  original       INTEGER NOT NULL,
  at             INTEGER NOT NULL,
  created_at     INTEGER NOT NULL,
  PRIMARY KEY (transaction_id, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE challenges (
  id                BLOB    NOT NULL PRIMARY KEY,
  program_id        BLOB    NOT NULL REFERENCES programs (id),
  card_id           BLOB    NOT NULL REFERENCES cards (id),
  answer            TEXT    NOT NULL,
  billed            INTEGER NOT NULL,
  original          INTEGER NOT NULL,
  currency          TEXT    NOT NULL,
  original_currency TEXT    NOT NULL,
  wallet            TEXT    NOT NULL,
  merchant          TEXT    NOT NULL, -- JSON
  transaction_id    BLOB,
  created_at        INTEGER NOT NULL,
  expires_at        INTEGER NOT NULL,
  answered_at       INTEGER,
  version           INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX challenges_waiting ON challenges (card_id, expires_at) WHERE answer = 'PENDING';

CREATE TABLE spend_policies (
  id         BLOB    NOT NULL PRIMARY KEY,
  program_id BLOB    NOT NULL REFERENCES programs (id),
  type       TEXT    NOT NULL,
  name       TEXT    NOT NULL,
  disabled   INTEGER NOT NULL,
  scope_type TEXT    NOT NULL,
  scope_id   BLOB    NOT NULL,
  channels   TEXT    NOT NULL, -- between commas, with one at each end
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX spend_policies_list ON spend_policies (program_id, created_at, id);
CREATE INDEX spend_policies_active ON spend_policies (program_id, scope_id, created_at, id) WHERE disabled = 0;

-- The book of money: movements, and for each account that one touches an entry with the sums after it.
CREATE TABLE journals (
  id BLOB NOT NULL PRIMARY KEY,
  program_id BLOB NOT NULL REFERENCES programs (id),
  kind TEXT NOT NULL,
  transaction_id BLOB,
  memo TEXT NOT NULL, -- JSON
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE journal_entries (
  account_id BLOB NOT NULL REFERENCES accounts (id),
  seq INTEGER NOT NULL,
  journal_id BLOB NOT NULL REFERENCES journals (id),
  spendable INTEGER NOT NULL,
  held INTEGER NOT NULL,
  network INTEGER NOT NULL,
  funding INTEGER NOT NULL,
  spendable_after INTEGER NOT NULL,
  held_after INTEGER NOT NULL,
  network_after INTEGER NOT NULL,
  funding_after INTEGER NOT NULL,
  PRIMARY KEY (account_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX journal_entries_journal ON journal_entries (journal_id, account_id);
CREATE INDEX accounts_own ON accounts (program_id, currency, created_at, id) WHERE owner_kind = 'program';
