-- The first schema. None is NULL for ids, times and blobs; texts and numbers are never NULL. Ids are 16
-- bytes, times are microseconds UTC, clocks are nanoseconds, switches are 0 or 1, JSON is opaque text.

CREATE TABLE programs (
  id              BLOB    NOT NULL PRIMARY KEY,
  name            TEXT    NOT NULL UNIQUE,
  kind            TEXT    NOT NULL,
  suspended       INTEGER NOT NULL,
  overrides       TEXT    NOT NULL, -- JSON: the policies that differ from the defaults
  clock_offset_ns INTEGER NOT NULL,
  clock_frozen_ns INTEGER,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER,
  version         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE credentials (
  id          BLOB NOT NULL PRIMARY KEY,
  program_id  BLOB,
  kind        TEXT NOT NULL,
  role        TEXT NOT NULL,
  public_id   TEXT NOT NULL UNIQUE,
  name        TEXT NOT NULL,
  prefix      TEXT NOT NULL,
  hash        BLOB NOT NULL UNIQUE,
  customer_id BLOB,
  device      TEXT NOT NULL,
  allowlist   TEXT NOT NULL, -- prefixes, separated by commas
  status      TEXT NOT NULL,
  expires_at  INTEGER,
  created_at  INTEGER NOT NULL,
  revoked_at  INTEGER,
  last_used   INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX credentials_list ON credentials (program_id, kind, created_at, id);

CREATE TABLE designs (
  id         BLOB    NOT NULL PRIMARY KEY,
  program_id BLOB    NOT NULL REFERENCES programs (id),
  campaign   TEXT    NOT NULL,
  name       TEXT    NOT NULL,
  types      TEXT    NOT NULL, -- separated by commas
  active     INTEGER NOT NULL,
  is_default INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX designs_campaign ON designs (program_id, campaign) WHERE campaign <> '';
CREATE UNIQUE INDEX designs_default ON designs (program_id) WHERE is_default = 1;
CREATE INDEX designs_list ON designs (program_id, created_at, id);

CREATE TABLE customers (
  id               BLOB    NOT NULL PRIMARY KEY,
  program_id       BLOB    NOT NULL REFERENCES programs (id),
  number           INTEGER NOT NULL,
  external_id      TEXT    NOT NULL,
  kind             TEXT    NOT NULL,
  company_id       BLOB,
  status           TEXT    NOT NULL,
  application      TEXT    NOT NULL,
  rejection_reason TEXT    NOT NULL,
  email            TEXT    NOT NULL,
  email_key        TEXT    NOT NULL, -- the form in which e-mails are compared
  phone            TEXT    NOT NULL,
  first_name       TEXT    NOT NULL,
  middle_name      TEXT    NOT NULL,
  last_name        TEXT    NOT NULL,
  second_last_name TEXT    NOT NULL,
  gender           INTEGER NOT NULL,
  rfc              TEXT    NOT NULL,
  curp             TEXT    NOT NULL,
  country          TEXT    NOT NULL,
  date_of_birth    TEXT    NOT NULL,
  terms_version    TEXT    NOT NULL,
  terms_ip         TEXT    NOT NULL,
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER,
  deleted_at       INTEGER,
  version          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX customers_number ON customers (program_id, number);
CREATE INDEX customers_list ON customers (program_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX customers_external ON customers (program_id, external_id, created_at, id) WHERE external_id <> '' AND deleted_at IS NULL;
CREATE INDEX customers_email ON customers (program_id, email_key, created_at, id) WHERE email_key <> '' AND deleted_at IS NULL;
CREATE INDEX customers_phone ON customers (program_id, phone, created_at, id) WHERE phone <> '' AND deleted_at IS NULL;

-- The facts that only one living customer of a programme may have.
CREATE TABLE customer_claims (
  program_id  BLOB NOT NULL,
  field       TEXT NOT NULL,
  value       TEXT NOT NULL,
  customer_id BLOB NOT NULL,
  PRIMARY KEY (program_id, field, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
  id            BLOB    NOT NULL PRIMARY KEY,
  program_id    BLOB    NOT NULL REFERENCES programs (id),
  number        INTEGER NOT NULL,
  reference     TEXT    NOT NULL,
  kind          TEXT    NOT NULL,
  owner_kind    TEXT    NOT NULL,
  owner_id      BLOB,
  parent_id     BLOB,
  status        TEXT    NOT NULL,
  currency      TEXT    NOT NULL,
  credit_cents  INTEGER NOT NULL,
  opening_cents INTEGER NOT NULL,
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER,
  version       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX accounts_number ON accounts (program_id, number);
CREATE UNIQUE INDEX accounts_reference ON accounts (program_id, reference) WHERE reference <> '';
CREATE INDEX accounts_list ON accounts (program_id, created_at, id);
CREATE INDEX accounts_owner ON accounts (program_id, owner_id, created_at, id) WHERE owner_id IS NOT NULL;

CREATE TABLE cards (
  id               BLOB    NOT NULL PRIMARY KEY,
  program_id       BLOB    NOT NULL REFERENCES programs (id),
  number           INTEGER NOT NULL,
  reference        TEXT    NOT NULL,
  type             TEXT    NOT NULL,
  design_id        BLOB,
  customer_id      BLOB,
  account_id       BLOB,
  reserved_for     BLOB,
  reserved_account BLOB,
  holder_name      TEXT    NOT NULL,
  last4            TEXT    NOT NULL,
  three_ds         TEXT    NOT NULL,
  expires_at       INTEGER,
  frozen_by        TEXT    NOT NULL,
  block_type       TEXT    NOT NULL,
  block_by         TEXT    NOT NULL,
  block_message    TEXT    NOT NULL,
  block_liftable   INTEGER NOT NULL,
  reported_as      TEXT    NOT NULL,
  closed_at        INTEGER,
  closed_reason    TEXT    NOT NULL,
  pin_sealed       BLOB,
  pin_set_at       INTEGER,
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER,
  version          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX cards_number ON cards (program_id, number);
CREATE UNIQUE INDEX cards_reference ON cards (program_id, reference) WHERE reference <> '';
CREATE INDEX cards_list ON cards (program_id, created_at, id) WHERE customer_id IS NOT NULL;
CREATE INDEX cards_customer ON cards (program_id, customer_id, created_at, id, closed_at) WHERE customer_id IS NOT NULL;
CREATE INDEX cards_account ON cards (program_id, account_id, created_at, id) WHERE account_id IS NOT NULL;

CREATE TABLE plastics (
  id                   BLOB    NOT NULL PRIMARY KEY,
  program_id           BLOB    NOT NULL,
  card_id              BLOB    NOT NULL REFERENCES cards (id),
  state                TEXT    NOT NULL,
  void_reason          TEXT    NOT NULL,
  custody              TEXT    NOT NULL,
  custody_presumed     INTEGER NOT NULL,
  activated_at         INTEGER, -- written once
  shipment_id          BLOB,
  batch_id             BLOB,
  identifier           TEXT    NOT NULL,
  guard_method         TEXT    NOT NULL,
  guard_state          TEXT    NOT NULL,
  guard_tries          INTEGER NOT NULL,
  guard_lifetime_wrong INTEGER NOT NULL,
  guard_locks          INTEGER NOT NULL,
  guard_locked_until   INTEGER,
  code_hash            BLOB,
  code_sealed          BLOB,
  code_issued_at       INTEGER,
  created_at           INTEGER NOT NULL,
  updated_at           INTEGER,
  version              INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX plastics_card ON plastics (card_id, created_at, id);
CREATE INDEX plastics_identifier ON plastics (program_id, identifier) WHERE identifier <> '';
CREATE INDEX plastics_box ON plastics (shipment_id, id) WHERE shipment_id IS NOT NULL;

CREATE TABLE shipments (
  id              BLOB    NOT NULL PRIMARY KEY,
  program_id      BLOB    NOT NULL REFERENCES programs (id),
  kind            TEXT    NOT NULL,
  batch_id        BLOB,
  status          TEXT    NOT NULL,
  destination     TEXT    NOT NULL, -- JSON
  recipient       TEXT    NOT NULL, -- JSON
  courier_type    TEXT    NOT NULL,
  courier_name    TEXT    NOT NULL,
  tracking_number TEXT    NOT NULL,
  tracking_url    TEXT    NOT NULL,
  cutoff_at       INTEGER,
  submitted_at    INTEGER,
  delivered_at    INTEGER,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER,
  version         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX shipments_list ON shipments (program_id, created_at, id) WHERE kind = 'cards';

CREATE TABLE shipment_members (
  id               BLOB    NOT NULL PRIMARY KEY,
  shipment_id      BLOB    NOT NULL REFERENCES shipments (id),
  position         INTEGER NOT NULL,
  card_id          BLOB    NOT NULL,
  plastic_id       BLOB    NOT NULL,
  design_id        BLOB,
  address          TEXT    NOT NULL, -- JSON
  rejected_at      INTEGER,
  rejection_reason TEXT    NOT NULL,
  created_at       INTEGER,
  updated_at       INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX shipment_members_box ON shipment_members (shipment_id, position, id);
CREATE INDEX shipment_members_card ON shipment_members (card_id);

CREATE TABLE scans (
  shipment_id BLOB NOT NULL REFERENCES shipments (id),
  scan_key    TEXT NOT NULL,
  status      TEXT NOT NULL,
  at          INTEGER,
  recorded_at INTEGER,
  PRIMARY KEY (shipment_id, scan_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE batches (
  id            BLOB    NOT NULL PRIMARY KEY,
  program_id    BLOB    NOT NULL REFERENCES programs (id),
  reference     TEXT    NOT NULL,
  status        TEXT    NOT NULL,
  campaign      TEXT    NOT NULL,
  location      TEXT    NOT NULL, -- JSON
  requested     INTEGER NOT NULL,
  created       INTEGER NOT NULL,
  failed        INTEGER NOT NULL,
  next_index    INTEGER NOT NULL,
  shipment_id   BLOB,
  credential_id BLOB,
  body_hash     BLOB,
  created_at    INTEGER NOT NULL,
  finished_at   INTEGER,
  updated_at    INTEGER,
  version       INTEGER NOT NULL,
  lease_owner   TEXT,
  lease_until   INTEGER, -- on real time
  fence         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX batches_reference ON batches (program_id, reference);
CREATE INDEX batches_list ON batches (program_id, created_at, id) WHERE status <> 'staging';
CREATE INDEX batches_recent ON batches (program_id, credential_id, body_hash, created_at) WHERE body_hash IS NOT NULL;
CREATE INDEX batches_waiting ON batches (id) WHERE status IN ('accepted', 'processing');
CREATE INDEX batches_staged ON batches (id) WHERE status = 'staging';

CREATE TABLE batch_items (
  batch_id    BLOB    NOT NULL REFERENCES batches (id),
  idx         INTEGER NOT NULL,
  identifier  TEXT    NOT NULL,
  front_name  TEXT    NOT NULL,
  qr          TEXT    NOT NULL,
  pin_sealed  BLOB,
  campaign    TEXT    NOT NULL,
  outcome     TEXT    NOT NULL,
  reason      TEXT    NOT NULL,
  card_id     BLOB,
  card_number INTEGER NOT NULL,
  PRIMARY KEY (batch_id, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX batch_items_identifier ON batch_items (batch_id, identifier, idx, outcome);
CREATE UNIQUE INDEX batch_items_made ON batch_items (batch_id, identifier) WHERE outcome = 'created';

CREATE TABLE endpoints (
  id              BLOB    NOT NULL PRIMARY KEY,
  program_id      BLOB    NOT NULL REFERENCES programs (id),
  door            TEXT    NOT NULL,
  name            TEXT    NOT NULL,
  url             TEXT    NOT NULL,
  disabled        INTEGER NOT NULL,
  secret_sealed   BLOB,
  previous_sealed BLOB,
  previous_until  INTEGER,
  last_used_at    INTEGER,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER,
  version         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX endpoints_list ON endpoints (program_id, door, created_at, id);

-- The outbox: what leaves, made in the transaction of the change.
CREATE TABLE messages (
  id         TEXT    NOT NULL PRIMARY KEY,
  program_id BLOB    NOT NULL,
  door       TEXT    NOT NULL,
  type       TEXT    NOT NULL,
  body       BLOB    NOT NULL,
  created_at INTEGER NOT NULL,
  fanned     INTEGER NOT NULL -- 1: its deliveries were made, or it needs none
) STRICT, WITHOUT ROWID;
CREATE INDEX messages_waiting ON messages (created_at, id) WHERE fanned = 0;

CREATE TABLE deliveries (
  id           BLOB    NOT NULL PRIMARY KEY,
  message_id   TEXT    NOT NULL REFERENCES messages (id),
  endpoint_id  BLOB    NOT NULL REFERENCES endpoints (id),
  message_at   INTEGER NOT NULL, -- created_at of the message
  state        TEXT    NOT NULL,
  attempts     INTEGER NOT NULL, -- made so far
  due_at       INTEGER NOT NULL, -- on the programme's clock
  lease_owner  TEXT,
  lease_until  INTEGER,          -- on real time
  fence        INTEGER NOT NULL,
  http_status  INTEGER NOT NULL,
  failure      TEXT    NOT NULL,
  updated_at   INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_message ON deliveries (message_id);
CREATE INDEX deliveries_due ON deliveries (endpoint_id, due_at, id) WHERE state = 'pending';
CREATE INDEX deliveries_failing ON deliveries (endpoint_id, message_at) WHERE attempts > 0 AND state <> 'delivered';
CREATE INDEX deliveries_leased ON deliveries (endpoint_id, lease_until) WHERE lease_until IS NOT NULL;

CREATE TABLE idempotency (
  program_id  BLOB    NOT NULL,
  door        TEXT    NOT NULL,
  idem_key    TEXT    NOT NULL,
  fingerprint BLOB,
  status      INTEGER NOT NULL,
  body        BLOB,
  sealed      INTEGER NOT NULL,
  mismatches  INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  PRIMARY KEY (program_id, door, idem_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_expired ON idempotency (program_id, expires_at);

-- The trail. Rows are added and never changed. Acts on the whole installation have 16 zero bytes as programme.
CREATE TABLE audit (
  program_id  BLOB NOT NULL,
  at          INTEGER NOT NULL,
  id          BLOB NOT NULL,
  actor       TEXT NOT NULL,
  channel     TEXT NOT NULL,
  source      TEXT NOT NULL,
  request_id  TEXT NOT NULL,
  action      TEXT NOT NULL,
  card_id     BLOB,
  customer_id BLOB,
  shipment_id BLOB,
  batch_id    BLOB,
  outcome     TEXT NOT NULL,
  note        TEXT NOT NULL,
  PRIMARY KEY (program_id, at, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_card ON audit (card_id, at) WHERE card_id IS NOT NULL;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END;
CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'audit rows are never removed'); END;

-- Wrong tries of a programme, for its breaker.
CREATE TABLE guard_misses (
  program_id BLOB    NOT NULL,
  at         INTEGER NOT NULL,
  id         BLOB    NOT NULL,
  PRIMARY KEY (program_id, at, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE data_keys (
  id         INTEGER NOT NULL PRIMARY KEY,
  purpose    TEXT    NOT NULL,
  kek        TEXT    NOT NULL,
  wrapped    BLOB    NOT NULL,
  created_at INTEGER NOT NULL,
  retired    INTEGER NOT NULL
) STRICT;
