-- The first schema. None is NULL for ids, times and blobs; texts and numbers are never NULL. Ids are 16
-- bytes, times are microseconds UTC, clocks are nanoseconds, switches are 0 or 1, JSON is opaque text.
-- Texts sort by their bytes, as SQLite does.

CREATE TABLE programs (
  id BYTEA NOT NULL PRIMARY KEY,
  name TEXT COLLATE "C" NOT NULL UNIQUE,
  kind TEXT COLLATE "C" NOT NULL,
  suspended BIGINT NOT NULL,
  overrides TEXT COLLATE "C" NOT NULL, -- JSON: the policies that differ from the defaults
  clock_offset_ns BIGINT NOT NULL,
  clock_frozen_ns BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT,
  version BIGINT NOT NULL
);

CREATE TABLE credentials (
  id BYTEA NOT NULL PRIMARY KEY,
  program_id BYTEA,
  kind TEXT COLLATE "C" NOT NULL,
  role TEXT COLLATE "C" NOT NULL,
  public_id TEXT COLLATE "C" NOT NULL UNIQUE,
  name TEXT COLLATE "C" NOT NULL,
  prefix TEXT COLLATE "C" NOT NULL,
  hash BYTEA NOT NULL UNIQUE,
  customer_id BYTEA,
  device TEXT COLLATE "C" NOT NULL,
  allowlist TEXT COLLATE "C" NOT NULL, -- prefixes, separated by commas
  status TEXT COLLATE "C" NOT NULL,
  expires_at BIGINT,
  created_at BIGINT NOT NULL,
  revoked_at BIGINT,
  last_used BIGINT
);
CREATE INDEX credentials_list ON credentials (program_id, kind, created_at, id);

CREATE TABLE designs (
  id BYTEA NOT NULL PRIMARY KEY,
  program_id BYTEA NOT NULL REFERENCES programs (id),
  campaign TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  types TEXT COLLATE "C" NOT NULL, -- separated by commas
  active BIGINT NOT NULL,
  is_default BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT
);
CREATE UNIQUE INDEX designs_campaign ON designs (program_id, campaign) WHERE campaign <> '';
CREATE UNIQUE INDEX designs_default ON designs (program_id) WHERE is_default = 1;
CREATE INDEX designs_list ON designs (program_id, created_at, id);

