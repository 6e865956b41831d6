-- What a key of the native API may do: its scopes, separated by commas.

ALTER TABLE credentials ADD COLUMN scopes TEXT NOT NULL DEFAULT '';
