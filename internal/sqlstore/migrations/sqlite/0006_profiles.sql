-- What programmes tell of their customers beyond what the rules look at.

CREATE TABLE customer_profiles (
  program_id  BLOB NOT NULL REFERENCES programs (id),
  customer_id BLOB NOT NULL REFERENCES customers (id),
  data        TEXT NOT NULL, -- JSON
  PRIMARY KEY (program_id, customer_id)
) STRICT, WITHOUT ROWID;