CREATE TABLE customers (
  id BYTEA NOT NULL PRIMARY KEY,
  program_id BYTEA NOT NULL REFERENCES programs (id),
  number BIGINT NOT NULL,
  external_id TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  company_id BYTEA,
  status TEXT COLLATE "C" NOT NULL,
  application TEXT COLLATE "C" NOT NULL,
  rejection_reason TEXT COLLATE "C" NOT NULL,
  email TEXT COLLATE "C" NOT NULL,
  email_key TEXT COLLATE "C" NOT NULL, -- the form in which e-mails are compared
  phone TEXT COLLATE "C" NOT NULL,
  first_name TEXT COLLATE "C" NOT NULL,
  middle_name TEXT COLLATE "C" NOT NULL,
  last_name TEXT COLLATE "C" NOT NULL,
  second_last_name TEXT COLLATE "C" NOT NULL,
  gender BIGINT NOT NULL,
  rfc TEXT COLLATE "C" NOT NULL,
  curp TEXT COLLATE "C" NOT NULL,
  country TEXT COLLATE "C" NOT NULL,
  date_of_birth TEXT COLLATE "C" NOT NULL,
  terms_version TEXT COLLATE "C" NOT NULL,
  terms_ip TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT,
  deleted_at BIGINT,
  version BIGINT NOT NULL
);
CREATE UNIQUE INDEX customers_number ON customers (program_id, number);
CREATE INDEX customers_list ON customers (program_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX customers_external ON customers (program_id, external_id, created_at, id) WHERE external_id <> '' AND deleted_at IS NULL;
CREATE INDEX customers_email ON customers (program_id, email_key, created_at, id) WHERE email_key <> '' AND deleted_at IS NULL;
CREATE INDEX customers_phone ON customers (program_id, phone, created_at, id) WHERE phone <> '' AND deleted_at IS NULL;

-- The facts that only one living customer of a programme may have.
CREATE TABLE customer_claims (
  program_id BYTEA NOT NULL,
  field TEXT COLLATE "C" NOT NULL,
  value TEXT COLLATE "C" NOT NULL,
  customer_id BYTEA NOT NULL,
  PRIMARY KEY (program_id, field, value)
);

CREATE TABLE accounts (
  id BYTEA NOT NULL PRIMARY KEY,
  program_id BYTEA NOT NULL REFERENCES programs (id),
  number BIGINT NOT NULL,
  reference TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  owner_kind TEXT COLLATE "C" NOT NULL,
  owner_id BYTEA,
  parent_id BYTEA,
  status TEXT COLLATE "C" NOT NULL,
  currency TEXT COLLATE "C" NOT NULL,
  credit_cents BIGINT NOT NULL,
  opening_cents BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT,
  version BIGINT NOT NULL
);
CREATE UNIQUE INDEX accounts_number ON accounts (program_id, number);
CREATE UNIQUE INDEX accounts_reference ON accounts (program_id, reference) WHERE reference <> '';
CREATE INDEX accounts_list ON accounts (program_id, created_at, id);
CREATE INDEX accounts_owner ON accounts (program_id, owner_id, created_at, id) WHERE owner_id IS NOT NULL;

CREATE TABLE cards (
  id BYTEA NOT NULL PRIMARY KEY,
  program_id BYTEA NOT NULL REFERENCES programs (id),
  number BIGINT NOT NULL,
  reference TEXT COLLATE "C" NOT NULL,
  type TEXT COLLATE "C" NOT NULL,
  design_id BYTEA,
  customer_id BYTEA,
  account_id BYTEA,
  reserved_for BYTEA,
  reserved_account BYTEA,
  holder_name TEXT COLLATE "C" NOT NULL,
  last4 TEXT COLLATE "C" NOT NULL,
  three_ds TEXT COLLATE "C" NOT NULL,
  expires_at BIGINT,
  frozen_by TEXT COLLATE "C" NOT NULL,
  block_type TEXT COLLATE "C" NOT NULL,
  block_by TEXT COLLATE "C" NOT NULL,
  block_message TEXT COLLATE "C" NOT NULL,
  block_liftable BIGINT NOT NULL,
  reported_as TEXT COLLATE "C" NOT NULL,
  closed_at BIGINT,
  closed_reason TEXT COLLATE "C" NOT NULL,
  pin_sealed BYTEA,
  pin_set_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT,
  version BIGINT NOT NULL
);
CREATE UNIQUE INDEX cards_number ON cards (program_id, number);
CREATE UNIQUE INDEX cards_reference ON cards (program_id, reference) WHERE reference <> '';
CREATE INDEX cards_list ON cards (program_id, created_at, id) WHERE customer_id IS NOT NULL;
CREATE INDEX cards_customer ON cards (program_id, customer_id, created_at, id, closed_at) WHERE customer_id IS NOT NULL;
CREATE INDEX cards_account ON cards (program_id, account_id, created_at, id) WHERE account_id IS NOT NULL;

CREATE TABLE plastics (
  id BYTEA NOT NULL PRIMARY KEY,
  program_id BYTEA NOT NULL,
  card_id BYTEA NOT NULL REFERENCES cards (id),
  state TEXT COLLATE "C" NOT NULL,
  void_reason TEXT COLLATE "C" NOT NULL,
  custody TEXT COLLATE "C" NOT NULL,
  custody_presumed BIGINT NOT NULL,
  activated_at BIGINT, -- written once
  shipment_id BYTEA,
  batch_id BYTEA,
  identifier TEXT COLLATE "C" NOT NULL,
  guard_method TEXT COLLATE "C" NOT NULL,
  guard_state TEXT COLLATE "C" NOT NULL,
  guard_tries BIGINT NOT NULL,
  guard_lifetime_wrong BIGINT NOT NULL,
  guard_locks BIGINT NOT NULL,
  guard_locked_until BIGINT,
  code_hash BYTEA,
  code_sealed BYTEA,
  code_issued_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT,
  version BIGINT NOT NULL
);
CREATE INDEX plastics_card ON plastics (card_id, created_at, id);
CREATE INDEX plastics_identifier ON plastics (program_id, identifier) WHERE identifier <> '';
CREATE INDEX plastics_box ON plastics (shipment_id, id) WHERE shipment_id IS NOT NULL;

CREATE TABLE shipments (
  id BYTEA NOT NULL PRIMARY KEY,
  program_id BYTEA NOT NULL REFERENCES programs (id),
  kind TEXT COLLATE "C" NOT NULL,
  batch_id BYTEA,
  status TEXT COLLATE "C" NOT NULL,
  destination TEXT COLLATE "C" NOT NULL, -- JSON
  recipient TEXT COLLATE "C" NOT NULL, -- JSON
  courier_type TEXT COLLATE "C" NOT NULL,
  courier_name TEXT COLLATE "C" NOT NULL,
  tracking_number TEXT COLLATE "C" NOT NULL,
  tracking_url TEXT COLLATE "C" NOT NULL,
  cutoff_at BIGINT,
  submitted_at BIGINT,
  delivered_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT,
  version BIGINT NOT NULL
);
CREATE INDEX shipments_list ON shipments (program_id, created_at, id) WHERE kind = 'cards';

CREATE TABLE shipment_members (
  id BYTEA NOT NULL PRIMARY KEY,
  shipment_id BYTEA NOT NULL REFERENCES shipments (id),
  position BIGINT NOT NULL,
  card_id BYTEA NOT NULL,
  plastic_id BYTEA NOT NULL,
  design_id BYTEA,
  address TEXT COLLATE "C" NOT NULL, -- JSON
  rejected_at BIGINT,
  rejection_reason TEXT COLLATE "C" NOT NULL,
  created_at BIGINT,
  updated_at BIGINT
);
CREATE INDEX shipment_members_box ON shipment_members (shipment_id, position, id);
CREATE INDEX shipment_members_card ON shipment_members (card_id);

CREATE TABLE scans (
  shipment_id BYTEA NOT NULL REFERENCES shipments (id),
  scan_key TEXT COLLATE "C" NOT NULL,
  status TEXT COLLATE "C" NOT NULL,
  at BIGINT,
  recorded_at BIGINT,
  PRIMARY KEY (shipment_id, scan_key)
);

CREATE TABLE batches (
  id BYTEA NOT NULL PRIMARY KEY,
  program_id BYTEA NOT NULL REFERENCES programs (id),
  reference TEXT COLLATE "C" NOT NULL,
  status TEXT COLLATE "C" NOT NULL,
  campaign TEXT COLLATE "C" NOT NULL,
  location TEXT COLLATE "C" NOT NULL, -- JSON
  requested BIGINT NOT NULL,
  created BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  next_index BIGINT NOT NULL,
  shipment_id BYTEA,
  credential_id BYTEA,
  body_hash BYTEA,
  created_at BIGINT NOT NULL,
  finished_at BIGINT,
  updated_at BIGINT,
  version BIGINT NOT NULL,
  lease_owner TEXT COLLATE "C",
  lease_until BIGINT, -- on real time
  fence BIGINT NOT NULL
);
CREATE UNIQUE INDEX batches_reference ON batches (program_id, reference);
CREATE INDEX batches_list ON batches (program_id, created_at, id) WHERE status <> 'staging';
CREATE INDEX batches_recent ON batches (program_id, credential_id, body_hash, created_at) WHERE body_hash IS NOT NULL;
CREATE INDEX batches_waiting ON batches (id) WHERE status IN ('accepted', 'processing');
CREATE INDEX batches_staged ON batches (id) WHERE status = 'staging';

CREATE TABLE batch_items (
  batch_id BYTEA NOT NULL REFERENCES batches (id),
  idx BIGINT NOT NULL,
  identifier TEXT COLLATE "C" NOT NULL,
  front_name TEXT COLLATE "C" NOT NULL,
  qr TEXT COLLATE "C" NOT NULL,
  pin_sealed BYTEA,
  campaign TEXT COLLATE "C" NOT NULL,
  outcome TEXT COLLATE "C" NOT NULL,
  reason TEXT COLLATE "C" NOT NULL,
  card_id BYTEA,
  card_number BIGINT NOT NULL,
  PRIMARY KEY (batch_id, idx)
);
CREATE INDEX batch_items_identifier ON batch_items (batch_id, identifier, idx, outcome);
CREATE UNIQUE INDEX batch_items_made ON batch_items (batch_id, identifier) WHERE outcome = 'created';

CREATE TABLE endpoints (
  id BYTEA NOT NULL PRIMARY KEY,
  program_id BYTEA NOT NULL REFERENCES programs (id),
  door TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  url TEXT COLLATE "C" NOT NULL,
  disabled BIGINT NOT NULL,
  secret_sealed BYTEA,
  previous_sealed BYTEA,
  previous_until BIGINT,
  last_used_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT,
  version BIGINT NOT NULL
);
CREATE INDEX endpoints_list ON endpoints (program_id, door, created_at, id);

-- The outbox: what leaves, made in the transaction of the change.
CREATE TABLE messages (
  id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  program_id BYTEA NOT NULL,
  door TEXT COLLATE "C" NOT NULL,
  type TEXT COLLATE "C" NOT NULL,
  body BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  fanned BIGINT NOT NULL -- 1: its deliveries were made, or it needs none
);
CREATE INDEX messages_waiting ON messages (created_at, id) WHERE fanned = 0;

CREATE TABLE deliveries (
  id BYTEA NOT NULL PRIMARY KEY,
  message_id TEXT COLLATE "C" NOT NULL REFERENCES messages (id),
  endpoint_id BYTEA NOT NULL REFERENCES endpoints (id),
  message_at BIGINT NOT NULL, -- created_at of the message
  state TEXT COLLATE "C" NOT NULL,
  attempts BIGINT NOT NULL, -- made so far
  due_at BIGINT NOT NULL, -- on the programme's clock
  lease_owner TEXT COLLATE "C",
  lease_until BIGINT, -- on real time
  fence BIGINT NOT NULL,
  http_status BIGINT NOT NULL,
  failure TEXT COLLATE "C" NOT NULL,
  updated_at BIGINT
);
CREATE INDEX deliveries_message ON deliveries (message_id);
CREATE INDEX deliveries_due ON deliveries (endpoint_id, due_at, id) WHERE state = 'pending';
CREATE INDEX deliveries_failing ON deliveries (endpoint_id, message_at) WHERE attempts > 0 AND state <> 'delivered';
CREATE INDEX deliveries_leased ON deliveries (endpoint_id, lease_until) WHERE lease_until IS NOT NULL;

CREATE TABLE idempotency (
  program_id BYTEA NOT NULL,
  door TEXT COLLATE "C" NOT NULL,
  idem_key TEXT COLLATE "C" NOT NULL,
  fingerprint BYTEA,
  status BIGINT NOT NULL,
  body BYTEA,
  sealed BIGINT NOT NULL,
  mismatches BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (program_id, door, idem_key)
);
CREATE INDEX idempotency_expired ON idempotency (program_id, expires_at);

-- The trail. Rows are added and never changed. Acts on the whole installation have 16 zero bytes as programme.
CREATE TABLE audit (
  program_id BYTEA NOT NULL,
  at BIGINT NOT NULL,
  id BYTEA NOT NULL,
  actor TEXT COLLATE "C" NOT NULL,
  channel TEXT COLLATE "C" NOT NULL,
  source TEXT COLLATE "C" NOT NULL,
  request_id TEXT COLLATE "C" NOT NULL,
  action TEXT COLLATE "C" NOT NULL,
  card_id BYTEA,
  customer_id BYTEA,
  shipment_id BYTEA,
  batch_id BYTEA,
  outcome TEXT COLLATE "C" NOT NULL,
  note TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (program_id, at, id)
);
CREATE INDEX audit_card ON audit (card_id, at) WHERE card_id IS NOT NULL;
CREATE FUNCTION audit_is_kept() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'audit rows are never changed and never removed'; END $$;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
FOR EACH ROW EXECUTE FUNCTION audit_is_kept();
CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION audit_is_kept();

-- Wrong tries of a programme, for its breaker.
CREATE TABLE guard_misses (
  program_id BYTEA NOT NULL,
  at BIGINT NOT NULL,
  id BYTEA NOT NULL,
  PRIMARY KEY (program_id, at, id)
);

CREATE TABLE data_keys (
  id BIGINT NOT NULL PRIMARY KEY,
  purpose TEXT COLLATE "C" NOT NULL,
  kek TEXT COLLATE "C" NOT NULL,
  wrapped BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  retired BIGINT NOT NULL
);
