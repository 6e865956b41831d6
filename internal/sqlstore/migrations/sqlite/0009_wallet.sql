-- Credit lines and opening balances go into the book; movements get a public number, a name, and a list.

ALTER TABLE journals ADD COLUMN number INTEGER NOT NULL DEFAULT 0; -- 0: nobody is told of it
ALTER TABLE journals ADD COLUMN external_id TEXT NOT NULL DEFAULT ''; -- the caller's name of it
UPDATE journals SET number = 10000000 + x.place FROM (
  SELECT j.id, row_number() OVER (PARTITION BY j.program_id ORDER BY j.at, j.id) AS place FROM journals j
  WHERE j.kind IN ('cleared', 'refunded', 'deposited')
) x WHERE x.id = journals.id;
CREATE UNIQUE INDEX journals_number ON journals (program_id, number) WHERE number <> 0;
CREATE UNIQUE INDEX journals_external ON journals (program_id, external_id) WHERE external_id <> '';

ALTER TABLE journal_entries ADD COLUMN line INTEGER NOT NULL DEFAULT 0;
ALTER TABLE journal_entries ADD COLUMN granted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE journal_entries ADD COLUMN line_after INTEGER NOT NULL DEFAULT 0;
ALTER TABLE journal_entries ADD COLUMN granted_after INTEGER NOT NULL DEFAULT 0;
ALTER TABLE journal_entries ADD COLUMN at INTEGER NOT NULL DEFAULT 0; -- of the journal
ALTER TABLE journal_entries ADD COLUMN customer_id BLOB; -- whose list of movements has it; NULL: nobody's
UPDATE journal_entries SET at = j.at,
  customer_id = CASE WHEN j.number <> 0 THEN a.owner_id END,
  spendable_after = spendable_after + a.opening_cents, funding_after = funding_after - a.opening_cents,
  line_after = a.credit_cents, granted_after = -a.credit_cents
  FROM journals j, accounts a WHERE j.id = journal_entries.journal_id AND a.id = journal_entries.account_id;
CREATE INDEX journal_entries_customer ON journal_entries (customer_id, at, journal_id) WHERE customer_id IS NOT NULL;

-- What an account was opened with becomes its first movement, under the account's own id.
INSERT INTO journals (id, program_id, kind, transaction_id, memo, at, number, external_id)
  SELECT a.id, a.program_id, 'opened', NULL, '{}', a.created_at, 0, '' FROM accounts a WHERE a.opening_cents <> 0 OR a.credit_cents <> 0;
INSERT INTO journal_entries (account_id, seq, journal_id, spendable, held, network, funding, spendable_after, held_after, network_after,
  funding_after, line, granted, line_after, granted_after, at, customer_id)
  SELECT a.id, 0, a.id, a.opening_cents, 0, 0, -a.opening_cents, a.opening_cents, 0, 0, -a.opening_cents, a.credit_cents, -a.credit_cents,
  a.credit_cents, -a.credit_cents, a.created_at, NULL FROM accounts a WHERE a.opening_cents <> 0 OR a.credit_cents <> 0;
ALTER TABLE accounts DROP COLUMN opening_cents;
ALTER TABLE accounts DROP COLUMN credit_cents;
CREATE INDEX accounts_parent ON accounts (parent_id) WHERE parent_id IS NOT NULL;

CREATE TRIGGER journals_are_not_changed BEFORE UPDATE ON journals
BEGIN SELECT RAISE(ABORT, 'the book of money is never changed'); END;
CREATE TRIGGER journals_are_not_removed BEFORE DELETE ON journals
BEGIN SELECT RAISE(ABORT, 'the book of money is never changed'); END;
CREATE TRIGGER journal_entries_are_not_changed BEFORE UPDATE ON journal_entries
BEGIN SELECT RAISE(ABORT, 'the book of money is never changed'); END;
CREATE TRIGGER journal_entries_are_not_removed BEFORE DELETE ON journal_entries
BEGIN SELECT RAISE(ABORT, 'the book of money is never changed'); END;
